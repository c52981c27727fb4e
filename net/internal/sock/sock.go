//go:build linux

// Package sock makes the sockets that the networks of Linux listen at, and names
// addresses as CLIENT LIST shows them.
package sock

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

// Options tune sockets; the zero value is good.
type Options struct {
	Backlog   int         // of listening sockets; 0 is 511
	KeepAlive int         // seconds until TCP probes an idle peer; 0 is never
	UnixPerm  uint32      // mode of a Unix socket; 0 leaves it to the umask
	Warn      func(error) // told once when accepting must pause; may be nil
}

// Listener is a listening socket.
type Listener struct {
	FD    int
	Local string // the address
	Path  string // of a Unix socket: to be unlinked
}

// Listen hands add the sockets of addr, "tcp:HOST:PORT" or "unix:PATH". HOST may
// be empty or "*" for every address of both families, a literal address, or a
// name, of which every address is bound. A socket that add refuses is closed.
func (o Options) Listen(addr string, add func(Listener) error) error {
	kind, rest, _ := strings.Cut(addr, ":")
	b := binder{o, add}
	var err error
	switch kind {
	case "tcp":
		err = b.listenTCP(rest)
	case "unix":
		err = b.listenUnix(rest)
	default:
		err = errors.New("an address is tcp:HOST:PORT or unix:PATH")
	}
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", addr, err)
	}
	return nil
}

type binder struct {
	opt Options
	add func(Listener) error
}

func (b binder) listenTCP(hostport string) error {
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
		err = b.bindTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(n)), 0)
		if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) {
			err = b.bindTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n)), 0)
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
		e := b.bindTCP(netip.AddrPortFrom(a.Unmap(), uint16(n)), 1)
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
func (b binder) bindTCP(at netip.AddrPort, only6 int) error {
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
	if s := b.opt.KeepAlive; s > 0 {
		set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, s)
		set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, max(1, s/3))
		set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
	}
	return b.listenAt(fd, sa, "", err)
}

func v4(a netip.Addr) (b [4]byte) {
	if a.Is4() {
		b = a.As4()
	}
	return b
}

// listenUnix listens at a path. A socket that nobody answers at is a leftover
// and replaced; one that answers, or a file of another kind, is not touched.
func (b binder) listenUnix(path string) error {
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
	return b.listenAt(fd, &unix.SockaddrUnix{Name: path}, path, nil)
}

// listenAt binds fd and registers it, or closes it.
func (b binder) listenAt(fd int, sa unix.Sockaddr, path string, err error) error {
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err == nil && path != "" && b.opt.UnixPerm != 0 {
		err = unix.Chmod(path, b.opt.UnixPerm)
	}
	backlog := b.opt.Backlog
	if backlog <= 0 {
		backlog = 511
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err == nil {
		err = b.add(Listener{FD: fd, Local: LocalName(fd), Path: path})
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return err
}

// Peer describes who connected, as fd, from sa.
func (l Listener) Peer(fd int, sa unix.Sockaddr) net.Peer {
	if l.Path != "" {
		return net.Peer{Addr: l.Local, Local: l.Local, Unix: true, FD: fd} // clients of Unix sockets have no name
	}
	return net.Peer{Addr: Name(sa), Local: LocalName(fd), FD: fd}
}

// LocalName is the address that a socket is bound to.
func LocalName(fd int) string {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	return Name(sa)
}

// Name writes an address as CLIENT LIST shows it.
func Name(sa unix.Sockaddr) string {
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
