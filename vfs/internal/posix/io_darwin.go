package posix

import "golang.org/x/sys/unix"

// OpenFile opens a file of a directory, past the page cache if direct.
func OpenFile(dir int, name string, flags int, direct bool) (int, error) {
	fd, err := unix.Openat(dir, name, flags, 0o640)
	if err == nil && direct { // no O_DIRECT here; this is the nearest
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_NOCACHE, 1)
	}
	return fd, err
}

func writeDurable(fd int, p []byte, off int64) (int, error) {
	n, err := unix.Pwrite(fd, p, off)
	if err == nil {
		err = retry(func() error { return syncData(fd) })
	}
	return n, err
}

// syncData asks the drive itself: fsync stops at its cache on this system.
func syncData(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
	return err
}

func allocate(fd int, size int64, align int) error { return zeroFill(fd, size, align) }

// ShortTurns does nothing: there is no such request.
func ShortTurns() {}

// Pipe makes a pipe that no child inherits.
func Pipe(p []int) error {
	err := unix.Pipe(p)
	if err == nil {
		unix.CloseOnExec(p[0])
		unix.CloseOnExec(p[1])
	}
	return err
}

// Poke writes a byte to a pipe that is empty.
func Poke(fd int) {
	var b [1]byte
	_, _ = unix.Write(fd, b[:])
}

// Await reads a byte from a pipe; false: its other end is closed.
func Await(fd int) bool {
	var b [1]byte
	n := 0
	_ = retry(func() (err error) { n, err = unix.Read(fd, b[:]); return err })
	return n == 1
}
