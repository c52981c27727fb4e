//go:build linux || darwin

package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestExperience: who does the next durable write, after what.
func TestExperience(t *testing.T) {
	const swift, slow = 300 * time.Microsecond, 20 * time.Millisecond
	var e experience
	for range proof {
		require.False(t, e.alone(), "too early")
		e.note(false, 1, swift)
	}
	for range 3 { // the thread shows now and then that the loop sleeps
		for range rarity {
			require.True(t, e.alone())
			e.note(true, 1, swift)
		}
		require.False(t, e.alone())
		e.note(false, 1, swift)
	}
	e.note(true, 1, swift)
	e.there = rarity
	e.note(false, 5, swift) // the loop was at work meanwhile
	for range proof {
		require.False(t, e.alone(), "there are others")
		e.note(false, 2, swift)
	}
	e.note(false, 1, swift)
	require.True(t, e.alone(), "they are gone")
	e.note(true, 1, slow) // a stall
	for range proof {
		require.False(t, e.alone(), "the device stalls")
		e.note(false, 1, swift)
	}
	require.True(t, e.alone())
}
