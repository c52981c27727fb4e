package tier

import (
	"errors"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// compactor copies what is live in the oldest segment to the tail.
type compactor struct {
	t       *Tier
	running bool
	end     unit.LSN // the segment ends here
	judged  unit.LSN // log tail when the walk was over: copies, and what made records dead
	scanned bool
	paused  bool // the walk waits for room in the log
	moves   []move
	owed    []debt    // values to be imaged before the walk goes on
	early   unit.LSN  // committed when a walk met a record that was not all written
	failed  unit.LSN  // a walk from here failed, so the head stayed
	retry   unit.Time // and this is when the next one may begin
	rewrite unit.LSN  // everything below was asked to be compacted
	short   bool      // the log was, and has not grown much since
	lap     lap
	size    int64
	now     unit.Time
}

// lap is one round of compaction over all that was logged when it began. What of
// the log is not live behind it, but for what others have written meanwhile, is
// headers and padding: that comes back with every round, so only what comes on top
// is garbage.
type lap struct {
	end    unit.LSN // it is over when the head is there
	dead   int64    // bytes that were not live when it began
	units  int64    // logged by then
	padded int64    // bytes of padding by then
	own    int64    // units logged since by compaction
	made   int64    // by which so much more is not live
	spent  int64    // of the bytes that are not live, those found to be no garbage
}

// dead returns how many of the bytes logged since the log's birth are not live.
func (t *Tier) dead() int64 { return int64(t.log.End()) - t.state.Live() }

// wrote ends a unit of compaction, before which so much was dead.
func (c *compactor) wrote(dead int64) {
	c.t.state.SealImage()
	c.lap.own++
	c.lap.made += c.t.dead() - dead
}

// compacted follows the end of a segment's compaction.
func (c *compactor) compacted() {
	t, l := c.t, &c.lap
	if c.end < l.end {
		return
	}
	s, spent := t.log.Stats(), int64(0)
	if l.end != 0 {
		spent = l.dead + l.made
		if s.Units-l.units == l.own { // all that was padded is of copies
			spent += s.BytesPadded - l.padded
		}
	}
	*l = lap{end: t.log.End(), dead: t.dead(), units: s.Units, padded: s.BytesPadded, spent: spent}
}

// move is a cold value whose copy is not yet committed.
type move struct {
	db       uint64
	key      []byte
	from, to unit.LSN
	end      unit.LSN
	span     uint32
}

// debt is a value that has outgrown the record that the walk met.
type debt struct {
	db  uint64
	key []byte
}

func (c *compactor) bytes() int64 { return c.size }

// Compact goes on compacting: called once a turn. A segment is taken when the
// log is larger than its live bytes warrant.
func (t *Tier) Compact(now unit.Time) {
	c := &t.compact
	c.now = now
	if t.log == nil || t.log.Err() != nil {
		return
	}
	c.settle()
	if c.pay() && c.paused && t.log.Reserve(t.copyRoom(), wal.Compaction) == nil {
		c.paused = false
		t.log.Resume()
	}
	if c.running || now < c.retry || !t.worthCompacting() {
		return
	}
	_, end := t.log.SegmentOf(t.log.Head())
	if end > t.log.Committed() || c.early == t.log.Committed() {
		return // never the segment being written, or what goes on from it
	}
	if at := t.Unfinished(); at != 0 && at < end {
		t.mark("compaction waits for an image in parts")
		return // on its parts nothing depends yet
	}
	if t.log.Reserve(t.copyRoom(), wal.Compaction) != nil {
		return
	}
	c.running, c.scanned, c.end = true, false, end
	t.log.Scan(t.log.Head(), c)
}

// worthCompacting reports whether the log takes clearly more space than what
// is live in it. The less space there is, the less it takes to be worth it; but
// where all is live there is nothing to gain, however full the log.
func (t *Tier) worthCompacting() bool {
	if t.compact.rewrite > t.log.Head() {
		return true
	}
	start, end := t.log.SegmentOf(t.log.Head())
	seg, used, live := int64(end-start), int64(t.log.End()-t.log.Head()), t.state.Live()
	garbage, capacity := min(used-live, t.dead()-t.compact.lap.spent), t.log.Cap()
	if used >= 3*seg {
		t.compact.short = false
	}
	switch {
	case t.log.Tight():
		return garbage > t.log.LeastGarbage()
	case used < 3*seg:
		return t.compact.shortens(used, seg) && garbage > seg
	case capacity > 0 && used > min(capacity*8/10, capacity-5*seg):
		return garbage > live/16+seg/2
	}
	return garbage > live/2+2*seg
}

// shortens reports whether a short log is made still shorter: compaction that began
// at three segments ends at two, so that the roll of a backup is not worth another.
func (c *compactor) shortens(used, seg int64) bool {
	c.short = c.short || used < 2*seg
	return !c.short
}

// Rewrite asks for compaction of all that is logged by now, worth it or not.
func (t *Tier) Rewrite() { t.compact.rewrite, _ = t.log.SegmentOf(t.log.Tail()) }

// Rewriting reports whether that is still going on.
func (t *Tier) Rewriting() bool { return t.log != nil && t.compact.rewrite > t.log.Head() }

// liveShare is the part of the log's cap, in percent, that live bytes may take
// before writers are refused.
const liveShare = 85

// Reclaims reports whether compaction is making room, or is about to: what is
// live is well within the cap.
func (t *Tier) Reclaims() bool {
	capacity := t.cfg.TieredMaxFileSize
	return capacity > 0 && t.state.Live() < capacity/100*liveShare && (t.compact.running || t.log.Freeing() || t.worthCompacting())
}

// ScanRecords implements wal.ScanOwner: copies what is live among recs.
func (c *compactor) ScanRecords(recs []wal.Record) bool {
	t := c.t
	began, dead := false, t.dead()
	for i := range recs {
		rec := &recs[i]
		d, r := c.depends(rec)
		if r == 0 {
			continue
		}
		if d.KS.Dirty(r) || t.Large(d, r) { // its image may be any number of times as large
			c.owe(rec.DB, rec.Key)
			continue
		}
		if !began {
			t.state.Begin(c.now, 0)
			began = true
		}
		if d.KS.Resident(r) {
			t.state.Image(d, r)
		} else {
			to, span := t.state.CopyRecord(d, r, rec)
			c.moving(d, rec.Key, rec.LSN, to, span)
		}
		t.stats.Copies++
		t.stats.CopiedBytes += uint64(rec.Span)
	}
	if began {
		c.wrote(dead)
	}
	c.paused = len(c.owed) > 0 || t.log.Reserve(t.copyRoom(), wal.Compaction) != nil
	return !c.paused
}

// pay images some of the values that are owed and reports whether none is left.
// The log's completions make the turns in which it goes on.
func (c *compactor) pay() bool {
	if len(c.owed) == 0 {
		return true
	}
	t, paid, room := c.t, 0, c.t.copyRoom()
	for n := range c.owed {
		o := &c.owed[n]
		if d, r := c.owes(o); r != 0 {
			if !d.KS.Resident(r) || t.Large(d, r) {
				t.Image(d, r, c.end)
				c.owed = append(c.owed[:0], c.owed[n:]...)
				return false
			}
			weight := t.Weight(d.KS, r) + ksOverhead
			err := error(nil)
			if paid <= room {
				err = t.log.Reserve(weight, wal.Compaction)
			}
			if errors.Is(err, wal.ErrBusy) && weight > t.cfg.ImagePartBytes {
				t.Image(d, r, c.end)
			}
			if paid > room || err != nil {
				c.owed = append(c.owed[:0], c.owed[n:]...)
				return false
			}
			paid += weight
			dead := t.dead()
			t.state.Begin(c.now, 0)
			t.state.Image(d, r)
			c.wrote(dead)
			t.stats.Copies++
			t.stats.CopiedBytes += uint64(weight)
		}
		c.size -= int64(len(o.key)) + 48
	}
	if c.owed = nil; c.scanned {
		c.judged = t.log.Tail()
	}
	return true
}

// owe notes that a value must be imaged before the walk is over.
func (c *compactor) owe(db uint64, key []byte) {
	c.owed = append(c.owed, debt{db, append([]byte(nil), key...)})
	c.size += int64(len(key)) + 48
}

// owes finds the entry of a debt if it still needs what the walk is about to free.
func (c *compactor) owes(o *debt) (*tx.Database, keyspace.Ref) {
	d, r := c.t.state.Entry(o.db, o.key)
	if r == 0 {
		return nil, 0
	}
	lsn, _ := d.KS.Addr(r)
	if first, _ := d.First(r); first >= c.end || lsn == 0 && !d.KS.Dirty(r) {
		return nil, 0
	}
	for i := range c.moves {
		if m := &c.moves[i]; m.from == lsn && !d.KS.Dirty(r) {
			return nil, 0 // copied, and yet to be switched
		}
	}
	return d, r
}

// copyRoom is what must fit the log before the walk goes on: about what one
// call of ScanRecords may copy, a batch.
func (t *Tier) copyRoom() int {
	return int(max(min(256<<10, t.cfg.SegmentBytes/4), min(int64(t.cfg.BatchBytes), t.cfg.SegmentBytes)))
}

// moving notes a copy that is yet to be committed.
func (c *compactor) moving(d *tx.Database, key []byte, from, to unit.LSN, span uint32) {
	c.moves = append(c.moves, move{db: d.ID, key: append([]byte(nil), key...),
		from: from, to: to, end: to + unit.LSN(span), span: span})
	c.size += int64(len(key)) + 96
}

// depends finds the entry that still needs rec: rec is its image, or a delta
// newer than any image it has.
func (c *compactor) depends(rec *wal.Record) (*tx.Database, keyspace.Ref) {
	switch rec.Kind {
	case wal.Delete, wal.Deadline:
		return nil, 0
	}
	d, r := c.t.state.Entry(rec.DB, rec.Key)
	if r == 0 {
		return nil, 0
	}
	lsn, _ := d.KS.Addr(r)
	if rec.Kind == wal.Part {
		if first, _ := d.First(r); first <= rec.LSN && rec.LSN < lsn {
			return d, r
		}
		return nil, 0
	}
	image := rec.Kind.Whole()
	if lsn == rec.LSN || !image && lsn < rec.LSN && d.KS.Dirty(r) {
		return d, r
	}
	return nil, 0
}

// ScanDone implements wal.ScanOwner.
func (c *compactor) ScanDone(err error) {
	if errors.Is(err, wal.ErrNotYet) {
		c.running, c.early = false, c.t.log.Committed()
		return
	}
	if err != nil {
		head := c.t.log.Head()
		if c.failed != head && c.t.obs.Warn != nil {
			c.t.obs.Warn("compaction stopped, it will be tried again: " + err.Error())
		}
		c.running, c.failed, c.retry = false, head, c.now+1_000_000
		return
	}
	// What was found dead may have been killed by units that are not committed
	// yet: they too must be before the records they replace can go.
	c.scanned, c.judged = true, c.t.log.Tail()
	c.settle()
}

// OldestCopy returns the address of the oldest copy that entries have not been
// switched to yet, 0 if there is none: before it is redone, they need not exist.
func (t *Tier) OldestCopy() unit.LSN {
	if len(t.compact.moves) == 0 {
		return 0
	}
	return t.compact.moves[0].to
}

// settle switches entries to copies that are committed, and moves the head
// once all are.
func (c *compactor) settle() {
	t := c.t
	committed := t.log.Committed()
	n := 0
	for n < len(c.moves) && c.moves[n].end <= committed {
		m, dead := &c.moves[n], t.dead()
		if t.state.Relocate(m.db, m.key, m.from, m.to, m.span) {
			c.lap.made += t.dead() - dead // parts were live twice since the copy was written
		} else {
			t.state.DropCopy(m.db, m.to)
			t.mark("entry changed while it was moved")
		}
		c.size -= int64(len(m.key)) + 96
		n++
	}
	if n > 0 {
		c.moves = append(c.moves[:0], c.moves[n:]...)
	}
	if c.running && c.scanned && len(c.owed)+len(c.moves) == 0 && c.judged <= committed {
		c.running = false
		t.stats.Segments++
		t.log.SetHead(c.end)
		c.compacted()
		t.mark("segment compacted")
	}
}
