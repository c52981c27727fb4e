package sched

import "holdfast/sim/tape"

// Uniform delays almost never meet a deadline, so the menu of every delay in
// the world aims: after the usual and some jitter come the instants around a
// live deadline, then coarse and long ones.
const (
	delayUsual = iota
	delayJitter2
	delayJitter4
	delayJitter16
	delayNow
	delayBefore    // 1 ms before the deadline's millisecond
	delayAt        // its first nanosecond
	delayLastAlive // its last microsecond
	delayFirstDead // just after it
	delayAfter     // 1 ms after it
	delayTick      // the next multiple of 10 ms
	delayLong      // 1.1 s: past an everysec flush and a lease
	// NumDelays is the number of outcomes of a delay choice.
	NumDelays
)

// DelayWeights are the relative weights of a delay's outcomes other than zero,
// for NewSiteWeighted.
var DelayWeights = []uint16{30, 20, 10, 8, 6, 6, 6, 6, 6, 4, 2}

// NewDelaySite interns a site for Delay.
func NewDelaySite(name string) tape.Site { return NewRareDelaySite(name, 0) }

// NewRareDelaySite is NewDelaySite for delays that are rarer by 2^rare.
func NewRareDelaySite(name string, rare int) tape.Site {
	s := tape.NewSiteWeighted(name, tape.Schedule, rare, DelayWeights...)
	delays[s] = true
	return s
}

// delays are the sites of delays; written by package initialisers only.
var delays = map[tape.Site]bool{}

// Aims reports whether an outcome of a site is a delay up to about a deadline.
func Aims(s tape.Site, v int) bool { return v >= delayBefore && v <= delayAfter && delays[s] }

// MaxAim is how far ahead a delay will aim: further deadlines are for jumps of
// the clock, since everything that ticks would tick through the wait.
const MaxAim = 30 * Second

// Delay chooses how long something takes that usually takes usual.
func (s *Sched) Delay(l tape.Label, usual int64) int64 {
	v := s.Tape.Choose(l, NumDelays)
	if v == delayUsual || s.calm {
		return usual
	}
	switch v {
	case delayJitter2:
		return usual * 2
	case delayJitter4:
		return usual * 4
	case delayJitter16:
		return usual * 16
	case delayNow:
		return 0
	case delayTick:
		const tick = 10 * Millisecond
		return tick - s.now%tick
	case delayLong:
		return 1100 * Millisecond
	}
	return s.aim(v, usual)
}

func (s *Sched) aim(v int, usual int64) int64 {
	if s.Deadline == nil {
		return usual
	}
	at, ok := s.Deadline()
	if !ok {
		return usual
	}
	switch v {
	case delayBefore:
		at -= Millisecond
	case delayLastAlive:
		at += Millisecond - Microsecond
	case delayFirstDead:
		at += Millisecond
	case delayAfter:
		at += 2 * Millisecond
	}
	d := at - s.now
	if d < 0 || d > MaxAim {
		return usual
	}
	s.Seen[Aimed]++
	return d
}
