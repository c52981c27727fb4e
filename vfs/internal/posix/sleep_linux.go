//go:build !go1.28

package posix

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Go's scheduler lends a thread in a system call its processor, and a monitor
// takes that back from a call that lasts. A goroutine that does nothing but
// such calls keeps the monitor awake: every 20 us it wakes up, on the loop's core
// as often as not; that cost a fifth of the server's time. So whoever knows that
// the call will sleep gives the processor up first. The runtime does so in its
// own calls, and lets others use that by name. Versions that were not tried do
// without (sleep_later.go).

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// sleeping is a system call that will sleep: read(2) or pwritev2(2).
//
//go:nosplit
func sleeping(call uintptr, fd int, p unsafe.Pointer, n int, off int64, flags uintptr) (int, error) {
	const half = unix.SizeofLong*8 - 1 // of off, and one bit more to shift
	entersyscallblock()
	r, _, e := unix.RawSyscall6(call, uintptr(fd), uintptr(p), uintptr(n), uintptr(off), uintptr(uint64(off)>>half>>1), flags)
	exitsyscall()
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}
