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
	kind     vfs.Kind // Create, Rename, Link, Remove, MakeDir or RemoveDir
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
	case vfs.Create, vfs.MakeDir:
		return put(list, c.name, c.file)
	case vfs.Link:
		return put(list, c.to, c.file)
	case vfs.Rename:
		return put(drop(list, c.name), c.to, c.file)
	case vfs.Remove, vfs.RemoveDir:
		return drop(list, c.name)
	}
	return list
}

// folder returns the folder that SyncDir makes the change durable in.
func (c change) folder() string {
	if c.to != "" {
		return folderOf(c.to)
	}
	return folderOf(c.name)
}

// folderOf returns the folder that a name is in, "" for the data directory.
func folderOf(s string) string { return s[:max(strings.LastIndexByte(s, '/'), 0)] }

// within returns the names of what is in a folder.
func (d *Disk) within(list []name, folder string) (out []string) {
	for _, e := range list {
		if folderOf(e.name) == folder {
			s := strings.TrimPrefix(e.name[len(folder):], "/")
			if d.files[e.file].folder {
				s += "/"
			}
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// orphans takes out of list what is in folders that are not there.
func orphans(list []name) []name {
	for i := 0; i < len(list); {
		if f := folderOf(list[i].name); f != "" && lookup(list, f) < 0 {
			list, i = append(list[:i], list[i+1:]...), 0
			continue
		}
		i++
	}
	return list
}

// isFolder reports whether a name, "" included, is a folder's.
func (d *Disk) isFolder(s string) bool {
	i := lookup(d.names, s)
	return s == "" || i >= 0 && d.files[d.names[i].file].folder
}

// record does c for programs and remembers that it is not durable.
func (d *Disk) record(c change) {
	c.seq = d.clock
	d.names = c.apply(d.names)
	d.changes = append(d.changes, c)
}

// plain reports whether s can name a file of the directory or of a folder in it.
func plain(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." || strings.Contains(part, "\x00") {
			return false
		}
	}
	return true
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
	case id >= 0 && d.files[id].folder:
		op.Err = fmt.Errorf("cannot open %s: a folder: %w", op.Name, vfs.ErrIO)
		return
	case id < 0 && (op.Kind == vfs.Open || !d.isFolder(folderOf(op.Name))):
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
	op.N, op.Links = len(d.files[id].data), 0
	for i := range d.names {
		if d.names[i].file == id {
			op.Links++
		}
	}
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
		if !d.isFolder(op.Name) {
			op.Err = fmt.Errorf("cannot list %s: %w", op.Name, vfs.ErrNotExist)
			return
		}
		op.Names = d.within(d.names, op.Name)
	case vfs.SyncDir:
		if !d.isFolder(op.Name) {
			op.Err = fmt.Errorf("cannot sync %s: %w", op.Name, vfs.ErrNotExist)
			return
		}
		if d.s.Fault(siteFalseSync.Label(), 2) != 0 {
			d.s.Seen[sched.FalseSync]++
			return
		}
		d.syncDir(f.seen, op.Name)
	default:
		d.change(op)
	}
}

func (d *Disk) change(op *vfs.Op) {
	linked := op.Kind == vfs.Link || op.Kind == vfs.Rename
	if refuse(op, op.Name) || linked && refuse(op, op.To) {
		return
	}
	i := lookup(d.names, op.Name)
	if op.Kind == vfs.MakeDir {
		if i < 0 && d.isFolder(folderOf(op.Name)) {
			id := d.newFile()
			d.files[id].folder = true
			d.record(change{kind: op.Kind, name: op.Name, file: id})
		} else if !d.isFolder(op.Name) && op.Err == nil {
			op.Err = fmt.Errorf("cannot make folder %s: %w", op.Name, vfs.ErrNotExist)
		}
		return
	}
	why := ""
	switch {
	case i < 0: // below
	case d.files[d.names[i].file].folder != (op.Kind == vfs.RemoveDir):
		why = "a folder, or none"
	case op.Kind == vfs.RemoveDir && len(d.within(d.names, op.Name)) > 0:
		why = "not empty"
	case linked && !d.isFolder(folderOf(op.To)):
		why = "no such folder"
	}
	if why != "" {
		if op.Err == nil {
			op.Err = fmt.Errorf("cannot %s %s: %s: %w", kindNames[op.Kind], op.Name, why, vfs.ErrIO)
		}
		return
	}
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
	c := change{kind: op.Kind, name: op.Name, file: d.names[i].file}
	if linked {
		c.to = op.To
	}
	d.record(c)
}

// syncDir makes durable the changes of a folder that completed before seen.
func (d *Disk) syncDir(seen uint64, folder string) {
	kept := d.changes[:0]
	for _, c := range d.changes {
		if c.seq >= seen || c.folder() != folder {
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
