package wal

import (
	"flag"
	"math/rand"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// soakSeeds makes TestManyCrashes longer.
var soakSeeds = flag.Int("soak.seeds", 15, "lives of TestManyCrashes")

// entry is a unit of one record in the model of TestManyCrashes.
type entry struct {
	id       int
	lsn, end unit.LSN
}

// TestManyCrashes lives through many crashes, some in recovery, with policies
// and heads that move, and keeps a model of what must and what may be there:
// everything an earlier recovery found, then a prefix of what came after.
func TestManyCrashes(t *testing.T) {
	for seed := range *soakSeeds {
		rnd := rand.New(rand.NewSource(int64(seed)))
		align := 512
		if seed%5 == 4 {
			align = 4096
		}
		cfg := Config{SegmentBytes: int64(8 * align << rnd.Intn(2)), BatchBytes: align << rnd.Intn(3), ReadBytes: align << rnd.Intn(3),
			InFlight: 1 + rnd.Intn(3), CapBytes: int64(rnd.Intn(2) * 160 * align), ReserveSegments: 1, Prefix: "log"}
		fs := newFakeFS(align)
		var model []entry
		id, must := 0, 0
		for range 25 {
			h := crashyRecover(t, &fs, cfg, rnd)
			require.NoError(t, h.err)
			model, must = afterCrash(t, h, model, must), 0
			id, must, model = live(h, rnd, id, model)
			if rnd.Intn(3) > 0 {
				p := fs.pending()
				odds := rnd.Intn(5)
				fs = fs.image(p, func(int) bool { return rnd.Intn(4) >= odds })
			} else {
				fs = fs.killed()
			}
		}
	}
}

// crashyRecover recovers fs, which it replaces by a crash image a few times
// on the way.
func crashyRecover(t testing.TB, fs **fakeFS, cfg Config, rnd *rand.Rand) *host {
	for crashes := rnd.Intn(3); ; crashes-- {
		h := &host{t: t, fs: *fs}
		h.l = New(cfg, *fs, h)
		h.l.Recover(h)
		die := rnd.Intn(40)
		for step := 0; h.recovered == nil && (crashes <= 0 || step < die); step++ {
			(*fs).complete(rnd.Intn(len((*fs).ops)))
		}
		if h.recovered != nil {
			return h
		}
		// A kill, not a power cut: what was committed under No must stay.
		*fs = (*fs).killed()
	}
}

// afterCrash checks what h recovered against the model and returns the new one.
func afterCrash(t testing.TB, h *host, model []entry, must int) []entry {
	for len(model) > 0 && model[0].lsn < h.recovered.Head {
		model, must = model[1:], must-1
	}
	require.LessOrEqual(t, len(h.got), len(model))
	require.GreaterOrEqual(t, len(h.got), must)
	for i, r := range h.got {
		require.Equal(t, model[i].lsn, r.LSN)
		require.Equal(t, strconv.Itoa(model[i].id), string(r.Key))
	}
	return model[:len(h.got):len(h.got)]
}

// live appends for a while and returns how many entries of the model must
// survive a power cut now.
func live(h *host, rnd *rand.Rand, id int, model []entry) (int, int, []entry) {
	mono := int64(1)
	never := true // no policy that promises nothing
	must := len(model)
	for range rnd.Intn(120) {
		switch k := rnd.Intn(10); {
		case k < 5 && len(h.fs.ops) > 0:
			h.fs.complete(rnd.Intn(len(h.fs.ops)))
		case k < 8:
			if h.l.Reserve(3000, Writes) == nil {
				lsn, _ := h.l.Append(&Record{Kind: String, Key: []byte(strconv.Itoa(id)), Value: value(id, rnd.Intn(1+rnd.Intn(3000)))})
				h.l.EndUnit(unit.Time(id))
				model = append(model, entry{id, lsn, h.l.Tail()})
				id++
			}
		case k == 8:
			mono += second / 2
			p := Policy(rnd.Intn(4) % 3)
			never = never && p != No
			h.l.SetPolicy(p)
		case h.l.number(h.l.written) > h.l.number(h.l.head)+2:
			_, end := h.l.SegmentOf(h.l.Head())
			h.l.SetHead(end)
		}
		h.l.Flush()
		h.l.Tick(mono)
	}
	if never {
		for must < len(model) && model[must].end <= h.committed {
			must++
		}
	}
	return id, must, model
}

// TestRollTakesDeadSegments: on a disk with no file to spare a segment below a
// head that is not recorded yet serves as the next one, whose header records it.
func TestRollTakesDeadSegments(t *testing.T) {
	fs := newFakeFS(512)
	h := start(t, fs, tiny())
	fs.fail = func(op *vfs.Op) error {
		if op.Kind == vfs.Create {
			return vfs.ErrNoSpace
		}
		return nil
	}
	fs.run()
	for i := 0; h.l.find(h.l.head) != h.l.cur || i < 40; i++ {
		h.set(keyOf(i, 0), value(i, 900))
		h.l.Flush()
		fs.run()
		if i > 60 {
			break
		}
	}
	require.Less(t, h.committed, h.l.Tail(), "the log waits for a segment")
	fs.fail = nil
	h.l.Tick(1)
	h.l.Tick(1 + second)
	fs.run()
	require.GreaterOrEqual(t, h.committed, h.l.Tail())
}
