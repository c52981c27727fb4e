package keyspace

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/mem"
	"holdfast/engine/unit"
)

// key16 returns the i-th key of 16 bytes, in b.
func key16(b []byte, i int) []byte {
	b = append(b[:0], "key:000000000000"...)
	for p := 15; i > 0; p, i = p-1, i/10 {
		b[p] = byte('0' + i%10)
	}
	return b
}

// fill makes a database of n keys with values of 64 bytes.
func fill(n int, each func(d *DB, i int, r Ref)) *DB {
	return fillDB(NewDB(Options{Seed: 1}), n, each)
}

func fillDB(d *DB, n int, each func(d *DB, i int, r Ref)) *DB {
	value := make([]byte, 64)
	var b []byte
	for i := range n {
		b = key16(b, i)
		r := d.InsertString(d.Hash(b), b, value)
		if each != nil {
			each(d, i, r)
		}
	}
	return d
}

// at finds the i-th key of fill.
func at(d *DB, i int) Ref {
	var a [16]byte
	k := key16(a[:], i)
	return d.Find(d.Hash(k), k)
}

// TestFootprint holds the figures that the package doc states: bytes for an
// entry, all included, as exactly as Bytes counts them.
func TestFootprint(t *testing.T) {
	const n = 300_000
	per := func(bytes int64) float64 { return float64(bytes) / n }

	d := fill(n, nil)
	t.Logf("resident, 16 B key, 64 B value: %.1f of %.1f held", per(d.Bytes()), per(d.Reserved()))
	require.InDelta(t, 88, per(d.arena.Live()), 0)
	require.Less(t, per(d.Bytes()), 102.5)
	require.Less(t, per(d.Reserved()), 106.0)

	d = fill(n, func(d *DB, i int, r Ref) { d.SetAddr(r, unit.LSN(i+1)<<20, 120) })
	t.Logf("the same with an address: %.1f", per(d.Bytes()))
	require.InDelta(t, 96, per(d.arena.Live()), 0)

	cold := func(d *DB, i int, r Ref) {
		r = d.SetAddr(r, unit.LSN(i+1)<<20, 120)
		d.SetDeadline(d.Drop(r), unit.Deadline(1_700_000_000_000+i))
	}
	d = fill(n, cold)
	overKey := per(d.Bytes()) - 16
	t.Logf("cold with a deadline, besides the key: %.1f", overKey)
	require.InDelta(t, 48, per(d.arena.Live()), 0)
	require.Less(t, overKey, 46.5)
}

// TestTableCost looks at the table at sizes all through a doubling.
func TestTableCost(t *testing.T) {
	d := NewDB(Options{})
	var b []byte
	worst := 0.0
	for i := range 240_000 {
		b = key16(b, i)
		d.Insert(d.Hash(b), b)
		if i >= 100_000 && i%10_000 == 0 {
			worst = max(worst, float64(d.table.bytes())/float64(i+1))
		}
	}
	t.Logf("table: at most %.1f bytes per entry", worst)
	require.Less(t, worst, 15.0)
	checkTable(t, d)
}

// TestEmptiedAway grows over several chunks, where splitting goes by the tags,
// and shrinks back to nothing: memory follows, and nothing is lost between.
func TestEmptiedAway(t *testing.T) {
	const n = 120_000
	d := fillDB(NewDB(Options{SlabBytes: 64 << 10}), n, nil)
	peak := d.Reserved()
	checkTable(t, d)
	for i := range n {
		if i%8 != 0 {
			d.Remove(at(d, i))
		}
	}
	checkTable(t, d)
	for i := 0; i < n; i += 8 {
		require.NotZero(t, at(d, i))
	}
	require.Less(t, d.Bytes()*6, peak)
	for d.Defrag(1000) > 0 {
	}
	checkTable(t, d)
	require.Less(t, d.Reserved()*4, peak, "sparse slabs stayed")
	for i := 0; i < n; i += 8 {
		d.Remove(at(d, i))
	}
	require.Zero(t, d.Len())
	require.Zero(t, d.arena.Live())
	require.Less(t, d.Reserved(), int64(1<<20))
	require.LessOrEqual(t, d.table.main.n, 2)
}

