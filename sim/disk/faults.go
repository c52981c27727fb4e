package disk

import (
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/vfs"
)

// The choices of the disk. Parameters of a fault are Free: uniform once the
// fault itself was chosen.
var (
	siteTime    = sched.NewDelaySite("disk/op #/time")
	siteSlow    = tape.NewSite("disk/op #/slow or stuck", tape.DiskFault)
	siteReadErr = tape.NewSite("disk/read error", tape.DiskFault)
	// A full set of error sites, since each wants its own swarm.
	siteWriteErr = tape.NewSiteWeighted("disk/write error", tape.DiskFault, 2)
	siteSyncErr  = tape.NewSiteWeighted("disk/sync error", tape.DiskFault, 2)
	siteLate     = tape.NewSiteWeighted("disk/late error", tape.DiskFault, 2)
	siteOpenErr  = tape.NewSiteWeighted("disk/open error", tape.DiskFault, 2)
	siteNameErr  = tape.NewSiteWeighted("disk/directory error", tape.DiskFault, 2)
	siteFull     = tape.NewSiteWeighted("disk/no space", tape.DiskFault, 2)

	siteMisread = tape.NewSite("disk/misdirected read", tape.Damage)
	siteShort   = tape.NewSite("disk/short read", tape.Damage)
	siteRot     = tape.NewSite("disk/bit rot", tape.Damage)

	sitePhantom   = tape.NewSite("disk/phantom write", tape.Lie)
	siteMisplace  = tape.NewSite("disk/misdirected write", tape.Lie)
	siteFalseSync = tape.NewSite("disk/false sync", tape.FalseSync)

	siteExtends    = tape.NewSite("disk/allocate leaves length", tape.Free)
	sitePart       = tape.NewSite("disk/which part", tape.Free)
	siteCut        = tape.NewSite("disk/cut", tape.Free)
	sitePlace      = tape.NewSite("disk/place", tape.Free)
	siteFile       = tape.NewSite("disk/file", tape.Free)
	siteBit        = tape.NewSite("disk/bit", tape.Free)
	siteSpan       = tape.NewSite("disk/span", tape.Free)
	siteSyncResult = tape.NewSite("disk/failed sync", tape.Free)

	siteCrashWrite  = tape.NewSite("power cut/file #/unsynced write", tape.Free)
	siteCrashFlight = tape.NewSite("power cut/file #/write in flight", tape.Free)
	siteCrashSize   = tape.NewSite("power cut/file #/length", tape.Free)
	siteCrashName   = tape.NewSite("power cut/name change", tape.Free)
	siteCrashOp     = tape.NewSite("crash/name change in flight", tape.Free)
)

// usual is how long each kind of operation takes in fair weather.
var usual = [...]int64{
	vfs.Open: 40 * sched.Microsecond, vfs.Create: 60 * sched.Microsecond, vfs.Close: 5 * sched.Microsecond,
	vfs.Allocate: 200 * sched.Microsecond, vfs.Read: 80 * sched.Microsecond, vfs.ReadNow: 80 * sched.Microsecond,
	vfs.Write: 10 * sched.Microsecond, vfs.WriteDurable: 60 * sched.Microsecond, vfs.Sync: 300 * sched.Microsecond,
	vfs.Rename: 50 * sched.Microsecond, vfs.Link: 50 * sched.Microsecond, vfs.Remove: 50 * sched.Microsecond,
	vfs.SyncDir: 200 * sched.Microsecond, vfs.List: 30 * sched.Microsecond, vfs.MakeDir: 50 * sched.Microsecond,
	vfs.RemoveDir: 50 * sched.Microsecond,
}

var kindNames = [...]string{
	vfs.Open: "open", vfs.Create: "create", vfs.Close: "close", vfs.Allocate: "allocate", vfs.Read: "read",
	vfs.ReadNow: "read now", vfs.Write: "write", vfs.WriteDurable: "write durable", vfs.Sync: "sync",
	vfs.Rename: "rename", vfs.Link: "link", vfs.Remove: "remove", vfs.SyncDir: "sync directory", vfs.List: "list",
	vfs.MakeDir: "make folder", vfs.RemoveDir: "remove folder",
}

