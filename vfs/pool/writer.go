//go:build linux || darwin

package pool

import (
	"runtime"
	"sync/atomic"
	"time"

	"holdfast/vfs/internal/posix"

	"golang.org/x/sys/unix"
)

// writer does durable writes, one at a time, by one blocking call each. Replies
// wait for these, so what counts is how soon it gets a processor when all are
// busy: twice for each write, to begin it and when the device has taken the data
// and must be told to flush it. The kernel's own threads, which do the same
// under io_uring, stand in line with everybody else. The writer's thread asks
// for short turns, and so is let in at once.
//
// A client that is alone would pay for waking that thread, and for being woken
// by it, as much as for the write. So experience decides who writes.
type writer struct {
	experience
	dir   *posix.Dir
	wake  func()
	bell  [2]int // a pipe, which the thread sleeps on
	job   posix.Job
	here  bool // the job is to be done on the loop, at the turn's end
	turns int  // of the loop while the job is under way
	took  time.Duration
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

// begin starts a write; not while another is under way. If it is the only
// operation of all it may be done on the loop.
func (w *writer) begin(j posix.Job, only bool) {
	w.job, w.turns, w.here = j, 0, only && w.alone()
	w.state.Store(taken)
	if !w.here {
		posix.Poke(w.bell[1])
	}
}

// flush ends a turn of the loop.
func (w *writer) flush(only bool) {
	if w.state.Load() == free {
		return
	}
	if w.turns++; w.here && w.turns == 1 {
		if w.here = only; only {
			w.write()
		} else {
			posix.Poke(w.bell[1])
		}
	}
}

// finished returns the write that is over, if there is one.
func (w *writer) finished() (j posix.Job, ok bool) {
	if w.state.Load() != done {
		return j, false
	}
	w.note(w.here, w.turns, w.took)
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
			w.write()
		}
	}
	_ = unix.Close(w.bell[0])
}

func (w *writer) write() {
	begun := time.Now()
	w.dir.Run(&w.job)
	w.took = time.Since(begun)
	w.state.Store(done)
	w.wake()
}

// close ends the thread. No write is under way.
func (w *writer) close() { _ = unix.Close(w.bell[1]) }

const (
	brief  = time.Millisecond // a write that may hold up the loop, if there is nobody else
	proof  = 64               // brief writes in a row, until one is done there
	rarity = 32               // writes there, until one shows whether there is anybody else
)

// experience is what the writes of late say about the next one.
type experience struct {
	swift int // writes in a row that were brief
	quiet int // writes in a row, by the thread, during which the loop slept
	there int // writes in a row on the loop
}

// alone says whether the next write is likely to be brief, and the loop to have
// nothing to do meanwhile. A device that stalls all of a sudden then stalls the
// loop, once.
func (e *experience) alone() bool {
	return e.swift >= proof && e.quiet > 0 && e.there < rarity
}

// note adds a write: whether it was done on the loop, how many turns that made
// while it was under way, the one that began it included, and how long it took.
func (e *experience) note(here bool, turns int, took time.Duration) {
	if e.swift++; took > brief {
		e.swift = 0
	}
	if here {
		e.there++
		return
	}
	e.there = 0
	if e.quiet++; turns > 1 {
		e.quiet = 0
	}
}
