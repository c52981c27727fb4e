// Package wallclock is the simulated clock: a monotonic reading that is the
// world's virtual time, and a wall clock that people and NTP tamper with.
//
// Faults of the wall: jumps forward and back from a millisecond to days, a
// freeze, a drift of up to ten per cent, a coarse grain, and a jump to just
// past a live deadline. Reading Mono may find that the process was preempted
// and time has passed; it passes before the reading is taken, so that between
// one reading and the next the engine's time stands still.
package wallclock

import (
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Origin is the wall time at which runs begin, give or take two seconds so that
// no rounding is always exact: 2026-01-01 00:00:00 UTC.
const Origin int64 = 1_767_225_600_000_000

// boot is what Mono reads when the machine has just started.
const boot = sched.Second

var (
	siteStep = tape.NewSiteWeighted("clock/wall step", tape.ClockFault, 0,
		8, 4, 4, 4, 3, 2, 8, 4, 4, 2, 4, 4, 6, 6)
	siteStart   = tape.NewSite("clock/wall start", tape.Free)
	siteGrain   = tape.NewSite("clock/grain", tape.ClockFault)
	sitePreempt = sched.NewRareDelaySite("clock/preempted", 7)
	siteLate    = sched.NewRareDelaySite("clock/late tick", 2)
	siteOutage  = tape.NewSite("clock/wall after outage", tape.ClockFault)
)

// grains are the resolutions of the wall clock, in microseconds.
var grains = [...]int64{1, 1000, 10_000, 15_625}

// Clock implements clock.Clock over a Sched.
type Clock struct {
	s       *sched.Sched
	origin  int64 // the wall at virtual time 0
	monoRef int64 // virtual time at which Mono was boot
	ref     int64 // virtual time at which the wall was wallRef
	wallRef int64 // us
	rate    int64 // millionths the wall gains per virtual second
	thaw    int64 // frozen until this virtual time; 0 is not frozen
	grain   int64 // us
	mono    int64 // last reading
	step    int64 // ns by which both clocks advance; 0: they do not step

	asked int64 // last Alarm, in Mono's time; 0 is none
	due   int64 // the same in virtual time
	wake  int64 // when the host wakes up for it if nothing else wakes it
}

// Reset begins a run. Call it after the Sched's Reset.
func (c *Clock) Reset(s *sched.Sched) {
	start := Origin + int64(s.Tape.Choose(siteStart.Label(), 2_000_000))
	*c = Clock{s: s, origin: start - s.Now()/sched.Microsecond, monoRef: s.Now(), ref: s.Now(), wallRef: start, grain: 1}
	if g := s.Fault(siteGrain.Label(), len(grains)); g != 0 {
		c.grain = grains[g]
		s.Seen[sched.WallCoarse]++
	}
}

// Step makes both clocks advance in steps of d ns, as those of slow timers do: all
// that happens within one happens at one instant.
func (c *Clock) Step(d int64) { c.step = d }

// Now returns virtual time as far as the clocks show it.
func (c *Clock) Now() int64 { return c.shown(c.s.Now()) }

func (c *Clock) shown(ns int64) int64 {
	if c.step > 0 {
		ns -= ns % c.step
	}
	return ns
}

// Mono implements clock.Clock.
func (c *Clock) Mono() int64 {
	if d := c.s.Delay(sitePreempt.Label(), 0); d != 0 {
		c.s.Pass(d)
		c.s.Seen[sched.Preempted]++
		if c.s.Tracing() {
			c.s.Tracef("preempted for %d us", d/sched.Microsecond)
		}
	}
	m := c.Now() - c.shown(c.monoRef) + boot
	if m < c.mono {
		sched.Violate("the monotonic clock ran backwards")
	}
	c.mono = m
	return m
}

// Wall implements clock.Clock.
func (c *Clock) Wall() int64 {
	w := c.WallExact()
	if c.step > 0 {
		w -= w % (c.step / sched.Microsecond)
	}
	return w - w%c.grain
}

// WallExact returns the wall clock without its grain, in microseconds.
func (c *Clock) WallExact() int64 {
	now := c.s.Now()
	if c.thaw != 0 {
		if now < c.thaw {
			return c.wallRef
		}
		// It resumes from where it stood: the time frozen is lost.
		c.ref, c.thaw = c.thaw, 0
	}
	d := (now - c.ref) / sched.Microsecond
	return c.wallRef + d + d/1000*c.rate/1000
}

// set makes the wall show us microseconds now, at the present rate.
func (c *Clock) set(us int64) { c.wallRef, c.ref, c.thaw = us, c.s.Now(), 0 }

// Alarm implements clock.Clock.
func (c *Clock) Alarm(mono int64) {
	if mono == c.asked {
		return
	}
	c.asked = mono
	if mono == 0 {
		return
	}
	c.due = mono - boot + c.shown(c.monoRef)
	if c.step > 0 { // not before they show it
		c.due = c.shown(c.due + c.step - 1)
	}
	c.wake = c.due
	if c.due <= c.s.Now() {
		return
	}
	if d := c.s.Delay(siteLate.Label(), 0); d != 0 {
		c.wake += d
		c.s.Seen[sched.LateTick]++
	}
}

// Wake returns the virtual time at which the host wakes up for the alarm: as
// asked, or late. A turn that something else caused in between ticks too.
func (c *Clock) Wake() (at int64, ok bool) { return c.wake, c.asked != 0 }

// Asked returns the virtual time for which the alarm was asked.
func (c *Clock) Asked() (at int64, ok bool) { return c.due, c.asked != 0 }

// Due reports whether a tick is due.
func (c *Clock) Due() bool { return c.asked != 0 && c.due <= c.s.Now() }

// Fired clears the alarm, which is about to be delivered.
func (c *Clock) Fired() { c.asked = 0 }

// Restart forgets the alarm of a process that is gone. After a power cut the
// monotonic clock starts over.
func (c *Clock) Restart(powerCut bool) {
	c.asked = 0
	if powerCut {
		c.monoRef, c.mono = c.s.Now(), 0
	}
}

// steps of the wall, in microseconds, for the outcomes of siteStep.
var steps = [...]int64{1: 1_500, 2: 900_000, 3: 11_000_000, 4: 3_600_000_000, 5: 40 * 86_400_000_000,
	6: 900 * 86_400_000_000, 7: -1_500, 8: -900_000, 9: -3_600_000_000, 10: -40 * 86_400_000_000}

// The outcomes of siteStep beyond plain steps.
const (
	stepFreeze = len(steps) + iota
	stepDrift
	stepDeadline
	stepTrue
	numSteps
)

// Tamper gives the wall its chance to misbehave; the world calls it each turn.
func (c *Clock) Tamper() {
	if v := c.s.Fault(siteStep.Label(), numSteps); v != 0 {
		c.apply(v)
	}
}

// Outage lets the wall jump while the machine is off.
func (c *Clock) Outage() {
	v := c.s.Fault(siteOutage.Label(), numSteps)
	if v == 0 || v == stepFreeze || v == stepDrift {
		return
	}
	c.s.Seen[sched.WallAtCrash]++
	c.apply(v)
}

func (c *Clock) apply(v int) {
	before := c.WallExact()
	switch v {
	case stepFreeze:
		c.set(before)
		c.thaw = c.s.Now() + 3*sched.Second
		c.s.Seen[sched.WallFreeze]++
	case stepDrift:
		c.set(before)
		if c.rate >= 0 {
			c.rate = -100_000
		} else {
			c.rate = 100_000
		}
		c.s.Seen[sched.WallDrift]++
	case stepDeadline:
		c.toDeadline(before)
	case stepTrue:
		c.rate = 0
		c.set(c.origin + c.s.Now()/sched.Microsecond)
		c.stepped(c.WallExact() - before)
	default:
		c.set(before + steps[v])
		c.stepped(steps[v])
	}
	if c.s.Tracing() {
		c.s.Tracef("wall clock fault %d: %+d us", v, c.WallExact()-before)
	}
}

// stepped counts a step of d microseconds.
func (c *Clock) stepped(d int64) {
	switch {
	case d > 86_400_000_000 || d < -86_400_000_000:
		c.s.Seen[sched.WallDays]++
	case d > 0:
		c.s.Seen[sched.WallForward]++
	case d < 0:
		c.s.Seen[sched.WallBack]++
	}
}

// toDeadline jumps to the first microsecond after a live deadline.
func (c *Clock) toDeadline(before int64) {
	if c.s.Deadline == nil {
		return
	}
	if at, ok := c.s.Deadline(); ok && at > c.s.Now() {
		c.set(before + (at-c.s.Now())/sched.Microsecond + 1000)
		c.s.Seen[sched.WallForward]++
	}
}

// Heal ends freeze and drift; the wall keeps whatever it shows.
func (c *Clock) Heal() {
	c.set(c.WallExact())
	c.rate = 0
}
