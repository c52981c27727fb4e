//go:build linux

package ring

import (
	"time"
	"unsafe"

	"holdfast/internal/iouring"
	"holdfast/net"

	"golang.org/x/sys/unix"
)

// A Conn is generation<<slotBits | slot. Generations start at 1 and are drawn
// from one counter, so no two connections of a process share one.
const slotBits = 24

// User data is kind | slot.
const (
	kindRecv   = iota << slotBits
	kindSend   // told only if it failed or was cut short
	kindOut    // a poll for room
	kindWatch  // a poll for the end
	kindSource // of a source; the slot is its index
	kindCancel
)

func split(userData uint64) (slot uint32, kind uint64) {
	const mask = 1<<slotBits - 1
	return uint32(userData & mask), userData &^ mask
}

const (
	paused    uint16 = 1 << iota // Receive is off
	recvArmed                    // a receive is with the kernel
	recvEnds                     // and a cancellation of it
	outArmed                     // a poll for room is with the kernel
	watchArm                     // a poll for the end is with the kernel
	full                         // the socket had no room
	owed                         // a send was cut short, Writable is owed
	queued                       // is in Poller.ready
	eof                          // the end of input was seen
	ended                        // and the Handler knows
	lingering                    // closed by us; waits for the peer's end
	shut                         // our side is ended
	dead                         // closed when the kernel has let go
	gone                         // both directions are over
)

// conn is one slot of the table.
type conn struct {
	id    net.Conn
	fd    int32 // -1: the slot is free
	flags uint16
	errno unix.Errno
	turn  uint64 // of the last send through the ring
	seq   uint32 // its entry
	at, n uint32 // its bytes in the arena
	x     *extra
}

// extra is what few connections have.
type extra struct {
	held []byte // input that came while Receive was off
	pend []byte // accepted, the socket had no room
}

func (c *conn) slot() uint32     { return uint32(c.id) & (1<<slotBits - 1) }
func (c *conn) is(f uint16) bool { return c.flags&f != 0 }

// lookup returns the live connection that id names, or nil.
func (p *Poller) lookup(id net.Conn) *conn {
	if c := p.find(id); c != nil && !c.is(lingering) {
		return c
	}
	return nil
}

// find is lookup for lingering connections as well.
func (p *Poller) find(id net.Conn) *conn {
	slot := uint64(id) & (1<<slotBits - 1)
	if slot < uint64(len(p.conns)) {
		if c := &p.conns[slot]; c.id == id && c.fd >= 0 && !c.is(dead) {
			return c
		}
	}
	return nil
}

// add makes an accepted socket a connection; nil if there are too many.
func (p *Poller) add(fd int) *conn {
	if len(p.free) == 0 {
		if len(p.conns) == 1<<slotBits {
			return nil
		}
		p.conns = append(p.conns, conn{fd: -1})
		p.free = append(p.free, uint32(len(p.conns)-1))
	}
	slot := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	p.gen++
	c := &p.conns[slot]
	*c = conn{id: net.Conn(p.gen<<slotBits | uint64(slot)), fd: int32(fd)}
	p.armRecv(c)
	return c
}

func (p *Poller) entry(c *conn, kind uint64, op uint8) *iouring.SQE {
	e := p.next()
	e.Opcode, e.FD, e.UserData = op, c.fd, kind|uint64(c.slot())
	return e
}

func (p *Poller) armRecv(c *conn) {
	e := p.entry(c, kindRecv, opRecv)
	e.Ioprio, e.Flags = recvMultishot, iouring.BufferSelect
	c.flags = c.flags&^recvEnds | recvArmed
}

func (p *Poller) armOut(c *conn) {
	c.flags |= full
	if !c.is(outArmed) {
		e := p.entry(c, kindOut, opPollAdd)
		e.OpFlags, e.Len = unix.POLLOUT, pollMultishot
		c.flags |= outArmed
	}
}

func (p *Poller) armWatch(c *conn) {
	if !c.is(watchArm) {
		p.entry(c, kindWatch, opPollAdd).Len = pollMultishot
		c.flags |= watchArm
	}
}

func (p *Poller) enqueue(c *conn) {
	if !c.is(queued) {
		c.flags |= queued
		p.ready = append(p.ready, c.id)
	}
}

func (c *conn) more() *extra {
	if c.x == nil {
		c.x = &extra{}
	}
	return c.x
}

