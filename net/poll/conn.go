//go:build linux

package poll

import (
	"time"
	"unsafe"

	"holdfast/net"

	"golang.org/x/sys/unix"
)

// A Conn is generation<<slotBits | slot. Generations start at 1 and are drawn
// from one counter, so no two connections of a process share one.
const slotBits = 24

const (
	paused    uint8 = 1 << iota // Receive is off
	readable                    // input may be waiting: no edge will tell again
	hangup                      // the end of input is near: read until it shows
	gone                        // both directions are over
	blocked                     // a send was cut short, Writable is owed
	queued                      // is in Poller.ready
	ended                       // input is over, and the Handler knows
	lingering                   // closed by us; waits for the peer's end
)

// A closed connection's socket is kept, unread input thrown away, until the
// peer ends its side, for at most this long. Closed at once with input unread,
// TCP would reset the connection and could take the last replies with it.
const (
	lingerTime = time.Second
	lingerMax  = 1024
	lingerRead = 64 // buffers thrown away per event before it is called abuse
)

// conn is one slot of the table.
type conn struct {
	id    net.Conn
	fd    int32 // -1: the slot is free
	errno unix.Errno
	flags uint8
}

type linger struct {
	id    net.Conn
	until time.Time
}

func (c *conn) gen() uint64     { return uint64(c.id) >> slotBits }
func (c *conn) slot() uint32    { return uint32(c.id) & (1<<slotBits - 1) }
func (c *conn) is(f uint8) bool { return c.flags&f != 0 }

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
		if c := &p.conns[slot]; c.id == id && c.fd >= 0 {
			return c
		}
	}
	return nil
}

// add makes an accepted socket a connection.
func (p *Poller) add(fd int) (*conn, error) {
	if len(p.free) == 0 {
		if len(p.conns) == 1<<slotBits {
			return nil, unix.EMFILE
		}
		p.conns = append(p.conns, conn{fd: -1})
		p.free = append(p.free, uint32(len(p.conns)-1))
	}
	slot := p.free[len(p.free)-1]
	p.gen++
	c := &p.conns[slot]
	*c = conn{id: net.Conn(p.gen<<slotBits | uint64(slot)), fd: int32(fd)}
	if err := p.control(c, unix.EPOLL_CTL_ADD); err != 0 {
		c.fd = -1
		return nil, err
	}
	p.free = p.free[:len(p.free)-1]
	return c, nil
}

// control registers c for what it waits for. Doing so anew reports again what
// is already true, so nothing can be missed.
func (p *Poller) control(c *conn, op int) unix.Errno {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET,
		Fd: int32(c.slot()), Pad: int32(c.gen())}
	if c.is(blocked) {
		ev.Events |= unix.EPOLLOUT
	}
	_, _, e := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.ep), uintptr(op), uintptr(c.fd),
		uintptr(unsafe.Pointer(&ev)), 0, 0)
	return e
}

func (p *Poller) enqueue(c *conn) {
	if !c.is(queued) {
		c.flags |= queued
		p.ready = append(p.ready, c.id)
	}
}

// connEvent serves one event. The Handler may grow the table, so c is not used
// after it was called.
func (p *Poller) connEvent(c *conn, events uint32) {
	if c.is(lingering) {
		p.drain(c)
		return
	}
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.flags |= readable
		if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			c.flags |= hangup
		}
	}
	if events&unix.EPOLLERR != 0 && (c.is(paused|ended) || c.errno != 0) {
		p.finish(c, p.socketError(c)) // nobody will read the reset
		return
	}
	if events&unix.EPOLLHUP != 0 {
		if c.flags |= gone; c.is(ended) {
			p.finish(c, 0)
			return
		}
	}
	if events&unix.EPOLLOUT != 0 && c.is(blocked) {
		id := c.id
		c.flags &^= blocked
		p.control(c, unix.EPOLL_CTL_MOD)
		p.h.Writable(id)
		if c = p.lookup(id); c == nil {
			return
		}
	}
	if c.flags&(readable|paused|ended) == readable {
		p.read(c)
	} else {
		p.leaves(c)
	}
}

