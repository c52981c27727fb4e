package wire

import (
	"errors"
	"fmt"
	"strings"

	"holdfast/net"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Errors that connections end with.
var (
	ErrReset   = errors.New("connection reset by peer")
	ErrTimeout = errors.New("connection timed out")
	ErrRefused = errors.New("connection refused")
)

// Endpoint is a client: told of what happens at its end of a connection.
// It may write to, close or reset the connection from inside.
type Endpoint interface {
	// Up: the server accepted the connection.
	Up(c *Conn)
	// Data: bytes arrived. p is valid until return.
	Data(c *Conn, p []byte)
	// Down: the connection ended, by the server (nil), a reset, a refusal or a
	// time-out. It is the last call for c, which is then reused. Not called
	// after the client itself closed or reset it.
	Down(c *Conn, why error)
}

// Watch is told what oracles need to know. Any function may be nil.
type Watch struct {
	// Released: Send accepted p. The moment at which promises are judged.
	Released func(c *Conn, p []byte)
	// Delivered: the engine is about to receive p.
	Delivered func(c *Conn, p []byte)
	// Closed: the connection is over for the engine: it closed it (byEngine) or
	// is about to be told.
	Closed func(c *Conn, byEngine bool)
}

// Config holds the network's sizes.
type Config struct {
	Window int // a client's receive buffer; 0 is 64 KiB
}

// The finer kinds of the wire's events.
const (
	evOpen  = iota + 1 // a connection request reaches the server
	evIn               // client bytes reach the server
	evOut              // server bytes reach the client
	evRoom             // the client's window opened
	evDown             // the client learns that the connection ended
	evLost             // the server gives up on a vanished peer
	evStall            // the client reads again
	evLeave            // the server learns that a client which it does not read has ended
)

var (
	siteDelay     = sched.NewDelaySite("client #/delay")
	siteSplit     = tape.NewSiteWeighted("client #/fragment", tape.Schedule, 1, 3, 2, 2, 2)
	siteSplitOut  = tape.NewSiteWeighted("client #/reply fragment", tape.Schedule, 1, 3, 2, 2, 2)
	siteCutAt     = tape.NewSite("client #/cut", tape.Free)
	siteReset     = tape.NewSite("client #/reset on input", tape.NetFault)
	siteResetOut  = tape.NewSite("client #/reset on reply", tape.NetFault)
	siteAccept    = tape.NewSite("client #/send accepts", tape.NetFault)
	siteStall     = tape.NewSite("client #/stops reading", tape.NetFault)
	siteVanish    = tape.NewSite("client #/vanishes", tape.NetFault)
	siteRefuse    = tape.NewSite("client #/refused", tape.NetFault)
	siteListenErr = tape.NewSiteWeighted("listen refused", tape.NetFault, 3)
)

// usualDelay is one way of a fair-weather loopback.
const usualDelay = 30 * sched.Microsecond

// Wire implements net.Net. It is reused from run to run.
type Wire struct {
	s       *sched.Sched
	cfg     Config
	watch   Watch
	handler net.Handler
	listen  []string
	conns   []*Conn // pool, by slot
	free    []uint32
	open    int
	told    int // events given to the handler
}

// New returns a wire; call Reset before use.
func New() *Wire { return &Wire{} }

// Reset begins a run without connections.
func (w *Wire) Reset(s *sched.Sched, cfg Config, watch Watch) {
	if cfg.Window == 0 {
		cfg.Window = 64 << 10
	}
	w.s, w.cfg, w.watch = s, cfg, watch
	w.handler, w.listen = nil, w.listen[:0]
	w.free = w.free[:0]
	for i := len(w.conns) - 1; i >= 0; i-- {
		c := w.conns[i]
		c.state, c.gen = idle, 1
		w.free = append(w.free, uint32(i))
	}
	w.open, w.told = 0, 0
}

// Bind implements net.Net.
func (w *Wire) Bind(h net.Handler) {
	if w.handler != nil {
		sched.Violate("net.Bind: called twice")
	}
	w.handler = h
}

// Listen implements net.Net.
func (w *Wire) Listen(addr string) error {
	if w.handler == nil {
		sched.Violate("net.Listen before Bind")
	}
	if !strings.HasPrefix(addr, "tcp:") && !strings.HasPrefix(addr, "unix:") {
		return fmt.Errorf("cannot listen at %q: no such kind of address", addr)
	}
	for _, a := range w.listen {
		if a == addr {
			return fmt.Errorf("cannot listen at %s: address in use", addr)
		}
	}
	if w.s.Fault(siteListenErr.Label(), 2) != 0 {
		return fmt.Errorf("cannot listen at %s: permission denied", addr)
	}
	w.listen = append(w.listen, addr)
	return nil
}

// Listening reports whether the engine accepts connections.
func (w *Wire) Listening() bool { return len(w.listen) > 0 }

// Open returns how many connections are not over for both sides.
func (w *Wire) Open() int { return w.open }

// find returns the live connection that c names, or nil.
func (w *Wire) find(c net.Conn) *Conn {
	slot := uint32(c)
	if slot == 0 || int(slot) > len(w.conns) {
		return nil
	}
	k := w.conns[slot-1]
	if k.state != up || k.engineGone || k.Handle() != c {
		return nil
	}
	return k
}

// Send implements net.Net.
func (w *Wire) Send(h net.Conn, p []byte) int {
	c := w.find(h)
	if c == nil || len(p) == 0 {
		return 0
	}
	room := max(w.cfg.Window-(len(c.out)-c.outAt), 0)
	if c.stalled { // for so long that the window is full
		room = 0
	}
	n := min(len(p), room)
	if n > 0 {
		switch w.s.Fault(siteAccept.At(c.Client), 4) {
		case 1:
			n = 0
		case 2:
			n = (n + 1) / 2
		case 3:
			n = 1
		}
	}
	w.s.Mix(uint64(h))
	w.s.Mix(uint64(n))
	if n > 0 {
		w.s.Mix(sched.Sum(p[:n]))
		c.Released += int64(n)
		if w.s.Tracing() {
			w.s.Tracef("net: %v released %d of %d bytes: %s", c, n, len(p), Spell(p[:n]))
		}
		if w.watch.Released != nil {
			w.watch.Released(c, p[:n])
		}
		c.take(p[:n])
	}
	if n < len(p) {
		w.s.Seen[sched.PartialSend]++
		c.wantRoom = true
		if n < room {
			c.roomSoon() // refused for no lack of room: try again
		}
	}
	return n
}

// take puts released bytes on their way. A client that has closed answers them
// with a reset, as kernels do.
func (c *Conn) take(p []byte) {
	if c.clientGone {
		if c.endWhy == nil {
			c.endWhy = ErrReset
			c.w.s.After(c.delay(), sched.Wire, evLost, c.slot, c.gen)
		}
		return
	}
	c.out, c.outAt = compact(c.out, c.outAt)
	c.out = append(c.out, p...)
	c.scheduleOut()
}

// compact moves what is left of a queue to its front when that is cheap, so
// that a queue which is never quite empty does not grow for ever.
func compact(q []byte, at int) ([]byte, int) {
	if at < 4096 || at*2 < len(q) {
		return q, at
	}
	return q[:copy(q, q[at:])], 0
}

// Abandoned returns how many connections the engine keeps whose clients have gone.
func (w *Wire) Abandoned() (n int) {
	for _, c := range w.conns {
		if c.state == up && c.clientGone && !c.engineGone {
			n++
		}
	}
	return n
}

// Told returns how many events the engine has been given.
func (w *Wire) Told() int { return w.told }

// Receive implements net.Net.
func (w *Wire) Receive(h net.Conn, on bool) {
	if c := w.find(h); c != nil {
		c.paused = !on
		if on {
			c.scheduleIn()
		}
		c.leaves()
	}
}

// Close implements net.Net.
func (w *Wire) Close(h net.Conn) {
	c := w.find(h)
	if c == nil {
		return
	}
	if w.s.Tracing() {
		w.s.Tracef("net: the engine closes %v", c)
	}
	w.s.Mix(uint64(h) ^ 0xc105ed)
	c.leaveEngine(true)
	c.finishOut(nil)
}

// Crash ends every connection: the process is gone. Bytes that it had sent may
// still arrive. Requests that are under way find nobody.
func (w *Wire) Crash() {
	w.handler, w.listen = nil, w.listen[:0]
	for _, c := range w.conns {
		if c.state == up && !c.engineGone {
			c.leaveEngine(false)
			c.finishOut(ErrReset)
		}
		c.inEvent, c.inFrom, c.roomEvent, c.paused = false, 0, false, false
	}
	w.s.Drop(sched.Wire, func(e sched.Event) bool { return e.Op == evIn || e.Op == evRoom }) // nobody is told
}

// Heal ends faults that last: stalled peers read, vanished ones are given up.
func (w *Wire) Heal() {
	for _, c := range w.conns {
		if c.state != up {
			continue
		}
		if c.stalled {
			c.readsAgain()
		}
		if c.vanished {
			w.s.After(sched.Millisecond, sched.Wire, evLost, c.slot, c.gen)
		}
	}
}
