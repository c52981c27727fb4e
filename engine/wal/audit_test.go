package wal

import (
	"fmt"
	"hash/crc32"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
)

// found collects what an audit finds.
type auditFound struct {
	units []string
	lost  [][2]unit.LSN
}

func (*auditFound) AuditHead(unit.LSN) {}

func (f *auditFound) AuditUnit(recs []Record) {
	s := ""
	for i := range recs {
		r := &recs[i]
		s += fmt.Sprintf("%d %v %d %s %s %x %d %d %v;", r.LSN, r.Kind, r.DB, r.Key, r.Field, crc32.ChecksumIEEE(r.Value), r.Deadline, r.Time, r.Last)
	}
	f.units = append(f.units, s)
}

func (f *auditFound) AuditLost(from, to unit.LSN) { f.lost = append(f.lost, [2]unit.LSN{from, to}) }

func audit(fs *fakeFS, limit unit.LSN) (*Audited, *auditFound, error) {
	var files []AuditFile
	for _, name := range fs.names() {
		f := fs.files[name]
		files = append(files, AuditFile{Name: name, Bytes: int64(len(f.data)), ReadAt: func(p []byte, off int64) (int, error) {
			if off >= int64(len(f.data)) {
				return 0, nil
			}
			return copy(p, f.data[off:]), nil
		}})
	}
	found := &auditFound{}
	sum, err := Audit(files, limit, found)
	return sum, found, err
}

// subset wants every unit of got in all, in order.
func subset(t *testing.T, all, got []string, what string) {
	t.Helper()
	i := 0
	for _, u := range got {
		for i < len(all) && all[i] != u {
			i++
		}
		require.Less(t, i, len(all), "%s: a unit that was never logged, or out of order: %.80s", what, u)
		i++
	}
}

// worn returns a log with several segments, two epochs, units of many records
// and a head that has moved, ended by Close or not.
func worn(t *testing.T, clean bool) (*fakeFS, Config) {
	cfg := tiny()
	fs := newFakeFS(512)
	for epoch := range 2 {
		h := start(t, fs, cfg)
		for i := range 40 {
			for j := range i%4 + 1 {
				h.l.Append(&Record{Kind: String, DB: 1, Key: []byte(keyOf(i, j)), Value: value(i, 300*j+i)})
			}
			h.l.EndUnit(unit.Time(epoch*1000 + i))
			h.l.Flush()
			fs.run()
			if i == 30 {
				h.l.SetHead(h.l.Segments()[2].Start)
			}
		}
		if clean || epoch == 0 {
			h.l.Close(5000)
		}
		fs.run()
		fs = fs.killed()
	}
	return fs, cfg
}

// step goes through headers closely and through batches with large steps.
func step(at int) int {
	if at < 1100 {
		return 23
	}
	return 307
}

func TestAuditOfWhatIsWhole(t *testing.T) {
	for _, clean := range []bool{false, true} {
		fs, cfg := worn(t, clean)
		sum, found, err := audit(fs, 0)
		require.NoError(t, err)
		require.Empty(t, sum.Damage)
		require.False(t, sum.Torn)
		h := recoverLog(t, fs.killed(), cfg)
		require.NoError(t, h.err)
		require.Equal(t, h.recovered.Tail, sum.Tail)
		require.Equal(t, h.recovered.Head, sum.Head)
		require.Equal(t, h.recovered.Records, sum.Records)
		require.Equal(t, h.recovered.Time, sum.Time)
		require.Equal(t, h.recovered.Segments, sum.Segments)
		require.Equal(t, int(h.recovered.Units), len(found.units))
		require.Equal(t, 2, sum.Epochs)
	}
}

// TestAuditOfEveryFlip changes bytes everywhere. What recovery refuses the audit
// names; where the audit sees nothing, recovery finds all that was there, but for
// what nothing attests. No unit is made up.
func TestAuditOfEveryFlip(t *testing.T) {
	for _, clean := range []bool{false, true} {
		fs, cfg := worn(t, clean)
		_, all, err := audit(fs, 0)
		require.NoError(t, err)
		named, torn, silent := 0, 0, 0
		for _, name := range fs.names() {
			for at := 0; at < len(fs.files[name].data); at += step(at) {
				where := fmt.Sprintf("%s at %d", name, at)
				img := fs.killed()
				img.files[name].data[at] ^= 1 << (at % 8)
				sum, found, err := audit(img, 0)
				subset(t, all.units, found.units, where)
				h := recoverLog(t, img, cfg)
				switch {
				case err != nil: // a file that never was a segment looks foreign now
					require.ErrorIs(t, h.err, ErrForeign, where)
					named++
				case len(sum.Damage) > 0:
					named++
				case h.err != nil:
					require.Fail(t, "recovery refuses what the audit finds clean", "%s: %v", where, h.err)
				default:
					require.Equal(t, h.recovered.Tail, sum.Tail, where)
					require.Equal(t, h.recovered.Records, sum.Records, where)
					if len(found.units) < len(all.units) || sum.Torn {
						torn++ // the last batches, which nothing attests
					} else {
						silent++
					}
				}
			}
		}
		require.Greater(t, named, 100)
		t.Log(named, "named,", torn, "torn,", silent, "harmless")
	}
}

