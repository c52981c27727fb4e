package wal

import (
	"fmt"
	"hash/fnv"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
)

// odometer runs through every sequence of choices, depth first.
type odometer struct {
	at, n []int
	i     int
}

func (o *odometer) choose(n int) int {
	if o.i == len(o.at) {
		o.at, o.n = append(o.at, 0), append(o.n, n)
	}
	if o.n[o.i] != n {
		panic("the history is not deterministic")
	}
	o.i++
	return o.at[o.i-1]
}

// next moves to the next sequence.
func (o *odometer) next() bool {
	o.i = 0
	for k := len(o.at) - 1; k >= 0; k-- {
		if o.at[k]++; o.at[k] < o.n[k] {
			o.at, o.n = o.at[:k+1], o.n[:k+1]
			return true
		}
	}
	return false
}

// TestEveryOrderAndImage plays tiny histories in every order of appends,
// completions and ticks, crashes them at every step to every image, and
// crashes each recovery at every step to every image again.
func TestEveryOrderAndImage(t *testing.T) {
	small := Config{SegmentBytes: 4096, BatchBytes: 1024, ReadBytes: 512, Prefix: "log"}
	for _, s := range []*story{
		{cfg: small, policy: Always, units: [][]int{{10}, {700}, {60, 60}}},
		{cfg: small, policy: Always, units: [][]int{{2800}, {90}}}, // into the next segment
		{cfg: small, policy: EverySec, units: [][]int{{10}, {700}, {90}}},
		{cfg: small, policy: No, units: [][]int{{10}, {700}, {90}}},
	} {
		seen := map[uint64]bool{}
		runs, images := 0, 0
		for o := (odometer{}); ; {
			runs++
			s.explore(t, &o, func(h *host, ends []unit.LSN) {
				if d := digest(h); seen[d] {
					return
				} else {
					seen[d] = true
				}
				images += everyImage(t, s, h, ends)
			})
			if !o.next() {
				break
			}
		}
		require.Greater(t, images, 50)
		t.Log(runs, "orders,", len(seen), "states,", images, "images")
	}
}

// explore plays s once, asking o what happens next.
func (s *story) explore(t testing.TB, o *odometer, at func(h *host, ends []unit.LSN)) {
	h := settled(t, s.cfg, 512)
	h.l.SetPolicy(s.policy)
	s.lsns = map[string]unit.LSN{}
	var ends []unit.LSN
	mono, ticks := int64(1), 0
	for {
		at(h, ends)
		more := b2i(len(ends) < len(s.units))
		tick := b2i(s.policy != Always && ticks < 2)
		n := len(h.fs.ops) + more + tick
		if n == 0 {
			return
		}
		switch k := o.choose(n); {
		case k < len(h.fs.ops):
			h.fs.complete(k)
		case more == 1 && k == len(h.fs.ops):
			i := len(ends)
			for j, n := range s.units[i] {
				s.lsns[keyOf(i, j)], _ = h.l.Append(&Record{Kind: String, Key: []byte(keyOf(i, j)), Value: value(i, n)})
			}
			h.l.EndUnit(unit.Time(i))
			ends = append(ends, h.l.Tail())
			h.l.Flush()
		default:
			ticks++
			mono += second
			h.l.Tick(mono)
			h.l.Tick(mono + gatherFor)
		}
	}
}

// digest identifies what a crash now can lead to.
func digest(h *host) uint64 {
	f := fnv.New64a()
	for _, name := range h.fs.names() {
		f.Write(h.fs.files[name].durable)
	}
	for _, p := range h.fs.pending() {
		fmt.Fprintf(f, "%s %d %x", p.file, p.off, p.data)
	}
	fmt.Fprint(f, h.committed)
	return f.Sum64()
}

// everyImage checks all crash images of h's disk and returns how many.
func everyImage(t testing.TB, s *story, h *host, ends []unit.LSN) int {
	least := 0
	for s.policy != No && least < len(ends) && ends[least] <= h.committed {
		least++
	}
	p := h.fs.pending()
	require.Less(t, len(p), 12)
	for set := range 1 << len(p) {
		img := h.fs.image(p, func(i int) bool { return set>>i&1 == 1 })
		survives(t, s, img, least, least, 1, rand.New(rand.NewSource(1)))
	}
	return 1 << len(p)
}
