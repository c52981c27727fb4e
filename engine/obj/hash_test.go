package obj

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// model is a hash as simple as can be: fields in order, a deletion handled as
// the encoding at hand does.
type model struct {
	fields []string
	values map[string]string
}

func (m *model) set(f, v string) bool {
	_, had := m.values[f]
	if !had {
		m.fields = append(m.fields, f)
	}
	m.values[f] = v
	return !had
}

func (m *model) del(f string, swap bool) bool {
	if _, had := m.values[f]; !had {
		return false
	}
	delete(m.values, f)
	last := len(m.fields) - 1
	for i, g := range m.fields {
		if g != f {
			continue
		}
		if swap {
			m.fields[i] = m.fields[last]
			m.fields = m.fields[:last]
		} else {
			m.fields = append(m.fields[:i], m.fields[i+1:]...)
		}
		break
	}
	return true
}

func (m *model) check(t require.TestingT, h *Hash) {
	require.Equal(t, len(m.fields), h.Len())
	i := 0
	h.Each(func(f, v []byte) bool {
		require.Equal(t, m.fields[i], string(f))
		require.Equal(t, m.values[m.fields[i]], string(v))
		i++
		return true
	})
	require.Equal(t, len(m.fields), i)
	if h.table != nil {
		h.table.verify(t)
	}
}

// verify checks the shape of a table.
func (t *table) verify(tt require.TestingT) {
	require.Equal(tt, max(t.n, minBuckets), t.buckets)
	seen, live := 0, [2]int{}
	for b := range t.buckets {
		var last *entry
		for i := *t.head(b); i != 0; {
			e := t.entry(int(i - 1))
			f, _ := t.pair(e)
			require.Equal(tt, t.hash(f), e.hash)
			require.Equal(tt, b, t.bucket(e.hash))
			require.Equal(tt, b, int(e.hash&t.bucketMask(e.hash)))
			if last != nil {
				g, _ := t.pair(last)
				require.True(tt, last.hash < e.hash || last.hash == e.hash && bytes.Compare(g, f) < 0)
			}
			n := int(e.field) + int(e.value)
			if n > classMost {
				live[e.at.store()] += len(t.stores[e.at.store()].chunks[e.at.index()])
			} else {
				_, size := classOf(n)
				live[e.at.store()] += size
			}
			last, i = e, e.next
			seen++
		}
	}
	require.Equal(tt, t.n, seen)
	total := [2]int{}
	for s := range t.stores {
		for _, c := range t.stores[s].chunks {
			total[s] += len(c)
		}
		require.Equal(tt, live[s], t.stores[s].live)
		require.Equal(tt, total[s], t.stores[s].total)
	}
}

// same checks that two hashes cannot be told apart, and will not be.
func same(t require.TestingT, a, b *Hash) {
	require.Equal(t, a.Len(), b.Len())
	require.Equal(t, a.Encoding(), b.Encoding())
	require.Equal(t, a.AppendImage(nil), b.AppendImage(nil))
	for cursor := uint64(0); ; {
		var x, y []string
		n := a.Scan(cursor, 3, func(f, v []byte) { x = append(x, string(f), string(v)) })
		m := b.Scan(cursor, 3, func(f, v []byte) { y = append(y, string(f), string(v)) })
		require.Equal(t, n, m)
		require.Equal(t, x, y)
		if cursor = n; n == 0 {
			return
		}
	}
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := &Limits{Entries: rapid.IntRange(0, 12).Draw(t, "entries"), Value: rapid.IntRange(0, 40).Draw(t, "value"),
			WeakHash: rapid.Bool().Draw(t, "weak")}
		h := NewHashLimits(lim)
		m := &model{values: map[string]string{}}
		span := rapid.SampledFrom([]int{5, 40, 400}).Draw(t, "span")
		name := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprint("field:", rapid.IntRange(0, span).Draw(t, "n"))
		})
		for range rapid.IntRange(0, 2).Draw(t, "bulks") * 70 {
			f, v := fmt.Sprint("field:", h.Len()), strings.Repeat("w", h.Len()%90)
			require.Equal(t, m.set(f, v), h.Set([]byte(f), []byte(v)))
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				f := name.Draw(t, "f")
				n := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(20, 300), rapid.IntRange(4000, 9000)).Draw(t, "size")
				v := strings.Repeat(string(rune('a'+n%26)), n)
				require.Equal(t, m.set(f, v), h.Set([]byte(f), []byte(v)))
			},
			"del": func(t *rapid.T) {
				f := name.Draw(t, "f")
				require.Equal(t, m.del(f, h.table != nil), h.Del([]byte(f)))
			},
			"get": func(t *rapid.T) {
				f := name.Draw(t, "f")
				want, had := m.values[f]
				v, ok := h.Get([]byte(f))
				require.Equal(t, had, ok)
				require.Equal(t, want, string(v))
			},
			"at": func(t *rapid.T) {
				if h.Len() == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, h.Len()-1).Draw(t, "i")
				f, v := h.At(i)
				require.Equal(t, m.fields[i], string(f))
				require.Equal(t, m.values[m.fields[i]], string(v))
			},
			"reload": func(t *rapid.T) {
				d, err := DecodeHashLimits(h.AppendImage(nil), lim)
				require.NoError(t, err)
				same(t, h, d)
				h = d
			},
			"clone": func(t *rapid.T) {
				c := h.Clone()
				require.Equal(t, h.Bytes(), c.Bytes())
				same(t, h, c)
				h.Set([]byte("gone"), []byte("x"))
				h = c
			},
			"": func(t *rapid.T) { m.check(t, h) },
		})
	})
}

