package disk

import (
	"bytes"

	"holdfast/sim/sched"
	"holdfast/vfs"
)

// The fates of an unsynced write at a power cut. The benign one is to survive.
var fates = [...]int{partAll, partNone, partLeft, partRight, partEnds, partMiddle}

// Kill ends the process that used the disk: operations in flight are done, in
// part done or not done; the page cache stays.
func (d *Disk) Kill() {
	d.landFlights()
	d.s.Drop(sched.Disk, nil)
	d.forgetProcess()
}

// PowerCut ends the process and replaces the disk's contents by a crash image.
func (d *Disk) PowerCut() {
	d.cutting = true
	d.landFlights()
	d.s.Drop(sched.Disk, nil)
	d.forgetProcess()
	d.cutData()
	d.cutSizes()
	d.cutNames()
	for i := range d.files[:d.used] {
		d.files[i].allocated, d.files[i].late = 0, false
	}
	d.cutting = false
}

// landFlights decides what became of the operations in flight, in the order of
// their submission. What lands is not durable by itself: after a power cut the
// journal decides, so a landed write can still tear.
func (d *Disk) landFlights() {
	missed := false
	for done := uint64(0); ; {
		next := -1
		for i := range d.ops {
			if o := d.ops[i].order; d.ops[i].op != nil && o > done && (next < 0 || o < d.ops[next].order) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		f := &d.ops[next]
		done = f.order
		d.cursor = f.order
		missed = !d.land(f, missed) || missed
	}
}

// land decides about one operation and reports whether all of a write is there.
// missed says that of an older one it is not.
func (d *Disk) land(f *flight, missed bool) bool {
	switch f.op.Kind {
	case vfs.Write, vfs.WriteDurable:
		return d.landWrite(f, missed)
	case vfs.Create, vfs.Rename, vfs.Link, vfs.Remove, vfs.MakeDir, vfs.RemoveDir:
		if !d.s.Tape.Chance(siteCrashOp.Label()) {
			break
		}
		if f.op.Kind != vfs.Create {
			d.change(f.op)
		} else if lookup(d.names, f.op.Name) < 0 && plain(f.op.Name) && d.isFolder(folderOf(f.op.Name)) {
			d.record(change{kind: vfs.Create, name: f.op.Name, file: d.newFile()})
		}
	}
	return true
}

func (d *Disk) landWrite(f *flight, missed bool) bool {
	if sched.Sum(f.op.Buf) != f.sum {
		sched.Violate("the buffer of a write to %q at %d changed while in flight", d.NameOf(f.file), f.op.Off)
	}
	v := d.s.Tape.Choose(siteCrashFlight.At(int(f.file)), whole(int64(len(f.op.Buf)), numParts))
	d.part(f, v, func(lo, hi int64) {
		d.put(f, lo, hi, false)
		d.s.Seen[sched.InFlightDone]++
	})
	if v > partAll {
		d.s.Seen[sched.TornWrite]++
	}
	if v != partNone && missed {
		d.s.Seen[sched.ReorderedWrite]++
	}
	if d.s.Tracing() {
		d.s.Tracef("disk: in flight at the crash: %s: %s", d.describe(f), partNames[v])
	}
	return v == partAll
}

// whole returns how many of n outcomes a write of so many bytes has. One that is
// of a sector is there or not.
func whole(bytes int64, n int) int {
	if bytes <= Sector {
		return partAll + 1
	}
	return n
}

var partNames = [numParts]string{"lost", "whole", "torn: left part", "torn: right part", "torn: hole", "torn: middle part"}

// cutData walks the journal from the newest write to the oldest. A sector is
// decided by the newest write to it that survives.
func (d *Disk) cutData() {
	base := d.resetDecided()
	survived := -1
	for i := len(d.journal) - 1; i >= 0; i-- {
		d.cursor = uint64(i)
		u := d.journal[i]
		v := partNone
		if !u.sticky {
			v = fates[d.s.Tape.Choose(siteCrashWrite.At(int(u.file)), whole(u.n, len(fates)))]
		}
		lost, kept := false, false
		d.pieces(v, u.off, u.off+u.n, func(lo, hi int64, keep bool) {
			l, k := d.cutPiece(u, lo, hi, keep, base[u.file])
			lost, kept = lost || l, kept || k
		})
		switch {
		case u.sticky: // counted as what a failed sync has lost
		case lost && v != partNone:
			d.s.Seen[sched.TornWrite]++
		case lost:
			d.s.Seen[sched.LostWrite]++
			if survived >= 0 {
				d.s.Seen[sched.ReorderedWrite]++
			}
		}
		if kept && survived < 0 {
			survived = i
		}
		if d.s.Tracing() {
			d.s.Tracef("disk: unsynced write of %d bytes to %s at %d: %s", u.n, d.NameOf(u.file), u.off, partNames[v])
		}
	}
	d.journal, d.arena = d.journal[:0], d.arena[:0]
}

// resetDecided clears one bit per sector and returns each file's first bit.
func (d *Disk) resetDecided() []int {
	d.bases = append(d.bases[:0], make([]int, d.used)...)
	base := d.bases
	bits := 0
	for i := range base {
		base[i] = bits
		bits += (len(d.files[i].data) + Sector - 1) / Sector
	}
	words := (bits + 63) / 64
	if cap(d.decided) < words {
		d.decided = make([]uint64, words)
	}
	d.decided = d.decided[:words]
	clear(d.decided)
	return base
}

// cutPiece keeps or undoes the sectors of [lo, hi) that no newer write has
// decided, and reports whether that lost or kept bytes that differ.
func (d *Disk) cutPiece(u undo, lo, hi int64, keep bool, base int) (lost, kept bool) {
	in := &d.files[u.file]
	for at := lo; at < hi; {
		end := min(at-at%Sector+Sector, hi)
		bit := base + int(at/Sector)
		if d.decided[bit/64]&(1<<(bit%64)) == 0 {
			differs := d.differs(in, u, at, end)
			if keep {
				d.decided[bit/64] |= 1 << (bit % 64)
				kept = kept || differs
			} else {
				d.undoRange(in, u, at, end)
				lost = lost || differs
			}
		}
		at = end
	}
	return lost, kept
}

func (d *Disk) differs(in *file, u undo, lo, hi int64) bool {
	if u.data >= 0 {
		from := u.data + int(lo-u.off)
		return !bytes.Equal(in.data[lo:hi], d.arena[from:from+int(hi-lo)])
	}
	return !allZero(in.data[lo:hi])
}

// cutSizes decides the lengths of files that grew without a sync.
func (d *Disk) cutSizes() {
	for i := range d.files[:d.used] {
		in := &d.files[i]
		n := int64(len(in.data))
		if n <= in.size {
			continue
		}
		switch d.s.Tape.Choose(siteCrashSize.At(i), 3) {
		case 1:
			n = in.size
		case 2:
			n = in.size + int64(d.s.Tape.Choose(siteCut.Label(), int((n-in.size+Sector-1)/Sector)))*Sector
		}
		if n < int64(len(in.data)) {
			d.s.Seen[sched.ShortFile]++
			in.data = in.data[:n]
		} else if allZero(in.data[max(in.size, n-Sector):]) {
			d.s.Seen[sched.ZeroFill]++
		}
		in.size = n
	}
}

func allZero(p []byte) bool {
	for len(p) >= Sector {
		if !bytes.Equal(p[:Sector], zeroSector[:]) {
			return false
		}
		p = p[Sector:]
	}
	for _, c := range p {
		if c != 0 {
			return false
		}
	}
	return true
}

// cutNames decides which unsynced changes of the directory survived.
func (d *Disk) cutNames() {
	for i, c := range d.changes {
		d.cursor = uint64(i)
		if d.s.Tape.Choose(siteCrashName.Label(), 2) == 0 {
			d.durable = c.apply(d.durable)
			continue
		}
		switch c.kind {
		case vfs.Rename:
			d.s.Seen[sched.LostRename]++
		case vfs.Remove, vfs.RemoveDir:
			d.s.Seen[sched.LostRemove]++
		default:
			d.s.Seen[sched.LostCreate]++
		}
		if d.s.Tracing() {
			d.s.Tracef("disk: lost: %s %s %s", kindNames[c.kind], c.name, c.to)
		}
	}
	d.changes = d.changes[:0]
	d.durable = orphans(d.durable)
	d.names = append(d.names[:0], d.durable...)
}
