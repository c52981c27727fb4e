package disk

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/vfs"
)

type done struct{ n int }

func (d *done) Complete(*vfs.Op) { d.n++ }

// do runs one operation to its end.
func (r *rig) do(op vfs.Op) *vfs.Op {
	d := &done{}
	op.Owner = d
	r.d.Submit(&op)
	for d.n == 0 {
		r.pump()
	}
	return &op
}

func (r *rig) write(f vfs.File, kind vfs.Kind, sector, n int, v uint64) error {
	p := r.d.Buffer(n * Sector)
	clear(p)
	for i := range n {
		binary.LittleEndian.PutUint64(p[i*Sector:], v)
	}
	op := r.do(vfs.Op{Kind: kind, File: f, Off: int64(sector) * Sector, Buf: p})
	r.d.Release(p)
	return op.Err
}

// sectors returns the value that each sector of the first file shows.
func (r *rig) sectors() []uint64 {
	var out []uint64
	for p := r.d.files[0].data; len(p) >= Sector; p = p[Sector:] {
		out = append(out, binary.LittleEndian.Uint64(p))
	}
	return out
}

// TestPowerCutKeepsWhatIsDurable plays writes and syncs under every fault of
// the promise, cuts the power, and compares each sector with the set of values
// it may have.
func TestPowerCutKeepsWhatIsDurable(t *testing.T) {
	const sectors = 12
	var seen sched.Counts
	for seed := range uint64(1500) {
		r := newRig(seed, &tape.Storm, Config{}, Watch{})
		var may [sectors][]uint64 // the durable value first, then those after it
		for i := range may {
			may[i] = []uint64{0}
		}
		f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"})
		if f.Err != nil {
			seen.Add(&r.s.Seen)
			continue
		}
		if r.do(vfs.Op{Kind: vfs.SyncDir}).Err != nil {
			continue
		}
		failed := false // a sync failed: nothing older is ever promised again
		for v := uint64(1 + r.t.Choose(siteFile.Label(), 25)); v <= 25; v++ {
			if r.t.Choose(siteFile.Label(), 4) == 0 {
				err := r.do(vfs.Op{Kind: vfs.Sync, File: f.File}).Err
				failed = failed || err != nil
				for i := range may {
					if !failed {
						may[i] = may[i][len(may[i])-1:]
					}
				}
				continue
			}
			kind := vfs.Write + vfs.Kind(r.t.Choose(siteFile.Label(), 2))
			at := r.t.Choose(siteFile.Label(), sectors)
			n := 1 + r.t.Choose(siteFile.Label(), sectors-at)
			err := r.write(f.File, kind, at, n, v)
			for i := at; i < at+n; i++ {
				if kind == vfs.WriteDurable && err == nil {
					may[i] = may[i][:0]
				}
				may[i] = append(may[i], v)
				failed = failed || err != nil
			}
		}
		image := r.d.Image()
		r.d.PowerCut()
		got := r.sectors()
		for i, set := range may {
			v := uint64(0)
			if i < len(got) {
				v = got[i]
			}
			require.True(t, slices.Contains(set, v), "seed %d: sector %d holds %d, may hold %v", seed, i, v, set)
		}
		require.Len(t, image, 1)
		seen.Add(&r.s.Seen)
	}
	for _, e := range []sched.Effect{sched.LostWrite, sched.TornWrite, sched.ReorderedWrite, sched.ShortFile, sched.ZeroFill,
		sched.SlowIO, sched.StuckIO, sched.WriteError, sched.SyncError, sched.SyncLostData, sched.LateError, sched.OpenError,
		sched.NoSpace} {
		require.NotZero(t, seen[e], "%v", e)
	}
}

// TestStableIsWhatSurvives cuts the power in the worst way and finds the image
// that Image had announced, byte for byte.
func TestStableIsWhatSurvives(t *testing.T) {
	for seed := range uint64(500) {
		marked := map[uint64]bool{}
		r := newRig(seed, &tape.Clean, Config{}, Watch{Stable: func(_ FileID, name string, _ int64, p []byte) {
			require.Equal(t, "log", name)
			for ; len(p) >= 8; p = p[min(len(p), Sector):] {
				marked[binary.LittleEndian.Uint64(p)] = true
			}
		}})
		f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"}).File
		for v := uint64(1); v <= 20; v++ {
			switch r.t.Choose(siteFile.Label(), 6) {
			case 0:
				r.do(vfs.Op{Kind: vfs.Sync, File: f})
			case 1:
				r.do(vfs.Op{Kind: vfs.SyncDir})
			default:
				kind := vfs.Write + vfs.Kind(r.t.Choose(siteFile.Label(), 2))
				require.NoError(t, r.write(f, kind, r.t.Choose(siteFile.Label(), 8), 1+r.t.Choose(siteFile.Label(), 3), v))
			}
		}
		want := r.d.Image()
		for _, e := range want {
			require.True(t, r.d.IsStable(e.File, 0, e.Data))
			for p := e.Data; len(p) >= Sector; p = p[Sector:] {
				if v := binary.LittleEndian.Uint64(p); v != 0 {
					require.True(t, marked[v], "seed %d: value %d is in the image unannounced", seed, v)
				}
			}
		}
		r.loseAll()
		require.Equal(t, want, r.d.Files(), "seed %d", seed)
	}
}

