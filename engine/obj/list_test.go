package obj

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// elements is a list as simple as can be.
type elements []element

type element struct {
	pos int64
	v   string
}

// read returns all of a list, read in both directions, and checks its shape.
func read(t require.TestingT, l *List) (e elements) {
	l.Walk(0, false, func(pos int64, v []byte) bool {
		e = append(e, element{pos, string(v)})
		return true
	})
	require.Equal(t, len(e), l.Len())
	i := len(e)
	l.Walk(len(e)-1, true, func(pos int64, v []byte) bool {
		i--
		require.Equal(t, e[i], element{pos, string(v)})
		return true
	})
	require.Zero(t, i)
	held, count := 0, 0
	for i := range l.nodes() {
		nd := l.node(i)
		require.NotZero(t, nd.n)
		require.LessOrEqual(t, nd.n, nodeEntries)
		held, count = held+cap(nd.buf), count+nd.n
	}
	require.Equal(t, len(e), count)
	if l.many != nil {
		require.Greater(t, l.nodes(), 1)
		require.Equal(t, l.many.held, held)
		if tl := l.many.tail; tl != nil && tl.n > 0 {
			nd, known := l.node(l.nodes()-1), tail{}
			known.learn(nd)
			require.Equal(t, nd.n, tl.n)
			require.Equal(t, known.starts[:nd.n], tl.starts[:nd.n])
		}
		for i, nd := range l.many.all {
			require.True(t, i >= l.many.from && i < l.many.to || nd.buf == nil)
		}
	}
	for i := range e[min(1, len(e)):] {
		require.Less(t, e[i].pos, e[i+1].pos)
	}
	return e
}

// equal compares a list with what it ought to be.
func equal(t require.TestingT, want elements, l *List) {
	got := read(t, l)
	require.Equal(t, len(want), len(got))
	for i := range want {
		require.Equal(t, want[i], got[i])
	}
}

func TestListModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, replica := NewList(), NewList()
		var m elements
		size := rapid.SampledFrom([]int{3, 40, 3000}).Draw(t, "size")
		value := func() []byte {
			return bytes.Repeat([]byte{byte('a' + len(m)%26)}, rapid.IntRange(0, size).Draw(t, "length"))
		}
		add := func(i int, pos int64, spaced bool, v []byte) {
			if spaced {
				for j, e := range read(t, l) {
					if j < i {
						m[j].pos = e.pos
					} else if j > i {
						m[j-1].pos = e.pos
					}
				}
				replica, _ = DecodeList(l.AppendImage(nil))
			}
			m = slices.Insert(m, i, element{pos, string(v)})
			replica.Put(pos, v)
		}
		for range rapid.IntRange(0, 3).Draw(t, "bulks") * 70 {
			pos, spaced := l.Push(false, []byte("bulk"))
			add(len(m), pos, spaced, []byte("bulk"))
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			at := 0
			if len(m) > 0 {
				at = rapid.IntRange(0, len(m)-1).Draw(t, "at")
			}
			switch op := rapid.IntRange(0, 10).Draw(t, "op"); {
			case op < 2:
				v := value()
				pos, spaced := l.Push(op == 0, v)
				if op == 0 {
					at = 0
				} else {
					at = len(m)
				}
				add(at, pos, spaced, v)
			case op < 4:
				v := value()
				pos, spaced := l.Insert(at, v)
				add(at, pos, spaced, v)
			case len(m) == 0:
			case op == 4:
				v := value()
				m[at].v = string(v)
				l.Put(m[at].pos, v)
				replica.Put(m[at].pos, v)
			case op == 5:
				require.Equal(t, m[at].v, string(l.At(at)))
				require.Equal(t, m[at].pos, l.Position(at))
			case op == 6, op == 7:
				if at = 0; op == 7 {
					at = len(m) - 1
				}
				pos, v := l.Pop(op == 6, []byte("x"))
				require.Equal(t, m[at], element{pos, string(v[1:])})
				require.Equal(t, byte('x'), v[0])
				replica.Remove(pos, pos)
				m = slices.Delete(m, at, at+1)
			case op == 8:
				one := rapid.SampledFrom([]int{1, 2, 3, 50}).Draw(t, "one in")
				var gone []int64
				kept, runs := elements{}, 0
				for i, e := range m {
					if i < at || i%one != 0 {
						kept = append(kept, e)
						continue
					}
					if gone = append(gone, e.pos); i == at || (i-1)%one != 0 {
						runs++
					}
				}
				got := l.RemoveAll(gone)
				require.Len(t, got, runs)
				for _, run := range got {
					replica.Remove(run.First, run.Last)
				}
				m = kept
			default:
				end := min(len(m), at+rapid.SampledFrom([]int{1, 1, 1, 5, 200}).Draw(t, "span"))
				a, b := m[at].pos, m[end-1].pos
				require.Equal(t, end-at, l.Remove(a, b))
				replica.Remove(a, b)
				require.Zero(t, l.Remove(a, b))
				m = slices.Delete(m, at, end)
			}
		}
		equal(t, m, l)
		equal(t, m, replica)
		equal(t, m, l.Clone())
		image := l.AppendImage(nil)
		back, err := DecodeList(image)
		require.NoError(t, err)
		equal(t, m, back)
		require.Equal(t, image, back.AppendImage(nil))
	})
}

