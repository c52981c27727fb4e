package disk

import (
	"holdfast/sim/sched"
)

// sync makes durable the writes that had completed when it was submitted.
func (d *Disk) sync(f *flight) {
	in := &d.files[f.file]
	if in.late || d.s.Fault(siteSyncErr.Label(), 2) != 0 {
		in.late = false
		d.failSync(f)
		return
	}
	if d.s.Fault(siteFalseSync.Label(), 2) != 0 {
		d.s.Seen[sched.FalseSync]++
		return
	}
	if f.size > in.size {
		in.size = f.size // before anybody looks at what is durable now
	}
	for i := 0; i < len(d.journal); i++ {
		u := d.journal[i]
		if u.file != f.file || u.seq >= f.seen || u.sticky {
			continue
		}
		d.journal = append(d.journal[:i], d.journal[i+1:]...)
		// What an earlier failure left behind under this write is overwritten.
		i = d.settleBefore(i, u.file, u.off, u.off+u.n) - 1
		d.stable(u.file, u.off, u.off+u.n)
	}
}

// What a failed Sync has done to one write: nothing that a later Sync would
// not do again is not among them, since the pages are marked clean.
const (
	syncedAnyway = iota // the bytes reached the disk
	syncLost            // the disk keeps the old bytes, reads still see the new
	syncReverted        // both are the old bytes
	syncMixed           // the first half reached the disk
	numSyncResults
)

// failSync fails a Sync the way kernels do.
func (d *Disk) failSync(f *flight) {
	d.s.Seen[sched.SyncError]++
	f.op.Err = d.ioError(f)
	result := d.s.Tape.Choose(siteSyncResult.Label(), numSyncResults)
	for i := 0; i < len(d.journal); i++ {
		u := d.journal[i]
		if u.file != f.file || u.seq >= f.seen || u.sticky {
			continue
		}
		half := u.off + u.n/2/Sector*Sector
		switch {
		case result == syncedAnyway:
			d.journal = append(d.journal[:i], d.journal[i+1:]...)
			i = d.settleBefore(i, u.file, u.off, u.off+u.n) - 1
			d.stable(u.file, u.off, u.off+u.n)
			continue
		case result == syncMixed && half > u.off:
			i = d.settleBefore(i+1, u.file, u.off, half) - 1
			d.stable(u.file, u.off, half)
		}
		if i >= 0 && i < len(d.journal) {
			d.journal[i].sticky = true
		}
		d.s.Seen[sched.SyncLostData]++
	}
	if result == syncReverted {
		d.revert(f.file)
	}
}

// revert makes reads see the durable bytes of every sticky write.
func (d *Disk) revert(id FileID) {
	in := &d.files[id]
	for i := len(d.journal) - 1; i >= 0; i-- {
		u := d.journal[i]
		if u.file != id || !u.sticky || d.coveredLater(i) {
			continue
		}
		d.undoRange(in, u, u.off, u.off+u.n)
		d.journal = append(d.journal[:i], d.journal[i+1:]...)
	}
}

// coveredLater reports whether a later entry overlaps entry i: then reads see
// the later write, and reverting the earlier one must wait for a crash.
func (d *Disk) coveredLater(i int) bool {
	u := d.journal[i]
	for _, v := range d.journal[i+1:] {
		if v.file == u.file && v.off < u.off+u.n && u.off < v.off+v.n {
			return true
		}
	}
	return false
}

// undoRange puts back the bytes that u replaced in [lo, hi).
func (d *Disk) undoRange(in *file, u undo, lo, hi int64) {
	lo, hi = max(lo, u.off), min(hi, u.off+u.n)
	d.undoInto(in.data, 0, u, lo, hi)
}

// undoInto is undoRange on a copy of the bytes from base on.
func (d *Disk) undoInto(dst []byte, base int64, u undo, lo, hi int64) {
	lo, hi = max(lo, base), min(hi, base+int64(len(dst)))
	if lo >= hi {
		return
	}
	if u.data < 0 {
		clear(dst[lo-base : hi-base])
		return
	}
	copy(dst[lo-base:hi-base], d.arena[u.data+int(lo-u.off):])
}
