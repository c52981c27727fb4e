//go:build linux || darwin

package nettest

import (
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Socket is a ClientEnd over a real socket.
type Socket struct {
	t    *testing.T
	conn net.Conn
	fd   func(func(fd int))
}

// DialSocket connects to a real address; network is "tcp" or "unix". The
// connection is closed when the test ends.
func DialSocket(t *testing.T, network, addr string) *Socket {
	c, err := net.Dial(network, addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	raw, err := c.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	return &Socket{t: t, conn: c, fd: func(fn func(int)) {
		_ = raw.Control(func(fd uintptr) { fn(int(fd)) })
	}}
}

// Write implements ClientEnd.
func (s *Socket) Write(p []byte) (n int) {
	s.fd(func(fd int) { n, _ = unix.Write(fd, p) })
	return max(n, 0)
}

// Read implements ClientEnd.
func (s *Socket) Read(p []byte) (n int, err error) {
	s.fd(func(fd int) {
		n, err = unix.Read(fd, p)
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			n, err = 0, nil
		case err == nil && n == 0:
			err = io.EOF
		}
	})
	return max(n, 0), err
}

// Close implements ClientEnd.
func (s *Socket) Close() { _ = s.conn.Close() }

// CloseWrite ends the client's side only.
func (s *Socket) CloseWrite() { s.fd(func(fd int) { _ = unix.Shutdown(fd, unix.SHUT_WR) }) }

// SetReceiveBuffer limits what the kernel holds for a client that does not read.
func (s *Socket) SetReceiveBuffer(n int) {
	s.fd(func(fd int) { _ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n) })
}