// slowSpans are what a slow or stuck operation takes, for outcomes 1 and on.
var slowSpans = [...]int64{0, 5 * sched.Millisecond, 40 * sched.Millisecond, 400 * sched.Millisecond,
	3 * sched.Second, 15 * sched.Second, 70 * sched.Second}

// fullSpans are how long a disk stays full.
var fullSpans = [...]int64{20 * sched.Millisecond, sched.Second, 30 * sched.Second}

func (d *Disk) duration(k vfs.Kind) int64 {
	t := d.s.Delay(siteTime.At(int(k)), usual[k])
	if v := d.s.Fault(siteSlow.At(int(k)), len(slowSpans)); v != 0 {
		t += slowSpans[v]
		if slowSpans[v] >= sched.Second {
			d.s.Seen[sched.StuckIO]++
		} else {
			d.s.Seen[sched.SlowIO]++
		}
	}
	return t
}

// The parts of a write that can be all that is left of it.
const (
	partNone = iota
	partAll
	partLeft   // up to a sector
	partRight  // from a sector on
	partEnds   // all but something in the middle
	partMiddle // only something in the middle
	numParts
)

// part calls keep with the pieces of a write in flight that reach the disk.
func (d *Disk) part(f *flight, v int, keep func(lo, hi int64)) {
	lo, hi := f.op.Off, f.op.Off+int64(len(f.op.Buf))
	d.pieces(v, lo, hi, func(a, b int64, kept bool) {
		if kept {
			keep(a, b)
		}
	})
}

// pieces cuts [lo, hi) at sectors into kept and lost pieces, in order.
func (d *Disk) pieces(v int, lo, hi int64, fn func(lo, hi int64, kept bool)) {
	cut := func(lo int64) int64 {
		n := int((hi-lo+Sector-1)/Sector) - 1 // cuts strictly inside
		if n < 1 {
			return hi
		}
		return lo + Sector + int64(d.s.Tape.Choose(siteCut.Label(), n))*Sector
	}
	switch v {
	case partNone:
		fn(lo, hi, false)
	case partAll:
		fn(lo, hi, true)
	case partLeft, partRight:
		mid := cut(lo)
		fn(lo, mid, v == partLeft)
		if mid < hi {
			fn(mid, hi, v == partRight)
		}
	default:
		a := cut(lo)
		b := hi
		if a < hi {
			b = cut(a)
		}
		fn(lo, a, v == partEnds)
		if a < b {
			fn(a, b, v == partMiddle)
		}
		if b < hi {
			fn(b, hi, v == partEnds)
		}
	}
}

// maybeRot flips a durable bit now and then.
func (d *Disk) maybeRot() {
	if d.used == 0 || d.s.Fault(siteRot.Label(), 2) == 0 {
		return
	}
	id := FileID(d.s.Tape.Choose(siteFile.Label(), d.used))
	in := &d.files[id]
	n := min(in.size, int64(len(in.data)))
	if n == 0 || !d.inUse(id) {
		return
	}
	off := int64(d.s.Tape.Choose(sitePlace.Label(), int((n+Sector-1)/Sector)))*Sector + int64(d.s.Tape.Choose(siteBit.Label(), Sector))
	if off >= n || d.pendingAt(id, off) {
		return
	}
	in.data[off] ^= 1 << d.s.Tape.Choose(siteBit.Label(), 8)
	d.s.Seen[sched.BitRot]++
	d.damaged(id, off, 1)
}

// pendingAt reports whether an unsynced write covers the byte.
func (d *Disk) pendingAt(id FileID, off int64) bool {
	for _, u := range d.journal {
		if u.file == id && u.off <= off && off < u.off+u.n {
			return true
		}
	}
	return false
}

func (d *Disk) damaged(id FileID, off int64, n int) {
	if d.s.Tracing() {
		d.s.Tracef("disk: %d bytes of %s at %d are damaged", n, d.NameOf(id), off)
	}
	if d.watch.Damaged != nil {
		d.watch.Damaged(id, d.NameOf(id), off, n)
	}
}
