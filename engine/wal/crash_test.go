package wal

import (
	"flag"
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// crashSeeds makes TestCrashImages longer.
var crashSeeds = flag.Int("crash.seeds", 1, "orders of completion tried per story")

// story is a small history: what is appended, and after which units the turn
// ends.
type story struct {
	cfg    Config
	policy Policy
	units  [][]int // sizes of the values of each unit
	turn   int     // units per turn
	keep   uint64  // segments kept behind the tail; 0: all

	lsns map[string]unit.LSN // of the records, by key; set by play
}

// keyOf names record j of unit i, so that a recovered record says which it is.
func keyOf(i, j int) string { return fmt.Sprintf("u%d.%d", i, j) }

// play runs the story, completing operations in an order drawn from rnd, and
// calls at before each completion and at the end.
func play(t testing.TB, s *story, fs *fakeFS, rnd *rand.Rand, at func(h *host, ends []unit.LSN)) *host {
	h := start(t, fs, s.cfg)
	h.l.SetPolicy(s.policy)
	s.lsns = map[string]unit.LSN{}
	var ends []unit.LSN
	mono := int64(0)
	for i := 0; i < len(s.units) || len(fs.ops) > 0; {
		if i < len(s.units) && (len(fs.ops) == 0 || rnd.Intn(3) == 0) {
			for k := 0; k < s.turn && i < len(s.units); k++ {
				for j, n := range s.units[i] {
					lsn, _ := h.l.Append(&Record{Kind: String, Key: []byte(keyOf(i, j)), Value: value(i, n)})
					s.lsns[keyOf(i, j)] = lsn
				}
				h.l.EndUnit(unit.Time(i))
				ends = append(ends, h.l.Tail())
				i++
			}
			if no := h.l.number(h.l.written); s.keep > 0 && no > s.keep {
				h.l.SetHead(h.l.start(no - s.keep))
			}
			h.l.Flush()
			mono += second / 2
			h.l.Tick(mono)
			continue
		}
		at(h, ends)
		fs.complete(rnd.Intn(len(fs.ops)))
	}
	at(h, ends)
	return h
}

// check requires that the records of h are those of the first n units of s,
// for some n, from the log's head on, and returns n.
func (s *story) check(t testing.TB, h *host) int {
	i, j := 0, 0
	next := func() {
		if j++; j == len(s.units[i]) {
			i, j = i+1, 0
		}
	}
	for i < len(s.units) && s.lsns[keyOf(i, j)] != 0 && s.lsns[keyOf(i, j)] < h.recovered.Head {
		next()
	}
	for _, r := range h.got {
		if i == len(s.units) {
			t.Fatalf("record %q after the last unit", r.Key)
		}
		require.Equal(t, keyOf(i, j), string(r.Key))
		require.Equal(t, value(i, s.units[i][j]), r.Value[:len(r.Value):len(r.Value)])
		next()
		require.Equal(t, j == 0, r.Last)
	}
	require.Zero(t, j, "half a unit")
	return i
}

// images calls fn with crash images of fs: all of them when they are few, else
// a sample that has the empty and the full one.
func images(fs *fakeFS, rnd *rand.Rand, limit int, fn func(*fakeFS)) {
	p := fs.pending()
	if n := len(p); n < 20 && 1<<n <= limit {
		for set := range 1 << n {
			fn(fs.image(p, func(i int) bool { return set>>i&1 == 1 }))
		}
		return
	}
	fn(fs.image(p, func(int) bool { return false }))
	fn(fs.image(p, func(int) bool { return true }))
	for range limit {
		odds := rnd.Intn(4)
		fn(fs.image(p, func(int) bool { return rnd.Intn(4) >= odds }))
	}
}

// survives recovers an image and checks what it holds; then it crashes that
// recovery at every step that changes the disk, depth times, and checks again. At least so many units
// must be there, and so many after a power cut in the middle of recovery.
func survives(t testing.TB, s *story, img *fakeFS, least, durable int, depth int, rnd *rand.Rand) {
	h := &host{t: t, fs: img}
	h.l = New(s.cfg, img, h)
	h.l.Recover(h)
	for h.recovered == nil {
		// Reading changes nothing: crash before what does.
		if k := img.ops[0].Kind; depth > 0 && k != vfs.Read && k != vfs.Open && len(img.pending()) > 0 {
			images(img, rnd, 4, func(again *fakeFS) { survives(t, s, again, durable, durable, depth-1, rnd) })
		}
		img.complete(0)
	}
	require.NoError(t, h.err)
	n := s.check(t, h)
	require.GreaterOrEqual(t, n, least, "committed units are gone")
	if depth == 0 {
		return
	}
	// The log goes on: one more unit, all of it durable, and nothing else.
	h.l.Append(&Record{Kind: String, Key: []byte("more")})
	h.l.EndUnit(7)
	h.l.Flush()
	img.run()
	require.GreaterOrEqual(t, h.committed, h.l.Tail())
	g := start(t, img.image(nil, nil), s.cfg)
	require.Equal(t, "more", string(g.got[len(g.got)-1].Key))
	g.got = g.got[:len(g.got)-1]
	require.Equal(t, n, s.check(t, g))
}

func stories() []story {
	small := Config{SegmentBytes: 4096, BatchBytes: 1024, ReadBytes: 512, Prefix: "log"}
	capped := small
	capped.CapBytes, capped.ReserveSegments = 5*4096, 1
	many := [][]int{{900}, {900, 900}, {1800}, {40}, {1200}, {1500, 600}, {900}, {1}, {2000}, {900}, {900, 900}, {10}}
	return []story{
		{cfg: small, policy: Always, units: [][]int{{10}, {20}, {30}}, turn: 1},
		{cfg: small, policy: Always, units: [][]int{{10}, {700}, {5, 5, 1500, 3}, {1}}, turn: 1},
		{cfg: small, policy: EverySec, units: [][]int{{10}, {600, 600}, {5}, {2500}, {1}, {2}}, turn: 1},
		{cfg: small, policy: No, units: [][]int{{10}, {600, 600}, {5}, {2500}, {1}, {2}}, turn: 2},
		{cfg: small, policy: Always, units: [][]int{{3000}, {5000}, {10}}, turn: 1},
		{cfg: capped, policy: Always, units: many, turn: 2, keep: 1},
		{cfg: capped, policy: EverySec, units: many, turn: 1, keep: 2},
	}
}

// TestCrashImages crashes small histories at every completion with every
// subset of the sectors that were not durable, recovers each image, and
// crashes the recoveries as well.
func TestCrashImages(t *testing.T) {
	checked := 0
	for si, s := range stories() {
		for seed := range *crashSeeds {
			rnd := rand.New(rand.NewSource(int64(si*100 + seed)))
			play(t, &s, newFakeFS(512), rnd, func(h *host, ends []unit.LSN) {
				least := 0
				for least < len(ends) && ends[least] <= h.committed {
					least++
				}
				if s.policy == No {
					least = 0
				}
				images(h.fs, rnd, 8, func(img *fakeFS) {
					checked++
					survives(t, &s, img, least, least, 1+checked%8/7, rnd)
				})
				// A killed process leaves what was written, under any policy.
				written := 0
				for written < len(ends) && ends[written] <= h.committed {
					written++
				}
				survives(t, &s, h.fs.killed(), written, least, 2, rnd)
			})
		}
	}
	t.Log(checked, "images")
}
