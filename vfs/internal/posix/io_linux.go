package posix

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// OpenFile opens a file of a directory, past the page cache if direct.
func OpenFile(dir int, name string, flags int, direct bool) (int, error) {
	if direct {
		flags |= unix.O_DIRECT
	}
	return unix.Openat(dir, name, flags, 0o640)
}

// writeDurable writes with the data sync folded in. Kernels or file systems
// without it get a sync of their own.
func writeDurable(fd int, p []byte, off int64) (int, error) {
	v := unix.Iovec{Base: &p[0]}
	v.SetLen(len(p))
	n, err := sleeping(unix.SYS_PWRITEV2, fd, unsafe.Pointer(&v), 1, off, unix.RWF_DSYNC)
	if err != unix.EOPNOTSUPP && err != unix.ENOSYS {
		return n, err
	}
	n, err = unix.Pwrite(fd, p, off)
	if err == nil {
		err = retry(func() error { return syncData(fd) })
	}
	return n, err
}

func syncData(fd int) error { return unix.Fdatasync(fd) }

func allocate(fd int, size int64, align int) error {
	err := retry(func() error { return unix.Fallocate(fd, 0, 0, size) })
	if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
		return zeroFill(fd, size, align)
	}
	return err
}

// ShortTurns asks the scheduler to give this thread the processor soon after it
// wakes, and less of it at a time: it works a few microseconds and sleeps again.
// Kernels before Linux 6.12 take no notice.
func ShortTurns() {
	a, err := unix.SchedGetAttr(0, 0)
	if err == nil && a.Policy == unix.SCHED_NORMAL {
		a.Runtime = 100_000
		_ = unix.SchedSetAttr(0, a, 0)
	}
}

// Pipe makes a pipe that no child inherits.
func Pipe(p []int) error { return unix.Pipe2(p, unix.O_CLOEXEC) }

// Poke writes a byte to a pipe that is empty, which takes it at once: so the
// call goes past Go's scheduler.
func Poke(fd int) {
	var b [1]byte
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b)), 1)
}

// Await reads a byte from a pipe; false: its other end is closed.
func Await(fd int) bool {
	var b [1]byte
	n := 0
	_ = retry(func() (err error) {
		n, err = sleeping(unix.SYS_READ, fd, unsafe.Pointer(&b), 1, 0, 0)
		return err
	})
	return n == 1
}
