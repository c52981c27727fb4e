package tier

import (
	"errors"

	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// Tier is a shard's mover of values. One goroutine owns it.
type Tier struct {
	cfg   *config.Config
	state *tx.State
	log   *wal.Log // nil: nothing ever goes cold
	obs   *event.Observer

	reads    map[unit.LSN]*fetch // in flight or pinned
	queue    []*fetch            // wait for budget, in order, from next on
	next     int
	inFlight int64 // bytes of buffers that reads in flight may take
	building int64 // bytes of values that are put together from parts
	spare    []*fetch
	room     room

	hand    hand
	compact compactor
	images  imager
	form    imaging
	stats   Stats

	// Used returns the memory in use, everything counted. Set by the shard.
	Used func() int64
}

// Stats are the running totals INFO shows.
type Stats struct {
	Fetches, FetchErrors     uint64
	Uploads                  uint64 // fetched values that stayed resident
	Offloads, OffloadedBytes uint64
	Images                   uint64 // values imaged so that they could go cold
	Parts                    uint64 // parts of images written
	Copies, CopiedBytes      uint64 // records moved by compaction
	Segments                 uint64 // segments compacted
	Cancelled                uint64 // reads whose entry had changed meanwhile
	PendingReads             int
}

// New returns the tier of a shard.
func New(cfg *config.Config, s *tx.State, l *wal.Log, o *event.Observer) *Tier {
	t := &Tier{cfg: cfg, state: s, log: l, obs: o, reads: map[unit.LSN]*fetch{}}
	t.compact.t, t.images.t = t, t
	return t
}

// Stats returns the running totals.
func (t *Tier) Stats() Stats {
	s := t.stats
	s.PendingReads = len(t.reads)
	return s
}

func (t *Tier) mark(name string) {
	if t.obs.Mark != nil {
		t.obs.Mark(name)
	}
}

// Bytes returns the memory of reads in flight.
func (t *Tier) Bytes() int64 { return t.inFlight + t.building + t.compact.bytes() + t.images.bytes() }

// fetch is one read of one address, shared by all who want it.
type fetch struct {
	wal.Read
	at      unit.LSN // of the value; Read is where its record, or a part, is
	load    tx.Loader
	t       *Tier
	db      uint64
	key     []byte
	waiters []*Waiter // still waiting
	users   int       // waiters that have not released it
	done    bool
	pinned  bool
	granted bool // its bytes are in room.taken
	bytes   int64
	buffer  int64 // of these, what is read at a time
}

// Absents reports whether values of a database may not be resident: else there
// is no use in Want.
func (t *Tier) Absents(db int) bool {
	ks := t.state.Databases()[db].KS
	return t.log != nil && ks != nil && !ks.AllResident()
}

// Want notes that w's command needs the value of key; Ask then has it read. A
// value that is resident, or absent, or whose read has failed, is not waited
// for.
func (t *Tier) Want(w *Waiter, db int, key []byte) {
	d := t.state.Databases()[db]
	if !t.Absents(db) {
		return
	}
	r := d.KS.Find(d.KS.Hash(key), key)
	if r == 0 {
		return
	}
	lsn, _ := d.KS.Addr(r)
	if d.KS.Resident(r) {
		if f := t.reads[lsn]; f != nil && d.KS.Pinned(r) {
			w.holds(f) // still
		}
		return
	}
	f := t.reads[lsn]
	if f == nil {
		f = t.start(d, key, r)
		w.fresh = append(w.fresh, f)
	}
	if w.holds(f) {
		return // asked for already: its outcome stands until released
	}
	f.users++
	w.hold(f)
	if !f.done {
		f.waiters = append(f.waiters, w)
		w.pending++
	}
}

func (t *Tier) start(d *tx.Database, key []byte, r keyspace.Ref) *fetch {
	var f *fetch
	if n := len(t.spare); n > 0 {
		f = t.spare[n-1]
		t.spare = t.spare[:n-1]
	} else {
		f = &fetch{t: t}
	}
	f.db, f.key, f.done, f.pinned = d.ID, append(f.key[:0], key...), false, false
	f.granted = false
	f.LSN, f.Span = d.KS.Addr(r)
	f.at, f.buffer, f.Owner = f.LSN, int64(f.Span), f
	f.bytes = f.buffer
	if _, parted := d.First(r); parted {
		f.buffer = max(f.buffer, 2*int64(t.cfg.ImagePartBytes))
		f.bytes = f.buffer + int64(d.KS.ValueLen(r))
	}
	t.reads[f.at] = f
	return f
}

// pump starts queued reads while their buffers fit the budget; one may always
// run, however large.
func (t *Tier) pump() {
	for t.next < len(t.queue) {
		f := t.queue[t.next]
		if t.inFlight > 0 && t.inFlight+f.buffer > t.cfg.FetchBytes {
			return
		}
		t.queue[t.next] = nil
		if t.next++; t.next == len(t.queue) {
			t.queue, t.next = t.queue[:0], 0
		}
		t.inFlight += f.buffer
		t.building += f.bytes - f.buffer
		t.stats.Fetches++
		t.log.Read(&f.Read)
	}
}

// ReadDone implements wal.ReadOwner.
func (f *fetch) ReadDone(r *wal.Read) {
	t := f.t
	d, ref := f.entry()
	if ref != 0 && r.Err == nil {
		next, more, err := f.load.Take(t.state, f.key, &r.Rec)
		if more { // one part a turn or so: nobody waits for long
			f.LSN, f.Span = next.LSN, next.Span
			t.log.Read(&f.Read)
			return
		}
		r.Err = err
	}
	t.inFlight -= f.buffer
	t.building -= f.bytes - f.buffer
	t.room.coming -= f.bytes
	f.done = true
	switch {
	case ref == 0:
		t.stats.Cancelled++
		t.mark("entry changed while its value was read")
	case r.Err != nil:
		t.fail(f, r.Err)
	default:
		if ref, err := f.load.Install(t.state, d.KS, ref, &r.Rec); err != nil {
			t.fail(f, err)
		} else {
			d.KS.Pin(ref, true)
			f.pinned = true
			t.mark("cold value fetched")
		}
	}
	f.load = tx.Loader{}
	waiters := f.waiters
	f.waiters = f.waiters[:0]
	for _, w := range waiters {
		w.pending--
		if w.pending == 0 {
			w.Wake()
		}
	}
	if f.users == 0 {
		t.finish(f)
	}
	t.pump()
}

// entry finds the entry that still is cold at the address that was read.
func (f *fetch) entry() (*tx.Database, keyspace.Ref) {
	d, r := f.t.state.Entry(f.db, f.key)
	if r == 0 || d.KS.Resident(r) {
		return d, 0
	}
	if lsn, _ := d.KS.Addr(r); lsn != f.at {
		return d, 0
	}
	return d, r
}

// fail remembers why the value at the address cannot be had.
func (t *Tier) fail(f *fetch, err error) {
	t.stats.FetchErrors++
	known := tx.ErrRead
	if errors.Is(err, wal.ErrDamaged) || errors.Is(err, tx.ErrDamaged) {
		known = tx.ErrDamaged
	}
	t.state.Fault(f.at, known)
	if t.obs.Warn != nil {
		t.obs.Warn("cannot read a value from disk: " + err.Error())
	}
}

// finish unpins the value when nobody needs it any more; it stays resident
// only while memory allows. A failed read is forgotten, so that the next
// command tries again.
func (t *Tier) finish(f *fetch) {
	if t.reads[f.at] == f {
		delete(t.reads, f.at)
	}
	if f.granted {
		f.granted = false
		t.room.taken -= f.bytes
	}
	t.state.Fault(f.at, nil)
	if f.pinned {
		f.pinned = false
		t.unpin(f)
	}
	f.Rec = wal.Record{}
	if len(t.spare) < 64 {
		t.spare = append(t.spare, f)
	}
}

func (t *Tier) unpin(f *fetch) {
	d, r := t.state.Entry(f.db, f.key)
	if r == 0 {
		return
	}
	d.KS.Pin(r, false)
	t.hand.barren = false
	if lsn, _ := d.KS.Addr(r); lsn == f.at && t.freeShare() < t.cfg.TieredUploadShare {
		t.drop(d, r)
		return
	}
	t.stats.Uploads++
}

// list returns the list at key, or nil if none is resident there.
func (t *Tier) list(db int, key []byte) *obj.List {
	d, r := t.entry(db, key)
	if r == 0 {
		return nil
	}
	l, _ := d.KS.Object(r).(*obj.List)
	return l
}

// Tight reports whether an insertion into the list at key may write it whole.
func (t *Tier) Tight(db int, key []byte) bool {
	l := t.list(db, key)
	return l == nil || l.Tight()
}

// Ends bounds the bytes of the elements at the ends of the list at key.
func (t *Tier) Ends(db int, key []byte) int {
	l := t.list(db, key)
	if l == nil {
		return t.Size(db, key)
	}
	return max(len(l.At(0)), len(l.At(l.Len()-1)))
}

// Largest bounds the bytes of any element of the list at key. It looks at all.
func (t *Tier) Largest(db int, key []byte) (n int) {
	l := t.list(db, key)
	if l == nil {
		return t.Size(db, key)
	}
	l.Walk(0, false, func(_ int64, v []byte) bool {
		n = max(n, len(v))
		return true
	})
	return n
}

// Size returns the bytes of the value at key, in memory or on disk.
func (t *Tier) Size(db int, key []byte) int {
	d, r := t.entry(db, key)
	if r == 0 {
		return 0
	}
	_, span := d.KS.Addr(r)
	return max(int(span), d.KS.ValueLen(r), tx.ObjectBytes(d.KS, r))
}
