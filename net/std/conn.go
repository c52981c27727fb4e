package std

import (
	"errors"
	"io"
	stdnet "net"
	"sync"
	"time"

	"holdfast/net"
)

// conn is one connection. The upper fields are the loop's, the lower shared.
type conn struct {
	n      *Net
	id     net.Conn
	peer   net.Peer
	raw    stdnet.Conn
	paused bool
	held   []byte // input that came while paused; the reader waits

	taken   chan struct{} // the loop is done with the reader's buffer
	over    chan struct{} // closed when the loop has closed or given up c
	written chan struct{} // closed when the writer has ended

	mu      sync.Mutex
	cond    sync.Cond
	out     []byte
	want    bool // a Send was cut short: Writable is owed
	closing bool // no more will be sent
	failed  bool // writing failed; Closed is on its way
}

func newConn(n *Net, raw stdnet.Conn, local string, unix bool) *conn {
	c := &conn{n: n, raw: raw, taken: make(chan struct{}, 1), over: make(chan struct{}), written: make(chan struct{})}
	c.cond.L = &c.mu
	c.peer = net.Peer{Addr: raw.RemoteAddr().String(), Local: raw.LocalAddr().String()}
	if unix {
		c.peer = net.Peer{Addr: local + ":0", Local: local + ":0", Unix: true}
	}
	if t, ok := raw.(*stdnet.TCPConn); ok { // Go sets TCP_NODELAY by itself
		idle := time.Duration(n.opt.KeepAlive) * time.Second
		_ = t.SetKeepAliveConfig(stdnet.KeepAliveConfig{Enable: idle > 0, Idle: idle, Interval: idle / 3, Count: 3})
	}
	return c
}

// readLoop is the reader.
func (c *conn) readLoop() {
	buf := make([]byte, readBytes)
	for {
		k, err := c.raw.Read(buf)
		if k > 0 {
			c.n.post(event{kind: received, c: c, p: buf[:k]})
			select {
			case <-c.taken:
			case <-c.over:
				c.linger()
				return
			}
		}
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			c.n.post(event{kind: closed, c: c, err: err})
			break
		}
	}
	select {
	case <-c.over:
	case <-c.n.quit:
	}
	c.linger()
}

// linger throws input away until the peer ends its side or loses our patience.
// Closed at once with input unread, TCP would reset the connection and could
// take the last replies with it.
func (c *conn) linger() {
	<-c.written
	_, _ = io.Copy(io.Discard, c.raw)
	_ = c.raw.Close()
}

// writeLoop is the writer.
func (c *conn) writeLoop() {
	defer close(c.written)
	var batch []byte
	for {
		c.mu.Lock()
		for len(c.out) == 0 && !c.closing {
			c.cond.Wait()
		}
		batch, c.out = c.out, batch[:0]
		want := c.want
		c.want = false
		c.mu.Unlock()
		if len(batch) == 0 { // closing, and all is written
			if half, ok := c.raw.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
			_ = c.raw.SetReadDeadline(time.Now().Add(lingerTime))
			return
		}
		if _, err := c.raw.Write(batch); err != nil {
			c.mu.Lock()
			c.failed, c.out = true, nil
			c.mu.Unlock()
			_ = c.raw.SetReadDeadline(time.Now())
			if !errors.Is(err, stdnet.ErrClosed) {
				c.n.post(event{kind: closed, c: c, err: err})
			}
			return
		}
		if cap(batch) > readBytes {
			batch = nil // an idle connection keeps little
		}
		if want {
			c.n.post(event{kind: writable, c: c})
		}
	}
}

// Send implements net.Net.
func (n *Net) Send(id net.Conn, p []byte) int {
	c := n.conns[id]
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed {
		return 0
	}
	k := min(len(p), writeBytes-len(c.out))
	c.out = append(c.out, p[:k]...)
	c.want = c.want || k < len(p)
	c.cond.Signal()
	return k
}

// Receive implements net.Net.
func (n *Net) Receive(id net.Conn, on bool) {
	c := n.conns[id]
	if c == nil {
		return
	}
	if c.paused = !on; on && c.held != nil {
		n.post(event{kind: received, c: c, p: c.held})
		c.held = nil
	}
}

// Close implements net.Net.
func (n *Net) Close(id net.Conn) {
	if c := n.conns[id]; c != nil {
		delete(n.conns, id)
		c.end()
	}
}

// end stops the goroutines once what was accepted is written.
func (c *conn) end() {
	_ = c.raw.SetWriteDeadline(time.Now().Add(10 * lingerTime))
	c.mu.Lock()
	c.closing = true
	c.cond.Signal()
	c.mu.Unlock()
	close(c.over)
}

// abandon stops them at once.
func (c *conn) abandon() {
	_ = c.raw.Close()
	c.end()
}
