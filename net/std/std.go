// Package std is the network port where there is no epoll: a pair of goroutines
// per connection, posting events to one queue that Poll empties.
//
// It is for portability, not for speed: every event crosses a lock and wakes a
// thread. Both goroutines keep to their side: the reader hands over one buffer
// and waits until it is taken, so Receive(off) holds the peer back; the writer
// empties a bounded buffer that Send fills.
package std

import (
	"errors"
	"fmt"
	stdnet "net"
	"os"
	"strings"
	"sync"
	"time"

	"holdfast/net"
)

const (
	readBytes   = 16 << 10
	writeBytes  = 256 << 10 // accepted by Send and not written yet
	lingerTime  = time.Second
	acceptPause = 100 * time.Millisecond
)

// Options tune a Net; the zero value is good.
type Options struct {
	Backlog   int         // unused: the standard library chooses
	KeepAlive int         // seconds until TCP probes an idle peer; 0 is never
	UnixPerm  uint32      // mode of a Unix socket; 0 leaves it to the umask
	Warn      func(error) // told, from any goroutine, when accepting must pause; may be nil
}

// Net implements net.Net. All methods but Wake belong to the thread that calls
// Poll.
type Net struct {
	opt   Options
	h     net.Handler
	ender net.Ender // h, if it is one
	conns map[net.Conn]*conn
	next  net.Conn
	lists []stdnet.Listener
	wake  chan struct{}
	quit  chan struct{} // closed by Shutdown

	mu           sync.Mutex
	queue, spare []event
}

type kind uint8

const (
	opened kind = iota
	received
	writable
	closed
)

// event is one thing to tell the Handler.
type event struct {
	kind kind
	c    *conn
	p    []byte
	err  error
}

// New returns a Net that listens nowhere yet.
func New(opt Options) *Net {
	return &Net{opt: opt, conns: map[net.Conn]*conn{}, wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// Bind implements net.Net.
func (n *Net) Bind(h net.Handler) {
	n.h = h
	n.ender, _ = h.(net.Ender)
}

// Watch is refused: there is nothing to watch descriptors with. Disks on these
// systems call Wake.
func (n *Net) Watch(int, func()) error { return errors.ErrUnsupported }

// Wake makes a Poll under way, or else the next one, return without waiting. It
// may be called from any goroutine.
func (n *Net) Wake() {
	select {
	case n.wake <- struct{}{}:
	default: // it will wake already
	}
}

func (n *Net) post(e event) {
	n.mu.Lock()
	n.queue = append(n.queue, e)
	n.mu.Unlock()
	n.Wake()
}

// Poll runs one turn of events, calling the Handler. If there are none it waits
// up to timeoutNs for the first; negative waits for ever.
func (n *Net) Poll(timeoutNs int64) error {
	if !n.turn() && timeoutNs != 0 {
		var timer <-chan time.Time
		if timeoutNs > 0 {
			t := time.NewTimer(time.Duration(timeoutNs))
			defer t.Stop()
			timer = t.C
		}
		select {
		case <-n.wake:
		case <-timer:
		}
		n.turn()
	}
	return nil
}

// turn delivers what is queued and says whether there was anything.
func (n *Net) turn() bool {
	n.mu.Lock()
	list := n.queue
	n.queue = n.spare[:0]
	n.mu.Unlock()
	for _, e := range list {
		n.deliver(e)
	}
	clear(list)
	n.spare = list
	return len(list) > 0
}

func (n *Net) deliver(e event) {
	c := e.c
	if e.kind == opened {
		n.next++
		c.id = n.next
		n.conns[c.id] = c
		go c.readLoop()
		go c.writeLoop()
		n.h.Opened(c.id, c.peer)
		return
	}
	if n.conns[c.id] != c {
		return // it was closed meanwhile
	}
	switch e.kind {
	case received:
		if c.paused {
			c.held = e.p
			return
		}
		n.h.Received(c.id, e.p)
		c.taken <- struct{}{}
	case writable:
		n.h.Writable(c.id)
	case closed:
		if n.ender != nil && e.err == nil {
			n.ender.Ended(c.id)
			return
		}
		delete(n.conns, c.id)
		c.abandon()
		n.h.Closed(c.id, e.err)
	}
}

// Listen implements net.Net.
func (n *Net) Listen(addr string) error {
	kind, rest, _ := strings.Cut(addr, ":")
	l, err := n.listen(kind, rest)
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", addr, err)
	}
	n.lists = append(n.lists, l)
	go n.accept(l, kind == "unix")
	return nil
}

func (n *Net) listen(kind, rest string) (stdnet.Listener, error) {
	switch kind {
	case "tcp":
		return stdnet.Listen("tcp", strings.TrimPrefix(rest, "*"))
	case "unix":
		if st, err := os.Lstat(rest); err == nil {
			if st.Mode()&os.ModeSocket == 0 {
				return nil, errors.New("a file of that name is in the way")
			}
			if c, err := stdnet.DialTimeout("unix", rest, time.Second); err == nil {
				_ = c.Close()
				return nil, errors.New("address already in use")
			}
			_ = os.Remove(rest) // a leftover: nobody answers
		}
		l, err := stdnet.Listen("unix", rest)
		if err == nil && n.opt.UnixPerm != 0 {
			err = os.Chmod(rest, os.FileMode(n.opt.UnixPerm))
		}
		return l, err
	}
	return nil, errors.New("an address is tcp:HOST:PORT or unix:PATH")
}

// Addrs returns the addresses listened at, ports filled in.
func (n *Net) Addrs() []string {
	var out []string
	for _, l := range n.lists {
		out = append(out, l.Addr().String())
	}
	return out
}

// accept is a listener's goroutine.
func (n *Net) accept(l stdnet.Listener, unix bool) {
	warned := false
	for {
		raw, err := l.Accept()
		if err == nil {
			warned = false
			c := newConn(n, raw, l.Addr().String(), unix)
			n.post(event{kind: opened, c: c})
			continue
		}
		if errors.Is(err, stdnet.ErrClosed) {
			return
		}
		if !warned && n.opt.Warn != nil {
			n.opt.Warn(fmt.Errorf("cannot accept connections, waiting: %w", err))
		}
		warned = true
		select {
		case <-time.After(acceptPause):
		case <-n.quit:
			return
		}
	}
}

// Shutdown closes everything, without events. The Net is of no use after.
func (n *Net) Shutdown() {
	close(n.quit)
	for _, l := range n.lists {
		_ = l.Close()
	}
	for _, c := range n.conns {
		c.abandon()
	}
	n.conns = nil
	n.turnAway()
}

// turnAway closes connections that were accepted and never told of.
func (n *Net) turnAway() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.queue {
		if e.kind == opened {
			_ = e.c.raw.Close()
		}
	}
}
