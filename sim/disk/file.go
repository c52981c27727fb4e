package disk

import (
	"fmt"

	"holdfast/sim/sched"
	"holdfast/vfs"
)

// file is an inode.
type file struct {
	data      []byte // what reads see
	size      int64  // durable length
	allocated int64  // space reserved
	late      bool   // an error waits to be reported by the next Sync
	folder    bool
}

// undo is a write, or what is left of one, that is not durable: the bytes it
// replaced. Entries are in the order of completion, so those of one sector
// form a chain from its durable contents to its present ones.
type undo struct {
	file   FileID
	sticky bool   // a failed Sync marked the pages clean: only a rewrite helps
	seq    uint64 // Disk.clock at completion
	off    int64
	n      int64
	data   int // in the arena; zeroes if below 0
}

func (d *Disk) newFile() FileID {
	if d.used == len(d.files) {
		d.files = append(d.files, file{})
	}
	f := &d.files[d.used]
	*f = file{data: f.data[:0]}
	d.used++
	return FileID(d.used - 1)
}

// grow lengthens the file with zeroes.
func (f *file) grow(size int64) {
	old := len(f.data)
	if int64(old) >= size {
		return
	}
	if int64(cap(f.data)) < size {
		bigger := make([]byte, old, max(size, int64(2*cap(f.data)), 16<<10))
		copy(bigger, f.data)
		f.data = bigger
	}
	f.data = f.data[:size]
	clear(f.data[old:])
}

func (d *Disk) read(f *flight) {
	op := f.op
	if d.s.Fault(siteReadErr.Label(), 2) != 0 {
		d.s.Seen[sched.ReadError]++
		op.Err = d.ioError(f)
		return
	}
	data := d.files[f.file].data
	off := op.Off
	if d.s.Fault(siteMisread.Label(), 2) != 0 && len(data) > len(op.Buf) {
		places := (len(data) - len(op.Buf)) / d.cfg.Align
		off = int64(d.s.Tape.Choose(sitePlace.Label(), places+1) * d.cfg.Align)
		if off != op.Off {
			d.misread(f, sched.MisdirectedRead)
		}
	}
	if off < int64(len(data)) {
		op.N = copy(op.Buf, data[off:])
	}
	if op.N > Sector && d.s.Fault(siteShort.Label(), 2) != 0 {
		op.N = d.s.Tape.Choose(sitePlace.Label(), op.N/Sector) * Sector
		d.misread(f, sched.ShortRead)
	}
	d.s.Mix(sched.Sum(op.Buf[:op.N]))
}

func (d *Disk) misread(f *flight, e sched.Effect) {
	d.s.Seen[e]++
	if d.watch.Misread != nil {
		d.watch.Misread(f.file, d.NameOf(f.file), f.op.Off, len(f.op.Buf))
	}
}

func (d *Disk) write(f *flight) {
	op := f.op
	durable := op.Kind == vfs.WriteDurable
	end := op.Off + int64(len(op.Buf))
	in := &d.files[f.file]
	if end > max(int64(len(in.data)), in.allocated) && d.isFull(end-int64(len(in.data))) {
		d.s.Seen[sched.NoSpace]++
		op.Err = fmt.Errorf("cannot write %s: %w", d.NameOf(f.file), vfs.ErrNoSpace)
		return
	}
	if d.s.Fault(siteWriteErr.Label(), 2) != 0 {
		d.s.Seen[sched.WriteError]++
		v := d.s.Tape.Choose(sitePart.Label(), numParts)
		if d.part(f, v, func(lo, hi int64) { d.put(f, lo, hi, false) }); v > partAll {
			d.s.Seen[sched.ShortWrite]++
		}
		op.Err = d.ioError(f)
		return
	}
	op.N = len(op.Buf)
	switch {
	case d.s.Fault(sitePhantom.Label(), 2) != 0:
		d.s.Seen[sched.PhantomWrite]++
		d.damaged(f.file, op.Off, len(op.Buf))
		return
	case end < int64(len(in.data)) && d.s.Fault(siteMisplace.Label(), 2) != 0:
		d.misplace(f)
		return
	}
	if durable && d.s.Fault(siteFalseSync.Label(), 2) != 0 {
		d.s.Seen[sched.FalseSync]++
		durable = false
	}
	d.put(f, op.Off, end, durable)
	if !durable && op.Kind == vfs.Write && d.s.Fault(siteLate.Label(), 2) != 0 {
		// The kernel took the page, and its write-back failed afterwards.
		d.s.Seen[sched.LateError]++
		d.journal[len(d.journal)-1].sticky = true
		in.late = true
	}
}