// loseAll is the power cut in which everything unsynced is lost.
func (r *rig) loseAll() {
	all := make([]tape.Outcome, 0, 200)
	for i := range uint32(100) {
		all = append(all, tape.Outcome{Label: siteCrashWrite.At(0), Occurrence: i, Value: 1},
			tape.Outcome{Label: siteCrashName.Label(), Occurrence: i, Value: 1},
			tape.Outcome{Label: siteCrashSize.At(0), Occurrence: i, Value: 1})
	}
	r.t.Replay(all)
	r.d.PowerCut()
}

func TestSyncCoversOnlyWhatHadCompleted(t *testing.T) {
	r := newRig(1, &tape.Profile{}, Config{}, Watch{})
	f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"}).File
	r.do(vfs.Op{Kind: vfs.SyncDir})
	require.NoError(t, r.write(f, vfs.Write, 0, 1, 1))
	w := &vfs.Op{Kind: vfs.Write, File: f, Off: Sector, Buf: r.d.Buffer(Sector), Owner: &done{}}
	s := &vfs.Op{Kind: vfs.Sync, File: f, Owner: &done{}}
	r.d.Submit(w) // completes before the Sync does, but after its Submit
	r.d.Submit(s)
	for r.d.InFlight() > 0 {
		r.pump()
	}
	require.Equal(t, 1, r.d.Pending())
	r.loseAll()
	require.Equal(t, []uint64{1}, r.sectors())
}

func TestAFailedSyncIsNotRepairedByTheNext(t *testing.T) {
	r := newRig(1, &tape.Profile{}, Config{}, Watch{})
	f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"}).File
	r.do(vfs.Op{Kind: vfs.SyncDir})
	require.NoError(t, r.write(f, vfs.WriteDurable, 0, 2, 1))
	require.NoError(t, r.write(f, vfs.Write, 0, 2, 2))
	r.t.Replay([]tape.Outcome{{Label: siteSyncErr.Label(), Value: 1}, {Label: siteSyncResult.Label(), Value: syncLost}})
	require.ErrorIs(t, r.do(vfs.Op{Kind: vfs.Sync, File: f}).Err, vfs.ErrIO)
	require.NoError(t, r.do(vfs.Op{Kind: vfs.Sync, File: f}).Err)
	require.Equal(t, []uint64{2, 2}, r.sectors(), "reads still see the page cache")
	require.NoError(t, r.write(f, vfs.Write, 1, 1, 3))
	require.NoError(t, r.do(vfs.Op{Kind: vfs.Sync, File: f}).Err)
	r.t.Zero()
	r.d.PowerCut()
	require.Equal(t, []uint64{1, 3}, r.sectors(), "only the rewrite was saved")
}

func TestKillKeepsThePageCache(t *testing.T) {
	r := newRig(1, &tape.Profile{}, Config{}, Watch{})
	f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"}).File
	require.NoError(t, r.write(f, vfs.Write, 0, 1, 7))
	r.d.Kill()
	require.Equal(t, []uint64{7}, r.sectors())
	require.Empty(t, r.d.Image(), "the name is not durable")
	r.loseAll()
	require.Empty(t, r.d.Files())
}

func TestNamesAreLostWithoutSyncDir(t *testing.T) {
	var seen sched.Counts
	for seed := range uint64(200) {
		r := newRig(seed, &tape.Storm, Config{}, Watch{})
		for _, op := range []vfs.Op{{Kind: vfs.Create, Name: "a"}, {Kind: vfs.Create, Name: "b"}, {Kind: vfs.SyncDir},
			{Kind: vfs.Rename, Name: "a", To: "c"}, {Kind: vfs.Remove, Name: "b"}, {Kind: vfs.Create, Name: "d"}} {
			r.do(op)
		}
		r.d.PowerCut()
		seen.Add(&r.s.Seen)
	}
	for _, e := range []sched.Effect{sched.LostCreate, sched.LostRename, sched.LostRemove, sched.DirError} {
		require.NotZero(t, seen[e], "%v", e)
	}
}

