package keyspace

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/engine/mem"
	"holdfast/engine/unit"
)

// entry is what the naive model knows of a key.
type entry struct {
	ref           Ref
	typ           uint8
	val           []byte
	obj           any
	objBytes      int
	resident      bool
	deadline      int64
	reported      bool
	lsn           unit.LSN
	span          uint32
	valueLen      int
	dirty, pinned bool
	clock         uint16
	counter       uint8
}

type model struct {
	d    *DB
	keys map[string]*entry
	now  int64 // ms

	scanning bool
	cursor   uint64
	must     map[string]bool // present throughout the scan, not yet seen
}

func (m *model) sorted() []string {
	out := make([]string, 0, len(m.keys))
	for k := range m.keys {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func newModel(start unit.Time, weak bool) *model {
	return &model{
		d:    NewDB(Options{SlabBytes: 4096, MinBuckets: 1, Seed: 7, Now: start, WeakHash: weak}),
		keys: map[string]*entry{}, now: epoch, must: map[string]bool{},
	}
}

func (m *model) insert(t require.TestingT, k string) *entry {
	h := m.d.Hash([]byte(k))
	require.Zero(t, m.d.Find(h, []byte(k)))
	e := &entry{ref: m.d.Insert(h, []byte(k)), counter: 5, clock: m.d.lfu.clock}
	m.keys[k] = e
	return e
}

func (m *model) remove(k string) {
	m.d.Remove(m.keys[k].ref)
	delete(m.keys, k)
	delete(m.must, k)
}

// due runs Due to its end at the model's now, leaving entries for which keep.
func (m *model) due(t require.TestingT, limit int, keep bool) {
	before := map[string]bool{}
	for k, e := range m.keys {
		if e.deadline != 0 && e.deadline < m.now && !e.reported {
			before[k] = true
		}
	}
	for {
		m.d.Due(unit.Time(m.now*1000+999), limit, func(r Ref) {
			k := string(m.d.Key(r))
			require.True(t, before[k], "early, twice or unknown: %q", k)
			require.Equal(t, m.keys[k].ref, r)
			delete(before, k)
			if keep {
				m.keys[k].reported = true
			} else {
				m.remove(k)
			}
		})
		if ms, ok := m.d.NextDeadline(); !ok || ms > m.now {
			break
		}
	}
	require.Empty(t, before, "lost")
}

func (m *model) check(t require.TestingT) {
	volatile, linked, cold := 0, 0, 0
	first := int64(math.MaxInt64)
	for k, e := range m.keys {
		r := m.d.Find(m.d.Hash([]byte(k)), []byte(k))
		require.Equal(t, e.ref, r, "%q", k)
		require.Equal(t, k, string(m.d.Key(r)))
		require.Equal(t, e.typ, m.d.Type(r))
		require.Equal(t, e.resident, m.d.Resident(r))
		require.True(t, e.resident || e.typ == TypeNone || !m.d.AllResident())
		if !e.resident {
			cold++
		}
		require.Equal(t, e.dirty, m.d.Dirty(r))
		require.Equal(t, e.pinned, m.d.Pinned(r))
		require.Equal(t, unit.Deadline(e.deadline), m.d.Deadline(r))
		lsn, span := m.d.Addr(r)
		require.Equal(t, e.lsn, lsn)
		require.Equal(t, e.span, span)
		require.Equal(t, e.valueLen, m.d.ValueLen(r))
		require.Equal(t, e.clock, uint16(0)-m.d.Idle(r, 0))
		require.Equal(t, e.counter, m.d.Freq(r, e.clock))
		if e.resident && e.typ == TypeString {
			require.True(t, bytes.Equal(e.val, m.d.String(r)))
		}
		require.Equal(t, e.obj, m.d.Object(r))
		if e.deadline != 0 {
			volatile++
			if !e.reported {
				linked++
				first = min(first, e.deadline)
			}
		}
	}
	require.Equal(t, len(m.keys), m.d.Len())
	require.Equal(t, cold, m.d.Cold())
	require.Equal(t, volatile, m.d.Volatile())
	require.Equal(t, linked, m.d.wheel.linked)
	ms, ok := m.d.NextDeadline()
	require.Equal(t, linked > 0, ok)
	if ok {
		require.LessOrEqual(t, ms, max(dueAt(first), m.d.wheel.now))
	}
	m.checkBytes(t)
}

// checkBytes recomputes what the database says it takes.
func (m *model) checkBytes(t require.TestingT) {
	var live, said int64
	objects := 0
	for _, e := range m.keys {
		live += int64(m.d.arena.Size(mem.Ptr(e.ref)))
		if e.obj != nil {
			said += int64(e.objBytes)
			objects++
		}
	}
	require.Equal(t, live, m.d.arena.Live())
	require.Equal(t, said, m.d.objects.said)
	for _, c := range m.d.objects.chunks {
		for i := range c {
			if c[i].value != nil {
				objects--
			}
		}
	}
	require.Zero(t, objects, "objects kept from the collector")
	require.LessOrEqual(t, m.d.Bytes(), m.d.Reserved())
	checkTable(t, m.d)
}

// checkTable looks at the invariants of the table's rows.
func checkTable(t require.TestingT, d *DB) {
	tb := &d.table
	require.True(t, tb.main.n >= 1<<tb.level && tb.main.n < 2<<tb.level)
	count, over := 0, 0
	for i := range tb.main.n {
		end := false
		for b := tb.main.at(i); b != nil; b = tb.next(b) {
			if b != tb.main.at(i) {
				over++
				require.NotZero(t, b[0], "empty overflow bucket")
				require.Equal(t, uint64(i), b[linkWord]>>32)
			}
			for j := range bucketSlots {
				if b[j] == 0 {
					end = true
					continue
				}
				require.False(t, end, "hole in a chain")
				count++
				require.Equal(t, i, tb.home(d.hashOf(Ref(b[j]&refMask))))
			}
		}
	}
	require.Equal(t, tb.count, count)
	require.Equal(t, tb.over.n, over)
}

var lengths = []int{0, 1, 7, 8, 9, 63, 64, 65, 127, 255, 256, 511, 512, 513, 600, 4096, 65535, 65536, 65537}

func drawBytes(t *rapid.T) []byte {
	n := lengths[rapid.IntRange(0, len(lengths)-1).Draw(t, "len")]
	return bytes.Repeat([]byte{byte(rapid.IntRange(0, 255).Draw(t, "fill"))}, n)
}

func (m *model) pick(t *rapid.T) (string, *entry) {
	if len(m.keys) == 0 {
		t.Skip("no keys")
	}
	k := m.sorted()[rapid.IntRange(0, len(m.keys)-1).Draw(t, "pick")]
	return k, m.keys[k]
}

func (m *model) drawDeadline(t *rapid.T) int64 {
	const day = 86_400_000
	span := rapid.SampledFrom([]int64{1, 64, 130, 5000, 300_000, day, 40 * day, 4000 * day}).Draw(t, "span")
	switch rapid.IntRange(0, 19).Draw(t, "kind") {
	case 0:
		return 0
	case 1:
		return -rapid.Int64Range(1, math.MaxInt64).Draw(t, "negative")
	case 2:
		return m.now - rapid.Int64Range(0, span).Draw(t, "past")
	case 4:
		return rapid.Int64Range(1<<48-1, 1<<48).Draw(t, "edge of the width")
	case 3:
		return math.MaxInt64 - rapid.Int64Range(0, 1<<62).Draw(t, "far")
	}
	return m.now + rapid.Int64Range(0, span).Draw(t, "ahead")
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(rapid.SampledFrom([]unit.Time{0, epoch * 1000}).Draw(t, "start"), rapid.Bool().Draw(t, "weak"))
		acts := m.valueActions()
		maps.Copy(acts, m.keyActions())
		maps.Copy(acts, m.insertActions())
		maps.Copy(acts, m.metaActions())
		acts[""] = func(t *rapid.T) { m.check(t) }
		t.Repeat(acts)
	})
}

