// Package clocktest is the conformance suite of the clock port, for the system
// clock and the simulated one alike.
package clocktest

import (
	"testing"

	"holdfast/clock"

	"github.com/stretchr/testify/require"
)

// Harness is a clock and the means to let its time pass.
type Harness struct {
	// Clock is the clock under test, with no alarm set.
	Clock clock.Clock
	// Pass lets at least ns nanoseconds pass and delivers the ticks due in it.
	Pass func(ns int64)
	// Ticks counts the ticks delivered so far. A tick delivered clears the
	// alarm: an alarm rings once.
	Ticks func() int
}

const ms = int64(1e6)

// Run runs the suite. newClock is called once per test.
func Run(t *testing.T, newClock func(t *testing.T) *Harness) {
	tests := []struct {
		name string
		run  func(*testing.T, *Harness)
	}{
		{"MonoNeverBack", monoNeverBack},
		{"TimePasses", timePasses},
		{"AlarmRingsOnce", alarmRingsOnce},
		{"AlarmNeverEarly", alarmNeverEarly},
		{"AlarmReplaced", alarmReplaced},
		{"AlarmCleared", alarmCleared},
		{"AlarmInThePast", alarmInThePast},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, newClock(t)) })
	}
}

func monoNeverBack(t *testing.T, h *Harness) {
	last := h.Clock.Mono()
	for range 10000 {
		now := h.Clock.Mono()
		require.GreaterOrEqual(t, now, last)
		last = now
	}
}

func timePasses(t *testing.T, h *Harness) {
	mono, wall := h.Clock.Mono(), h.Clock.Wall()
	require.Positive(t, wall)
	h.Pass(3 * ms)
	require.GreaterOrEqual(t, h.Clock.Mono(), mono+3*ms)
	require.NotEqual(t, wall, h.Clock.Wall())
}

func alarmRingsOnce(t *testing.T, h *Harness) {
	h.Pass(ms)
	require.Zero(t, h.Ticks())
	h.Clock.Alarm(h.Clock.Mono() + 2*ms)
	h.Pass(3 * ms)
	require.Equal(t, 1, h.Ticks())
	h.Pass(5 * ms)
	require.Equal(t, 1, h.Ticks())
}

func alarmNeverEarly(t *testing.T, h *Harness) {
	for range 20 {
		due := h.Clock.Mono() + ms/2
		before := h.Ticks()
		h.Clock.Alarm(due)
		for h.Ticks() == before {
			h.Pass(ms / 10)
		}
		require.GreaterOrEqual(t, h.Clock.Mono(), due)
	}
}

func alarmReplaced(t *testing.T, h *Harness) {
	now := h.Clock.Mono()
	h.Clock.Alarm(now + 3600e3*ms)
	h.Clock.Alarm(now + ms)
	h.Pass(2 * ms)
	require.Equal(t, 1, h.Ticks())
	now = h.Clock.Mono()
	h.Clock.Alarm(now + ms)
	h.Clock.Alarm(now + 3600e3*ms)
	h.Pass(3 * ms)
	require.Equal(t, 1, h.Ticks())
}

func alarmCleared(t *testing.T, h *Harness) {
	h.Clock.Alarm(h.Clock.Mono() + 2*ms)
	h.Clock.Alarm(0)
	h.Pass(5 * ms)
	require.Zero(t, h.Ticks())
}

func alarmInThePast(t *testing.T, h *Harness) {
	h.Pass(ms)
	h.Clock.Alarm(max(1, h.Clock.Mono()-ms))
	h.Pass(ms)
	require.Equal(t, 1, h.Ticks())
}