// received takes one completion of a receive.
func (p *Poller) received(slot uint32, e iouring.CQE) {
	c := &p.conns[slot]
	if e.Flags&cqeMore == 0 {
		c.flags &^= recvArmed | recvEnds
	}
	if e.Flags&cqeBuffer != 0 {
		id := int(e.Flags >> 16)
		if e.Res > 0 && !c.is(lingering|dead) {
			b := p.bufs.of(id, int(e.Res))
			if c.is(paused) || c.x != nil && len(c.x.held) > 0 {
				x := c.more()
				x.held = append(x.held, b...)
				if c.is(recvArmed) && !c.is(recvEnds) {
					p.cancelRecv(c)
				}
			} else {
				live := c.id
				p.h.Received(live, b)
				if c = &p.conns[slot]; c.id != live || c.fd < 0 {
					p.bufs.give(id)
					return
				}
			}
		}
		p.bufs.give(id)
	}
	if c.is(recvArmed) {
		return
	}
	switch errno := unix.Errno(-e.Res); {
	case c.is(dead):
		p.letGo(c)
		return
	case e.Res > 0 || errno == unix.ECANCELED || errno == unix.EINTR || errno == unix.EAGAIN:
	case errno == unix.ENOBUFS:
		p.bufs.grow(p.bufs.given)
	case e.Res == 0:
		c.flags |= eof
		if c.is(lingering) {
			p.endLingering(c)
			return
		}
	default:
		if c.is(lingering) {
			p.release(c)
		} else if c.is(ended) || c.x == nil || len(c.x.held) == 0 {
			p.finish(c, errno)
		} else {
			c.errno = errno
		}
		return
	}
	if c.is(lingering) {
		p.armRecv(c)
		return
	}
	if c.is(paused) {
		p.armWatch(c)
		return
	}
	p.enqueue(c)
}

func (p *Poller) cancelRecv(c *conn) {
	e := p.next()
	e.Opcode, e.FD, e.Flags = opCancel, -1, iouring.CQESkip
	e.Addr, e.UserData = kindRecv|uint64(c.slot()), kindCancel
	c.flags |= recvEnds
}

// serve goes on with a connection that no completion tells of.
func (p *Poller) serve(c *conn) {
	if c.is(lingering) {
		p.endOutput(c)
		return
	}
	id := c.id
	if c.x != nil && len(c.x.held) > 0 && !c.is(paused) {
		b := c.x.held
		c.x.held = nil
		p.h.Received(id, b)
		if c = p.lookup(id); c == nil {
			return
		}
	}
	if c.errno != 0 && (c.x == nil || len(c.x.held) == 0) {
		p.finish(c, c.errno)
		return
	}
	if c.is(owed) && c.errno == 0 && !c.is(full) {
		c.flags &^= owed
		p.h.Writable(id)
		if c = p.lookup(id); c == nil {
			return
		}
	}
	if c.is(paused | ended | recvArmed) {
		return
	}
	if !c.is(eof) {
		p.armRecv(c)
		return
	}
	if p.ender == nil || c.is(gone) {
		p.finish(c, 0)
		return
	}
	c.flags |= ended
	p.armWatch(c)
	p.ender.Ended(id)
}

// watched: both sides are over, or the connection was reset.
func (p *Poller) watched(c *conn, e iouring.CQE) {
	if e.Flags&cqeMore == 0 {
		c.flags &^= watchArm
	}
	switch {
	case c.is(dead):
		p.letGo(c)
	case c.is(lingering|recvArmed) || e.Res < 0:
	case e.Res&unix.POLLERR != 0:
		errno, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil || errno == 0 {
			errno = int(unix.ECONNRESET)
		}
		p.finish(c, unix.Errno(errno))
	case e.Res&unix.POLLHUP != 0 && c.is(ended):
		p.finish(c, 0)
	case e.Res&unix.POLLHUP != 0:
		c.flags |= gone
	}
}

