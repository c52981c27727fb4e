package keyspace

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
)

const epoch = 1_700_000_000_000 // ms

// volatileDB has n keys whose deadlines when spreads over time.
func volatileDB(n int, when func(i int) int64) *DB {
	d := NewDB(Options{Seed: 3, Now: epoch * 1000})
	var b []byte
	for i := range n {
		b = key16(b, i)
		d.SetDeadline(d.Insert(d.Hash(b), b), unit.Deadline(epoch+when(i)))
	}
	return d
}

// TestPunctual: with many deadlines spread over an hour, a loop that gives the
// wheel a small piece of every millisecond is never behind by one. A wheel that
// empties its large slots at the last moment is.
func TestPunctual(t *testing.T) {
	const n, span = 200_000, 600_000
	d := volatileDB(n, func(i int) int64 { return int64(mix(uint64(i)) % span) })
	late, gone := int64(0), 0
	for ms := int64(epoch); gone < n; ms++ {
		if next, _ := d.NextDeadline(); next > ms {
			ms = next
		}
		d.Due(unit.Time(ms*1000), 20, func(r Ref) {
			late = max(late, ms-int64(d.Deadline(r))-1)
			d.Remove(r)
			gone++
		})
	}
	require.Zero(t, late)
	require.Zero(t, d.wheel.linked)
}

// TestOrder: what is due comes by the millisecond when Due keeps up, and a
// backlog comes by slots.
func TestOrder(t *testing.T) {
	d := volatileDB(5000, func(i int) int64 { return int64(mix(uint64(i)) % 60) })
	last := unit.Deadline(0)
	for d.Len() > 0 {
		d.Due((epoch+100)*1000, 7, func(r Ref) {
			require.GreaterOrEqual(t, d.Deadline(r), last)
			last = d.Deadline(r)
			d.Remove(r)
		})
	}
}

// TestJump: a jump of days with nothing due costs a few steps, and a far
// deadline is met exactly.
func TestJump(t *testing.T) {
	const year = 365 * 86_400_000
	d := volatileDB(1, func(int) int64 { return 10 * year })
	var woken int
	for ms := int64(epoch); d.Len() > 0; woken++ {
		next, ok := d.NextDeadline()
		require.True(t, ok)
		require.LessOrEqual(t, next, int64(epoch+10*year+1))
		ms = max(ms, next)
		d.Due(unit.Time(ms*1000), 1, func(r Ref) {
			require.EqualValues(t, epoch+10*year+1, ms)
			d.Remove(r)
		})
	}
	require.LessOrEqual(t, woken, 2*levels)
}

// TestDeadlineEdge: alive in the deadline's millisecond, dead in the next.
func TestDeadlineEdge(t *testing.T) {
	d := volatileDB(1, func(int) int64 { return 5 })
	none := func(Ref) { t.Fatal("early") }
	require.Zero(t, d.Due((epoch+5)*1000+999, 10, none))
	ms, ok := d.NextDeadline()
	require.True(t, ok)
	require.EqualValues(t, epoch+6, ms)
	require.Zero(t, d.Due((epoch+4)*1000, 10, none), "an instant gone by")
	require.Equal(t, 1, d.Due((epoch+6)*1000, 10, func(Ref) {}))
	require.Zero(t, d.Due((epoch+600)*1000, 10, none), "again")
	_, ok = d.NextDeadline()
	require.False(t, ok)
	require.Equal(t, 1, d.Volatile(), "reported is not removed")
}

// TestExtend: moving a deadline later touches no list.
func TestExtend(t *testing.T) {
	d := volatileDB(1, func(int) int64 { return 5 })
	r := at(d, 0)
	prev, next := loadPrev(d.rec(r)), loadNext(d.rec(r))
	for i := range 1000 {
		r = d.SetDeadline(r, unit.Deadline(epoch+6+i*1000))
	}
	require.Equal(t, prev, loadPrev(d.rec(r)))
	require.Equal(t, next, loadNext(d.rec(r)))
	require.Zero(t, d.Due((epoch+998_999)*1000, 10, func(Ref) {}))
	require.Equal(t, 1, d.Due((epoch+999_007)*1000, 10, func(Ref) {}))
}

// TestDueReentry: the callback may remove, move and add what it likes.
func TestDueReentry(t *testing.T) {
	d := volatileDB(300, func(i int) int64 { return int64(i % 3) })
	seen := map[string]int{}
	for again := true; again; {
		d.Due((epoch+10)*1000, 50, func(r Ref) {
			seen[string(d.Key(r))]++
			r = d.SetString(r, make([]byte, len(seen)))
			for j := range 300 {
				if o := at(d, j); o != 0 && o != r && j%5 == len(seen)%5 && seen[string(d.Key(o))] > 0 {
					d.Remove(o)
				}
			}
		})
		ms, ok := d.NextDeadline()
		again = ok && ms <= epoch+10
	}
	require.Len(t, seen, 300)
	for k, n := range seen {
		require.Equal(t, 1, n, k)
	}
}

// TestWakesAhead: a loop that sleeps until NextDeadline and then has time for a
// few pieces of work in each millisecond meets a crowd of deadlines far off on
// time, since it is woken before the crowd's slot begins.
func TestWakesAhead(t *testing.T) {
	const n, perMS = 10_000, 4
	// A whole slot of level 2, from its first instant on: the hardest place.
	const start = ((epoch+10_000_000)>>12+1)<<12 - epoch
	d := volatileDB(n, func(i int) int64 { return start + int64(mix(uint64(i))%4096) })
	late, woken := int64(0), 0
	for quarter := int64(epoch * perMS); d.Len() > 0; quarter++ {
		next, ok := d.NextDeadline()
		require.True(t, ok)
		quarter = max(quarter, next*perMS)
		ms := quarter / perMS
		d.Due(unit.Time(ms*1000), 20, func(r Ref) {
			late = max(late, ms-int64(d.Deadline(r))-1)
			d.Remove(r)
		})
		woken++
	}
	require.Zero(t, late)
	require.Less(t, woken, 2*n)
}

// TestRetainedEntriesComeBack: entries that Due reports and that are left in place
// cost nothing, are counted, and are reported again once they are requeued; those
// that go, or get another deadline meanwhile, are not.
func TestRetainedEntriesComeBack(t *testing.T) {
	d := NewDB(Options{MinBuckets: 8, SlabBytes: 4096})
	ref := func(i int) Ref { key := fmt.Appendf(nil, "k%d", i); return d.Find(d.Hash(key), key) }
	const keys = 1000
	for i := range keys {
		key := fmt.Appendf(nil, "k%d", i)
		d.SetDeadline(d.InsertString(d.Hash(key), key, []byte("v")), unit.Deadline(1+i%50))
	}
	seen := 0
	for range 100 {
		seen += d.Due(100_000, 64, func(Ref) {})
	}
	require.Equal(t, keys, seen)
	require.Equal(t, keys, d.Retained())
	_, wakes := d.NextDeadline()
	require.False(t, wakes)
	d.Remove(ref(0))
	d.SetDeadline(ref(1), 0)
	d.SetDeadline(ref(2), 1_000_000)
	require.Equal(t, keys-3, d.Retained())
	for i := 3; i < keys; i++ {
		require.True(t, d.Unfiled(ref(i)))
		d.Requeue(ref(i))
	}
	require.Zero(t, d.Retained())
	gone := 0
	for range 100 {
		gone += d.Due(100_000, 64, func(r Ref) { d.Remove(r) })
	}
	require.Equal(t, keys-3, gone)
	require.Equal(t, 2, d.Len())
}