// TestScanWhileResizing walks tables far larger than rapid builds while they
// grow and shrink by large factors.
func TestScanWhileResizing(t *testing.T) {
	for _, plan := range []struct{ from, to int }{{2000, 90_000}, {90_000, 2000}, {90_000, 90_000}} {
		t.Run(fmt.Sprintf("%d to %d", plan.from, plan.to), func(t *testing.T) {
			d := fill(plan.from, nil)
			stay := min(plan.from, plan.to)
			seen := make([]int, stay)
			at0, calls := plan.from, 0
			for cursor, first := uint64(0), true; first || cursor != 0; first = false {
				cursor = d.Scan(cursor, func(r Ref) {
					i := 0
					_, err := fmt.Sscanf(string(d.Key(r)), "key:%d", &i)
					require.NoError(t, err)
					if i < stay {
						seen[i]++
					}
				})
				for range 40 {
					var b []byte
					if b = key16(b, at0); at0 < plan.to {
						d.Insert(d.Hash(b), b)
						at0++
					} else if at0 > plan.to {
						at0--
						d.Remove(at(d, at0))
					}
				}
				calls++
			}
			for i, s := range seen {
				require.NotZero(t, s, "key %d was missed", i)
			}
			require.Equal(t, plan.to, at0, "the walk was over too soon: %d calls", calls)
		})
	}
}

func TestRandomIsFair(t *testing.T) {
	const n, draws = 500, 200_000
	d := fill(n, nil)
	got := map[Ref]int{}
	for i := range draws {
		got[d.Random(uint64(i))]++
	}
	require.Len(t, got, n)
	for _, c := range got {
		require.InDelta(t, draws/n, c, 130)
	}
	require.Zero(t, NewDB(Options{}).Random(1))
}

// TestNoAllocation: what a server does all day allocates nothing.
func TestNoAllocation(t *testing.T) {
	d := fill(20_000, func(d *DB, i int, r Ref) { d.SetDeadline(r, unit.Deadline(1_000_000+i%5000)) })
	long, short := make([]byte, 200), make([]byte, 40)
	hashes := make([]uint64, 64)
	out := make([]Ref, 16)
	now, i := int64(900_000), 0
	var cursor uint64
	var b [16]byte
	key := key16(b[:], 77)
	churn := key16(nil, 999_999)
	noop := func(Ref) {}
	requeue := func(r Ref) { d.SetDeadline(r, unit.Deadline(now+5000)) }
	turn := func() {
		h := d.Hash(key)
		r := d.SetString(d.Find(h, key), long)
		r = d.SetAddr(r, 99, 99)
		d.Touch(r, uint16(i), uint32(i))
		r = d.SetString(d.SetDeadline(r, unit.Deadline(now+int64(i%7000))), short)
		r, _ = d.GrowString(r, 100)
		r = d.SetString(d.Drop(r), long)
		d.SetAddr(d.SetDeadline(r, 0), 0, 0)
		ch := d.Hash(churn)
		c := d.Insert(ch, churn)
		d.Remove(d.SetDeadline(c, unit.Deadline(now+100)))
		d.Warm(hashes)
		d.Sample(uint64(i), out)
		d.Random(uint64(i))
		cursor = d.Scan(cursor, noop)
		now += 13
		for more := true; more; {
			d.Due(unit.Time(now*1000), 20, requeue)
			ms, ok := d.NextDeadline()
			more = ok && ms <= now
		}
		i++
	}
	for range 20_000 {
		turn() // every slab and every list has been as large as it gets
	}
	require.Zero(t, testing.AllocsPerRun(2000, turn))
}