// leaves tells of a peer whose end is known and that is not read.
func (p *Poller) leaves(c *conn) {
	if c.flags&(hangup|paused|ended) == hangup|paused && p.leaver != nil {
		p.leaver.Leaving(c.id)
	}
}

func (p *Poller) socketError(c *conn) unix.Errno {
	e, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || e == 0 {
		return unix.ECONNRESET
	}
	return unix.Errno(e)
}

// read takes one bufferful; what is left waits for the next turn, so that one
// busy peer does not keep the others waiting.
func (p *Poller) read(c *conn) {
	n, errno := sysRead(c.fd, p.buf)
	switch {
	case errno == unix.EAGAIN:
		c.flags &^= readable
	case errno == unix.EINTR:
		p.enqueue(c)
	case n == 0 && errno == 0 && p.ender != nil && !c.is(gone):
		c.flags = c.flags&^readable | ended
		p.ender.Ended(c.id)
	case errno != 0 || n == 0:
		p.finish(c, errno)
	default:
		if n < len(p.buf) && !c.is(hangup) {
			c.flags &^= readable
		} else {
			p.enqueue(c)
		}
		p.h.Received(c.id, p.buf[:n])
	}
}

func sysRead(fd int32, buf []byte) (int, unix.Errno) {
	// To receive passes fewer layers of the kernel than to read.
	r, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(r), 0
}

// Send implements net.Net.
func (p *Poller) Send(id net.Conn, b []byte) int {
	c := p.lookup(id)
	if c == nil || c.errno != 0 || len(b) == 0 {
		return 0
	}
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
	if n < len(b) && !c.is(blocked) {
		c.flags |= blocked
		p.control(c, unix.EPOLL_CTL_MOD)
	}
	return n
}

// Receive implements net.Net.
func (p *Poller) Receive(id net.Conn, on bool) {
	c := p.lookup(id)
	if c == nil {
		return
	}
	if !on {
		if c.flags |= paused; c.is(hangup) {
			p.enqueue(c)
		}
		return
	}
	c.flags &^= paused
	if c.is(readable) && !c.is(ended) {
		p.enqueue(c)
	}
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

// release closes the socket and frees the slot.
func (p *Poller) release(c *conn) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(c.fd), 0, 0)
	c.fd = -1
	p.free = append(p.free, c.slot())
	if !p.acceptAt.IsZero() {
		p.acceptAt = time.Unix(1, 0) // a descriptor is free: accept again
	}
}

// Close implements net.Net.
func (p *Poller) Close(id net.Conn) {
	c := p.lookup(id)
	if c == nil {
		return
	}
	if c.errno != 0 || unix.Shutdown(int(c.fd), unix.SHUT_WR) != nil {
		p.release(c)
		return
	}
	c.flags = lingering
	if p.drain(c); c.fd < 0 {
		return
	}
	if len(p.lingers) >= lingerMax {
		p.endLinger()
	}
	p.lingers = append(p.lingers, linger{id, time.Now().Add(p.patience)})
}

// drain throws input away, and closes when it ends.
func (p *Poller) drain(c *conn) {
	for range lingerRead {
		n, errno := sysRead(c.fd, p.buf)
		if errno == unix.EAGAIN || errno == unix.EINTR {
			return
		}
		if errno != 0 || n == 0 {
			break
		}
	}
	p.release(c)
}

// endLingers closes what has lingered long enough.
func (p *Poller) endLingers(now time.Time) {
	for len(p.lingers) > 0 {
		l := p.lingers[0]
		if c := p.find(l.id); c != nil && now.Before(l.until) {
			return
		}
		p.endLinger()
	}
}

// endLinger closes the one that has lingered longest.
func (p *Poller) endLinger() {
	if c := p.find(p.lingers[0].id); c != nil {
		p.release(c)
	}
	if p.lingers = p.lingers[1:]; len(p.lingers) == 0 {
		p.lingers = nil
	}
}
