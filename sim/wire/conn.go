package wire

import (
	"fmt"

	"holdfast/net"
	"holdfast/sim/sched"
)

type state uint8

const (
	idle    state = iota
	dialing       // on its way to the server
	up
)

// Conn is a client's end of one connection. It is the workload's from Connect
// until Down, Close or Reset; the wire reuses it afterwards.
type Conn struct {
	// Client and Tag are the workload's: Client also labels its choices.
	Client int
	Tag    uint64
	// Released counts the bytes Send accepted; Consumed the bytes the engine
	// was given.
	Released, Consumed int64

	w     *Wire
	owner Endpoint
	slot  uint32
	gen   uint64
	state state
	peer  net.Peer

	in         []byte // client to server, from inAt on
	inAt       int
	inEvent    bool // an evIn is scheduled
	inFrom     int  // bytes that were queued when it was
	reading    bool // the engine is being given a part of the queue
	closing    bool // the client closed: the server hears of it after the queue
	paused     bool // Receive(off)
	dripIn     int  // bytes that go on travelling alone
	out        []byte
	outAt      int
	dripOut    int
	outEvent   bool
	wantRoom   bool
	roomEvent  bool
	stopped    bool // the workload stopped reading
	stalled    bool // a fault stopped it
	vanished   bool // half-open: nothing leaves it, nothing is read
	engineGone bool // over for the engine
	clientGone bool // over for the client
	ending     bool // the client is to be told once out is empty
	endEvent   bool
	endWhy     error
}

// Handle returns the connection as the engine knows it.
func (c *Conn) Handle() net.Conn { return net.Conn(uint64(c.slot) | c.gen<<32) }

// String names the connection.
func (c *Conn) String() string { return fmt.Sprintf("client %d/conn %d.%d", c.Client, c.slot, c.gen) }

// Connect begins a connection of a client; e learns how it went.
func (w *Wire) Connect(client int, e Endpoint) *Conn {
	if len(w.free) == 0 {
		slot := uint32(len(w.conns) + 1)
		w.conns = append(w.conns, &Conn{w: w, slot: slot, gen: 1,
			peer: net.Peer{Addr: fmt.Sprintf("10.0.0.%d:%d", slot%250+1, 40000+slot)}})
		w.free = append(w.free, slot-1)
	}
	c := w.conns[w.free[len(w.free)-1]]
	w.free = w.free[:len(w.free)-1]
	w.open++
	*c = Conn{w: w, owner: e, Client: client, slot: c.slot, gen: c.gen + 1, peer: c.peer,
		state: dialing, in: c.in[:0], out: c.out[:0]}
	w.s.After(w.s.Delay(siteDelay.At(client), usualDelay), sched.Wire, evOpen, c.slot, c.gen)
	return c
}

// Write queues bytes for the server. It may be called before Up.
func (c *Conn) Write(p []byte) {
	if c.state == idle || c.clientGone || c.closing {
		return
	}
	if c.vanished {
		return
	}
	if c.engineGone {
		c.w.s.Seen[sched.LateBytes]++
		return
	}
	if !c.reading { // else the engine holds a part of the queue
		if c.inAt == len(c.in) {
			c.in, c.inAt = c.in[:0], 0
		}
		c.in, c.inAt = compact(c.in, c.inAt)
	}
	c.in = append(c.in, p...)
	c.scheduleIn()
}

// Close ends the connection in order: what was written still arrives, what the
// server sends from now on is not read. Down is not called.
func (c *Conn) Close() {
	if c.state == idle || c.clientGone {
		return
	}
	c.closing = true
	c.leaveClient()
	if !c.engineGone {
		c.scheduleIn()
		c.leaves()
	}
}

// Reset ends the connection at once; bytes under way are lost.
func (c *Conn) Reset() {
	if c.state == idle || c.clientGone {
		return
	}
	c.in, c.inAt = c.in[:0], 0
	c.closing, c.endWhy = true, ErrReset
	c.leaveClient()
	if !c.engineGone {
		c.scheduleIn()
		c.leaves()
	}
}

// StopReading stops or resumes reading: the window fills up meanwhile.
func (c *Conn) StopReading(stop bool) {
	c.stopped = stop
	if !stop {
		c.scheduleOut()
	}
}

// Unread returns how many released bytes the client has not read.
func (c *Conn) Unread() int { return len(c.out) - c.outAt }

// Unsent returns how many written bytes the engine has not been given.
func (c *Conn) Unsent() int { return len(c.in) - c.inAt }

// leaveClient makes the connection over for the client.
func (c *Conn) leaveClient() {
	c.clientGone = true
	c.out, c.outAt = c.out[:0], 0
	c.maybeFree()
}

// leaveEngine makes the connection over for the engine.
func (c *Conn) leaveEngine(byEngine bool) {
	c.engineGone = true
	c.wantRoom = false
	if c.inAt < len(c.in) {
		c.w.s.Seen[sched.LateBytes]++
	}
	c.in, c.inAt = c.in[:0], 0
	if c.w.watch.Closed != nil {
		c.w.watch.Closed(c, byEngine)
	}
	c.maybeFree()
}

func (c *Conn) maybeFree() {
	if c.engineGone && c.clientGone && c.state != idle {
		c.state = idle
		c.w.open--
		c.w.free = append(c.w.free, c.slot-1)
	}
}

// finishOut tells the client that the connection ended, after what was sent.
func (c *Conn) finishOut(why error) {
	if c.clientGone {
		return
	}
	c.ending, c.endWhy = true, why
	c.scheduleOut()
}

func (c *Conn) delay() int64 {
	d := c.w.s.Delay(siteDelay.At(c.Client), usualDelay)
	if d > usualDelay {
		c.w.s.Seen[sched.NetDelay]++
	}
	return d
}

func (c *Conn) scheduleIn() {
	if c.inEvent || c.paused || c.engineGone || c.state != up || c.vanished {
		return
	}
	if c.inAt == len(c.in) && !c.closing {
		return
	}
	c.inEvent, c.inFrom = true, len(c.in)-c.inAt
	c.w.s.After(c.delay(), sched.Wire, evIn, c.slot, c.gen)
}

func (c *Conn) scheduleOut() {
	if c.outEvent || c.clientGone || c.stopped || c.stalled || c.vanished {
		return
	}
	if c.outAt == len(c.out) {
		if c.ending && !c.endEvent {
			c.endEvent = true
			c.w.s.After(c.delay(), sched.Wire, evDown, c.slot, c.gen)
		}
		return
	}
	c.outEvent = true
	c.w.s.After(c.delay(), sched.Wire, evOut, c.slot, c.gen)
}

// leaves schedules that the engine learns of a client's end although it does not
// read what is before it.
func (c *Conn) leaves() {
	if c.closing && c.paused && !c.engineGone && c.state == up {
		c.w.s.After(c.delay(), sched.Wire, evLeave, c.slot, c.gen)
	}
}

// roomSoon schedules a Writable.
func (c *Conn) roomSoon() {
	if !c.roomEvent {
		c.roomEvent = true
		c.w.s.After(c.delay(), sched.Wire, evRoom, c.slot, c.gen)
	}
}
