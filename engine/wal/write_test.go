package wal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// step completes the oldest waiting operation of a kind.
func (d *fakeFS) step(kind vfs.Kind) bool {
	for i, op := range d.ops {
		if op.Kind == kind {
			d.complete(i)
			return true
		}
	}
	return false
}

func (d *fakeFS) waiting(kind vfs.Kind) (n int) {
	for _, op := range d.ops {
		if op.Kind == kind {
			n++
		}
	}
	return n
}

// settled starts a log whose preparations are over.
func settled(t testing.TB, cfg Config, align int) *host {
	h := start(t, newFakeFS(align), cfg)
	h.fs.run()
	return h
}

func TestContiguousPrefix(t *testing.T) {
	h := settled(t, tiny(), 512)
	a := h.set("a", nil)
	h.l.Flush()
	h.set("small", nil)
	h.l.Flush()
	require.Equal(t, 1, h.fs.waiting(vfs.WriteDurable), "a small batch waits for company")
	b := h.set("b", value(1, 300))
	h.l.Flush()
	h.set("c", value(1, 300))
	h.l.Flush()
	require.Equal(t, 2, h.fs.waiting(vfs.WriteDurable), "bounded in flight")
	h.fs.complete(1)
	require.Less(t, h.committed, a)
	require.Less(t, h.committed, b)
	h.fs.complete(0)
	require.GreaterOrEqual(t, h.committed, b)
	require.Less(t, h.committed, h.l.Tail())
	h.fs.run()
	require.GreaterOrEqual(t, h.committed, h.l.Tail())
}

func TestOpenUnitIsNotSubmitted(t *testing.T) {
	h := settled(t, tiny(), 512)
	h.l.Append(&Record{Kind: String, Key: []byte("k"), Value: value(1, 5000)})
	h.l.Flush()
	require.Zero(t, len(h.fs.ops))
	h.l.EndUnit(1)
	h.l.Flush()
	h.fs.run()
	require.GreaterOrEqual(t, h.committed, h.l.Tail())
}

func TestEverySec(t *testing.T) {
	h := settled(t, tiny(), 512)
	h.l.SetPolicy(EverySec)
	a := h.set("a", nil)
	h.l.Flush()
	at := h.l.Tick(5)
	require.Equal(t, 5+gatherFor, at)
	h.l.Tick(at)
	h.fs.run()
	require.Equal(t, at+second-gatherFor, h.l.Tick(at))
	require.Less(t, h.committed, a)
	h.l.Tick(at + second - gatherFor)
	require.Equal(t, 1, h.fs.waiting(vfs.Sync))
	b := h.set("b", nil) // written while the sync runs: not covered by it
	h.l.Hasten()
	h.l.Flush()
	h.fs.step(vfs.Write)
	h.fs.step(vfs.Sync)
	require.GreaterOrEqual(t, h.committed, a)
	require.Less(t, h.committed, b)
}

// TestGather: where nobody waits, turns share a write, which comes soon.
func TestGather(t *testing.T) {
	for _, policy := range []Policy{EverySec, No} {
		cfg := tiny()
		cfg.BatchBytes = 2048
		h := settled(t, cfg, 512)
		h.l.SetPolicy(policy)
		turn := func() (at int64) { h.set("k", nil); h.l.Flush(); return h.l.Tick(7) }
		require.Equal(t, 7+gatherFor, turn())
		turn()
		require.Zero(t, h.fs.waiting(vfs.Write))
		h.l.Tick(7 + gatherFor)
		require.Equal(t, 1, h.fs.waiting(vfs.Write), "its time is over")
		h.fs.run()

		turn()
		require.Zero(t, h.fs.waiting(vfs.Write))
		for h.fs.waiting(vfs.Write) == 0 {
			require.Less(t, h.l.unwritten, int64(2048), "half a batch is enough")
			turn()
		}
		h.fs.run()

		turn()
		h.l.Hasten()
		h.l.Flush()
		require.Equal(t, 1, h.fs.waiting(vfs.Write), "somebody waits")
		h.fs.run()

		turn()
		h.l.SetPolicy(Always)
		h.l.Flush()
		require.Equal(t, 1, h.fs.waiting(vfs.WriteDurable), "replies wait from now on")
		h.fs.run()
		h.l.SetPolicy(policy)

		end := h.set("k", nil)
		h.l.Flush()
		h.l.Close(9)
		h.fs.run()
		require.True(t, h.l.Closed())
		require.GreaterOrEqual(t, h.committed, end)
	}
}

