//go:build linux || darwin

package posix

import "holdfast/vfs"

// Files maps handles to descriptors. A handle is generation<<16 | slot, so one
// that was closed names nothing. Loop goroutine only.
//
// A descriptor is closed only when nothing uses it: a number closed under an
// operation still on its way could be given out again, and the operation would
// hit another file.
type Files struct {
	slots []slot
	free  []uint32
}

type slot struct {
	fd      int
	gen     uint16
	open    bool
	busy    int32
	closing *vfs.Op
	name    string
}

// Add makes a descriptor a handle; false when 65,536 are open.
func (t *Files) Add(fd int, name string) (vfs.File, bool) {
	if len(t.free) == 0 {
		if len(t.slots) == 1<<16 {
			return 0, false
		}
		t.slots = append(t.slots, slot{})
		t.free = append(t.free, uint32(len(t.slots)-1))
	}
	i := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	s := &t.slots[i]
	if s.gen++; s.gen == 0 {
		s.gen = 1
	}
	s.fd, s.open, s.name = fd, true, name
	return vfs.File(uint32(s.gen)<<16 | i), true
}

func (t *Files) find(f vfs.File) (uint32, *slot) {
	i := uint32(f) & 0xffff
	if int(i) < len(t.slots) {
		if s := &t.slots[i]; s.open && s.gen == uint16(f>>16) {
			return i, s
		}
	}
	return 0, nil
}

// Begin notes that an operation uses f.
func (t *Files) Begin(f vfs.File) (slot uint32, fd int, ok bool) {
	i, s := t.find(f)
	if s == nil {
		return 0, -1, false
	}
	s.busy++
	return i, s.fd, true
}

// End notes that an operation is over. If that lets a Close go ahead, it is
// returned.
func (t *Files) End(i uint32) (closing *vfs.Op, fd int) {
	s := &t.slots[i]
	if s.busy--; s.busy > 0 || s.closing == nil {
		return nil, -1
	}
	return t.take(i)
}

// Close ends f: now if it is idle (wait is false), else when the last operation
// on it ends.
func (t *Files) Close(op *vfs.Op) (fd int, wait, ok bool) {
	i, s := t.find(op.File)
	if s == nil {
		return -1, false, false
	}
	s.open, s.closing = false, op
	if s.busy > 0 {
		return -1, true, true
	}
	_, fd = t.take(i)
	return fd, false, true
}

func (t *Files) take(i uint32) (*vfs.Op, int) {
	s := &t.slots[i]
	op := s.closing
	s.closing = nil
	t.free = append(t.free, i)
	return op, s.fd
}

// Name returns what f was opened as, for errors.
func (t *Files) Name(i uint32) string { return t.slots[i].name }

// FDs returns the descriptors still open.
func (t *Files) FDs() (fds []int) {
	for i := range t.slots {
		if s := &t.slots[i]; s.open || s.closing != nil {
			fds = append(fds, s.fd)
		}
	}
	return fds
}
