package main

import (
	"bufio"
	stdnet "net"
	"strings"
	"testing"
	"time"

	"holdfast/clock"
	"holdfast/net"
	realdisk "holdfast/vfs/disk"

	"holdfast/vfs"

	"github.com/stretchr/testify/require"
)

// enough ticks end a journal.
const enough = 30

// journal is a shard that answers each PING when a write for it is durable.
type journal struct {
	net      poller
	disk     disk
	clock    *clock.System
	file     vfs.File
	op       vfs.Op
	writing  bool
	waiting  []net.Conn
	flushing []net.Conn
	ticks    int
	every    int64 // ns between ticks; 0 is one only, so that completions must wake the loop
	ended    bool
	addr     string
}

func (j *journal) Opened(net.Conn, net.Peer) {}
func (j *journal) Closed(net.Conn, error)    {}
func (j *journal) Writable(net.Conn)         {}
func (j *journal) Received(c net.Conn, p []byte) {
	for range strings.Count(string(p), "PING\r\n") {
		j.waiting = append(j.waiting, c)
	}
}

func (j *journal) Complete(op *vfs.Op) {
	if op.Err != nil {
		panic(op.Err)
	}
	if op.Kind == vfs.Create {
		j.file = op.File
		return
	}
	j.writing = false
	for _, c := range j.flushing {
		j.net.Send(c, []byte("+PONG\r\n"))
	}
	j.flushing = j.flushing[:0]
}

func (j *journal) Tick() {
	if j.ticks++; j.ticks == enough {
		j.ended = true
	}
	if j.every > 0 {
		j.clock.Alarm(j.clock.Mono() + j.every)
	}
}

func (j *journal) EndTurn() {
	if len(j.waiting) == 0 || j.writing || j.file == 0 {
		return
	}
	j.flushing, j.waiting = j.waiting, j.flushing
	j.writing = true
	j.op = vfs.Op{Kind: vfs.WriteDurable, File: j.file, Buf: j.op.Buf, Owner: j}
	j.disk.Submit(&j.op)
}

func (j *journal) Stop(bool)              { j.ended = true }
func (j *journal) Stopped() (bool, error) { return j.ended && !j.writing, nil }

// launch runs a journal on its own thread and returns the host, the journal and
// the loop's outcome.
func start(t testing.TB, opt realdisk.Options, every int64) (*host, *journal, chan error) {
	ready, done := make(chan *host, 1), make(chan error, 1)
	j := &journal{every: every, clock: clock.NewSystem()}
	dir := t.TempDir()
	go func() {
		n, err := newPoller(pollOptions{})
		require.NoError(t, err)
		defer n.Shutdown()
		opt.Wake = n.Wake
		d, _, err := realdisk.Open(dir, opt)
		require.NoError(t, err)
		j.net, j.disk = n, d
		n.Bind(j)
		require.NoError(t, n.Listen("tcp:127.0.0.1:0"))
		j.addr = n.(interface{ Addrs() []string }).Addrs()[0]
		j.op.Buf = d.Buffer(4096)
		h, err := newHost(j, n, d, j.clock)
		require.NoError(t, err)
		d.Submit(&vfs.Op{Kind: vfs.Create, Name: "log", Owner: j})
		j.Tick()
		ready <- h
		err = h.run()
		_ = d.Close()
		done <- err
	}()
	return <-ready, j, done
}

func TestHost(t *testing.T) {
	for _, opt := range []realdisk.Options{{}, {Pool: true}} {
		h, j, done := start(t, opt, 0)
		var conns []stdnet.Conn
		for range 8 {
			c, err := stdnet.Dial("tcp", j.addr)
			require.NoError(t, err)
			conns = append(conns, c)
		}
		for range 400 {
			for _, c := range conns {
				_, err := c.Write([]byte("PING\r\nPING\r\n"))
				require.NoError(t, err)
			}
			for _, c := range conns {
				r := bufio.NewReader(c)
				for range 2 {
					line, err := r.ReadString('\n')
					require.NoError(t, err)
					require.Equal(t, "+PONG\r\n", line)
				}
			}
		}
		h.Stop(false)
		require.NoError(t, <-done)
		for _, c := range conns {
			_ = c.Close()
		}
	}
}

// TestHostTicks lets nothing but the alarm turn the loop.
func TestHostTicks(t *testing.T) {
	_, j, done := start(t, realdisk.Options{}, int64(time.Millisecond))
	require.NoError(t, <-done)
	require.Equal(t, enough, j.ticks)
}
