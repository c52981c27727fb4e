//go:build linux

package ring

import (
	"fmt"
	"time"

	"holdfast/internal/iouring"
	"holdfast/net/internal/sock"

	"golang.org/x/sys/unix"
)

// An accept that failed for want of descriptors or memory is tried again after
// this, or when a connection is closed.
const acceptPause = 100 * time.Millisecond

const acceptBatch = 64 // per turn and listener, so that a storm cannot starve clients

// Listen implements net.Net; see sock.Options.Listen for addr.
//
// Listeners are watched by an epoll instance, and the ring watches that. The
// kernel lets go of what a ring holds some time after its process is gone, and
// whoever starts the next at once must find the address free.
func (p *Poller) Listen(addr string) error {
	return p.opt.Listen(addr, func(l sock.Listener) error {
		if err := unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, l.FD, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}); err != nil {
			return err
		}
		p.listeners = append(p.listeners, l)
		return nil
	})
}

// Addrs returns the addresses listened at, ports filled in.
func (p *Poller) Addrs() []string {
	var out []string
	for _, l := range p.listeners {
		out = append(out, l.Local)
	}
	return out
}

// watch is a descriptor that is no connection.
type watch struct {
	fd int
	fn func()
}

// Watch has Poll call fn whenever fd becomes readable. Nobody needs to read an
// eventfd: every write to it tells.
func (p *Poller) Watch(fd int, fn func()) error {
	p.watches = append(p.watches, watch{fd, fn})
	p.arm(len(p.watches) - 1)
	return nil
}

func (p *Poller) arm(i int) {
	e := p.next()
	e.Opcode, e.Len, e.OpFlags = opPollAdd, pollMultishot, unix.POLLIN
	e.FD, e.UserData = int32(p.watches[i].fd), kindSource|uint64(i)
}

// sourceEvent takes one completion of a watch.
func (p *Poller) sourceEvent(i int, e iouring.CQE) {
	if e.Flags&cqeMore == 0 {
		p.arm(i)
	}
	p.watches[i].fn()
}

// accept takes the connections that wait, unless accepting pauses.
func (p *Poller) accept() {
	var events [8]unix.EpollEvent
	_, _ = unix.EpollWait(p.ep, events[:], 0) // the listeners are asked one by one
	if !p.acceptAt.IsZero() {
		return
	}
	for _, l := range p.listeners {
		if err := p.acceptFrom(l); err != nil {
			p.acceptAt = time.Now().Add(acceptPause)
			if !p.warned && p.opt.Warn != nil {
				p.warned = true
				p.opt.Warn(fmt.Errorf("cannot accept connections, waiting: %w", err))
			}
			return
		}
	}
}

// acceptFrom returns an error that makes it useless to go on.
func (p *Poller) acceptFrom(l sock.Listener) error {
	for range acceptBatch {
		fd, sa, err := unix.Accept4(l.FD, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			c := p.add(fd)
			if c == nil {
				_ = unix.Close(fd)
				return unix.EMFILE
			}
			p.warned = false
			p.h.Opened(c.id, l.Peer(fd, sa))
		case unix.EINTR, unix.ECONNABORTED, unix.EPROTO:
		case unix.EAGAIN:
			return nil
		default:
			return err
		}
	}
	p.acceptAt = time.Unix(1, 0) // there may be more: next turn
	return nil
}

func (p *Poller) resumeAccept() {
	p.acceptAt = time.Time{}
	p.accept()
}
