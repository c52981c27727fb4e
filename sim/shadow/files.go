package shadow

import (
	"bytes"
	"fmt"

	"holdfast/sim/disk"
	"holdfast/vfs"
)

// files is a disk without time and without faults.
type files struct {
	align int
	names []string
	data  [][]byte // by name
	own   []bool   // data is a copy: what was given is only read
	spare [][]byte // buffers given back
	todo  []*vfs.Op
}

func newFiles(from []disk.Entry, align int) *files {
	f := &files{align: align}
	for _, e := range from {
		f.names, f.data, f.own = append(f.names, e.Name), append(f.data, e.Data), append(f.own, false)
	}
	return f
}

// run completes operations until over says so or nothing is left to do.
func (f *files) run(over func() bool) {
	for len(f.todo) > 0 && !over() {
		op := f.todo[0]
		f.todo = f.todo[1:]
		f.perform(op)
		op.Owner.Complete(op)
	}
}

// Align implements vfs.FS.
func (f *files) Align() int { return f.align }

// Buffer implements vfs.FS.
func (f *files) Buffer(n int) []byte {
	for i, p := range f.spare {
		if cap(p) >= n {
			f.spare = append(f.spare[:i], f.spare[i+1:]...)
			return p[:n]
		}
	}
	return make([]byte, n)
}

// Release implements vfs.FS.
func (f *files) Release(p []byte) { f.spare = append(f.spare, p) }

// Submit implements vfs.FS.
func (f *files) Submit(op *vfs.Op) {
	if op.Kind == vfs.ReadNow {
		f.perform(op)
		return
	}
	f.todo = append(f.todo, op)
}

func (f *files) perform(op *vfs.Op) {
	op.Err = nil
	switch op.Kind {
	case vfs.List:
		op.Names = append(op.Names[:0], f.names...)
	case vfs.Open, vfs.Create:
		f.open(op)
	case vfs.Read, vfs.ReadNow:
		op.N = 0
		if d := f.data[op.File-1]; op.Off < int64(len(d)) {
			op.N = copy(op.Buf, d[op.Off:])
		}
	case vfs.Write, vfs.WriteDurable:
		d := &f.data[op.File-1]
		if !f.own[op.File-1] {
			*d, f.own[op.File-1] = bytes.Clone(*d), true
		}
		if end := int(op.Off) + len(op.Buf); end > len(*d) {
			*d = append(*d, make([]byte, end-len(*d))...)
		}
		copy((*d)[op.Off:], op.Buf)
	}
}

func (f *files) open(op *vfs.Op) {
	for i, n := range f.names {
		if n == op.Name {
			op.File, op.N = vfs.File(i+1), len(f.data[i])
			return
		}
	}
	if op.Kind == vfs.Open {
		op.Err = fmt.Errorf("cannot open %s: %w", op.Name, vfs.ErrNotExist)
		return
	}
	f.names, f.data, f.own = append(f.names, op.Name), append(f.data, nil), append(f.own, true)
	op.File, op.N = vfs.File(len(f.names)), 0
}
