//go:build linux || darwin

package pool

import (
	"runtime"
	"sync/atomic"

	"holdfast/vfs/internal/posix"

	"golang.org/x/sys/unix"
)

// writer is a thread that does durable writes, one at a time, by one blocking
// call each. Replies wait for these, so what counts is how soon the thread gets
// a processor when all are busy: twice for each write, to begin it and when the
// device has taken the data and must be told to flush it. The kernel's own
// threads, which do the same under io_uring, stand in line with everybody else.
// This one asks for short turns, and so is let in at once.
type writer struct {
	dir   *posix.Dir
	wake  func()
	bell  [2]int // a pipe, which the thread sleeps on
	job   posix.Job
	state atomic.Uint32
}

// Whose the job is.
const (
	free uint32 = iota // the loop's, to be filled in
	taken
	done // the loop's, to be reaped
)

// newWriter starts the thread, or returns nil where descriptors are short.
func newWriter(dir *posix.Dir, wake func()) *writer {
	w := &writer{dir: dir, wake: wake}
	if posix.Pipe(w.bell[:]) != nil {
		return nil
	}
	go w.run()
	return w
}

// begin starts a write; not while another is under way.
func (w *writer) begin(j posix.Job) {
	w.job = j
	w.state.Store(taken)
	posix.Poke(w.bell[1])
}

// finished returns the write that is over, if there is one.
func (w *writer) finished() (j posix.Job, ok bool) {
	if w.state.Load() != done {
		return j, false
	}
	j, w.job = w.job, posix.Job{}
	w.state.Store(free)
	return j, true
}

// run is the thread's life, until the pipe is closed.
func (w *writer) run() {
	runtime.LockOSThread() // for good: it ends with the goroutine
	posix.ShortTurns()
	for posix.Await(w.bell[0]) {
		if w.state.Load() == taken {
			w.dir.Run(&w.job)
			w.state.Store(done)
			w.wake()
		}
	}
	_ = unix.Close(w.bell[0])
}

// close ends the thread. No write is under way.
func (w *writer) close() { _ = unix.Close(w.bell[1]) }
