package wal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClaim has one who needs more room than there ever is beside steady writers:
// it gets it once what was unwritten has drained, however many ask.
func TestClaim(t *testing.T) {
	cfg := tiny()
	cfg.MaxUnwritten, cfg.CapBytes = 4<<10, 0
	h := settled(t, cfg, 512)
	l := h.l
	const large = 16 << 10
	writers := func() (let int) {
		for l.Reserve(600, Writes) == nil {
			h.set("k", value(1, 500))
			let++
		}
		l.Flush()
		return let
	}
	require.Positive(t, writers())
	for range 20 { // without a claim they overtake for ever
		require.ErrorIs(t, l.Reserve(large, Compaction), ErrBusy)
		h.fs.complete(0)
		writers()
		require.Positive(t, l.unwritten)
	}
	turns := 0
	for ; l.Claim(large, Compaction) != nil; turns++ {
		require.Zero(t, writers())
		require.NoError(t, l.Reserve(100, Times))
		require.Less(t, turns, 200)
		if len(h.fs.ops) > 0 {
			h.fs.complete(0)
		}
	}
	require.Positive(t, turns)
	require.Positive(t, writers(), "the claim ends when it is granted")

	require.ErrorIs(t, l.Claim(large, Compaction), ErrBusy)
	require.ErrorIs(t, l.Reserve(1, Deletes), ErrBusy)
	rooms := h.rooms
	require.True(t, l.Unclaim(), "somebody waits")
	require.Greater(t, h.rooms, rooms)
	require.False(t, l.Unclaim())
}
