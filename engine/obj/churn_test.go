package obj

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// thoroughly makes a cheap property run more often than the usual.
func thoroughly(t *testing.T, checks int) {
	f := flag.Lookup("rapid.checks")
	usual := f.Value.String()
	f.Value.Set(fmt.Sprint(checks))
	t.Cleanup(func() { f.Value.Set(usual) })
}

// TestChurn rewrites a table for long enough that it is tidied up many times,
// and looks at it, copies it and reloads it in the middle of that.
func TestChurn(t *testing.T) {
	lim := &Limits{Seed: 5}
	rnd := rand.New(rand.NewSource(1))
	h := NewHashLimits(lim)
	m := &model{values: map[string]string{}}
	m.set("first", "")
	h.Set([]byte("first"), nil)
	tidying, rounds, before := 0, 0, false
	spans, sizes := []int{20, 100, 600}, []int{8, 100, 1000, 9000}
	span, size, deletions := 0, 0, 0
	for i := range 50_000 {
		if i%1500 == 0 {
			span, size = spans[rnd.Intn(len(spans))], sizes[rnd.Intn(len(sizes))]
			deletions = 1 + rnd.Intn(5)
		}
		f := fmt.Sprint("f", rnd.Intn(span))
		if rnd.Intn(6) < deletions {
			require.Equal(t, m.del(f, true), h.Del([]byte(f)))
		} else {
			v := string(bytes.Repeat([]byte{byte(i)}, rnd.Intn(size)))
			require.Equal(t, m.set(f, v), h.Set([]byte(f), []byte(v)))
		}
		now := h.table.stores[h.table.fresh^1].total > 0
		if now {
			tidying++
		}
		if now && !before {
			rounds++
		}
		before = now
		if i%1999 == 0 || now && tidying%397 == 0 {
			m.check(t, h)
			c := h.Clone()
			require.Equal(t, h.Bytes(), c.Bytes())
			same(t, h, c)
			d, err := DecodeHashLimits(h.AppendImage(nil), lim)
			require.NoError(t, err)
			same(t, h, d)
			if i%2 == 0 {
				h = c
			}
		}
		if g := fmt.Sprint("f", rnd.Intn(span)); i%7 == 0 {
			want, had := m.values[g]
			v, ok := h.Get([]byte(g))
			require.Equal(t, had, ok)
			require.Equal(t, want, string(v))
		}
	}
	require.Greater(t, rounds, 5)
	require.Greater(t, tidying, 300)
	for len(m.fields) > 0 {
		f := m.fields[len(m.fields)-1]
		require.True(t, m.del(f, true))
		require.True(t, h.Del([]byte(f)))
	}
	m.check(t, h)
	require.Less(t, h.Bytes(), 20_000)
}