func TestEncodings(t *testing.T) {
	h := NewHash()
	for i := range 128 {
		h.Set(fmt.Append(nil, i), bytes.Repeat([]byte("v"), 64))
	}
	require.Equal(t, "listpack", h.Encoding())
	h.Set([]byte("0"), []byte("w"))
	require.Equal(t, "listpack", h.Encoding())
	h.Set([]byte("one more"), nil)
	require.Equal(t, "hashtable", h.Encoding())
	h = NewHash()
	h.Set([]byte("f"), bytes.Repeat([]byte("v"), 65))
	require.Equal(t, "hashtable", h.Encoding())
	h = NewHash()
	h.Set(bytes.Repeat([]byte("f"), 65), nil)
	require.Equal(t, "hashtable", h.Encoding())
}

// TestScanGuarantee: a field that stays is seen, whatever else comes and goes,
// and though the hash goes to disk and back on the way.
func TestScanGuarantee(t *testing.T) {
	thoroughly(t, 2000)
	rapid.Check(t, func(t *rapid.T) {
		lim := &Limits{Seed: rapid.Uint64().Draw(t, "seed")}
		h := NewHashLimits(lim)
		stay := rapid.IntRange(0, 200).Draw(t, "stay")
		for i := range stay {
			h.Set(fmt.Append(nil, "stay", i), nil)
		}
		seen := map[string]bool{}
		extra := 0
		for cursor, calls := uint64(0), 0; ; calls++ {
			require.Less(t, calls, 5000)
			count := rapid.IntRange(1, 20).Draw(t, "count")
			cursor = h.Scan(cursor, count, func(f, _ []byte) { seen[string(f)] = true })
			if cursor == 0 {
				break
			}
			grow := rapid.IntRange(-60, 60).Draw(t, "grow")
			for ; grow > 0 && extra < 1000; grow-- {
				h.Set(fmt.Append(nil, "extra", extra), nil)
				extra++
			}
			for ; grow < 0 && extra > 0; grow++ {
				extra--
				require.True(t, h.Del(fmt.Append(nil, "extra", extra)))
			}
			if rapid.IntRange(0, 9).Draw(t, "reload") == 0 {
				var err error
				h, err = DecodeHashLimits(h.AppendImage(nil), lim)
				require.NoError(t, err)
			}
		}
		for i := range stay {
			require.True(t, seen[fmt.Sprint("stay", i)], i)
		}
	})
}