func TestPolicySwitches(t *testing.T) {
	h := settled(t, tiny(), 512)
	h.l.SetPolicy(No)
	a := h.set("a", nil)
	h.l.Hasten()
	h.l.Flush()
	h.fs.run()
	require.GreaterOrEqual(t, h.committed, a)
	require.Less(t, h.l.Stats().Synced, a)

	// To Always: what was written plainly must be synced before.
	h.l.SetPolicy(Always)
	b := h.set("b", nil)
	h.l.Flush()
	for h.fs.step(vfs.WriteDurable) {
	}
	require.Less(t, h.committed, b)
	require.True(t, h.fs.step(vfs.Sync))
	h.fs.run()
	require.GreaterOrEqual(t, h.committed, b)

	// To No: what was held under Always stays held until it is durable.
	c := h.set("c", nil)
	h.l.SetPolicy(No)
	h.l.Flush()
	require.True(t, h.fs.step(vfs.Write))
	require.Less(t, h.committed, c)
	h.fs.run()
	require.GreaterOrEqual(t, h.l.Stats().Synced, c)
	require.GreaterOrEqual(t, h.committed, c)
	d := h.set("d", nil)
	h.l.Hasten()
	h.l.Flush()
	h.fs.run()
	require.GreaterOrEqual(t, h.committed, d)
	require.Less(t, h.l.Stats().Synced, d)
}

func TestFailedWriteIsFinal(t *testing.T) {
	for _, policy := range []Policy{Always, EverySec} {
		h := settled(t, tiny(), 512)
		h.l.SetPolicy(policy)
		lsn, span := h.l.Append(&Record{Kind: String, Key: []byte("a"), Value: []byte("v")})
		h.l.EndUnit(1)
		h.l.Hasten()
		h.l.Flush()
		h.fs.run()
		h.l.Tick(1)
		h.l.Tick(1 + second)
		h.fs.run()
		was := h.committed
		require.GreaterOrEqual(t, was, h.l.Tail())
		h.fs.fail = func(op *vfs.Op) error {
			if op.Kind == vfs.WriteDurable || op.Kind == vfs.Sync {
				return vfs.ErrIO
			}
			return nil
		}
		h.set("b", nil)
		h.l.Hasten()
		h.l.Flush()
		h.fs.run()
		h.l.Tick(3 * second)
		h.l.Tick(5 * second)
		h.fs.run()
		h.fs.fail = nil
		require.ErrorIs(t, h.failed, ErrFailed)
		require.ErrorIs(t, h.failed, vfs.ErrIO)
		h.failed = nil
		h.set("c", nil)
		h.l.Flush()
		h.l.Tick(9 * second)
		h.fs.run()
		require.NoError(t, h.failed, "told once")
		require.Equal(t, was, h.l.Committed())
		require.ErrorIs(t, h.l.Reserve(10, Writes), ErrFailed)
		r := h.read(lsn, span) // clean reads go on
		require.NoError(t, r.Err)
	}
}

func TestNoSpaceHeals(t *testing.T) {
	cfg := tiny()
	fs := newFakeFS(512)
	h := start(t, fs, cfg)
	full := true
	fs.fail = func(op *vfs.Op) error {
		if full && op.Kind == vfs.Allocate {
			return vfs.ErrNoSpace
		}
		return nil
	}
	fs.run()
	err := h.l.Reserve(100, Writes)
	require.ErrorIs(t, err, ErrFull)
	require.ErrorIs(t, err, vfs.ErrNoSpace)
	require.NoError(t, h.l.Reserve(100, Deletes))
	at := h.l.Tick(10)
	require.Equal(t, 10+second, at)
	h.l.Tick(at)
	fs.run()
	require.ErrorIs(t, h.l.Reserve(100, Writes), ErrFull)
	full, h.rooms = false, 0
	at = h.l.Tick(at + 1)
	h.l.Tick(at)
	fs.run()
	require.NotZero(t, h.rooms)
	require.NoError(t, h.l.Reserve(100, Writes))
	require.Equal(t, 3, h.l.Stats().Spares)
}

// TestCapAndReserves fills a capped log: writers stop first, then deletions;
// compaction goes on, beyond the cap if it must, and moving the head makes room
// again and gives up what was beyond.
func TestCapAndReserves(t *testing.T) {
	cfg := tiny()
	cfg.CapBytes = 6 * cfg.SegmentBytes
	h := settled(t, cfg, 512)
	fill := func(c Class, most int) (n int) {
		for ; n < most; n++ {
			if err := h.l.Reserve(600, c); err == ErrBusy {
				h.fs.run()
				require.NoError(t, h.l.Reserve(600, c))
			} else if err != nil {
				require.ErrorIs(t, err, ErrFull)
				return n
			}
			h.set("k", value(n, 500))
			h.l.Flush()
			h.fs.run()
		}
		return n
	}
	writes := fill(Writes, 100)
	require.Greater(t, writes, 20)
	require.ErrorIs(t, h.l.Reserve(600, Writes), ErrFull)
	require.Equal(t, 3, fill(Deletes, 3))
	require.Equal(t, 8, fill(Compaction, 8))
	require.Equal(t, 6, len(h.fs.files))
	require.Less(t, fill(Deletes, 100), 10)
	require.ErrorIs(t, h.l.Reserve(600, Deletes), ErrFull)
	require.Equal(t, 6, len(h.fs.files))
	require.Equal(t, 12, fill(Compaction, 12))
	beyond := len(h.fs.files)
	require.Greater(t, beyond, 6)
	require.ErrorIs(t, h.l.Reserve(600, Writes), ErrFull)
	h.rooms = 0
	segs := h.l.Segments()
	h.l.SetHead(segs[6].Start)
	require.Equal(t, segs[6].Start, h.l.Head())
	require.Equal(t, int64(0), h.l.Stats().Recycled, "the new head is not durable")
	h.l.Flush()
	h.fs.run()
	s := h.l.Stats()
	require.Equal(t, int64(6), s.Recycled+s.Unlinked)
	require.Equal(t, 6, s.Segments+s.Spares, "the cap is kept again")
	require.Len(t, h.fs.files, 6)
	require.NotZero(t, h.rooms)
	require.NoError(t, h.l.Reserve(600, Writes))
	g := start(t, h.fs.image(nil, nil), cfg)
	require.Equal(t, segs[6].Start, g.recovered.Head)
	for _, r := range g.got {
		require.GreaterOrEqual(t, r.LSN, segs[6].Start)
	}
}

