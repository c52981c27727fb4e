//go:build linux || darwin

package clock_test

import (
	"testing"

	"holdfast/clock"
	"holdfast/clock/clocktest"

	"github.com/stretchr/testify/require"
)

func TestSystem(t *testing.T) {
	clocktest.Run(t, func(*testing.T) *clocktest.Harness {
		s, ticks := clock.NewSystem(), 0
		pass := func(ns int64) {
			for end := s.Mono() + ns; s.Mono() < end; {
				if s.Due() {
					ticks++
				}
			}
		}
		return &clocktest.Harness{Clock: s, Pass: pass, Ticks: func() int { return ticks }}
	})
}

func TestWait(t *testing.T) {
	s := clock.NewSystem()
	require.Equal(t, int64(-1), s.Wait())
	s.Alarm(s.Mono() + 1e12)
	require.Positive(t, s.Wait())
	require.Positive(t, s.Next())
	s.Alarm(1)
	require.Zero(t, s.Wait())
	require.True(t, s.Due())
	require.Equal(t, int64(-1), s.Wait())
}

func BenchmarkMono(b *testing.B) {
	s := clock.NewSystem()
	for b.Loop() {
		s.Mono()
	}
}
