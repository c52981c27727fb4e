package fuzz

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/vfs"
)

// walDisk is a disk in memory that does operations in the order submitted.
type walDisk struct {
	files map[string][]byte
	names []string // by handle
	queue []*vfs.Op
}

func (d *walDisk) Align() int          { return 512 }
func (d *walDisk) Buffer(n int) []byte { return make([]byte, n) }
func (d *walDisk) Release([]byte)      {}
func (d *walDisk) Submit(op *vfs.Op)   { d.queue = append(d.queue, op) }

func (d *walDisk) run() {
	for len(d.queue) > 0 {
		op := d.queue[0]
		d.queue = d.queue[1:]
		d.do(op)
		op.Owner.Complete(op)
	}
}

func (d *walDisk) do(op *vfs.Op) {
	name := op.Name
	if op.Kind != vfs.Open && op.Kind != vfs.Create && op.File != 0 {
		name = d.names[op.File-1]
	}
	f := d.files[name]
	grow := func(n int) {
		if k := n - len(f); k > 0 {
			f = append(f, make([]byte, k)...)
		}
		d.files[name] = f
	}
	switch op.Kind {
	case vfs.Open, vfs.Create:
		d.files[name] = f
		d.names = append(d.names, name)
		op.File, op.N = vfs.File(len(d.names)), len(f)
	case vfs.Allocate:
		grow(op.N)
	case vfs.Read:
		op.N = copy(op.Buf, f[min(int(op.Off), len(f)):])
	case vfs.Write, vfs.WriteDurable:
		grow(int(op.Off) + len(op.Buf))
		copy(f[op.Off:], op.Buf)
	case vfs.List:
		op.Names = op.Names[:0]
		for name := range d.files {
			op.Names = append(op.Names, name)
		}
		slices.Sort(op.Names)
	}
}

// walHost owns a log and remembers what it recovered.
type walHost struct {
	log  *wal.Log
	over bool
	err  error
	got  []string
}

func (h *walHost) LogCommitted(unit.LSN) {}
func (h *walHost) LogRoom()              {}
func (h *walHost) LogFailed(error)       {}
func (h *walHost) LogRecovered(_ wal.Recovered, err error) {
	h.over, h.err = true, err
}
func (h *walHost) Apply(r *wal.Record) bool {
	h.got = append(h.got, spell(r))
	return true
}

// AuditUnit implements wal.AuditSink.
func (h *walHost) AuditUnit(recs []wal.Record) {
	for i := range recs {
		h.got = append(h.got, spell(&recs[i]))
	}
}

// AuditHead implements wal.AuditSink.
func (h *walHost) AuditHead(unit.LSN) {}

// AuditLost implements wal.AuditSink.
func (h *walHost) AuditLost(unit.LSN, unit.LSN) {}

// auditWAL checks files offline.
func auditWAL(files map[string][]byte) (*wal.Audited, *walHost) {
	var list []wal.AuditFile
	for name, p := range files {
		list = append(list, wal.AuditFile{Name: name, Bytes: int64(len(p)), ReadAt: func(q []byte, off int64) (int, error) {
			return copy(q, p[min(off, int64(len(p))):]), nil
		}})
	}
	slices.SortFunc(list, func(a, b wal.AuditFile) int { return strings.Compare(a.Name, b.Name) })
	h := &walHost{}
	sum, err := wal.Audit(list, 0, h)
	h.err = err
	return sum, h
}

func spell(r *wal.Record) string {
	return fmt.Sprintf("%d %d %v %d %d %q %q %x", r.LSN, r.Span, r.Kind, r.DB, r.Deadline, r.Key, r.Field, r.Value)
}

func recoverWAL(t *testing.T, d *walDisk) *walHost {
	h := &walHost{}
	h.log = wal.New(wal.Config{SegmentBytes: 8192, BatchBytes: 2048, ReadBytes: 1024, Prefix: "w"}, d, h)
	h.log.Recover(h)
	d.run()
	if !h.over {
		t.Fatal("recovery does not end")
	}
	return h
}

