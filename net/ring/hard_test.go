//go:build linux

package ring

import (
	"bytes"
	stdnet "net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/net"
	"holdfast/net/nettest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// server echoes, and notes what became of its connections.
type server struct {
	*Poller
	t      *testing.T
	opened []net.Conn
	closed map[net.Conn]error
	got    int
	mute   bool
}

func newServer(t *testing.T, opt Options) *server {
	s := &server{Poller: newPoller(t, opt), t: t, closed: map[net.Conn]error{}}
	s.Bind(s)
	require.NoError(t, s.Listen("tcp:127.0.0.1:0"))
	return s
}

func (s *server) Opened(c net.Conn, _ net.Peer) { s.opened = append(s.opened, c) }
func (s *server) Writable(net.Conn)             {}
func (s *server) Closed(c net.Conn, why error)  { s.closed[c] = why }
func (s *server) dial() *nettest.Socket         { return nettest.DialSocket(s.t, "tcp", s.Addrs()[0]) }
func (s *server) until(cond func() bool) {
	for end := time.Now().Add(10 * time.Second); !cond(); {
		require.True(s.t, time.Now().Before(end), "never happened")
		require.NoError(s.t, s.Poll(1e6))
	}
}

func (s *server) Received(c net.Conn, p []byte) {
	s.got += len(p)
	if !s.mute {
		s.Send(c, p)
	}
}

// TestDescriptorsExhausted lets accept fail: the poller neither spins nor
// forgets who waits.
func TestDescriptorsExhausted(t *testing.T) {
	warnings := 0
	s := newServer(t, Options{Warn: func(error) { warnings++ }})
	var clients []*nettest.Socket
	for range 5 {
		clients = append(clients, s.dial())
	}
	var was unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	low := was
	low.Cur = 3
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	restore := func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &was) }
	defer restore()

	turns := 0
	for end := time.Now().Add(250 * time.Millisecond); time.Now().Before(end); turns++ {
		require.NoError(t, s.Poll(int64(time.Second)))
	}
	require.Less(t, turns, 20, "the poller spins")
	require.Equal(t, 1, warnings)
	require.Empty(t, s.opened)

	restore()
	s.until(func() bool { return len(s.opened) == 5 })
	clients[0].Write([]byte("x"))
	s.until(func() bool { return s.got == 1 })
}

func TestReset(t *testing.T) {
	s := newServer(t, Options{})
	for i, pausedFirst := range []bool{false, true} {
		c, err := stdnet.Dial("tcp", s.Addrs()[0])
		require.NoError(t, err)
		s.until(func() bool { return len(s.opened) == i+1 })
		if pausedFirst {
			s.Receive(s.opened[i], false)
		}
		require.NoError(t, c.(*stdnet.TCPConn).SetLinger(0))
		require.NoError(t, c.Close())
		s.until(func() bool { return len(s.closed) == i+1 })
		require.ErrorIs(t, s.closed[s.opened[i]], unix.ECONNRESET)
	}
}

// TestHalfClose: a peer that only ended its own side still gets its answer, if
// the turn that delivered its input gave one.
func TestHalfClose(t *testing.T) {
	s := newServer(t, Options{})
	c := s.dial()
	c.Write([]byte("ping"))
	c.CloseWrite()
	s.until(func() bool { return len(s.closed) == 1 })
	require.NoError(t, s.closed[s.opened[0]])
	buf := make([]byte, 10)
	n, err := c.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "ping", string(buf[:n]))
}

// TestManyConnections holds thousands, a slow reader among them.
func TestManyConnections(t *testing.T) {
	s := newServer(t, Options{})
	slow := s.dial()
	s.until(func() bool { return len(s.opened) == 1 })
	for n := 1; n > 0; {
		n = s.Send(s.opened[0], make([]byte, 1<<20))
	}
	const n = 2000
	var clients []*nettest.Socket
	for len(clients) < n {
		for range 100 {
			clients = append(clients, s.dial())
		}
		s.until(func() bool { return len(s.opened) == len(clients)+1 })
	}
	for _, c := range clients {
		require.Equal(t, 4, c.Write([]byte("ping")))
	}
	s.until(func() bool { return s.got == 4*n })
	require.NoError(t, s.Poll(0)) // what was sent goes with the next turn
	buf := make([]byte, 10)
	for _, c := range clients {
		k, err := c.Read(buf)
		require.NoError(t, err)
		require.Equal(t, "ping", string(buf[:k]))
		c.Close()
	}
	s.until(func() bool { return len(s.closed) == n })
	require.Len(t, s.free, n)
	slow.Close()
	s.until(func() bool { return len(s.closed) == n+1 })
}

