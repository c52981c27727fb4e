//go:build linux && go1.28

package posix

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sleeping is a system call that will sleep: read(2) or pwritev2(2).
func sleeping(call uintptr, fd int, p unsafe.Pointer, n int, off int64, flags uintptr) (int, error) {
	const half = unix.SizeofLong*8 - 1 // of off, and one bit more to shift
	r, _, e := unix.Syscall6(call, uintptr(fd), uintptr(p), uintptr(n), uintptr(off), uintptr(uint64(off)>>half>>1), flags)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}
