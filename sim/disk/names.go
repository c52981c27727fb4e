package disk

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/sim/sched"
	"holdfast/vfs"
)

// name is a directory entry.
type name struct {
	name string
	file FileID
}

// change is a directory change that is not durable.
type change struct {
	kind     vfs.Kind // Create, Rename, Link or Remove
	name, to string
	file     FileID
	seq      uint64
}

func lookup(list []name, s string) int {
	for i := range list {
		if list[i].name == s {
			return i
		}
	}
	return -1
}

func put(list []name, s string, f FileID) []name {
	if i := lookup(list, s); i >= 0 {
		list[i].file = f
		return list
	}
	return append(list, name{s, f})
}

func drop(list []name, s string) []name {
	if i := lookup(list, s); i >= 0 {
		return append(list[:i], list[i+1:]...)
	}
	return list
}

// apply does c to a list of names.
func (c change) apply(list []name) []name {
	switch c.kind {
	case vfs.Create:
		return put(list, c.name, c.file)
	case vfs.Link:
		return put(list, c.to, c.file)
	case vfs.Rename:
		return put(drop(list, c.name), c.to, c.file)
	case vfs.Remove:
		return drop(list, c.name)
	}
	return list
}

// record does c for programs and remembers that it is not durable.
func (d *Disk) record(c change) {
	c.seq = d.clock
	d.names = c.apply(d.names)
	d.changes = append(d.changes, c)
}

// plain reports whether s can name a file of a flat directory.
func plain(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\x00")
}

// refuse fails an Op whose name is no plain name.
func refuse(op *vfs.Op, s string) bool {
	if plain(s) {
		return false
	}
	op.Err = fmt.Errorf("cannot %s %q: not a plain name: %w", kindNames[op.Kind], s, vfs.ErrIO)
	return true
}

func (d *Disk) open(op *vfs.Op) {
	op.File, op.N = 0, 0
	if refuse(op, op.Name) {
		return
	}
	if d.s.Fault(siteOpenErr.Label(), 2) != 0 {
		d.s.Seen[sched.OpenError]++
		op.Err = fmt.Errorf("cannot open %s: %w", op.Name, vfs.ErrIO)
		return
	}
	id := FileID(-1)
	if i := lookup(d.names, op.Name); i >= 0 {
		id = d.names[i].file
	}
	switch {
	case id < 0 && op.Kind == vfs.Open:
		op.Err = fmt.Errorf("cannot open %s: %w", op.Name, vfs.ErrNotExist)
		return
	case id < 0 && d.isFull(0):
		d.s.Seen[sched.NoSpace]++
		op.Err = fmt.Errorf("cannot create %s: %w", op.Name, vfs.ErrNoSpace)
		return
	case id < 0:
		id = d.newFile()
		d.record(change{kind: vfs.Create, name: op.Name, file: id})
	}
	d.handles = append(d.handles, handle{file: id, open: true})
	op.File = vfs.File(len(d.handles))
	op.N = len(d.files[id].data)
}

// nameOp does the operations on the directory.
func (d *Disk) nameOp(f *flight) {
	op := f.op
	if d.s.Fault(siteNameErr.At(int(op.Kind)), 2) != 0 {
		d.s.Seen[sched.DirError]++
		op.Err = fmt.Errorf("cannot %s %s: %w", kindNames[op.Kind], op.Name, vfs.ErrIO)
		if op.Kind == vfs.List || op.Kind == vfs.SyncDir || !d.s.Tape.Chance(sitePart.Label()) {
			return
		}
		// A failed operation has done an unknown part of its work.
	}
	switch op.Kind {
	case vfs.List:
		op.Names = op.Names[:0]
		for _, e := range d.names {
			op.Names = append(op.Names, e.name)
		}
		slices.SortFunc(op.Names, strings.Compare)
	case vfs.SyncDir:
		if d.s.Fault(siteFalseSync.Label(), 2) != 0 {
			d.s.Seen[sched.FalseSync]++
			return
		}
		d.syncDir(f.seen)
	default:
		d.change(op)
	}
}

func (d *Disk) change(op *vfs.Op) {
	if refuse(op, op.Name) || op.Kind != vfs.Remove && refuse(op, op.To) {
		return
	}
	i := lookup(d.names, op.Name)
	if i < 0 {
		if op.Err == nil {
			op.Err = fmt.Errorf("cannot %s %s: %w", kindNames[op.Kind], op.Name, vfs.ErrNotExist)
		}
		return
	}
	if op.Kind == vfs.Link && lookup(d.names, op.To) >= 0 {
		if op.Err == nil {
			op.Err = fmt.Errorf("cannot link %s to %s: the name exists: %w", op.Name, op.To, vfs.ErrIO)
		}
		return
	}
	if op.Kind == vfs.Rename && op.Name == op.To {
		return
	}
	d.record(change{kind: op.Kind, name: op.Name, to: op.To, file: d.names[i].file})
}

// syncDir makes durable the changes that completed before seen.
func (d *Disk) syncDir(seen uint64) {
	kept := d.changes[:0]
	for _, c := range d.changes {
		if c.seq >= seen {
			kept = append(kept, c)
			continue
		}
		before := d.hasDurableName(c.file)
		d.durable = c.apply(d.durable)
		if !before && d.hasDurableName(c.file) {
			d.stable(c.file, 0, d.files[c.file].size)
		}
	}
	d.changes = kept
}

func (d *Disk) hasDurableName(id FileID) bool {
	for i := range d.durable {
		if d.durable[i].file == id {
			return true
		}
	}
	return false
}

// inUse reports whether the file has a name or an open handle.
func (d *Disk) inUse(id FileID) bool {
	for i := range d.names {
		if d.names[i].file == id {
			return true
		}
	}
	for i := range d.handles {
		if d.handles[i].open && d.handles[i].file == id {
			return true
		}
	}
	return false
}

// NameOf returns a name of the file: its present one, else its durable one,
// else "".
func (d *Disk) NameOf(id FileID) string {
	for i := range d.names {
		if d.names[i].file == id {
			return d.names[i].name
		}
	}
	for i := range d.durable {
		if d.durable[i].file == id {
			return d.durable[i].name
		}
	}
	return ""
}
