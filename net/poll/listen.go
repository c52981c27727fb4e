//go:build linux

package poll

import (
	"errors"
	"fmt"
	stdnet "net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"holdfast/net"

	"golang.org/x/sys/unix"
)

// Listen implements net.Net. HOST may be empty or "*" for every address of both
// families, a literal address, or a name, of which every address is bound.
func (p *Poller) Listen(addr string) error {
	kind, rest, _ := strings.Cut(addr, ":")
	var err error
	switch kind {
	case "tcp":
		err = p.listenTCP(rest)
	case "unix":
		err = p.listenUnix(rest)
	default:
		err = errors.New("an address is tcp:HOST:PORT or unix:PATH")
	}
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", addr, err)
	}
	return nil
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

func (p *Poller) listenTCP(hostport string) error {
	host, port, err := stdnet.SplitHostPort(hostport)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	if host == "" || host == "*" {
		// One socket for both families, or the old one alone where the new is off.
		err = p.bindTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(n)), 0)
		if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) {
			err = p.bindTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n)), 0)
		}
		return err
	}
	ips, err := stdnet.LookupIP(host)
	if err != nil {
		return err
	}
	bound := 0
	for _, ip := range ips {
		a, _ := netip.AddrFromSlice(ip)
		e := p.bindTCP(netip.AddrPortFrom(a.Unmap(), uint16(n)), 1)
		if e == nil {
			bound++
		} else if bound == 0 || errors.Is(e, unix.EADDRINUSE) {
			err = e
		}
	}
	if bound > 0 && !errors.Is(err, unix.EADDRINUSE) {
		return nil // a name may have an address of a family that is off
	}
	return err
}

// bindTCP listens at one address. Accepted sockets inherit the options.
func (p *Poller) bindTCP(at netip.AddrPort, only6 int) error {
	family, sa := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(at.Port()), Addr: v4(at.Addr())})
	if at.Addr().Is6() {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	set := func(level, opt, v int) {
		if err == nil {
			err = unix.SetsockoptInt(fd, level, opt, v)
		}
	}
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if family == unix.AF_INET6 {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only6)
	}
	if s := p.opt.KeepAlive; s > 0 {
		set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, s)
		set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, max(1, s/3))
		set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
	}
	return p.listenAt(fd, sa, "", err)
}

func v4(a netip.Addr) (b [4]byte) {
	if a.Is4() {
		b = a.As4()
	}
	return b
}

// listenUnix listens at a path. A socket that nobody answers at is a leftover
// and replaced; one that answers, or a file of another kind, is not touched.
func (p *Poller) listenUnix(path string) error {
	var st unix.Stat_t
	if unix.Lstat(path, &st) == nil {
		if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
			return errors.New("a file of that name is in the way")
		}
		if c, err := stdnet.DialTimeout("unix", path, time.Second); err == nil {
			_ = c.Close()
			return unix.EADDRINUSE
		}
		_ = unix.Unlink(path)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return p.listenAt(fd, &unix.SockaddrUnix{Name: path}, path, nil)
}

// listenAt binds fd and registers it, or closes it.
func (p *Poller) listenAt(fd int, sa unix.Sockaddr, path string, err error) error {
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err == nil && path != "" && p.opt.UnixPerm != 0 {
		err = unix.Chmod(path, p.opt.UnixPerm)
	}
	backlog := p.opt.Backlog
	if backlog <= 0 {
		backlog = 511
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err == nil {
		err = p.register(source{fd: fd, local: localName(fd), path: path}, unix.EPOLLIN)
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return err
}

func localName(fd int) string {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	return name(sa)
}

// name writes an address as CLIENT LIST shows it.
func name(sa unix.Sockaddr) string {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)).String()
	case *unix.SockaddrUnix:
		return a.Name + ":0"
	}
	return "?:0"
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
	peer := net.Peer{Addr: name(sa), Local: s.local, FD: fd}
	if s.path != "" {
		peer.Addr, peer.Unix = s.local, true // clients of Unix sockets have no name
	} else {
		peer.Local = localName(fd)
	}
	p.h.Opened(c.id, peer)
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