// Send implements net.Net.
func (p *Poller) Send(id net.Conn, b []byte) int {
	c := p.lookup(id)
	if c == nil || c.errno != 0 || len(b) == 0 {
		return 0
	}
	if c.is(full) {
		c.flags |= owed
		return 0
	}
	if p.queuedSend(c) {
		if int(c.at+c.n) != p.used || int(c.n)+len(b) > sendMax || p.used+len(b) > p.end {
			return p.later(c) // one after the other: a send cut short must not be overtaken
		}
		p.ring.Entry(c.seq).Len += uint32(len(b))
	} else {
		if p.ring.Overflown() {
			return p.later(c) // a send cut short may be untold
		}
		if len(b) > sendMax || p.used+len(b) > p.end {
			return p.sendNow(c, b)
		}
		e := p.entry(c, kindSend, opSend)
		e.Addr, e.Len = uint64(uintptr(unsafe.Pointer(&p.arena[p.used]))), uint32(len(b))
		e.OpFlags, e.Flags = unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT|unix.MSG_WAITALL, iouring.CQESkip
		c.turn, c.seq, c.at, c.n = p.turn, p.ring.Tail()-1, uint32(p.used), 0
	}
	copy(p.arena[p.used:], b)
	p.used += len(b)
	c.n += uint32(len(b))
	return len(b)
}

// queuedSend says whether c has a send that is not submitted.
func (p *Poller) queuedSend(c *conn) bool {
	return c.n > 0 && c.turn == p.turn && !p.ring.Taken(c.seq)
}

// later refuses a send until the next turn.
func (p *Poller) later(c *conn) int {
	c.flags |= owed
	p.enqueue(c)
	return 0
}

// sendNow sends past the ring, and waits for room if not all went.
func (p *Poller) sendNow(c *conn, b []byte) int {
	r, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&b[0])),
		uintptr(len(b)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	n := int(r)
	if e != 0 {
		if n = 0; e != unix.EAGAIN && e != unix.EINTR {
			c.errno = e
			p.enqueue(c)
			return 0
		}
	}
	if n < len(b) {
		c.flags |= owed
		p.armOut(c)
	}
	return n
}

// sendFailed takes the completion of a send that did not take all.
func (p *Poller) sendFailed(c *conn, res int32) {
	if c.is(dead) {
		return
	}
	n := int(res)
	if errno := unix.Errno(-res); res < 0 {
		if n = 0; errno != unix.EAGAIN && errno != unix.EINTR {
			if c.errno = errno; c.is(lingering) {
				p.release(c)
			} else {
				p.enqueue(c)
			}
			return
		}
	}
	x := c.more()
	x.pend = append(x.pend[:0], p.arena[int(c.at)+n:int(c.at+c.n)]...)
	p.armOut(c)
}

// writable: there may be room again.
func (p *Poller) writable(c *conn, e iouring.CQE) {
	if e.Flags&cqeMore == 0 {
		c.flags &^= outArmed
	}
	if c.is(dead) {
		p.letGo(c)
		return
	}
	if !c.is(full) || e.Res >= 0 && e.Res&(unix.POLLOUT|unix.POLLERR|unix.POLLHUP) == 0 {
		return
	}
	c.flags &^= full
	if c.x != nil && len(c.x.pend) > 0 {
		was := c.flags & owed
		n := p.sendNow(c, c.x.pend)
		c.flags = c.flags&^owed | was
		c.x.pend = c.x.pend[n:]
	}
	if c.is(full) {
		p.armOut(c)
		return
	}
	p.serve(c)
}

// Receive implements net.Net.
func (p *Poller) Receive(id net.Conn, on bool) {
	c := p.lookup(id)
	if c == nil {
		return
	}
	if !on {
		c.flags |= paused
		return
	}
	c.flags &^= paused
	p.enqueue(c)
}

// finish ends a connection that the peer or the network ended.
func (p *Poller) finish(c *conn, errno unix.Errno) {
	id := c.id
	p.release(c)
	if errno != 0 {
		p.h.Closed(id, errno)
	} else {
		p.h.Closed(id, nil)
	}
}

// release gives the socket up; it is closed when the kernel is done with it.
func (p *Poller) release(c *conn) {
	c.flags |= dead
	c.x = nil
	if c.is(recvArmed | outArmed | watchArm) {
		e := p.next()
		e.Opcode, e.FD, e.OpFlags = opCancel, c.fd, cancelAll|cancelFD
		e.Flags, e.UserData = iouring.CQESkip, kindCancel
	}
	p.letGo(c)
}

// letGo closes the socket and frees the slot, once the kernel has nothing of it.
func (p *Poller) letGo(c *conn) {
	if c.is(recvArmed | outArmed | watchArm) {
		return
	}
	if p.queuedSend(c) {
		_ = p.submit() // the entry names the descriptor
	}
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(c.fd), 0, 0)
	c.fd = -1
	p.free = append(p.free, c.slot())
	if !p.acceptAt.IsZero() {
		p.acceptAt = time.Unix(1, 0)
	}
}
