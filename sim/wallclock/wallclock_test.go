package wallclock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/clock/clocktest"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// advance lets d pass and returns how many ticks were due.
func advance(s *sched.Sched, c *Clock, d int64) (ticks int) {
	end := s.Now() + d
	for {
		due, ok := c.Wake()
		if !ok || due > end {
			break
		}
		s.PassTo(due)
		c.Fired()
		ticks++
	}
	s.PassTo(end)
	return ticks
}

func TestConformance(t *testing.T) {
	clocktest.Run(t, func(t *testing.T) *clocktest.Harness {
		s, c := &sched.Sched{}, &Clock{}
		s.Reset(&tape.Tape{}, 0)
		c.Reset(s)
		ticks := 0
		return &clocktest.Harness{
			Clock: c,
			Pass:  func(ns int64) { ticks += advance(s, c, ns) },
			Ticks: func() int { return ticks },
		}
	})
}

func newClock(seed uint64) (*sched.Sched, *Clock) {
	s, c := &sched.Sched{}, &Clock{}
	var tp tape.Tape
	tp.Seed(seed, &tape.Storm)
	s.Reset(&tp, 0)
	c.Reset(s)
	return s, c
}

func TestMonoNeverBackAndAlarmNeverEarly(t *testing.T) {
	var seen sched.Counts
	for seed := range uint64(300) {
		s, c := newClock(seed)
		last := int64(0)
		for range 300 {
			c.Tamper()
			m := c.Mono()
			require.GreaterOrEqual(t, m, last)
			last = m
			c.Alarm(m + 3*sched.Millisecond)
			due, ok := c.Wake()
			require.True(t, ok)
			require.GreaterOrEqual(t, due-s.Now(), 3*sched.Millisecond)
			require.False(t, c.Due())
			advance(s, c, 10*sched.Millisecond)
		}
		seen.Add(&s.Seen)
	}
	for e := sched.WallForward; e <= sched.Preempted; e++ {
		if e != sched.WallAtCrash {
			require.NotZero(t, seen[e], "%v", e)
		}
	}
}

func TestFrozenWallResumesFromWhereItStood(t *testing.T) {
	s, c := &sched.Sched{}, &Clock{}
	s.Reset(&tape.Tape{}, 0)
	c.Reset(s)
	s.Pass(sched.Second)
	c.apply(stepFreeze)
	require.Equal(t, Origin+1_000_000, c.Wall())
	s.Pass(2 * sched.Second)
	require.Equal(t, Origin+1_000_000, c.Wall())
	s.Pass(2 * sched.Second)
	require.Equal(t, Origin+2_000_000, c.Wall())
	c.apply(stepDrift)
	s.Pass(10 * sched.Second)
	require.Equal(t, Origin+11_000_000, c.Wall())
	c.apply(stepTrue)
	require.Equal(t, Origin+15_000_000, c.Wall())
}
