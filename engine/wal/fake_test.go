package wal

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"holdfast/vfs"
)

// fakeFS is a small disk in memory. Operations wait in ops until a test
// completes them, in any order. Writes keep a journal from which crash images
// are made: any subset of the sectors written since the last sync.
type fakeFS struct {
	align  int
	files  map[string]*fakeFile
	handle []*fakeFile
	ops    []*vfs.Op
	bufs   int // given out and not back
	// fail, if set, may return an error for an operation instead of doing it.
	fail func(*vfs.Op) error
}

type fakeFile struct {
	name    string
	data    []byte   // as read now
	durable []byte   // as after a crash that loses everything unsynced
	dirty   []sector // written, not synced, oldest first
	linked  bool     // the name is durable
}

type sector struct {
	off  int
	data []byte
}

const sectorBytes = 512

func newFakeFS(align int) *fakeFS { return &fakeFS{align: align, files: map[string]*fakeFile{}} }

func (d *fakeFS) Align() int { return d.align }
func (d *fakeFS) Buffer(n int) []byte {
	if n%d.align != 0 {
		panic("unaligned buffer")
	}
	d.bufs++
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xa5
	}
	return b
}
func (d *fakeFS) Release(b []byte) {
	if b != nil {
		d.bufs--
		for i := range b {
			b[i] = 0x5a
		}
	}
}

func (d *fakeFS) Submit(op *vfs.Op) {
	if op.Off%int64(d.align) != 0 || len(op.Buf)%d.align != 0 {
		panic(fmt.Sprintf("unaligned op %d off %d len %d", op.Kind, op.Off, len(op.Buf)))
	}
	if op.Kind == vfs.ReadNow {
		d.do(op)
		return
	}
	if slices.Contains(d.ops, op) {
		panic("op submitted twice")
	}
	d.ops = append(d.ops, op)
}

// complete finishes the i-th waiting operation.
func (d *fakeFS) complete(i int) {
	op := d.ops[i]
	d.ops = slices.Delete(d.ops, i, i+1)
	d.do(op)
	op.Owner.Complete(op)
}

// run completes operations, oldest first, until none waits.
func (d *fakeFS) run() {
	for n := 0; len(d.ops) > 0; n++ {
		if n > 1e6 {
			panic("the log never comes to rest")
		}
		d.complete(0)
	}
}

func (d *fakeFS) do(op *vfs.Op) {
	op.Err = nil
	if d.fail != nil {
		if op.Err = d.fail(op); op.Err != nil {
			return
		}
	}
	var f *fakeFile
	if op.File != 0 {
		f = d.handle[op.File-1]
	}
	switch op.Kind {
	case vfs.Open, vfs.Create:
		f = d.files[op.Name]
		if f == nil && op.Kind == vfs.Open {
			op.Err = vfs.ErrNotExist
			return
		}
		if f == nil {
			f = &fakeFile{name: op.Name}
			d.files[op.Name] = f
		}
		d.handle = append(d.handle, f)
		op.File, op.N, op.Links = vfs.File(len(d.handle)), len(f.data), 0
		for _, other := range d.files {
			if other == f {
				op.Links++
			}
		}
	case vfs.Allocate:
		f.grow(op.N)
	case vfs.Read, vfs.ReadNow:
		op.N = 0
		if op.Off < int64(len(f.data)) {
			op.N = copy(op.Buf, f.data[op.Off:])
		}
	case vfs.Write, vfs.WriteDurable:
		f.write(int(op.Off), op.Buf, op.Kind == vfs.WriteDurable)
		op.N = len(op.Buf)
	case vfs.Sync:
		f.sync()
	case vfs.SyncDir:
		for _, f := range d.files {
			f.linked = true
		}
	case vfs.List:
		op.Names = op.Names[:0]
		for name := range d.files {
			if folder, file := path.Split(name); strings.TrimSuffix(folder, "/") == op.Name {
				op.Names = append(op.Names, file)
			} else if up, sub := path.Split(strings.TrimSuffix(folder, "/")); strings.TrimSuffix(up, "/") == op.Name && sub != "" {
				op.Names = append(op.Names, sub+"/")
			}
		}
		sort.Strings(op.Names)
		op.Names = slices.Compact(op.Names)
	default:
		d.change(op)
	}
}

