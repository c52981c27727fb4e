package sched

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/tape"
)

func TestEventsComeInOrder(t *testing.T) {
	var s Sched
	var tp tape.Tape
	for seed := range uint64(50) {
		tp.Seed(seed, &tape.Clean)
		s.Reset(&tp, 0)
		for i := range uint64(200) {
			s.After(int64(Sum([]byte{byte(i), byte(seed)})%50), Work, 0, uint32(i), i)
			if i%10 == 9 {
				s.After(0, Disk, 0, 0, 0)
			}
		}
		s.Drop(Disk, nil)
		last, n := int64(0), 0
		for s.Len() > 0 {
			e := s.Take()
			require.Equal(t, Work, e.Kind)
			require.GreaterOrEqual(t, e.At, last)
			last = e.At
			n++
		}
		require.Equal(t, 200, n)
		require.Equal(t, 200, s.Events())
	}
	s.Drop(Work, nil)
}

func TestDelaysAim(t *testing.T) {
	site := siteAimTest
	var s Sched
	var tp tape.Tape
	tp.Zero()
	s.Reset(&tp, 5*Second)
	deadline := 5*Second + 40*Millisecond
	s.Deadline = func() (int64, bool) { return deadline, true }
	want := map[uint32]int64{
		0: 7, delayNow: 0, delayBefore: 39 * Millisecond, delayAt: 40 * Millisecond,
		delayLastAlive: 41*Millisecond - Microsecond, delayFirstDead: 41 * Millisecond, delayAfter: 42 * Millisecond,
		delayTick: 10 * Millisecond, delayLong: 1100 * Millisecond,
	}
	for v, d := range want {
		tp.Replay([]tape.Outcome{{Label: site.Label(), Value: v}})
		require.Equal(t, d, s.Delay(site.Label(), 7), "menu %d", v)
	}
	deadline = Day // too far: wait the usual time
	tp.Replay([]tape.Outcome{{Label: site.Label(), Value: delayAt}})
	require.Equal(t, int64(7), s.Delay(site.Label(), 7))
	require.Len(t, DelayWeights, NumDelays-1)
}

var siteAimTest = NewDelaySite("test/aim")

func TestSumDiffers(t *testing.T) {
	seen := map[uint64]bool{}
	p := make([]byte, 70)
	for i := range p {
		for bit := range 8 {
			p[i] ^= 1 << bit
			require.False(t, seen[Sum(p)])
			seen[Sum(p)] = true
			p[i] ^= 1 << bit
		}
		require.False(t, seen[Sum(p[:i])])
		seen[Sum(p[:i])] = true
	}
}

func TestTraceKeepsTheLastLines(t *testing.T) {
	var s Sched
	var tp tape.Tape
	s.TraceTo(3)
	s.Reset(&tp, 0)
	for i := range 5 {
		s.Tracef("line %d", i)
	}
	lines, lost := s.Lines()
	require.Equal(t, 2, lost)
	require.Equal(t, "line 2", lines[0].Text)
	require.Equal(t, "line 4", lines[2].Text)
}

func TestEveryEffectHasAName(t *testing.T) {
	for e := Effect(0); e < NumEffects; e++ {
		require.NotEmpty(t, e.String())
	}
}
