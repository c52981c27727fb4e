package wal

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// faulty makes operations of fs fail at random: writes do a part of their
// work, a failed sync loses some of what it should have made durable and
// forgets about it, as operating systems do.
func faulty(fs *fakeFS, rnd *rand.Rand, one int) {
	fs.fail = func(op *vfs.Op) error {
		if rnd.Intn(one) != 0 {
			return nil
		}
		switch op.Kind {
		case vfs.Create, vfs.Allocate:
			return vfs.ErrNoSpace
		case vfs.Write, vfs.WriteDurable:
			f := fs.handle[op.File-1]
			for i := 0; i < len(op.Buf); i += sectorBytes {
				if rnd.Intn(2) == 0 {
					f.write(int(op.Off)+i, op.Buf[i:i+sectorBytes], rnd.Intn(2) == 0)
				}
			}
			return vfs.ErrIO
		case vfs.Sync:
			f := fs.handle[op.File-1]
			for _, s := range f.dirty {
				if rnd.Intn(2) == 0 {
					copy(f.durable[s.off:], s.data)
				} else if rnd.Intn(2) == 0 {
					copy(f.data[s.off:s.off+len(s.data)], f.durable[s.off:])
				}
			}
			f.dirty = nil
			return vfs.ErrIO
		case vfs.Read, vfs.ReadNow, vfs.SyncDir, vfs.Open:
			return vfs.ErrIO
		}
		return nil
	}
}

// TestFaults plays stories on a disk that fails, crashes and recovers them on
// a sound one. What was committed is there, whatever failed.
func TestFaults(t *testing.T) {
	failed, unrecovered := 0, 0
	for si, s := range stories() {
		for seed := range 60 {
			rnd := rand.New(rand.NewSource(int64(si*1000 + seed)))
			fs := newFakeFS(512)
			faulty(fs, rnd, 60)
			h := &host{t: t, fs: fs}
			h.l = New(s.cfg, fs, h)
			h.l.SetPolicy(s.policy)
			h.l.Recover(h)
			for mono := int64(1); h.recovered == nil; mono += second {
				if len(fs.ops) == 0 { // it waits for space
					require.Error(t, h.l.Short())
					h.l.Tick(mono)
					continue
				}
				fs.complete(0)
			}
			if h.err != nil {
				unrecovered++
				continue
			}
			ends := faultyPlay(h, &s, rnd)
			if h.failed != nil {
				failed++
				require.ErrorIs(t, h.failed, ErrFailed)
			}
			least := 0
			for least < len(ends) && ends[least] <= h.committed {
				least++
			}
			if s.policy == No {
				least = 0
			}
			fs.fail = nil
			images(fs, rnd, 4, func(img *fakeFS) { survives(t, &s, img, least, least, 1, rnd) })
		}
	}
	require.NotZero(t, failed)
	require.NotZero(t, unrecovered)
}

// faultyPlay appends s's units as far as the log takes them, for a bounded
// number of steps.
func faultyPlay(h *host, s *story, rnd *rand.Rand) (ends []unit.LSN) {
	s.lsns = map[string]unit.LSN{}
	mono := int64(1)
	for step, i := 0, 0; step < 400; step++ {
		if len(h.fs.ops) > 0 && rnd.Intn(3) > 0 {
			h.fs.complete(rnd.Intn(len(h.fs.ops)))
			continue
		}
		if i < len(s.units) && h.l.Reserve(100, Writes) == nil {
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
		mono += second / 4
		h.l.Tick(mono)
	}
	return ends
}

// FuzzFrame: a frame decoder on arbitrary bytes stays inside of them.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 1, 0, 0x83, 1, 2, 3})
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) >= frameFixed { // let the checksum hold
			for n := frameFixed; n <= len(p); n++ {
				q := p[:n:n]
				sum := frameSum(7, q)
				q[0], q[1], q[2], q[3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
				if fr, ok := parseFrame(q, 7); ok && (fr.size > n || len(fr.chunk) > n) {
					t.Fatal("over-read")
				}
			}
		}
		var a assembler
		a.frame(p, 7)
	})
}
