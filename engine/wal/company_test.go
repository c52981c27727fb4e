package wal

import (
	"testing"

	"holdfast/vfs"

	"github.com/stretchr/testify/require"
)

// TestCompany: which batches wait for clients who have just been answered, and
// for how long.
func TestCompany(t *testing.T) {
	cfg := tiny()
	cfg.CommitDelay = second
	h := settled(t, cfg, 512)
	now := int64(1e9)
	turn := func(pass int64, keys ...string) (next int64) {
		now += pass
		for _, k := range keys {
			h.set(k, nil)
		}
		h.l.Flush()
		return h.l.Tick(now)
	}
	writes := func() int { return h.fs.waiting(vfs.WriteDurable) }
	const flush = 2_000_000
	// round has two clients write, the device store it, and all be answered.
	round := func(keys ...string) {
		turn(0, keys...)
		require.Equal(t, 1, writes())
		now += flush
		h.fs.run()
		turn(0)
	}
	for range 8 { // until it is known what a write takes
		round("a", "b")
	}
	c := &h.l.company
	require.Positive(t, c.took)
	c.vain, c.rest, c.took = 0, 0, flush
	round("a", "b")

	require.Positive(t, turn(1000, "a"))
	require.Zero(t, writes(), "one of two is there")
	turn(1000, "b")
	require.Equal(t, 1, writes(), "both are")
	now += flush
	h.fs.run()
	turn(0)

	for i := range vainWaits {
		next := turn(1000, "a")
		require.Zero(t, writes(), "one of two is there, time %d", i)
		require.LessOrEqual(t, next, now+flush/2)
		now = next
		turn(0)
		require.Equal(t, 1, writes(), "nobody else came")
		now += flush
		h.fs.run()
		turn(0)
		round("a", "b")
	}
	require.Positive(t, c.rest, "in vain too often")
	turn(1000, "a")
	require.Equal(t, 1, writes())
}

// TestLoneClientDoesNotWait for anybody.
func TestLoneClientDoesNotWait(t *testing.T) {
	cfg := tiny()
	cfg.CommitDelay = second
	h := settled(t, cfg, 512)
	now := int64(1e9)
	for range 100 {
		h.set("k", nil)
		h.l.Flush()
		h.l.Tick(now)
		require.Equal(t, 1, h.fs.waiting(vfs.WriteDurable))
		now += 2_000_000
		h.fs.run()
		h.l.Tick(now)
	}
}
