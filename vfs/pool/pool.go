//go:build linux || darwin

// Package pool is the portable disk: goroutines that make blocking calls.
//
// It serves where io_uring is not to be had. Under io_uring it does the durable
// writes, for which it has a thread of their own, and the rest: opening,
// renaming and the like, which are rare and may block long.
package pool

import (
	"sync"

	"holdfast/vfs"
	"holdfast/vfs/internal/posix"

	"golang.org/x/sys/unix"
)

// FS implements vfs.FS. Submit only queues; Flush starts what was queued; Reap
// calls Complete. Those and all others belong to the loop goroutine.
type FS struct {
	*posix.Dir
	files posix.Files
	bufs  *posix.Buffers
	wake  func()

	queue   []posix.Job // until Flush
	failed  []*vfs.Op   // finished in Submit; Complete is still owed
	flying  int         // neither failed nor completed yet
	writer  *writer     // since the first durable write
	maximum int

	mu      sync.Mutex
	cond    sync.Cond
	jobs    []posix.Job // of which the first next are taken
	next    int
	done    []posix.Job
	spare   []posix.Job
	workers int
	idle    int
	closed  bool
}

// New returns a disk on dir. wake is called, from any goroutine, when Reap has
// work; workers is how many operations run at once.
func New(dir *posix.Dir, workers int, wake func()) *FS {
	f := &FS{Dir: dir, bufs: posix.NewBuffers(dir.Align), wake: wake, maximum: workers}
	f.cond.L = &f.mu
	return f
}

// Buffer implements vfs.FS.
func (f *FS) Buffer(n int) []byte { return f.bufs.Get(n) }

// Release implements vfs.FS.
func (f *FS) Release(p []byte) { f.bufs.Put(p) }

// Align implements vfs.FS.
func (f *FS) Align() int { return f.Dir.Align }

// Submit implements vfs.FS.
func (f *FS) Submit(op *vfs.Op) {
	j, ok := f.Begin(op)
	switch {
	case !ok:
	case op.Kind == vfs.ReadNow:
		f.Run(&j)
		f.End(j.Slot)
	case op.Kind == vfs.WriteDurable && f.WriterFree():
		f.flying++
		f.writer.begin(j, f.flying == 1)
	default:
		f.push(j)
	}
}

// WriterFree says whether a durable write would have the thread to itself that
// is kept for them. Others go beside it.
func (f *FS) WriterFree() bool {
	if f.writer == nil {
		f.writer = newWriter(f.Dir, f.wake)
	}
	return f.writer != nil && f.writer.state.Load() == free
}

// Begin checks op and finds its file. False means that nothing is left to do:
// op failed, and will complete, or waits as a Close for the file to be idle.
func (f *FS) Begin(op *vfs.Op) (j posix.Job, ok bool) {
	j = posix.Job{Op: op, FD: -1, Name: op.Name}
	op.Err = nil
	if op.Kind != vfs.Allocate {
		op.N = 0
	}
	if err := f.Check(op); err != nil {
		f.Fail(op, err)
		return j, false
	}
	switch op.Kind {
	case vfs.Close:
		fd, wait, found := f.files.Close(op)
		if j.FD = fd; found {
			if wait {
				f.flying++
			}
			return j, !wait
		}
	case vfs.Allocate, vfs.Read, vfs.ReadNow, vfs.Write, vfs.WriteDurable, vfs.Sync:
		if j.Slot, j.FD, ok = f.files.Begin(op.File); ok {
			j.Name = f.files.Name(j.Slot)
			return j, true
		}
	default:
		if op.Name == "" {
			j.Name = f.Path
		}
		return j, true
	}
	f.Fail(op, posix.Wrap(op, "", unix.EBADF))
	return j, false
}

// End notes that an operation which Begin counted on a file is over.
func (f *FS) End(slot uint32) {
	if op, fd := f.files.End(slot); op != nil {
		f.flying--
		f.push(posix.Job{Op: op, FD: fd})
	}
}

// Fail has op complete with err from the next Reap.
func (f *FS) Fail(op *vfs.Op, err error) {
	if op.Err = err; op.Kind == vfs.ReadNow {
		return
	}
	f.failed = append(f.failed, op)
	f.wake()
}

func (f *FS) push(j posix.Job) {
	f.flying++
	f.queue = append(f.queue, j)
}

// Flush starts what was submitted since the last. A durable write that is alone
// it may do on the spot.
func (f *FS) Flush() {
	if f.writer != nil {
		f.writer.flush(f.flying == 1)
	}
	if len(f.queue) == 0 {
		return
	}
	f.mu.Lock()
	f.jobs = append(f.jobs, f.queue...)
	for n := len(f.jobs) - f.next; n > f.idle && f.workers < f.maximum; n-- {
		f.workers++
		go f.work()
	}
	f.mu.Unlock()
	if len(f.queue) == 1 {
		f.cond.Signal()
	} else {
		f.cond.Broadcast()
	}
	clear(f.queue)
	f.queue = f.queue[:0]
}

// work is a worker's life.
func (f *FS) work() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		for f.next == len(f.jobs) && !f.closed {
			f.idle++
			f.cond.Wait()
			f.idle--
		}
		if f.next == len(f.jobs) {
			f.workers--
			f.cond.Broadcast()
			return
		}
		j := f.jobs[f.next]
		f.jobs[f.next] = posix.Job{}
		if f.next++; f.next == len(f.jobs) {
			f.jobs, f.next = f.jobs[:0], 0
		}
		f.mu.Unlock()
		f.Run(&j)
		f.mu.Lock()
		if f.done = append(f.done, j); len(f.done) == 1 {
			f.wake()
		}
	}
}

// Reap completes what has finished and returns how many did.
func (f *FS) Reap() int {
	n := len(f.failed)
	if n > 0 {
		failed := f.failed
		f.failed = nil
		for _, op := range failed {
			op.Owner.Complete(op)
		}
	}
	if f.flying == 0 {
		return n
	}
	if f.writer != nil {
		if j, ok := f.writer.finished(); ok {
			n++
			f.finish(&j)
		}
	}
	f.mu.Lock()
	list := f.done
	f.done = f.spare[:0]
	f.mu.Unlock()
	for i := range list {
		f.finish(&list[i])
	}
	n += len(list)
	clear(list)
	f.spare = list
	return n
}

func (f *FS) finish(j *posix.Job) {
	f.flying--
	op := j.Op
	switch op.Kind {
	case vfs.Open, vfs.Create:
		if op.Err == nil {
			var ok bool
			if op.File, ok = f.files.Add(j.FD, op.Name); !ok {
				_ = unix.Close(j.FD)
				op.Err = posix.Wrap(op, op.Name, unix.EMFILE)
			}
		}
	case vfs.Allocate, vfs.Read, vfs.Write, vfs.WriteDurable, vfs.Sync:
		f.End(j.Slot)
	}
	op.Owner.Complete(op)
}

// Busy says whether anything is owed a Complete.
func (f *FS) Busy() bool { return f.flying > 0 || len(f.failed) > 0 }

// EventFD returns -1: the wake function tells of completions.
func (f *FS) EventFD() int { return -1 }

// Close ends the threads and closes all files. Nothing may be in flight.
func (f *FS) Close() error {
	if f.writer != nil {
		f.writer.close()
	}
	f.mu.Lock()
	f.closed = true
	f.cond.Broadcast()
	for f.workers > 0 {
		f.cond.Wait()
	}
	f.mu.Unlock()
	for _, fd := range f.files.FDs() {
		_ = unix.Close(fd)
	}
	return nil
}