// TestLinger closes on peers that go on sending or never go away.
func TestLinger(t *testing.T) {
	s := newServer(t, Options{})
	s.mute, s.patience = true, 300*time.Millisecond
	c := s.dial()
	s.until(func() bool { return len(s.opened) == 1 })
	c.Write(make([]byte, 1<<20))
	s.Close(s.opened[0])
	require.Len(t, s.lingers, 1)
	for range 5 {
		c.Write(make([]byte, 1<<20))
		require.NoError(t, s.Poll(0))
	}
	s.until(func() bool { return len(s.free) == 1 })
	require.Empty(t, s.closed)
	s.patience = time.Hour
	for range lingerMax + 50 { // a crowd: the oldest has to go
		n := len(s.opened)
		s.dial()
		s.until(func() bool { return len(s.opened) > n })
	}
	for _, id := range s.opened {
		s.Close(id)
	}
	s.until(func() bool { return len(s.free) == len(s.conns)-lingerMax })
	require.Len(t, s.lingers, lingerMax)
	require.Len(t, s.free, len(s.conns)-lingerMax)
}

func TestWakeAndWait(t *testing.T) {
	p := newPoller(t, Options{})
	waits(t, p, 3*time.Millisecond)
	for range 1000 { // more than an eventfd could count in big steps
		go p.Wake()
		require.NoError(t, p.Poll(-1))
	}
}

// waits polls until so much time has passed. A signal may end a wait early,
// but a poller that did not wait at all would go round very often.
func waits(t *testing.T, p *Poller, d time.Duration) {
	t.Helper()
	turns := 0
	for start := time.Now(); time.Since(start) < d; turns++ {
		require.NoError(t, p.Poll(d.Nanoseconds()))
	}
	require.Less(t, turns, 100)
}

func TestWatch(t *testing.T) {
	p := newPoller(t, Options{})
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	seen := 0
	require.NoError(t, p.Watch(int(r.Fd()), func() { seen++ }))
	for i := range 3 { // every write tells, though nobody reads
		_, _ = w.Write([]byte{1})
		require.NoError(t, p.Poll(-1))
		require.Equal(t, i+1, seen)
	}
}

func TestUnixSocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	p := newPoller(t, Options{UnixPerm: 0o600})
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, p.Listen("unix:"+path), path)
	require.NoError(t, os.Remove(path))
	l, err := stdnet.Listen("unix", path)
	require.NoError(t, err)
	l.(*stdnet.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, l.Close()) // a leftover, as after a crash
	require.NoError(t, p.Listen("unix:"+path))
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	p.Shutdown()
	_, err = os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestNoAllocation: a request served costs no memory.
func TestNoAllocation(t *testing.T) {
	s := newServer(t, Options{})
	c, err := stdnet.Dial("tcp", s.Addrs()[0])
	require.NoError(t, err)
	defer c.Close()
	msg, buf := bytes.Repeat([]byte("x"), 100), make([]byte, 100)
	s.until(func() bool { return len(s.opened) == 1 })
	allocs := testing.AllocsPerRun(200, func() {
		_, _ = c.Write(msg)
		for before := s.got; s.got < before+100; {
			_ = s.Poll(0)
		}
		_ = s.Poll(0)
		_, _ = c.Read(buf)
	})
	require.Zero(t, allocs)
}

// TestCutShort: sends go through the arena until the socket is full. What it
// did not take comes first afterwards, and a peer that has ended its own side,
// which a poll keeps reporting, does not keep the poller busy.
func TestCutShort(t *testing.T) {
	s := newServer(t, Options{})
	c := s.dial()
	s.until(func() bool { return len(s.opened) == 1 })
	c.CloseWrite()
	s.Bind(endless{s})
	s.until(func() bool { return s.got == 1 })
	var sent, got []byte
	for piece := byte(0); ; piece++ {
		b := bytes.Repeat([]byte{piece}, 1000+int(piece))
		if n := s.Send(s.opened[0], b); n == 0 {
			require.NoError(t, s.Poll(0))
			if s.conns[0].is(full) {
				break
			}
		} else {
			sent = append(sent, b[:n]...)
		}
	}
	require.NotEmpty(t, s.conns[0].x.pend)
	require.Zero(t, s.Send(s.opened[0], []byte("x")))
	waits(t, s.Poller, 3*time.Millisecond)
	buf := make([]byte, 1<<20)
	s.until(func() bool {
		n, err := c.Read(buf)
		require.NoError(t, err)
		got = append(got, buf[:n]...)
		return len(got) >= len(sent)
	})
	require.True(t, bytes.Equal(sent, got))
}

// endless is a server that leaves connections open whose input has ended.
type endless struct{ *server }

func (e endless) Ended(net.Conn) { e.got++ }
