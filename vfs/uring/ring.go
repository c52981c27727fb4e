//go:build linux

package uring

import (
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel's interface, as <linux/io_uring.h> has it.
const (
	opFsync = 3
	opRead  = 22
	opWrite = 23

	fsyncDatasync = 1 << 0

	setupCQSize       = 1 << 3
	setupDisabled     = 1 << 6
	setupTaskrunFlag  = 1 << 9
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13

	featSingleMmap = 1 << 0
	featNoDrop     = 1 << 1
	featCurPos     = 1 << 3 // came with opRead and opWrite

	enterGetEvents  = 1 << 0
	enterRegistered = 1 << 4

	sqCQOverflow = 1 << 1
	sqTaskrun    = 1 << 2

	registerEventFD     = 4
	registerEnableRings = 12
	registerRingFDs     = 20
	unregisterRingFDs   = 21

	offSQEs = 0x10000000
)

type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, opFlags  uint32
	userData      uint64
	_             [3]uint64
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

type params struct {
	sqEntries, cqEntries, flags, _, _, features, _ uint32

	_     [3]uint32
	sqOff struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cqOff struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// ring is one io_uring. It is used by one thread: the one that enters it first.
type ring struct {
	fd         int
	deferred   bool // completions are posted only when we enter
	disabled   bool // until its thread is known
	mem, sqMem []byte

	sqHead, sqTail, sqFlags *uint32
	cqHead, cqTail          *uint32
	sqes                    []sqe
	cqes                    []cqe
	tail                    uint32 // of the submission queue, as we know it
	toSubmit                uint32

	entered    uint32 // the descriptor to enter by
	enterFlags uintptr
}

// Deferred task running suits one busy thread best: the kernel then does its
// part of a completion when we ask, instead of interrupting us. Older kernels
// lack it and get a plain ring.
const (
	modeDeferred = setupSingleIssuer | setupDeferTaskrun | setupTaskrunFlag | setupDisabled
	modePlain    = 0
)

// newRing makes a ring of the first mode that the kernel knows. Its completions
// are told through eventfd.
func newRing(entries, completions uint32, eventfd int, modes ...uint32) (*ring, error) {
	var err error
	for _, flags := range modes {
		p := params{flags: flags | setupCQSize, cqEntries: completions}
		fd, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(&p)), 0)
		if e != 0 {
			if err = e; e == unix.EINVAL {
				continue
			}
			break
		}
		r := &ring{fd: int(fd), entered: uint32(fd), deferred: flags&setupDeferTaskrun != 0, disabled: flags&setupDisabled != 0}
		if err = r.init(&p, eventfd); err == nil {
			return r, nil
		}
		r.close()
		break
	}
	return nil, fmt.Errorf("cannot set up io_uring: %w", err)
}

func (r *ring) init(p *params, eventfd int) error {
	const need = featSingleMmap | featNoDrop | featCurPos
	if p.features&need != need {
		return fmt.Errorf("the kernel is too old: %w", unix.ENOSYS)
	}
	size := max(p.sqOff.array+p.sqEntries*4, p.cqOff.cqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	var err error
	prot, flags := unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE
	if r.mem, err = unix.Mmap(r.fd, 0, int(size), prot, flags); err != nil {
		return err
	}
	r.sqMem, err = unix.Mmap(r.fd, offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})), prot, flags)
	if err != nil {
		return err
	}
	at := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.mem[off])) }
	r.sqHead, r.sqTail, r.sqFlags = at(p.sqOff.head), at(p.sqOff.tail), at(p.sqOff.flags)
	r.cqHead, r.cqTail = at(p.cqOff.head), at(p.cqOff.tail)
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&r.sqMem[0])), p.sqEntries)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&r.mem[p.cqOff.cqes])), p.cqEntries)
	for i, slots := uint32(0), unsafe.Slice(at(p.sqOff.array), p.sqEntries); i < p.sqEntries; i++ {
		slots[i] = i // entries are used in order
	}
	efd := int32(eventfd)
	return r.register(registerEventFD, unsafe.Pointer(&efd), 1)
}