// TestAuditGoesOnBehindDamage: one bad batch costs its own units only.
func TestAuditGoesOnBehindDamage(t *testing.T) {
	fs, _ := worn(t, true)
	_, all, err := audit(fs, 0)
	require.NoError(t, err)
	img := fs.killed()
	var names []string
	for _, d := range []int{1, 3} {
		name := fs.names()[d]
		img.files[name].data[1024+200] ^= 0x55
		names = append(names, name)
	}
	sum, found, err := audit(img, 0)
	require.NoError(t, err)
	require.NotEmpty(t, sum.Damage)
	for _, d := range sum.Damage {
		require.Contains(t, names, d.File)
		require.NotEmpty(t, d.String())
	}
	require.Len(t, found.lost, len(sum.Damage))
	require.Greater(t, len(found.units), len(all.units)-20)
	require.Less(t, len(found.units), len(all.units))
}

// TestAuditWithoutHeaders: a file whose header is gone is put in its place by
// the batches in it.
func TestAuditWithoutHeaders(t *testing.T) {
	fs, cfg := worn(t, true)
	_, all, err := audit(fs, 0)
	require.NoError(t, err)
	h := recoverLog(t, fs.killed(), cfg)
	for _, s := range h.l.Segments()[:len(h.l.Segments())-1] {
		img := fs.killed()
		clear(img.files[s.Name].data[:1024])
		sum, found, err := audit(img, 0)
		require.NoError(t, err, s.Name)
		require.NotEmpty(t, sum.Damage, s.Name)
		subset(t, all.units, found.units, s.Name)
		require.GreaterOrEqual(t, len(found.units), len(all.units)-2, s.Name)

		img = fs.killed()
		delete(img.files, s.Name)
		sum, found, err = audit(img, 0)
		require.NoError(t, err, s.Name)
		subset(t, all.units, found.units, s.Name)
		if len(found.units) < len(all.units) {
			require.True(t, len(sum.Damage) > 0 || s.Number == h.l.Segments()[len(h.l.Segments())-2].Number, s.Name)
		}
	}
}

func TestAuditRefusals(t *testing.T) {
	fs, _ := worn(t, true)
	img := fs.killed()
	img.files["log000077.seg"] = &fakeFile{name: "log000077.seg", data: value(3, 3000)}
	_, _, err := audit(img, 0)
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "log000077.seg")
	img = fs.killed()
	name := fs.names()[1]
	img.files[name].data[8] = 200
	img.files[name].data[512+8] = 200
	_, _, err = audit(img, 0)
	require.ErrorIs(t, err, ErrVersion)
	require.ErrorContains(t, err, name)
	sum, _, err := audit(newFakeFS(512), 0)
	require.NoError(t, err)
	require.Empty(t, sum.Damage)
}

// TestAuditOfNonsense overwrites pieces with noise, copies and zeroes.
func TestAuditOfNonsense(t *testing.T) {
	fs, _ := worn(t, false)
	_, all, err := audit(fs, 0)
	require.NoError(t, err)
	rnd := rand.New(rand.NewSource(1))
	names := fs.names()
	for n := range 300 {
		img := fs.killed()
		for range 1 + rnd.Intn(4) {
			to, from := img.files[names[rnd.Intn(len(names))]].data, img.files[names[rnd.Intn(len(names))]].data
			at, size := rnd.Intn(len(to)), 1+rnd.Intn(3000)
			switch p := to[at:min(at+size, len(to))]; rnd.Intn(3) {
			case 0:
				rnd.Read(p)
			case 1:
				clear(p)
			case 2:
				copy(p, from[rnd.Intn(len(from)):])
			}
		}
		_, found, err := audit(img, 0)
		if err == nil {
			subset(t, all.units, found.units, fmt.Sprint("round ", n))
		}
	}
}

func TestManifest(t *testing.T) {
	m := Manifest{Format: 2, Cut: 123, Head: 45, Epoch: 6, Time: 789, SegmentBytes: 8192,
		Files: []ManifestFile{{"log000001.seg", 8192, 1, 99}, {"log000007.seg", 8192, 2, 123}}, Beside: "index000003.ckpt"}
	p := m.Encode()
	got, err := ParseManifest(append(p, "\n\n\n"...))
	require.NoError(t, err)
	require.Equal(t, m, got)
	for i := range p[:len(p)-1] {
		bad := append([]byte(nil), p...)
		bad[i] ^= 1
		_, err := ParseManifest(bad)
		require.Error(t, err, "byte %d", i)
		_, err = ParseManifest(p[:i])
		require.Error(t, err, "%d bytes", i)
	}
}
