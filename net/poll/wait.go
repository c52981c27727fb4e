//go:build linux

package poll

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// briefly returns how long a wait may keep what other goroutines could run on:
// not at all where there is nothing else.
func briefly() int64 {
	if runtime.GOMAXPROCS(0) < 2 {
		return 0
	}
	return int64(20 * time.Millisecond)
}

// timer ends waits. A wait with a time limit of its own has the kernel set its
// clock before it sleeps and set it back when it wakes, and in a virtual machine
// each costs as much as the rest of both. So the limit is a descriptor among the
// others, set anew only when it is to fire earlier than it would. It may
// therefore fire early, for a limit that no longer counts.
type timer struct {
	fd     int
	source int32     // its number in the data of an event
	epoch  time.Time // what fires counts from
	fires  int64     // 0: it is not set
}

func (p *Poller) startTimer() error {
	t := &p.timer
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("timerfd: %w", err)
	}
	t.fd, t.source, t.epoch = fd, int32(-1-len(p.sources)), time.Now()
	return p.Watch(fd, func() { t.fires = 0 })
}

// by makes the timer fire within ns nanoseconds of now, unless it does anyway
// before due; 0 is never.
func (t *timer) by(now, ns, due int64) {
	if t.fires != 0 && (due == 0 || t.fires <= due) {
		return
	}
	t.fires = now + ns
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(ns)}
	_, _, _ = unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(t.fd), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}

// await fetches events, and waits for the first up to so many nanoseconds, or for
// ever if that is negative.
func (p *Poller) await(ns int64) (n int, errno unix.Errno) {
	if ns == 0 || p.brief == 0 {
		return p.wait(ns, ns == 0)
	}
	begun := int64(time.Since(p.timer.epoch))
	due := int64(0)
	if ns > 0 {
		due = begun + ns
	}
	for now := begun; ; {
		tick := p.brief
		if ns > 0 {
			tick = min(tick, due-now)
		}
		p.timer.by(now, tick, due)
		n, errno = p.wait(-1, true)
		if n != 1 || p.events[0].Fd != p.timer.source {
			return n, errno
		}
		p.timer.fires = 0
		now = int64(time.Since(p.timer.epoch))
		switch {
		case ns > 0 && now >= due:
			return 0, 0
		case now-begun < p.brief:
			continue
		case ns > 0:
			return p.wait(due-now, false)
		}
		return p.wait(-1, false)
	}
}

// wait fetches events; raw goes past the scheduler.
func (p *Poller) wait(ns int64, raw bool) (n int, errno unix.Errno) {
	ev := unsafe.Pointer(&p.events[0])
	call := unix.Syscall6
	if raw {
		call = unix.RawSyscall6
	}
	if ns == 0 {
		r, _, e := call(unix.SYS_EPOLL_PWAIT, uintptr(p.ep), uintptr(ev), maxEvents, 0, 0, 8)
		return count(r, e)
	}
	if p.pwait2 {
		var ts *unix.Timespec
		if ns > 0 {
			t := unix.NsecToTimespec(ns)
			ts = &t
		}
		r, _, e := call(unix.SYS_EPOLL_PWAIT2, uintptr(p.ep), uintptr(ev), maxEvents,
			uintptr(unsafe.Pointer(ts)), 0, 8)
		if e != unix.ENOSYS && e != unix.EPERM {
			return count(r, e)
		}
		p.pwait2 = false // before Linux 5.11, or forbidden: milliseconds must do
	}
	ms := int64(-1)
	if ns > 0 {
		ms = min((ns+999999)/1e6, 1<<30)
	}
	r, _, e := call(unix.SYS_EPOLL_PWAIT, uintptr(p.ep), uintptr(ev), maxEvents, uintptr(ms), 0, 8)
	return count(r, e)
}

func count(r uintptr, e unix.Errno) (int, unix.Errno) {
	if e != 0 {
		return 0, e
	}
	return int(r), 0
}
