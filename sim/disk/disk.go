package disk

import (
	"holdfast/sim/sched"
	"holdfast/vfs"
)

// Sector is the unit in which writes tear.
const Sector = 512

// FileID names a file's contents, whatever its names are. IDs are dense, start
// at 0 in each run and are not reused.
type FileID int32

// Watch is told what happens to durable data. Any function may be nil; p is
// valid only during the call.
type Watch struct {
	// Stable: bytes p at off are durable under a durable name now. A file that
	// gains its first durable name is reported whole.
	Stable func(f FileID, name string, off int64, p []byte)
	// Damaged: the disk has destroyed n durable bytes at off (rot, or a
	// misplaced write). An error that names them is no false alarm.
	Damaged func(f FileID, name string, off int64, n int)
	// Misread: a read returned something other than the bytes at off.
	Misread func(f FileID, name string, off int64, n int)
}

// Config holds a disk's sizes.
type Config struct {
	Align    int   // 512 or 4096; 0 is 512
	Capacity int64 // bytes of all files; 0 is unlimited
}

// Disk implements vfs.FS. It is reused from run to run.
type Disk struct {
	s     *sched.Sched
	cfg   Config
	watch Watch

	files   []file // pool; the first used of them belong to this run
	used    int
	handles []handle
	names   []name // what programs see
	durable []name // what a power cut leaves
	changes []change

	journal []undo
	arena   []byte   // undo data
	clock   uint64   // orders completions against Syncs
	decided []uint64 // crash: sectors whose contents are settled
	bases   []int    // crash: each file's first bit in decided
	cursor  uint64   // crash: what is being decided
	cutting bool     // crash: it is a power cut

	ops       []flight
	free      []uint32
	inFlight  int
	submitted uint64

	fullUntil int64
	wasFull   bool
	extends   bool // this run's Allocate lengthens files
	bufs      buffers
	scratch   []byte
}

type handle struct {
	file   FileID
	open   bool
	flying int // operations in flight on it
}

// flight is an operation between Submit and Complete.
type flight struct {
	op    *vfs.Op
	gen   uint32 // matches the event that will complete it
	file  FileID
	block int32  // its buffer's
	order uint64 // of submission
	seen  uint64 // Disk.clock at submission
	size  int64  // of the file at submission
	sum   uint64 // of a write's buffer at submission
	due   int64
}

// New returns a disk; call Reset before use.
func New() *Disk { return &Disk{} }

// Reset begins a run with an empty disk.
func (d *Disk) Reset(s *sched.Sched, cfg Config, w Watch) {
	if cfg.Align == 0 {
		cfg.Align = Sector
	}
	d.s, d.cfg, d.watch = s, cfg, w
	d.used = 0
	d.names, d.durable, d.changes = d.names[:0], d.durable[:0], d.changes[:0]
	d.journal, d.arena = d.journal[:0], d.arena[:0]
	d.clock, d.submitted, d.cursor, d.cutting = 0, 0, 0, false
	d.fullUntil, d.wasFull = 0, false
	d.extends = s.Tape.Choose(siteExtends.Label(), 2) == 0
	d.ops = d.ops[:0]
	d.forgetProcess()
}

// forgetProcess drops what belonged to the process that used the disk.
func (d *Disk) forgetProcess() {
	d.handles = d.handles[:0]
	for i := range d.ops {
		d.ops[i] = flight{gen: d.ops[i].gen + 1}
	}
	d.free = d.free[:0]
	for i := len(d.ops) - 1; i >= 0; i-- {
		d.free = append(d.free, uint32(i))
	}
	d.inFlight = 0
	d.bufs.reset()
}

// Align implements vfs.FS.
func (d *Disk) Align() int { return d.cfg.Align }

// Buffer implements vfs.FS.
func (d *Disk) Buffer(n int) []byte {
	if n <= 0 || n%d.cfg.Align != 0 {
		sched.Violate("vfs.Buffer(%d): not a multiple of %d", n, d.cfg.Align)
	}
	return d.bufs.get(n)
}

// Release implements vfs.FS.
func (d *Disk) Release(p []byte) {
	if p != nil {
		d.bufs.put(p)
	}
}

// InFlight returns how many operations are in flight.
func (d *Disk) InFlight() int { return d.inFlight }

// Submit implements vfs.FS.
func (d *Disk) Submit(op *vfs.Op) {
	i := d.admit(op)
	f := &d.ops[i]
	op.Err = nil
	switch op.Kind {
	case vfs.Read, vfs.ReadNow:
		op.N = 0
		fill(op.Buf, poison)
	case vfs.Write, vfs.WriteDurable:
		op.N = 0
		f.sum = sched.Sum(op.Buf)
		d.s.Mix(f.sum)
	case vfs.Sync:
		f.size = int64(len(d.files[f.file].data))
	}
	wait := d.duration(op.Kind)
	if op.Kind == vfs.ReadNow {
		d.s.Pass(min(wait, 10*sched.Second))
		d.finish(i)
		return
	}
	f.due = d.s.Now() + wait
	d.s.At(f.due, sched.Disk, uint8(op.Kind), i, uint64(f.gen))
	if d.s.Tracing() {
		d.s.Tracef("disk: submit %s, due in %d us", d.describe(f), wait/sched.Microsecond)
	}
}

