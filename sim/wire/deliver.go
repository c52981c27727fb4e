package wire

import (
	"strings"

	"holdfast/net"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Deliver does what a wire event stands for. It reports false for an event of
// a connection that is over.
func (w *Wire) Deliver(e sched.Event) bool {
	c := w.conns[e.A-1]
	if c.gen != e.B || c.state == idle {
		return false
	}
	switch e.Op {
	case evOpen:
		c.arrive()
	case evIn:
		return c.deliverIn()
	case evOut:
		return c.deliverOut()
	case evRoom:
		return c.deliverRoom()
	case evDown:
		c.deliverDown(c.endWhy)
	case evLost:
		if !c.vanished {
			return c.lose(ErrReset) // it closed while bytes were on their way to it
		}
		return c.lose(ErrTimeout)
	case evStall:
		if !c.stalled {
			return false
		}
		c.readsAgain()
	case evLeave:
		return c.deliverLeave()
	}
	return true
}

// deliverLeave tells of a client's end before what it has sent was taken. A reset
// takes that away.
func (c *Conn) deliverLeave() bool {
	if !c.paused || c.engineGone {
		return false
	}
	if c.endWhy != nil {
		c.close(c.endWhy)
		return true
	}
	l, ok := c.w.handler.(net.Leaver)
	if ok {
		c.w.told++
		l.Leaving(c.Handle())
	}
	return ok
}

// readsAgain ends a stall.
func (c *Conn) readsAgain() {
	c.stalled = false
	c.scheduleOut()
	if c.wantRoom && !c.engineGone {
		c.roomSoon()
	}
}

// arrive is a connection request reaching the server's machine.
func (c *Conn) arrive() {
	w := c.w
	if c.clientGone {
		c.engineGone = true
		c.maybeFree()
		return
	}
	if !w.Listening() || w.s.Fault(siteRefuse.At(c.Client), 2) != 0 {
		w.s.Seen[sched.Refused]++
		c.engineGone = true
		c.deliverDown(ErrRefused)
		return
	}
	c.state = up
	if w.s.Tracing() {
		w.s.Tracef("net: %v opened", c)
	}
	// Clients spread over the addresses that the engine listens at.
	kind, local, _ := strings.Cut(w.listen[c.Client%len(w.listen)], ":")
	peer := c.peer
	peer.Local = local
	if kind == "unix" {
		peer.Addr, peer.Unix = local+":0", true
	}
	w.told++
	w.handler.Opened(c.Handle(), peer)
	if c.state == up && !c.clientGone {
		c.owner.Up(c)
	}
	if c.state == up {
		c.scheduleIn()
	}
}

// dripBytes is how many bytes travel alone once one does.
const dripBytes = 12

// fragment chooses how many of n waiting bytes travel together. drip counts
// those of this direction that go on travelling alone.
func (c *Conn) fragment(site tape.Site, drip *int, n int) int {
	if n == 1 {
		return 1
	}
	m := n
	if *drip == 0 {
		switch c.w.s.Tape.Choose(site.At(c.Client), 5) {
		case 1:
			*drip = dripBytes
		case 2:
			m = n - 1
		case 3:
			m = (n + 1) / 2
		case 4:
			m = 1 + c.w.s.Tape.Choose(siteCutAt.At(c.Client), n)
		}
	}
	if *drip > 0 {
		*drip--
		m = 1
		c.w.s.Seen[sched.SingleByte]++
	}
	if m < n {
		c.w.s.Seen[sched.Fragmented]++
	}
	return m
}

func (c *Conn) deliverIn() bool {
	w := c.w
	c.inEvent = false
	if c.paused || c.engineGone || c.vanished {
		return false
	}
	n := len(c.in) - c.inAt
	if n == 0 {
		if c.closing {
			c.close(c.endWhy)
		}
		return c.closing
	}
	if n > c.inFrom {
		w.s.Seen[sched.Coalesced]++
	}
	n = c.fragment(siteSplit, &c.dripIn, n)
	p := c.in[c.inAt : c.inAt+n]
	c.inAt += n
	c.Consumed += int64(n)
	w.s.Mix(sched.Sum(p))
	if w.s.Tracing() {
		w.s.Tracef("net: %v delivers %d bytes: %s", c, n, Spell(p))
	}
	if w.watch.Delivered != nil {
		w.watch.Delivered(c, p)
	}
	gen := c.gen
	w.told++
	c.reading = true
	w.handler.Received(c.Handle(), p)
	c.reading = false
	if c.gen != gen || c.state != up || c.engineGone {
		return true
	}
	switch {
	case w.s.Fault(siteReset.At(c.Client), 2) != 0:
		if c.inAt < len(c.in) {
			w.s.Seen[sched.ResetMidCommand]++
		} else {
			w.s.Seen[sched.ResetIdle]++
		}
		c.lose(ErrReset)
		return true
	case w.s.Fault(siteVanish.At(c.Client), 2) != 0:
		c.vanish()
	}
	c.scheduleIn()
	return true
}

// vanish makes the peer half-open: it neither sends nor reads, and the server
// finds out much later.
func (c *Conn) vanish() {
	if c.vanished || c.clientGone {
		return
	}
	c.w.s.Seen[sched.HalfOpen]++
	c.vanished = true
	c.w.s.After(20*sched.Second, sched.Wire, evLost, c.slot, c.gen)
}

func (c *Conn) deliverOut() bool {
	w := c.w
	c.outEvent = false
	if c.clientGone || c.stopped || c.stalled || c.vanished || c.outAt == len(c.out) {
		return false
	}
	if w.s.Fault(siteStall.At(c.Client), 2) != 0 {
		w.s.Seen[sched.StalledPeer]++
		c.stalled = true
		w.s.After(2*sched.Second, sched.Wire, evStall, c.slot, c.gen)
		return true
	}
	n := c.fragment(siteSplitOut, &c.dripOut, len(c.out)-c.outAt)
	p := c.out[c.outAt : c.outAt+n]
	w.s.Mix(sched.Sum(p))
	if w.s.Tracing() {
		w.s.Tracef("net: %v reads %d bytes", c, n)
	}
	gen := c.gen
	c.outAt += n
	c.owner.Data(c, p)
	if c.gen != gen || c.state != up || c.clientGone {
		return true
	}
	if !c.engineGone && w.s.Fault(siteResetOut.At(c.Client), 2) != 0 {
		if c.outAt < len(c.out) {
			w.s.Seen[sched.ResetMidReply]++
		} else {
			w.s.Seen[sched.ResetIdle]++
		}
		c.lose(ErrReset)
		return true
	}
	if c.outAt == len(c.out) {
		c.out, c.outAt = c.out[:0], 0
	}
	if c.wantRoom && !c.engineGone {
		c.roomSoon()
	}
	c.scheduleOut()
	return true
}

func (c *Conn) deliverRoom() bool {
	c.roomEvent = false
	if !c.wantRoom || c.engineGone {
		return false
	}
	if c.clientGone || c.Unread() < c.w.cfg.Window {
		c.wantRoom = false
		c.w.told++
		c.w.handler.Writable(c.Handle())
		return true
	}
	return false
}

// deliverDown tells the client that the connection is over.
func (c *Conn) deliverDown(why error) {
	if c.clientGone {
		return
	}
	if c.w.s.Tracing() {
		c.w.s.Tracef("net: %v is over for the client: %v", c, why)
	}
	c.clientGone = true
	c.owner.Down(c, why)
	c.maybeFree()
}

// close tells the engine that the client is gone.
func (c *Conn) close(why error) {
	if c.w.s.Tracing() {
		c.w.s.Tracef("net: %v is over for the engine: %v", c, why)
	}
	h := c.Handle()
	c.leaveEngine(false)
	c.w.told++
	c.w.handler.Closed(h, why)
}

// lose breaks the connection for both sides, with what was under way.
func (c *Conn) lose(why error) bool {
	if c.engineGone && c.clientGone {
		return false
	}
	c.out, c.outAt = c.out[:0], 0
	if !c.engineGone {
		c.close(why)
	}
	if c.state == up && !c.clientGone {
		c.vanished, c.stalled, c.stopped = false, false, false
		c.deliverDown(why)
	}
	return true
}