func (m *model) insertActions() map[string]func(*rapid.T) {
	next := 0
	return map[string]func(*rapid.T){
		"insertMany": func(t *rapid.T) {
			for range rapid.IntRange(1, 60).Draw(t, "n") {
				next++
				m.insert(t, fmt.Sprintf("key:%d", next))
			}
		},
		"insertLong": func(t *rapid.T) {
			next++
			m.insert(t, fmt.Sprintf("%0*d", rapid.SampledFrom([]int{1, 255, 256, 300, 70000}).Draw(t, "keyLen"), next+1e5))
		},
		"insertString": func(t *rapid.T) {
			next++
			k, v := fmt.Sprintf("s:%d", next), drawBytes(t)
			e := &entry{typ: TypeString, resident: true, val: v, valueLen: len(v), counter: 5, clock: m.d.lfu.clock}
			e.ref = m.d.InsertString(m.d.Hash([]byte(k)), []byte(k), v)
			m.keys[k] = e
		},
		"insertCold": func(t *rapid.T) {
			next++
			k := fmt.Sprintf("cold:%d", next)
			e := &entry{typ: uint8(rapid.IntRange(1, 6).Draw(t, "type")), counter: 5, clock: m.d.lfu.clock,
				lsn: unit.LSN(rapid.Uint64Min(1).Draw(t, "lsn")), span: rapid.Uint32().Draw(t, "span"),
				valueLen: rapid.IntRange(0, 512<<20).Draw(t, "valueLen")}
			e.ref = m.d.InsertCold(m.d.Hash([]byte(k)), []byte(k), e.typ, e.lsn, e.span, e.valueLen)
			m.keys[k] = e
		},
	}
}