// change does the operations on names. A folder is there when something is in it.
func (d *fakeFS) change(op *vfs.Op) {
	f := d.files[op.Name]
	switch op.Kind {
	case vfs.Close, vfs.MakeDir, vfs.RemoveDir:
		return
	case vfs.Link, vfs.Rename, vfs.Remove:
	default:
		panic(fmt.Sprintf("op kind %d", op.Kind))
	}
	if f == nil {
		op.Err = vfs.ErrNotExist
		return
	}
	if op.Kind == vfs.Link && d.files[op.To] != nil {
		op.Err = vfs.ErrIO
		return
	}
	if op.Kind != vfs.Remove {
		d.files[op.To] = f
	}
	if op.Kind != vfs.Link {
		delete(d.files, op.Name)
	}
}

func (f *fakeFile) grow(n int) {
	if k := n - len(f.data); k > 0 {
		f.data = append(f.data, make([]byte, k)...)
	}
	if k := n - len(f.durable); k > 0 {
		f.durable = append(f.durable, make([]byte, k)...)
	}
}

func (f *fakeFile) write(off int, p []byte, durable bool) {
	f.grow(off + len(p))
	copy(f.data[off:], p)
	if durable {
		copy(f.durable[off:], p)
		f.dirty = slices.DeleteFunc(f.dirty, func(s sector) bool { return s.off >= off && s.off < off+len(p) })
		return
	}
	for i := 0; i < len(p); i += sectorBytes {
		f.dirty = append(f.dirty, sector{off + i, slices.Clone(p[i : i+sectorBytes])})
	}
}

func (f *fakeFile) sync() {
	copy(f.durable, f.data)
	f.dirty = nil
}

// pending lists the sectors that a crash now may or may not keep: those of
// completed unsynced writes and those of writes in flight. Zeroes over zeroes
// make no difference and are left out.
func (d *fakeFS) pending() (out []pendingSector) {
	add := func(f *fakeFile, off int, p []byte) {
		if off+len(p) <= len(f.durable) && string(f.durable[off:off+len(p)]) == string(p) {
			return
		}
		out = append(out, pendingSector{f.name, off, slices.Clone(p)})
	}
	for _, name := range d.names() {
		f := d.files[name]
		for _, s := range f.dirty {
			add(f, s.off, s.data)
		}
	}
	for _, op := range d.ops {
		if op.Kind == vfs.Write || op.Kind == vfs.WriteDurable {
			for i := 0; i < len(op.Buf); i += sectorBytes {
				add(d.handle[op.File-1], int(op.Off)+i, op.Buf[i:i+sectorBytes])
			}
		}
	}
	return out
}

type pendingSector struct {
	file string
	off  int
	data []byte
}

func (d *fakeFS) names() []string {
	var out []string
	for name := range d.files {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// image returns the disk after a crash in which exactly those pending sectors
// survived that keep says.
func (d *fakeFS) image(pending []pendingSector, keep func(i int) bool) *fakeFS {
	n := newFakeFS(d.align)
	for _, name := range d.names() {
		f := d.files[name]
		if !f.linked {
			continue
		}
		n.files[name] = &fakeFile{name: name, data: slices.Clone(f.durable), durable: slices.Clone(f.durable), linked: true}
	}
	for i, s := range pending {
		if f := n.files[s.file]; f != nil && keep(i) {
			f.grow(s.off + len(s.data))
			copy(f.data[s.off:], s.data)
			copy(f.durable[s.off:], s.data)
		}
	}
	return n
}

// killed returns the disk as a process finds it that starts after another was
// killed: everything completed is visible, nothing more is durable.
func (d *fakeFS) killed() *fakeFS {
	n := newFakeFS(d.align)
	copies := map[*fakeFile]*fakeFile{} // a file with two names is one file
	for _, name := range d.names() {
		from := d.files[name]
		if copies[from] == nil {
			f := *from
			f.data, f.durable, f.dirty = slices.Clone(f.data), slices.Clone(f.durable), slices.Clone(f.dirty)
			copies[from] = &f
		}
		n.files[name] = copies[from]
	}
	return n
}
