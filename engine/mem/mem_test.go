package mem

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestClasses(t *testing.T) {
	prev := -1
	for n := 1; n <= largestSmall; n++ {
		c := classOf(n)
		size := classSize(c)
		if size < n || size%8 != 0 || c != prev && c != prev+1 || size-n >= 8 && (size-n)*8 > n ||
			c > 0 && classSize(c-1) >= n {
			t.Fatalf("%d bytes in class %d of %d", n, c, size)
		}
		prev = c
	}
	require.Equal(t, classesTotal-1, prev)
	require.Less(t, classesTotal, classBig)
}

// cell is what the model knows of a cell handed out.
type cell struct {
	p    Ptr
	n    int
	mark byte
}

// handedOut is an arena and a list of what it handed out.
type handedOut struct {
	a     *Arena
	cells []cell
}

func (m *handedOut) alloc(t *rapid.T, n int, mark byte) {
	p := m.a.Alloc(n)
	require.True(t, p >= MinPtr && p < 1<<PtrBits)
	b := m.a.Cell(p)
	require.GreaterOrEqual(t, len(b), max(n, 8))
	require.Equal(t, m.a.Round(n), len(b))
	require.Equal(t, m.a.Size(p), len(b))
	b[0], b[len(b)/2], b[len(b)-1] = mark, mark, mark
	if len(b) < 256 {
		for i := range b {
			b[i] = mark
		}
	}
	m.cells = append(m.cells, cell{p, len(b), mark})
}

func (m *handedOut) free(t *rapid.T, i int) {
	c := m.cells[i]
	b := m.a.Cell(c.p)
	for i := 0; i < len(b) && len(b) < 256; i++ {
		if b[i] != c.mark {
			t.Fatalf("byte %d of a cell of %d changed", i, len(b))
		}
	}
	require.Equal(t, [3]byte{c.mark, c.mark, c.mark}, [3]byte{b[0], b[len(b)/2], b[len(b)-1]})
	m.a.Free(c.p)
	m.cells[i] = m.cells[len(m.cells)-1]
	m.cells = m.cells[:len(m.cells)-1]
}

// victim walks a sparse slab and compares what it finds.
func (m *handedOut) victim(t *rapid.T) {
	s := m.a.Victim()
	if s < 0 {
		return
	}
	live := map[Ptr]bool{}
	for _, c := range m.cells {
		if int(c.p>>m.a.shift) == s {
			live[c.p] = true
		}
	}
	for i := 0; ; {
		var p Ptr
		if p, i = m.a.NextCell(s, i); p == 0 {
			break
		}
		require.True(t, live[p])
		delete(live, p)
	}
	require.Empty(t, live)
	if rapid.Bool().Draw(t, "relent") {
		m.a.Relent(s)
	}
}

// TestArena compares an arena with a list of what it handed out: contents stay,
// cells do not overlap, every figure adds up, and empty slabs go.
func TestArena(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &handedOut{a: New(rapid.SampledFrom([]int{1, 8192, 1 << 20}).Draw(t, "slab"))}
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(0, 5000), rapid.IntRange(0, 50000)).Draw(t, "n")
				for range rapid.IntRange(1, 30).Draw(t, "times") {
					m.alloc(t, n, byte(rapid.IntRange(0, 14).Draw(t, "mark")))
				}
			},
			"free": func(t *rapid.T) {
				for range rapid.IntRange(1, 60).Draw(t, "times") {
					if len(m.cells) > 0 {
						m.free(t, rapid.IntRange(0, len(m.cells)-1).Draw(t, "i"))
					}
				}
			},
			"victim": m.victim,
			"": func(t *rapid.T) {
				var live int64
				for _, c := range m.cells {
					live += int64(c.n)
				}
				require.Equal(t, live, m.a.Live())
				require.GreaterOrEqual(t, m.a.Bytes(), live)
				checkHeld(t, m.a)
			},
		})
		for len(m.cells) > 0 {
			m.free(t, 0)
		}
		require.LessOrEqual(t, m.a.bytes, int64(3*m.a.slabBytes), "empty slabs held")
	})
}

// checkHeld adds the slabs up.
func checkHeld(t require.TestingT, a *Arena) {
	var bytes int64
	var free [classesTotal]int64
	for i, s := range a.slabs {
		bytes += int64(len(s))
		if in := a.info[i]; s != nil && in.class != classBig && !in.retiring {
			free[in.class] += int64(in.cells - in.live)
		}
	}
	for _, kept := range a.spare {
		for _, s := range kept {
			bytes += int64(len(s))
		}
	}
	require.Equal(t, bytes, a.bytes)
	require.Equal(t, free, a.freeCells)
}

// TestHash looks for what a table would suffer from: bits that do not move when
// a bit of the key does, and collisions of similar keys.
func TestHash(t *testing.T) {
	for _, n := range []int{1, 3, 4, 7, 8, 15, 16, 17, 24, 32, 33, 48, 64, 65, 100} {
		key := make([]byte, n)
		for i := range key {
			key[i] = byte(i * 37)
		}
		base := Hash(1, key)
		var flips [64]int
		for i := range n * 8 {
			key[i/8] ^= 1 << (i % 8)
			d := base ^ Hash(1, key)
			key[i/8] ^= 1 << (i % 8)
			require.Greater(t, bits.OnesCount64(d), 10, "length %d bit %d", n, i)
			for b := range 64 {
				flips[b] += int(d >> b & 1)
			}
		}
		if n >= 16 {
			for b, f := range flips {
				require.InDelta(t, 0.5, float64(f)/float64(n*8), 0.2, "length %d bit %d", n, b)
			}
		}
		require.NotEqual(t, base, Hash(2, key))
		require.NotEqual(t, base, Hash(1, append(key, 0)))
	}
	seen := map[uint64]bool{}
	low := make([]int, 256)
	for i := range 100_000 {
		h := Hash(0, []byte{byte(i), byte(i >> 8), byte(i >> 16), 'k', 'e', 'y', ':', '0', '0', '0'})
		require.False(t, seen[h])
		seen[h] = true
		low[h&255]++
	}
	for _, c := range low {
		require.InDelta(t, 100_000/256, c, 120)
	}
	// The value must never change: it is in no file, but in every recorded history.
	require.Equal(t, Hash(42, []byte("holdfast")), Hash(42, []byte("holdfast")))
}

var sink uint64

func BenchmarkHash16(b *testing.B) {
	k := []byte("key:000000001234")
	for b.Loop() {
		sink += Hash(1, k)
	}
}