func (r *ring) register(op int, arg unsafe.Pointer, n int) error {
	if _, _, e := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), uintptr(op), uintptr(arg), uintptr(n), 0, 0); e != 0 {
		return e
	}
	return nil
}

// next returns a cleared entry to fill in, or nil when the queue is full.
func (r *ring) next() *sqe {
	if r.tail-atomic.LoadUint32(r.sqHead) == uint32(len(r.sqes)) {
		return nil
	}
	e := &r.sqes[r.tail&uint32(len(r.sqes)-1)]
	*e = sqe{}
	r.tail++
	r.toSubmit++
	return e
}

// pending is how many entries are not submitted.
func (r *ring) pending() uint32 { return r.toSubmit }

// submit hands over what was filled in, and has the kernel post completions if
// it defers them. It returns how many entries were taken. It never waits, so it
// goes past Go's scheduler.
func (r *ring) submit() (int, error) {
	if r.disabled {
		if err := r.enable(); err != nil {
			return 0, err
		}
	}
	flags := r.enterFlags
	if r.deferred || r.overflown() {
		flags |= enterGetEvents
	}
	atomic.StoreUint32(r.sqTail, r.tail)
	_, _, e := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.entered), uintptr(r.toSubmit), 0, flags, 0, 0)
	// The queue's head tells what was taken, whatever the error.
	left := r.tail - atomic.LoadUint32(r.sqHead)
	n := int(r.toSubmit - left)
	r.toSubmit = left
	switch e {
	case 0, unix.EINTR, unix.EAGAIN, unix.EBUSY: // short of memory, or completions to reap first
		return n, nil
	case unix.EEXIST:
		panic("uring: the disk is used by two threads; lock the loop's before it starts")
	}
	return n, e
}

// ringUpdate is struct io_uring_rsrc_update.
type ringUpdate struct {
	offset, _ uint32
	fd        uint64
}

// enable makes this thread the only one that may enter, and saves it looking
// the descriptor up each time, where the kernel can.
func (r *ring) enable() error {
	if err := r.register(registerEnableRings, nil, 0); err != nil {
		return err
	}
	r.disabled = false
	update := ringUpdate{offset: math.MaxUint32, fd: uint64(r.fd)}
	if r.register(registerRingFDs, unsafe.Pointer(&update), 1) == nil {
		r.entered = update.offset
		r.enterFlags |= enterRegistered
	}
	return nil
}

// overflown says whether completions wait for room in their queue.
func (r *ring) overflown() bool { return atomic.LoadUint32(r.sqFlags)&sqCQOverflow != 0 }

// owing says whether the kernel has completions to post when it is entered.
func (r *ring) owing() bool {
	return atomic.LoadUint32(r.sqFlags)&(sqTaskrun|sqCQOverflow) != 0
}

// reap calls fn for every completion posted.
func (r *ring) reap(fn func(cqe)) int {
	n := 0
	head := atomic.LoadUint32(r.cqHead)
	for ; head != atomic.LoadUint32(r.cqTail); n++ {
		c := r.cqes[head&uint32(len(r.cqes)-1)]
		head++
		atomic.StoreUint32(r.cqHead, head)
		fn(c)
	}
	return n
}

// close gives the ring up; the kernel cancels what is under way.
func (r *ring) close() {
	if r.enterFlags&enterRegistered != 0 {
		update := ringUpdate{offset: r.entered}
		_ = r.register(unregisterRingFDs, unsafe.Pointer(&update), 1) // else it lives on
	}
	for _, m := range [][]byte{r.mem, r.sqMem} {
		if m != nil {
			_ = unix.Munmap(m)
		}
	}
	_ = unix.Close(r.fd)
}
