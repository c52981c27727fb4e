//go:build linux

// Package uring is the disk on Linux: reads, writes and syncs through an
// io_uring of its own, durable writes and everything rarer through vfs/pool.
//
// The kernel does not finish a durable write on the spot: its part of it sleeps
// in two threads of the kernel after another. Where all processors are busy each
// of them waits for its turn, milliseconds. So only those go through the ring
// that meet the pool's writer at another.
//
// Submit fills in ring entries, Flush hands them to the kernel in one system
// call per turn, and the kernel signals an eventfd when anything completes. The
// host has its poller watch that and calls Reap.
//
// The kernel knows buffers by address only. They stay reachable from the table
// of operations in flight, which also keeps the Ops alive.
package uring

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"holdfast/vfs"
	"holdfast/vfs/internal/posix"
	"holdfast/vfs/pool"

	"golang.org/x/sys/unix"
)

const (
	entries     = 512  // submitted at once
	completions = 4096 // in flight at once; more wait in the backlog
	helpers     = 4    // goroutines for what does not go through the ring
)

// FS implements vfs.FS. All methods belong to one locked thread.
type FS struct {
	*pool.FS
	ring    *ring
	eventfd int
	reap    func(cqe)

	flights []flight // by user data
	free    []uint32
	backlog []uint32 // flights not in the ring yet, oldest first
	inRing  int      // flights in the ring
	limit   int      // of inRing
}

// flight is one operation on its way through the ring.
type flight struct {
	job  posix.Job
	done int // bytes moved by earlier, partial rounds
}

// New returns a disk on dir, or an error where io_uring is not to be had.
func New(dir *posix.Dir) (*FS, error) {
	return newFS(dir, entries, completions, modeDeferred, modePlain)
}

func newFS(dir *posix.Dir, entries, completions uint32, modes ...uint32) (*FS, error) {
	efd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("cannot create eventfd: %w", err)
	}
	f := &FS{eventfd: efd, limit: int(completions)}
	if f.ring, err = newRing(entries, completions, efd, modes...); err != nil {
		_ = unix.Close(efd)
		return nil, err
	}
	f.reap = f.completed
	f.FS = pool.New(dir, helpers, f.wake)
	return f, nil
}

// wake makes the eventfd readable, from any goroutine.
func (f *FS) wake() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(f.eventfd, one[:]) // fails after 2^64 of them
}

// EventFD becomes readable when Reap has work. Nobody needs to read it if it is
// watched edge-triggered.
func (f *FS) EventFD() int { return f.eventfd }

// Submit implements vfs.FS.
func (f *FS) Submit(op *vfs.Op) {
	switch op.Kind {
	case vfs.Read, vfs.Write, vfs.Sync:
	case vfs.WriteDurable:
		if f.WriterFree() {
			f.FS.Submit(op)
			return
		}
	default:
		f.FS.Submit(op)
		return
	}
	j, ok := f.Begin(op)
	if !ok {
		return
	}
	if len(f.free) == 0 {
		f.flights = append(f.flights, flight{})
		f.free = append(f.free, uint32(len(f.flights)-1))
	}
	i := f.free[len(f.free)-1]
	f.free = f.free[:len(f.free)-1]
	f.flights[i] = flight{job: j}
	f.launch(i)
}

// launch puts a flight into the ring, or behind those that wait for room. The
// ring never holds more than can be told of without overflow.
func (f *FS) launch(i uint32) {
	if len(f.backlog) > 0 || !f.enqueue(i) {
		f.backlog = append(f.backlog, i)
	}
}

func (f *FS) enqueue(i uint32) bool {
	if f.inRing == f.limit {
		return false
	}
	e := f.ring.next()
	if e == nil {
		return false
	}
	f.inRing++
	fl := &f.flights[i]
	op := fl.job.Op
	e.fd, e.userData = int32(fl.job.FD), uint64(i)
	switch op.Kind {
	case vfs.Sync:
		e.opcode, e.opFlags = opFsync, fsyncDatasync
		return true
	case vfs.Read:
		e.opcode = opRead
	case vfs.WriteDurable:
		e.opcode, e.opFlags = opWrite, unix.RWF_DSYNC
	default:
		e.opcode = opWrite
	}
	p := op.Buf[fl.done:]
	e.addr, e.len, e.off = uint64(uintptr(unsafe.Pointer(&p[0]))), uint32(len(p)), uint64(op.Off)+uint64(fl.done)
	return true
}

// Flush submits what was queued since the last, in one system call unless it
// was more than the ring holds.
func (f *FS) Flush() {
	f.flushRing()
	f.FS.Flush() // may write on the spot, which what is in the ring need not wait for
}

func (f *FS) flushRing() {
	for f.ring.pending() > 0 {
		if f.enter() == 0 {
			f.wake() // the kernel is short of something: another turn tries again
			return
		}
		f.relaunch()
	}
}

// enter returns how many entries the kernel took.
func (f *FS) enter() int {
	n, err := f.ring.submit()
	if err != nil { // the ring itself is in error: it was set up wrong
		panic(fmt.Sprintf("uring: io_uring_enter: %v", err))
	}
	return n
}

// relaunch moves what waited into the ring, as far as there is room.
func (f *FS) relaunch() {
	n := 0
	for n < len(f.backlog) && f.enqueue(f.backlog[n]) {
		n++
	}
	if n == len(f.backlog) {
		f.backlog = f.backlog[:0]
	} else {
		f.backlog = f.backlog[n:]
	}
}

// Reap completes what has finished and returns how many did.
func (f *FS) Reap() int {
	n := f.FS.Reap()
	for {
		n += f.ring.reap(f.reap)
		if !f.ring.owing() {
			break
		}
		f.enter()
	}
	f.relaunch()
	return n
}

// completed takes one completion. A read or write that was cut short goes on
// where it stopped.
func (f *FS) completed(e cqe) {
	f.inRing--
	i := e.userData
	fl := &f.flights[i]
	op := fl.job.Op
	if again := f.advance(fl, e.res); again {
		f.backlog = append(f.backlog, uint32(i))
		return
	}
	slot := fl.job.Slot
	*fl = flight{}
	f.free = append(f.free, uint32(i))
	f.End(slot)
	op.Owner.Complete(op)
}

// advance works a result into its Op and says whether the rest must follow.
func (f *FS) advance(fl *flight, res int32) (again bool) {
	op := fl.job.Op
	switch errno := unix.Errno(-res); {
	case res < 0 && (errno == unix.EINTR || errno == unix.EAGAIN):
		return true
	case res < 0:
		op.Err = posix.Wrap(op, fl.job.Name, errno)
		return false
	case op.Kind == vfs.Sync:
		return false
	}
	n := fl.done + int(res)
	if op.Kind == vfs.Read {
		op.N, fl.done = n, n
		// At the end of the file a direct read may stop within a block.
		return res > 0 && n < len(op.Buf) && n%f.Align() == 0
	}
	n -= n % f.Align()
	if n <= fl.done {
		op.Err = posix.Wrap(op, fl.job.Name, unix.EIO)
		return false
	}
	op.N, fl.done = n, n
	return n < len(op.Buf)
}

// Busy says whether anything is owed a Complete.
func (f *FS) Busy() bool { return f.FS.Busy() || len(f.flights) > len(f.free) }

// Close ends the ring and closes all files. Nothing may be in flight.
func (f *FS) Close() error {
	err := f.FS.Close()
	f.ring.close()
	_ = unix.Close(f.eventfd)
	return err
}