func TestDamageIsReported(t *testing.T) {
	var seen sched.Counts
	for seed := range uint64(400) {
		damaged, misread := 0, 0
		r := newRig(seed, &tape.Lying, Config{}, Watch{
			Damaged: func(FileID, string, int64, int) { damaged++ },
			Misread: func(FileID, string, int64, int) { misread++ },
		})
		f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"}).File
		if f == 0 {
			continue
		}
		buf := r.d.Buffer(2 * Sector)
		for i := range 40 {
			v := uint64(i + 1)
			want := bytes.Clone(r.d.files[0].data)
			before := damaged + misread
			if r.write(f, vfs.WriteDurable, i%8, 2, v) == nil && damaged+misread == before {
				copy(want[min(i%8*Sector, len(want)):], r.d.files[0].data[i%8*Sector:][:2*Sector])
				require.Equal(t, v, r.sectors()[i%8])
			}
			r.do(vfs.Op{Kind: vfs.Read, File: f, Off: 0, Buf: buf})
		}
		seen.Add(&r.s.Seen)
		require.Equal(t, r.s.Seen[sched.BitRot]+r.s.Seen[sched.PhantomWrite]+2*r.s.Seen[sched.MisdirectedWrite], int64(damaged))
		require.Equal(t, r.s.Seen[sched.MisdirectedRead]+r.s.Seen[sched.ShortRead], int64(misread))
	}
	for _, e := range []sched.Effect{sched.BitRot, sched.PhantomWrite, sched.MisdirectedWrite, sched.MisdirectedRead, sched.ShortRead} {
		require.NotZero(t, seen[e], "%v", e)
	}
}

func TestViolations(t *testing.T) {
	cases := map[string]func(r *rig, f vfs.File){
		"not aligned":        func(r *rig, f vfs.File) { r.do(vfs.Op{Kind: vfs.Read, File: f, Off: 7, Buf: r.d.Buffer(Sector)}) },
		"not a live buffer":  func(r *rig, f vfs.File) { r.do(vfs.Op{Kind: vfs.Read, File: f, Buf: make([]byte, Sector)}) },
		"not open":           func(r *rig, f vfs.File) { r.do(vfs.Op{Kind: vfs.Sync, File: f + 1}) },
		"not a multiple":     func(r *rig, _ vfs.File) { r.d.Buffer(5) },
		"without an Owner":   func(r *rig, f vfs.File) { r.d.Submit(&vfs.Op{Kind: vfs.Sync, File: f}) },
		"in flight already":  func(r *rig, f vfs.File) { twice(r, f) },
		"changed while in":   func(r *rig, f vfs.File) { scribble(r, f) },
		"operation in fligh": func(r *rig, f vfs.File) { releaseEarly(r, f) },
		"live buffer of thi": func(r *rig, _ vfs.File) { p := r.d.Buffer(Sector); r.d.Release(p); r.d.Release(p) },
		"operations in flig": func(r *rig, f vfs.File) {
			r.d.Submit(&vfs.Op{Kind: vfs.Sync, File: f, Owner: &done{}})
			r.d.Submit(&vfs.Op{Kind: vfs.Close, File: f, Owner: &done{}})
		},
	}
	for want, fn := range cases {
		r := newRig(1, &tape.Clean, Config{Align: Sector}, Watch{})
		f := r.do(vfs.Op{Kind: vfs.Create, Name: "log"}).File
		require.PanicsWithError(t, violation(func() { fn(r, f) }, want), func() { panic(sched.Violation{What: want}) }, want)
	}
}

// violation runs fn and returns want's full text if fn violated it.
func violation(fn func(), want string) (text string) {
	defer func() {
		v, ok := recover().(sched.Violation)
		if ok && bytes.Contains([]byte(v.What), []byte(want)) {
			text = sched.Violation{What: want}.Error()
		}
	}()
	fn()
	return "no violation"
}

func twice(r *rig, f vfs.File) {
	op := &vfs.Op{Kind: vfs.Sync, File: f, Owner: &done{}}
	r.d.Submit(op)
	r.d.Submit(op)
}

func scribble(r *rig, f vfs.File) {
	op := &vfs.Op{Kind: vfs.Write, File: f, Buf: r.d.Buffer(Sector), Owner: &done{}}
	r.d.Submit(op)
	op.Buf[100] ^= 1
	r.pump()
}

func releaseEarly(r *rig, f vfs.File) {
	op := &vfs.Op{Kind: vfs.Write, File: f, Buf: r.d.Buffer(Sector), Owner: &done{}}
	r.d.Submit(op)
	r.d.Release(op.Buf)
}
