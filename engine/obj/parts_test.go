package obj

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPartsOfAChangingHash images hashes part by part while fields come, change
// and go, and wants what the parts make to be what the hash is, its order included.
func TestPartsOfAChangingHash(t *testing.T) {
	for seed := range 300 {
		rng := rand.New(rand.NewSource(int64(seed)))
		lim := &Limits{Entries: 4, Value: 64, Seed: uint64(seed)}
		h := NewHashLimits(lim)
		for i := range 5 + rng.Intn(200) {
			h.Set(fmt.Appendf(nil, "f%d", i), make([]byte, rng.Intn(20)))
		}
		p := NewParts(h)
		require.NotNil(t, p)
		require.True(t, p.Of(h))
		a, err := NewAssembly(TypeHash, lim)
		require.NoError(t, err)
		for done := false; !done; {
			for range rng.Intn(12) {
				f := fmt.Appendf(nil, "f%d", rng.Intn(250))
				_, there := h.Get(f)
				switch {
				case rng.Intn(2) == 0:
					v := make([]byte, rng.Intn(20))
					rng.Read(v)
					if !h.Set(f, v) {
						p.Set(f, v)
					}
				case there && h.Len() > 1:
					p.Del(f)
					h.Del(f)
				}
			}
			done = another(t, p, a, 60)
		}
		require.Equal(t, h.AppendImage(nil), a.Hash().AppendImage(nil), "seed %d", seed)
	}
}

// another has the next part, of about n bytes, put into a, and reports whether
// it was the last.
func another(t *testing.T, p *Parts, a *Assembly, n int) (done bool) {
	most := p.Ahead(n)
	done = p.Go(n)
	part := p.Part()
	require.LessOrEqual(t, len(part), most)
	require.NoError(t, a.Add(part))
	return done
}

// TestPartsOfAChangingList is that for lists.
func TestPartsOfAChangingList(t *testing.T) {
	for seed := range 300 {
		rng := rand.New(rand.NewSource(int64(seed)))
		l := NewList()
		for i := range 5 + rng.Intn(300) {
			l.Push(false, fmt.Appendf(nil, "e%d", i))
		}
		p := NewParts(l)
		a, err := NewAssembly(TypeList, nil)
		require.NoError(t, err)
		for done := false; !done; {
			for range rng.Intn(12) {
				v := fmt.Appendf(nil, "v%d", rng.Int())
				switch i := rng.Intn(l.Len()); rng.Intn(5) {
				case 0, 1:
					pos, spaced := l.Push(i&1 == 0, v)
					require.False(t, spaced)
					p.Put(pos, v)
				case 2:
					pos, spaced := l.Insert(i, v)
					require.False(t, spaced)
					p.Put(pos, v)
				case 3:
					pos := l.Position(i)
					l.Put(pos, v)
					p.Put(pos, v)
				case 4:
					x, y := l.Position(i), l.Position(min(i+rng.Intn(4), l.Len()-1))
					if l.Len() > 5 {
						l.Remove(x, y)
						p.Cut(x, y)
					}
				}
			}
			done = another(t, p, a, 200)
		}
		require.Equal(t, l.AppendImage(nil), a.List().AppendImage(nil), "seed %d", seed)
	}
}

// FuzzAssembly feeds parts that nobody vouches for.
func FuzzAssembly(f *testing.F) {
	f.Add(false, []byte{itemRun, 1, 1, 'a', 1, 'b', itemReplace, 1, 'a', 1, 'c', 0, itemSet, 1, 'c', 1, 'x', itemDel, 1, 'c'})
	f.Add(true, []byte{itemListRun, 1, 0, 2, 'a', itemPut, 2, 1, 'b', itemCut, 0, 2})
	f.Fuzz(func(t *testing.T, list bool, part []byte) {
		typ := TypeHash
		if list {
			typ = TypeList
		}
		a, err := NewAssembly(typ, &defaultLimits)
		require.NoError(t, err)
		if a.Add(part) == nil && a.Len() > 0 && list {
			_, err := DecodeList(a.List().AppendImage(nil))
			require.NoError(t, err)
		}
	})
}