func (m *model) keyActions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"remove": func(t *rapid.T) { k, _ := m.pick(t); m.remove(k) },
		"removeMany": func(t *rapid.T) {
			share := rapid.IntRange(1, 10).Draw(t, "share")
			for i, k := range m.sorted() {
				if i%10 < share {
					m.remove(k)
				}
			}
		},
		"step": func(t *rapid.T) { m.d.Step(rapid.IntRange(1, 50).Draw(t, "n")) },
		"defrag": func(t *rapid.T) {
			m.d.Defrag(rapid.IntRange(1, 200).Draw(t, "n"))
			for k, e := range m.keys {
				e.ref = m.d.Find(m.d.Hash([]byte(k)), []byte(k))
			}
		},
		"scan": func(t *rapid.T) {
			if !m.scanning {
				m.scanning, m.cursor = true, 0
				for k := range m.keys {
					m.must[k] = true
				}
			}
			m.cursor = m.d.Scan(m.cursor, func(r Ref) {
				k := string(m.d.Key(r))
				require.NotNil(t, m.keys[k])
				delete(m.must, k)
			})
			if m.cursor == 0 {
				require.Empty(t, m.must, "missed by SCAN")
				m.scanning = false
			}
		},
		"random": func(t *rapid.T) {
			r := m.d.Random(rapid.Uint64().Draw(t, "rnd"))
			out := make([]Ref, rapid.IntRange(0, 40).Draw(t, "n"))
			n := m.d.Sample(rapid.Uint64().Draw(t, "rnd"), out)
			require.Equal(t, min(len(out), len(m.keys)), n)
			if len(m.keys) == 0 {
				require.Zero(t, r)
				return
			}
			seen := map[Ref]bool{}
			for _, r := range append(out[:n:n], r) {
				e := m.keys[string(m.d.Key(r))]
				require.Equal(t, e.ref, r)
				seen[r] = true
			}
			require.GreaterOrEqual(t, len(seen), n)
		},
		"warm": func(t *rapid.T) { m.d.Warm(rapid.SliceOf(rapid.Uint64()).Draw(t, "hashes")) },
		"due": func(t *rapid.T) {
			jump := rapid.SampledFrom([]int64{0, 1, 2, 63, 64, 65, 5000, 1e6, 9e7, 9e9, 9e11}).Draw(t, "jump")
			m.now += rapid.Int64Range(0, jump).Draw(t, "passed")
			m.due(t, rapid.IntRange(1, 30).Draw(t, "limit"), rapid.Bool().Draw(t, "keep"))
		},
		"nextDeadline": func(t *rapid.T) {
			if ms, ok := m.d.NextDeadline(); ok && ms < m.now+1e12 {
				m.now = max(m.now, ms)
				m.due(t, rapid.IntRange(1, 30).Draw(t, "limit"), false)
			}
		},
	}
}

// drop forgets what value e has.
func (e *entry) drop() { e.obj, e.objBytes, e.val = nil, 0, nil }

