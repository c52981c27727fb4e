//go:build linux

package ring

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"holdfast/net"
	"holdfast/net/nettest"

	"github.com/stretchr/testify/require"
)

func newPoller(t *testing.T, opt Options) *Poller {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	p, err := New(opt)
	require.NoError(t, err)
	t.Cleanup(p.Shutdown)
	return p
}

// counter tells whether a Poll delivered anything.
type counter struct {
	net.Handler
	n int
}

func (c *counter) Opened(id net.Conn, from net.Peer) { c.n++; c.Handler.Opened(id, from) }
func (c *counter) Received(id net.Conn, p []byte)    { c.n++; c.Handler.Received(id, p) }
func (c *counter) Writable(id net.Conn)              { c.n++; c.Handler.Writable(id) }
func (c *counter) Closed(id net.Conn, why error)     { c.n++; c.Handler.Closed(id, why) }

// counted is a Poller that puts a counter before its Handler.
type counted struct {
	*Poller
	c counter
}

func (p *counted) Bind(h net.Handler) {
	if p.c.Handler = h; p.c.ender() != nil {
		p.Poller.Bind(&endCounter{&p.c})
	} else {
		p.Poller.Bind(&p.c)
	}
}

func (c *counter) ender() net.Ender {
	e, _ := c.Handler.(net.Ender)
	return e
}

// endCounter is a counter for an Ender.
type endCounter struct{ *counter }

func (c *endCounter) Ended(id net.Conn) { c.n++; c.ender().Ended(id) }

func (p *counted) pump(t *testing.T) func() bool {
	return func() bool {
		before := p.c.n
		require.NoError(t, p.Poll(2e6))
		return p.c.n > before
	}
}

func TestTCP(t *testing.T) {
	for _, addr := range []string{"tcp:127.0.0.1:0", "tcp:[::1]:0", "tcp:*:0"} {
		t.Run(addr, func(t *testing.T) {
			nettest.Run(t, func(t *testing.T) *nettest.Harness {
				p := &counted{Poller: newPoller(t, Options{KeepAlive: 300})}
				return &nettest.Harness{Net: p, Addr: addr, Pump: p.pump(t), Patience: 1000,
					Dial: func() nettest.ClientEnd {
						at := strings.Replace(p.Addrs()[0], "[::]", "127.0.0.1", 1)
						return nettest.DialSocket(t, "tcp", at)
					}}
			})
		})
	}
}

func TestUnix(t *testing.T) {
	nettest.Run(t, func(t *testing.T) *nettest.Harness {
		p := &counted{Poller: newPoller(t, Options{UnixPerm: 0o700})}
		path := filepath.Join(t.TempDir(), "s")
		return &nettest.Harness{Net: p, Addr: "unix:" + path, Pump: p.pump(t), Patience: 1000,
			Dial: func() nettest.ClientEnd { return nettest.DialSocket(t, "unix", path) }}
	})
}