// TestListSpaces: inserting at one place uses its gap up; then all are spaced
// anew, and positions at the ends of what a number can be are no end either.
func TestListSpaces(t *testing.T) {
	l := NewList()
	l.Push(false, []byte("a"))
	l.Push(false, []byte("z"))
	n := 0
	for ; ; n++ {
		tight := l.Tight()
		back, err := DecodeList(l.AppendImage(nil))
		require.NoError(t, err)
		require.Equal(t, tight, back.Tight())
		_, spaced := l.Insert(1, []byte("m"))
		require.Equal(t, tight, spaced)
		if spaced {
			break
		}
	}
	require.Equal(t, gapBits, n)
	require.False(t, l.Tight())
	require.Equal(t, "z", string(l.At(l.Len()-1)))
	l = NewList()
	l.Put(math.MaxInt64, []byte("last"))
	l.Put(math.MinInt64, []byte("first"))
	e := read(t, l)
	require.Equal(t, "first", e[0].v)
	_, spaced := l.Push(true, []byte("before"))
	require.True(t, spaced)
	equal(t, elements{{-listGap, "before"}, {0, "first"}, {listGap, "last"}}, l)
}

func TestPositions(t *testing.T) {
	for _, pos := range []int64{0, 1, -1, listGap, -listGap, 5 * listGap, listGap / 2, math.MaxInt64, math.MinInt64} {
		require.Equal(t, pos, UnpackPosition(PackPosition(pos)))
	}
	require.Equal(t, uint64(6), PackPosition(3*listGap))
	require.Equal(t, uint64(5), PackPosition(-3*listGap))
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64().Draw(t, "x")
		require.Equal(t, x, PackPosition(UnpackPosition(x)))
	})
}

// TestListQueue: a list that is pushed to at one end and popped from at the
// other takes the room of what is in it.
func TestListQueue(t *testing.T) {
	for _, left := range []bool{false, true} {
		l := NewList()
		for i := range 50_000 {
			l.Push(left, []byte(fmt.Sprintf("item:%08d", i)))
			if l.Len() > 1000 {
				gone := l.Position(0)
				if left {
					gone = l.Position(l.Len() - 1)
				}
				require.Equal(t, 1, l.Remove(gone, gone))
			}
		}
		read(t, l)
		require.Less(t, l.Bytes(), 1000*14*13/10)
	}
}

func TestListMemory(t *testing.T) {
	l := NewList()
	for range 10 {
		l.Push(false, []byte("0123456789"))
	}
	require.LessOrEqual(t, l.Bytes(), 200)
	for range 10_000 {
		l.Push(false, []byte("0123456789"))
	}
	require.Less(t, l.Bytes(), 10_000*11*13/10)
}