func (m *model) valueActions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"setString": func(t *rapid.T) {
			_, e := m.pick(t)
			e.drop()
			e.val, e.typ, e.resident = drawBytes(t), TypeString, true
			e.valueLen = len(e.val)
			e.ref = m.d.SetString(e.ref, e.val)
		},
		"growString": func(t *rapid.T) {
			_, e := m.pick(t)
			was := append([]byte(nil), e.val...)
			e.drop()
			n := len(was) + rapid.IntRange(-20, 20).Draw(t, "by")
			if rapid.IntRange(0, 5).Draw(t, "far") == 0 {
				n = rapid.IntRange(0, 70000).Draw(t, "n")
			}
			n = max(n, 0)
			e.val = make([]byte, n)
			copy(e.val, was)
			var b []byte
			e.ref, b = m.d.GrowString(e.ref, n)
			require.True(t, bytes.Equal(e.val, b))
			if n > 0 {
				e.val[n-1], b[n-1] = 'x', 'x'
			}
			e.typ, e.resident, e.valueLen = TypeString, true, n
		},
		"setObject": func(t *rapid.T) {
			_, e := m.pick(t)
			e.drop()
			e.obj, e.objBytes = new(int), rapid.IntRange(0, 1000).Draw(t, "bytes")
			e.typ, e.resident, e.valueLen = uint8(rapid.IntRange(2, 6).Draw(t, "type")), true, 0
			e.ref = m.d.SetObject(e.ref, e.typ, e.obj, e.objBytes)
		},
		"resize": func(t *rapid.T) {
			if _, e := m.pick(t); e.obj != nil {
				e.objBytes = rapid.IntRange(0, 1000).Draw(t, "bytes")
				m.d.Resize(e.ref, e.objBytes)
			}
		},
	}
}

// metaActions change all but the value (and drop it).
func (m *model) metaActions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"setAddr": func(t *rapid.T) {
			_, e := m.pick(t)
			e.lsn = unit.LSN(rapid.OneOf(rapid.Uint64Range(0, 1), rapid.Uint64Range(1<<48-1, 1<<48), rapid.Uint64Range(0, 1<<49), rapid.Uint64()).Draw(t, "lsn"))
			e.span = rapid.OneOf(rapid.Uint32Range(0, 1<<16), rapid.Just(uint32(1<<16)), rapid.Uint32()).Draw(t, "span")
			e.ref = m.d.SetAddr(e.ref, e.lsn, e.span)
			if e.lsn == 0 {
				e.span = 0
			}
		},
		"drop": func(t *rapid.T) {
			_, e := m.pick(t)
			if e.lsn == 0 || e.dirty || e.pinned {
				require.Panics(t, func() { m.d.Drop(e.ref) })
				return
			}
			if e.obj != nil {
				e.valueLen = e.objBytes
			}
			e.drop()
			e.resident = false
			e.ref = m.d.Drop(e.ref)
		},
		"marks": func(t *rapid.T) {
			_, e := m.pick(t)
			e.dirty, e.pinned = rapid.Bool().Draw(t, "dirty"), rapid.Bool().Draw(t, "pinned")
			m.d.SetDirty(e.ref, e.dirty)
			m.d.Pin(e.ref, e.pinned)
		},
		"touch": func(t *rapid.T) {
			_, e := m.pick(t)
			now, rnd := uint16(rapid.IntRange(0, 65535).Draw(t, "clock")), rapid.Uint32().Draw(t, "rnd")
			e.counter -= uint8(min(now-e.clock, uint16(e.counter)))
			if base := max(float64(e.counter)-5, 0); e.counter < 255 && float64(rnd)/(1<<32) < 1/(base*10+1) {
				e.counter++
			}
			e.clock = now
			m.d.Touch(e.ref, now, rnd)
		},
		"setDeadline": func(t *rapid.T) {
			_, e := m.pick(t)
			e.deadline, e.reported = m.drawDeadline(t), false
			e.ref = m.d.SetDeadline(e.ref, unit.Deadline(e.deadline))
		},
		"setDeadlines": func(t *rapid.T) {
			for _, k := range m.sorted() {
				if e := m.keys[k]; rapid.Bool().Draw(t, "this") {
					e.deadline, e.reported = m.drawDeadline(t), false
					e.ref = m.d.SetDeadline(e.ref, unit.Deadline(e.deadline))
				}
			}
		},
		"requeue": func(t *rapid.T) {
			if _, e := m.pick(t); e.deadline != 0 {
				m.d.Requeue(e.ref)
				e.reported = false
			}
		},
	}
}