// TestLFU: the counter grows as the logarithm, and falls with time.
func TestLFU(t *testing.T) {
	d := fill(1, nil)
	r := at(d, 0)
	rnd := uint64(1)
	for range 1_000_000 {
		rnd = mix(rnd)
		d.Touch(r, 1000, uint32(rnd))
	}
	require.InDelta(t, 255, int(d.Freq(r, 1000)), 5) // Redis's table: 1M hits, factor 10
	d.SetHot(r, 1000, 100)
	require.EqualValues(t, 90, d.Freq(r, 1010))
	require.EqualValues(t, 10, d.Idle(r, 1010))
	require.Zero(t, d.Freq(r, 1200))
	d.SetLFU(10, 5)
	require.EqualValues(t, 98, d.Freq(r, 1010))
	d.SetLFU(0, 0)
	require.EqualValues(t, 100, d.Freq(r, 1200))
	d.SetHot(r, 65530, 7)
	require.EqualValues(t, 16, d.Idle(r, 10), "the clock wraps")
}

func TestHugeValue(t *testing.T) {
	if testing.Short() {
		t.Skip("half a GiB")
	}
	d := NewDB(Options{})
	k := []byte("k")
	r, b := d.GrowString(d.Insert(d.Hash(k), k), 512<<20)
	b[len(b)-1] = 'z'
	require.Equal(t, 512<<20, d.ValueLen(r))
	require.EqualValues(t, 'z', d.String(r)[512<<20-1])
	require.Greater(t, d.Bytes(), int64(512<<20))
	r = d.Drop(d.SetAddr(r, 5, 1<<30))
	require.Equal(t, 512<<20, d.ValueLen(r))
	require.Less(t, d.Bytes(), int64(8<<10))
}

// TestAppendIsCheap: growing byte by byte copies each byte a few times, not once
// for every step.
func TestAppendIsCheap(t *testing.T) {
	d := NewDB(Options{})
	k := []byte("k")
	r, moves := d.Insert(d.Hash(k), k), 0
	for n := 1; n <= 1_000_000; n++ {
		was := r
		if r, _ = d.GrowString(r, n); r != was {
			moves++
		}
	}
	require.Less(t, moves, 60)
	require.Less(t, d.Bytes(), int64(1_200_000))
	r, _ = d.GrowString(r, 100_000)
	require.Less(t, d.Bytes(), int64(150_000))
	r = d.SetString(r, []byte("short"))
	require.Less(t, d.Bytes(), int64(4096))
	require.Equal(t, 16, d.arena.Size(mem.Ptr(r)))
}

// TestGrowZeroFills: bytes that a string had once do not come back when it grows
// again over the same memory.
func TestGrowZeroFills(t *testing.T) {
	for _, n := range []int{10, 100, 5000, 200_000} {
		d := NewDB(Options{})
		k := []byte("k")
		r, b := d.GrowString(d.Insert(d.Hash(k), k), n)
		for i := range b {
			b[i] = 0xff
		}
		r, _ = d.GrowString(r, n-5)
		_, b = d.GrowString(r, n-1)
		require.EqualValues(t, []byte{0xff, 0, 0, 0, 0}, b[n-6:])
	}
}

// TestTagZero: the slots that are empty do not hide an entry whose tag is like them.
func TestTagZero(t *testing.T) {
	d := NewDB(Options{Seed: 5, MinBuckets: 8})
	for i, tag := range []uint64{0, 1, 0, 0} {
		key := fmt.Appendf(nil, "key%d", i)
		h := d.Hash(key)&^(1<<(tagShift+tagBits)-1<<tagShift)&^7 | tag<<tagShift | 3
		require.Zero(t, d.Find(h, key))
		r := d.Insert(h, key)
		d.Warm([]uint64{h, h})
		require.Equal(t, r, d.Find(h, key), "key %d", i)
	}
}
