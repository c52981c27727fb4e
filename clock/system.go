//go:build linux || darwin

package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// refreshNs is how stale the count of suspended time may get.
const refreshNs = int64(10 * time.Millisecond)

// System is the machine's clock. Its alarm only remembers: the host asks Due
// and Next. Like every port it belongs to the loop goroutine.
//
// Reading a clock that counts suspension costs a system call from Go, the
// runtime's monotonic clock does not. So Mono is the latter plus an offset, the
// time slept so far, measured anew at most every 10 ms.
type System struct {
	base    time.Time
	slept   int64 // suspended time since base, never falling
	origin  int64 // of the counting clock at base
	checked int64 // when slept was measured
	alarm   int64
}

// NewSystem returns a clock whose Mono starts just above zero.
func NewSystem() *System {
	s := &System{base: time.Now()}
	s.origin = counting() - s.running()
	return s
}

// running is the monotonic time since base, suspension not counted.
func (s *System) running() int64 { return int64(time.Since(s.base)) + 1 }

// counting reads the clock that counts suspension; 0 if there is none.
func counting() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(bootClock, &ts) != nil {
		return 0
	}
	return ts.Nano()
}

// Wall implements Clock.
func (s *System) Wall() int64 { return time.Now().UnixMicro() }

// Mono implements Clock.
func (s *System) Mono() int64 {
	now := s.running()
	if now-s.checked >= refreshNs {
		s.checked = now
		s.slept = max(s.slept, counting()-s.origin-s.running())
	}
	return now + s.slept
}

// Alarm implements Clock.
func (s *System) Alarm(mono int64) { s.alarm = mono }

// Next returns when the alarm rings; 0 is never.
func (s *System) Next() int64 { return s.alarm }

// Due reports whether the alarm rings now, and if so clears it: an alarm rings
// once. The caller owes a Tick.
func (s *System) Due() bool {
	if s.alarm == 0 || s.Mono() < s.alarm {
		return false
	}
	s.alarm = 0
	return true
}

// Wait returns how long the host may block, in nanoseconds: 0 if the alarm is
// due, -1 if none is set.
func (s *System) Wait() int64 {
	if s.alarm == 0 {
		return -1
	}
	return max(0, s.alarm-s.Mono())
}
