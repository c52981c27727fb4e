package disk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"holdfast/vfs"
)

// stable tells the watcher that [lo, hi) of a file is durable, if the file has
// a durable name.
func (d *Disk) stable(id FileID, lo, hi int64) {
	if d.watch.Stable == nil || !d.hasDurableName(id) {
		return
	}
	hi = min(hi, int64(len(d.files[id].data)))
	if lo >= hi {
		return
	}
	d.watch.Stable(id, d.NameOf(id), lo, d.view(id, lo, hi))
}

// view returns the durable bytes of [lo, hi): the file's own memory when
// nothing is pending there, else a scratch copy.
func (d *Disk) view(id FileID, lo, hi int64) []byte {
	data := d.files[id].data[lo:hi]
	copied := false
	for i := len(d.journal) - 1; i >= 0; i-- {
		u := d.journal[i]
		if u.file != id || u.off >= hi || u.off+u.n <= lo {
			continue
		}
		if !copied {
			d.scratch = append(d.scratch[:0], data...)
			data, copied = d.scratch, true
		}
		d.undoInto(data, lo, u, max(lo, u.off), min(hi, u.off+u.n))
	}
	return data
}

// File returns the file that the durable directory has under a name.
func (d *Disk) File(s string) (FileID, bool) {
	if i := lookup(d.durable, s); i >= 0 {
		return d.durable[i].file, true
	}
	return 0, false
}

// Stable copies the durable bytes of a file from off on into dst and returns
// how many there are. A file without a durable name has none.
func (d *Disk) Stable(id FileID, off int64, dst []byte) int {
	if id < 0 || int(id) >= d.used || !d.hasDurableName(id) {
		return 0
	}
	in := &d.files[id]
	end := min(off+int64(len(dst)), in.size, int64(len(in.data)))
	if off >= end {
		return 0
	}
	return copy(dst, d.view(id, off, end))
}

// IsStable reports whether p is durable at off of the file, now: whether a
// power cut at this instant could not take it away.
func (d *Disk) IsStable(id FileID, off int64, p []byte) bool {
	if id < 0 || int(id) >= d.used || !d.hasDurableName(id) {
		return false
	}
	in := &d.files[id]
	end := off + int64(len(p))
	return end <= in.size && end <= int64(len(in.data)) && bytes.Equal(d.view(id, off, end), p)
}

// Entry is one file of an image.
type Entry struct {
	Name string
	File FileID
	Data []byte
}

// Image returns a copy of what is durable now, sorted by name: what a power
// cut leaves at the least, when every unsynced write is lost.
func (d *Disk) Image() []Entry {
	var out []Entry
	for _, e := range d.durable {
		in := &d.files[e.file]
		if in.folder {
			continue
		}
		data := d.view(e.file, 0, min(in.size, int64(len(in.data))))
		out = append(out, Entry{e.name, e.file, bytes.Clone(data)})
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Files returns what programs see, sorted by name: the disk's own bytes, to be
// looked at before it changes.
func (d *Disk) Files() []Entry {
	var out []Entry
	for _, e := range d.names {
		if d.files[e.file].folder {
			continue
		}
		out = append(out, Entry{e.name, e.file, d.files[e.file].data})
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Put places a durable file on the disk, replacing one of that name: how tests
// and fuzzers begin with a given image.
func (d *Disk) Put(s string, data []byte) {
	id := d.newFile()
	in := &d.files[id]
	in.grow(int64(len(data)))
	copy(in.data, data)
	in.size = int64(len(data))
	d.names = put(d.names, s, id)
	d.durable = put(d.durable, s, id)
}

// PutFolder places a durable folder on the disk.
func (d *Disk) PutFolder(s string) {
	id := d.newFile()
	d.files[id].folder = true
	d.names = put(d.names, s, id)
	d.durable = put(d.durable, s, id)
}

// Pending returns how many writes and directory changes are not durable.
func (d *Disk) Pending() int { return len(d.journal) + len(d.changes) }

func (d *Disk) describe(f *flight) string {
	op := f.op
	switch op.Kind {
	case vfs.Read, vfs.ReadNow, vfs.Write, vfs.WriteDurable:
		return fmt.Sprintf("#%d %s %s [%d, %d)", f.order, kindNames[op.Kind], d.NameOf(f.file), op.Off, op.Off+int64(len(op.Buf)))
	case vfs.Sync, vfs.Close, vfs.Allocate:
		return fmt.Sprintf("#%d %s %s", f.order, kindNames[op.Kind], d.NameOf(f.file))
	}
	return fmt.Sprintf("#%d %s %s %s", f.order, kindNames[op.Kind], op.Name, op.To)
}

// Buffers returns the memory of the buffers that are handed out. What it does to
// the others meanwhile, whoever looks must not mind: they are filled anew.
func (d *Disk) Buffers() (list [][]byte) {
	for i := range d.bufs.blocks {
		if k := &d.bufs.blocks[i]; k.live {
			list = append(list, k.mem)
		} else {
			k.filled = false
		}
	}
	return list
}