func TestScanSeesEachOnceWhenNothingChanges(t *testing.T) {
	for _, n := range []int{1, 4, 5, 127, 128, 129, 1000, 1024, 1025} {
		h := NewHashLimits(&Limits{})
		for i := range n {
			h.Set(fmt.Append(nil, i), nil)
		}
		seen := map[string]int{}
		for cursor := uint64(0); ; {
			cursor = h.Scan(cursor, 10, func(f, _ []byte) { seen[string(f)]++ })
			if cursor == 0 {
				break
			}
		}
		require.Len(t, seen, n)
		for f, times := range seen {
			require.Equal(t, 1, times, f)
		}
	}
}

func TestScanTakesAnyCursor(t *testing.T) {
	thoroughly(t, 1000)
	h := NewHashLimits(&Limits{})
	for i := range 300 {
		h.Set(fmt.Append(nil, i), nil)
	}
	rapid.Check(t, func(t *rapid.T) {
		cursor := rapid.Uint64().Draw(t, "cursor")
		for calls := 0; ; calls++ {
			require.Less(t, calls, 1000)
			if cursor = h.Scan(cursor, rapid.IntRange(-5, 1<<30).Draw(t, "count"), func(_, _ []byte) {}); cursor == 0 {
				return
			}
		}
	})
}

// TestLarge grows a table far over its pages and shrinks it to nothing.
func TestLarge(t *testing.T) {
	const n = 50_000
	h := NewHash()
	for i := range n {
		require.True(t, h.Set(fmt.Append(nil, "field:", i), fmt.Append(nil, "value:", i)))
	}
	h.table.verify(t)
	per := h.Bytes() / n
	require.Less(t, per, 64) // 23 bytes of text
	same(t, h, h.Clone())
	for i := range n {
		v, ok := h.Get(fmt.Append(nil, "field:", i))
		require.True(t, ok)
		require.Equal(t, fmt.Sprint("value:", i), string(v))
	}
	for i := range n - 100 {
		require.True(t, h.Del(fmt.Append(nil, "field:", i)))
	}
	h.table.verify(t)
	require.Less(t, h.Bytes(), 60_000)
}

// TestValuesOfChangingSizeLeaveNoWaste keeps a few fields and rewrites them in
// ever different sizes.
func TestValuesOfChangingSizeLeaveNoWaste(t *testing.T) {
	h := NewHashLimits(&Limits{})
	for i := range 100_000 {
		h.Set(fmt.Append(nil, i%200), make([]byte, i*37%1500))
	}
	h.table.verify(t)
	require.Less(t, h.Bytes(), 3*200*1500)
}

func TestDecodeHashRefuses(t *testing.T) {
	for _, image := range []string{
		"", "\x00", "\x03\x00", "\x01", "\x01\x01", "\x01\x01\x00", "\x02\x01\x01",
		"\x01\x00x",                          // bytes behind the end
		"\x01\x02\x01a\x00\x01a\x00",         // a field twice
		"\x02\x02\x01a\x00\x01a\x00",         // a field twice
		"\x01\x81\x00\x00\x00",               // a number longer than it need be
		"\x02\xff\xff\xff\xff\xff\xff\x7f",   // a count beyond all bounds
		"\x01\x01\xff\xff\xff\xff\xff\x01ab", // a length beyond the end
	} {
		_, err := DecodeHash([]byte(image))
		require.ErrorIs(t, err, ErrImage, "%q", image)
	}
}

func TestImageOfEmpty(t *testing.T) {
	d, err := DecodeHash(NewHash().AppendImage(nil))
	require.NoError(t, err)
	require.Zero(t, d.Len())
}

func filled(n int) *Hash {
	h := NewHash()
	for i := range n {
		h.Set(fmt.Append(nil, "field:", i), fmt.Append(nil, "value:", i))
	}
	return h
}

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := filled(n)
			keys := make([][]byte, n)
			for i := range n {
				keys[i] = fmt.Append(nil, "field:", i)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok := h.Get(keys[i*7919%n]); !ok {
					b.Fatal(i)
				}
				i++
			}
		})
	}
}

func BenchmarkSetNew(b *testing.B) {
	h := NewHash()
	var f [32]byte
	for i := range b.N {
		h.Set(fmt.Append(f[:0], i), f[:16])
	}
}

func BenchmarkDecodeHash(b *testing.B) {
	for _, n := range []int{10, 128, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			image := filled(n).AppendImage(nil)
			for b.Loop() {
				if _, err := DecodeHash(image); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