// attestedWAL returns the files of a log of some segments that was closed, and
// what is in it.
func attestedWAL(t *testing.T) (map[string][]byte, []string) {
	d := &walDisk{files: map[string][]byte{}}
	h := recoverWAL(t, d)
	for i := range 12 {
		for j := range i%3 + 1 {
			h.log.Append(&wal.Record{Kind: wal.HashSet, DB: uint64(i), Key: []byte{byte(i)}, Field: []byte{byte(j)}, Value: make([]byte, i*i*10)})
		}
		h.log.EndUnit(unit.Time(i))
		h.log.Flush()
		d.run()
	}
	h.log.Close(99)
	d.run()
	files := cloneFiles(d.files)
	return files, recoverWAL(t, d).got
}

func cloneFiles(files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, f := range files {
		out[name] = bytes.Clone(f)
	}
	return out
}

// FuzzWALBytes recovers from arbitrary bytes in a segment's place, alone and
// among the segments of a good log. Nothing may panic, hang or read outside
// of what it was given.
func FuzzWALBytes(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("HOLDFLOG\x01"))
	f.Add(bytes.Repeat([]byte("HOLDFLOG\x02   "), 500))
	f.Fuzz(func(t *testing.T, p []byte) {
		files, _ := attestedWAL(t)
		auditWAL(map[string][]byte{"w000001.seg": p})
		recoverWAL(t, &walDisk{files: map[string][]byte{"w000001.seg": bytes.Clone(p)}})
		tail := cloneFiles(files) // also behind a real header
		tail["w000001.seg"] = append(tail["w000001.seg"][:1024], p...)
		auditWAL(tail)
		recoverWAL(t, &walDisk{files: tail})
		files["w000002.seg"] = bytes.Clone(p)
		auditWAL(files)
		recoverWAL(t, &walDisk{files: files})
	})
}

// FuzzWALFlips changes bytes of one sector of an attested log: the input is a
// position and masks. Recovery reports it or finds what was logged, nothing
// else and nothing less. (Two sectors are too many: with the last batch goes
// what attests the one before it.)
func FuzzWALFlips(f *testing.F) {
	f.Add([]byte{0, 8, 1})
	f.Add([]byte{4, 20, 0x80, 6, 20, 0x80})
	f.Add(append([]byte{36, 0}, bytes.Repeat([]byte{0xff}, 512)...))
	f.Fuzz(func(t *testing.T, p []byte) {
		files, want := attestedWAL(t)
		var names []string
		for name := range files {
			names = append(names, name)
		}
		slices.Sort(names)
		if len(p) < 3 {
			return
		}
		at := int(p[0])<<8 | int(p[1])
		f := files[names[at/8192%len(names)]]
		at %= min(8192, len(f))
		for i, mask := range p[2:] {
			if (at+i)/512 > at/512 {
				break
			}
			f[at+i] ^= mask
		}
		sum, a := auditWAL(files)
		for _, r := range a.got {
			if !slices.Contains(want, r) {
				t.Fatalf("made up: %q", r)
			}
		}
		h := recoverWAL(t, &walDisk{files: files})
		if h.err != nil && a.err == nil && len(sum.Damage) == 0 {
			t.Fatalf("recovery refuses what check finds clean: %v", h.err)
		}
		if h.err == nil && !slices.Equal(h.got, want) {
			t.Fatalf("undetected:\n%q\n%q", h.got, want)
		}
	})
}

// FuzzManifest reads a backup's manifest from any bytes. What is read is written
// the same again.
func FuzzManifest(f *testing.F) {
	m := wal.Manifest{Format: 2, Cut: 9, Files: []wal.ManifestFile{{Name: "w000001.seg", Bytes: 8192, Number: 1, End: 9}}}
	f.Add(m.Encode())
	f.Add([]byte("holdfast backup 2\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		m, err := wal.ParseManifest(p)
		if err != nil {
			return
		}
		again, err := wal.ParseManifest(m.Encode())
		if err != nil || !slices.Equal(again.Files, m.Files) || again.Cut != m.Cut {
			t.Fatalf("%v: %+v is not %+v", err, again, m)
		}
	})
}