// misplace does a write at the wrong place of its file.
func (d *Disk) misplace(f *flight) {
	op := f.op
	in := &d.files[f.file]
	places := (len(in.data) - len(op.Buf)) / d.cfg.Align
	at := int64(d.s.Tape.Choose(sitePlace.Label(), places+1) * d.cfg.Align)
	if at == op.Off {
		d.put(f, op.Off, op.Off+int64(len(op.Buf)), op.Kind == vfs.WriteDurable)
		return
	}
	d.s.Seen[sched.MisdirectedWrite]++
	copy(in.data[at:], op.Buf)
	d.settle(f.file, at, at+int64(len(op.Buf)))
	d.damaged(f.file, at, len(op.Buf))
	d.damaged(f.file, op.Off, len(op.Buf))
}

// put stores the part [lo, hi) of a write, durably or with an undo entry.
func (d *Disk) put(f *flight, lo, hi int64, durable bool) {
	if lo >= hi {
		return
	}
	in := &d.files[f.file]
	if durable {
		in.grow(hi)
		copy(in.data[lo:hi], f.op.Buf[lo-f.op.Off:])
		in.size = max(in.size, hi)
		d.settle(f.file, lo, hi)
		d.stable(f.file, lo, hi)
		return
	}
	u := undo{file: f.file, seq: d.clock, off: lo, n: hi - lo, data: -1}
	if old := int64(len(in.data)); lo < old {
		u.data = len(d.arena)
		d.arena = append(d.arena, in.data[lo:min(hi, old)]...)
		for pad := hi - old; pad > 0; pad -= Sector {
			d.arena = append(d.arena, zeroSector[:min(pad, Sector)]...)
		}
	}
	d.journal = append(d.journal, u)
	in.grow(hi)
	copy(in.data[lo:hi], f.op.Buf[lo-f.op.Off:])
}

var zeroSector [Sector]byte

// settle takes [lo, hi) out of the file's undo entries: it is durable.
func (d *Disk) settle(id FileID, lo, hi int64) { d.settleBefore(len(d.journal), id, lo, hi) }

// settleBefore is settle for the first n journal entries only. It returns how
// many of them there are afterwards: an entry may vanish or split in two.
func (d *Disk) settleBefore(n int, id FileID, lo, hi int64) int {
	for i := 0; i < n; i++ {
		u := d.journal[i]
		end := u.off + u.n
		if u.file != id || u.off >= hi || end <= lo {
			continue
		}
		left, right := u, u
		left.n = max(lo-u.off, 0)
		if end > hi {
			right.off, right.n = hi, end-hi
			if u.data >= 0 {
				right.data += int(hi - u.off)
			}
		} else {
			right.n = 0
		}
		switch {
		case left.n > 0 && right.n > 0:
			d.journal[i] = left
			d.journal = append(d.journal, undo{})
			copy(d.journal[i+2:], d.journal[i+1:])
			d.journal[i+1] = right
			i, n = i+1, n+1
		case left.n > 0:
			d.journal[i] = left
		case right.n > 0:
			d.journal[i] = right
		default:
			d.journal = append(d.journal[:i], d.journal[i+1:]...)
			i, n = i-1, n-1
		}
	}
	return n
}

func (d *Disk) allocate(f *flight) {
	op := f.op
	in := &d.files[f.file]
	size := int64(op.N)
	if size > max(int64(len(in.data)), in.allocated) && d.isFull(size-int64(len(in.data))) {
		d.s.Seen[sched.NoSpace]++
		d.s.Seen[sched.AllocateError]++
		op.Err = fmt.Errorf("cannot allocate %s: %w", d.NameOf(f.file), vfs.ErrNoSpace)
		return
	}
	in.allocated = max(in.allocated, size)
	if d.extends {
		in.grow(size)
	}
}

// isFull reports whether the disk refuses more bytes.
func (d *Disk) isFull(more int64) bool {
	now := d.s.Now()
	if now < d.fullUntil {
		d.wasFull = true
		return true
	}
	if d.wasFull {
		d.wasFull = false
		d.s.Seen[sched.SpaceHealed]++
	}
	if d.s.Fault(siteFull.Label(), 2) != 0 {
		d.fullUntil = now + fullSpans[d.s.Tape.Choose(siteSpan.Label(), len(fullSpans))]
		d.wasFull = true
		return true
	}
	if d.cfg.Capacity == 0 {
		return false
	}
	var sum int64
	for i := range d.files[:d.used] {
		if d.inUse(FileID(i)) {
			sum += max(int64(len(d.files[i].data)), d.files[i].allocated)
		}
	}
	return sum+more > d.cfg.Capacity
}

func (d *Disk) ioError(f *flight) error {
	return fmt.Errorf("cannot %s %s at %d: %w", kindNames[f.op.Kind], d.NameOf(f.file), f.op.Off, vfs.ErrIO)
}
