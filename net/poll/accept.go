//go:build linux

package poll

import (
	"fmt"
	"time"

	"holdfast/net/internal/sock"

	"golang.org/x/sys/unix"
)

// Listen implements net.Net; see sock.Options.Listen for addr.
func (p *Poller) Listen(addr string) error {
	return p.opt.Listen(addr, func(l sock.Listener) error {
		return p.register(source{fd: l.FD, local: l.Local, path: l.Path}, unix.EPOLLIN)
	})
}

// Addrs returns the addresses listened at, ports filled in.
func (p *Poller) Addrs() []string {
	var out []string
	for _, s := range p.sources {
		if s.local != "" {
			out = append(out, s.local)
		}
	}
	return out
}

// sourceEvent serves a listener or a watch.
func (p *Poller) sourceEvent(i int) {
	s := p.sources[i]
	if s.fn != nil {
		s.fn()
		return
	}
	for range acceptBatch {
		fd, sa, err := unix.Accept4(s.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil {
			err = p.opened(fd, sa, s)
		}
		switch {
		case err == nil:
			p.warned = false
		case err == unix.EINTR, err == unix.ECONNABORTED, err == unix.EPROTO:
		case err == unix.EAGAIN:
			return
		default:
			p.pauseAccept(err)
			return
		}
	}
}

// opened tells of a new connection.
func (p *Poller) opened(fd int, sa unix.Sockaddr, s source) error {
	c, err := p.add(fd)
	if err != nil {
		_ = unix.Close(fd)
		return err
	}
	p.h.Opened(c.id, sock.Listener{Local: s.local, Path: s.path}.Peer(fd, sa))
	return nil
}

// pauseAccept stops listening for a while. A listener stays readable while its
// queue cannot be accepted from: polling on would spin.
func (p *Poller) pauseAccept(err error) {
	if !p.warned && p.opt.Warn != nil {
		p.warned = true
		p.opt.Warn(fmt.Errorf("cannot accept connections, waiting: %w", err))
	}
	p.acceptAt = time.Now().Add(acceptPause)
	p.listeners(0)
}

func (p *Poller) resumeAccept() {
	p.acceptAt = time.Time{}
	p.listeners(unix.EPOLLIN)
}

func (p *Poller) listeners(events uint32) {
	for i, s := range p.sources {
		if s.fn == nil {
			ev := unix.EpollEvent{Events: events, Fd: int32(-1 - i)}
			_ = unix.EpollCtl(p.ep, unix.EPOLL_CTL_MOD, s.fd, &ev)
		}
	}
}