// admit checks an Op against the contract and gives it a slot.
func (d *Disk) admit(op *vfs.Op) uint32 {
	for i := range d.ops {
		if d.ops[i].op == op {
			sched.Violate("vfs.Submit: this Op (%v) is in flight already", op.Kind)
		}
	}
	if len(d.free) == 0 {
		d.ops = append(d.ops, flight{})
		d.free = append(d.free, uint32(len(d.ops)-1))
	}
	i := d.free[len(d.free)-1]
	d.free = d.free[:len(d.free)-1]
	d.submitted++
	f := &d.ops[i]
	*f = flight{op: op, gen: f.gen + 1, file: -1, block: -1, order: d.submitted, seen: d.clock}
	d.inFlight++
	if op.Owner == nil && op.Kind != vfs.ReadNow {
		sched.Violate("vfs.Submit: an Op without an Owner")
	}
	switch op.Kind {
	case vfs.Open, vfs.Create, vfs.Remove, vfs.Rename, vfs.Link, vfs.SyncDir, vfs.List, vfs.MakeDir, vfs.RemoveDir:
	case vfs.Close, vfs.Allocate, vfs.Sync:
		f.file = d.target(op)
	case vfs.Read, vfs.ReadNow, vfs.Write, vfs.WriteDurable:
		f.file = d.target(op)
		if op.Off < 0 || op.Off%int64(d.cfg.Align) != 0 || len(op.Buf)%d.cfg.Align != 0 || len(op.Buf) == 0 {
			sched.Violate("vfs.Submit: %d bytes at %d are not aligned to %d", len(op.Buf), op.Off, d.cfg.Align)
		}
		f.block = d.bufs.pin(op.Buf)
	default:
		sched.Violate("vfs.Submit: no such kind of Op: %d", op.Kind)
	}
	if f.file >= 0 {
		if h := &d.handles[op.File-1]; op.Kind == vfs.Close && h.flying > 0 {
			sched.Violate("vfs.Submit: Close of %q with %d operations in flight", d.NameOf(f.file), h.flying)
		} else {
			h.flying++
		}
	}
	return i
}

func (d *Disk) target(op *vfs.Op) FileID {
	if op.File == 0 || int(op.File) > len(d.handles) || !d.handles[op.File-1].open {
		sched.Violate("vfs.Submit: File %d is not open", op.File)
	}
	return d.handles[op.File-1].file
}

// Deliver completes the operation that an event stands for. It reports false
// for an event that another has overtaken.
func (d *Disk) Deliver(e sched.Event) bool {
	f := &d.ops[e.A]
	if f.op == nil || uint64(f.gen) != e.B {
		return false
	}
	for i := range d.ops {
		if d.ops[i].op != nil && d.ops[i].order < f.order {
			d.s.Seen[sched.OutOfOrder]++
			break
		}
	}
	op := f.op
	d.finish(e.A)
	op.Owner.Complete(op)
	return true
}

// finish does the operation's work and frees its slot.
func (d *Disk) finish(i uint32) {
	f := d.ops[i]
	op := f.op
	if op.Kind == vfs.Write || op.Kind == vfs.WriteDurable {
		if sched.Sum(op.Buf) != f.sum {
			sched.Violate("the buffer of a write to %q at %d changed while in flight", d.NameOf(f.file), op.Off)
		}
	}
	d.perform(&f)
	if f.block >= 0 {
		d.bufs.unpin(f.block)
	}
	if f.file >= 0 {
		d.handles[op.File-1].flying--
	}
	d.ops[i] = flight{gen: f.gen}
	d.free = append(d.free, i)
	d.inFlight--
	d.clock++
	if op.Err != nil {
		d.s.Mix(uint64(op.Kind) << 8)
	}
	d.s.Mix(uint64(op.N))
	if d.s.Tracing() {
		d.s.Tracef("disk: done   %s: n %d, err %v", d.describe(&f), op.N, op.Err)
	}
	if op.Kind != vfs.List {
		d.maybeRot()
	}
}

// perform does what the Op asks, or fails it.
func (d *Disk) perform(f *flight) {
	op := f.op
	switch op.Kind {
	case vfs.Open, vfs.Create:
		d.open(op)
	case vfs.Close:
		d.handles[op.File-1].open = false
	case vfs.Allocate:
		d.allocate(f)
	case vfs.Read, vfs.ReadNow:
		d.read(f)
	case vfs.Write, vfs.WriteDurable:
		d.write(f)
	case vfs.Sync:
		d.sync(f)
	default:
		d.nameOp(f)
	}
}

// Heal ends faults that last: stuck operations finish soon, space comes back.
func (d *Disk) Heal() {
	d.fullUntil = 0
	soon := d.s.Now() + sched.Millisecond
	for i := range d.ops {
		if f := &d.ops[i]; f.op != nil && f.due > soon {
			f.gen++
			f.due = soon
			d.s.At(soon, sched.Disk, uint8(f.op.Kind), uint32(i), uint64(f.gen))
		}
	}
}