// TestPromisedSegments: what was let in is written although the cap falls before
// it is.
func TestPromisedSegments(t *testing.T) {
	cfg := tiny()
	cfg.CapBytes = 40 * cfg.SegmentBytes
	h := settled(t, cfg, 512)
	for h.l.Reserve(100_000, Writes) != nil {
		h.fs.run()
	}
	for i := range 100 {
		h.l.Append(&Record{Kind: String, DB: 1, Key: []byte(keyOf(i, 0)), Value: value(i, 900)})
	}
	h.l.EndUnit(1)
	h.l.Beside(39 * cfg.SegmentBytes)
	h.l.SetCap(5 * cfg.SegmentBytes)
	h.l.Flush()
	h.fs.run()
	require.Equal(t, h.l.Tail(), min(h.l.Tail(), h.l.Committed()))
	h.l.Turn(Cache) // and so is what no room was asked for
	h.l.Flush()
	h.fs.run()
	require.False(t, h.l.Turning())
}

func TestBusy(t *testing.T) {
	cfg := tiny()
	cfg.MaxUnwritten = 4000
	h := settled(t, cfg, 512)
	require.ErrorIs(t, h.l.Reserve(100000, Writes), ErrBusy, "segments for it are prepared first")
	h.fs.run()
	require.NotZero(t, h.rooms)
	h.rooms = 0
	require.NoError(t, h.l.Reserve(100000, Writes), "a big unit may go alone") // cap: none
	for h.l.Reserve(500, Writes) == nil {
		h.set("k", value(1, 400))
	}
	require.ErrorIs(t, h.l.Reserve(500, Writes), ErrBusy)
	require.Zero(t, h.rooms)
	h.l.Flush()
	h.fs.run()
	require.NotZero(t, h.rooms)
	require.NoError(t, h.l.Reserve(500, Writes))
	require.Zero(t, h.l.Stats().Unwritten)
}

func TestNoAllocations(t *testing.T) {
	cfg := tiny()
	cfg.SegmentBytes, cfg.BatchBytes = 1<<20, 1<<16
	h := settled(t, cfg, 512)
	r := Record{Kind: String, DB: 1, Key: value(1, 16), Value: value(1, 64)}
	n := testing.AllocsPerRun(500, func() {
		for range 10 {
			_ = h.l.Reserve(r.Size(), Writes)
			h.l.Append(&r)
			h.l.EndUnit(unit.Time(1))
		}
		h.l.Flush()
		for len(h.fs.ops) > 0 {
			op := h.fs.ops[0]
			h.fs.ops = h.fs.ops[:0]
			op.Owner.Complete(op) // no disk at all
		}
	})
	require.Zero(t, n)
}

func TestCache(t *testing.T) {
	cfg := tiny()
	cfg.Cache = true
	h := settled(t, cfg, 512)
	lsn, span := h.l.Append(&Record{Kind: String, Key: []byte("a"), Value: value(1, 3000)})
	h.l.EndUnit(1)
	h.l.Flush()
	require.Zero(t, h.fs.waiting(vfs.WriteDurable))
	h.fs.run()
	require.GreaterOrEqual(t, h.committed, h.l.Tail())
	require.Zero(t, h.l.Stats().Syncs)
	require.NoError(t, h.read(lsn, span).Err)
	h.l.Close(1)
	h.fs.run()
	require.True(t, h.l.Closed())
	for _, cache := range []bool{true, false} {
		cfg.Cache = cache
		g := start(t, h.fs.killed(), cfg)
		require.Empty(t, g.got)
		require.Greater(t, g.l.Tail(), h.l.Tail())
		g.fs.run()
		g.set("b", nil)
		g.l.Flush()
		g.fs.run()
		require.Equal(t, 1-b2i(cache), len(start(t, g.fs.killed(), cfg).got))
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestSegmentSizeIsTheLogs(t *testing.T) {
	cfg := tiny()
	h := settled(t, cfg, 512)
	for i := range 20 {
		h.set(keyOf(i, 0), value(i, 900))
	}
	h.l.Flush()
	h.fs.run()
	cfg.SegmentBytes *= 2
	g := start(t, h.fs.killed(), cfg)
	require.Len(t, g.got, 20)
	start, end := g.l.SegmentOf(g.l.Tail())
	require.Equal(t, unit.LSN(8192), end-start)
}
