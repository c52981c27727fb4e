package tier

import (
	"errors"

	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// hand is the sweep over the keyspace that looks for values to drop.
type hand struct {
	db      int
	cursor  uint64
	bar     uint8    // drop what is used no more than this
	dropped uint64   // in this round over all databases
	tried   bool     // in this turn, for a writer and in vain
	missed  bool     // in this round: a value could not be imaged just then
	barren  bool     // a whole round found nothing to drop when the log was committed
	at      unit.LSN // so far
	tail    unit.LSN // and written so far
	refs    []keyspace.Ref
}

// Outcome says what Reclaim achieved.
type Outcome uint8

// The outcomes of Reclaim.
const (
	Enough Outcome = iota // there is room now
	Wait                  // a commit will let values go cold: try again then
	None                  // nothing can be given up
)

func (t *Tier) freeShare() float64 {
	if t.cfg.MaxMemory <= 0 {
		return 1
	}
	return 1 - float64(t.used())/float64(t.cfg.MaxMemory)
}

func (t *Tier) used() int64 {
	if t.Used == nil {
		return t.state.Bytes()
	}
	return t.Used()
}

// Tiering reports whether values may go cold.
func (t *Tier) Tiering() bool {
	return t.log != nil && t.log.Err() == nil && (t.state.Logging() || t.cfg.TieredPrefix != "")
}

// stepVisits bounds the buckets one Step sweeps, so that a turn stays short.
const stepVisits = 256

// Step drops values while free memory is below tiered_offload_threshold: a
// bounded amount of work, once a turn.
func (t *Tier) Step(now unit.Time) {
	if !t.Tiering() || t.cfg.MaxMemory <= 0 {
		return
	}
	t.hand.tried = false
	target := int64(float64(t.cfg.MaxMemory) * (1 - t.cfg.TieredOffloadShare))
	if t.used() > target && !t.barren() {
		t.sweep(now, target, stepVisits)
	}
}

// Short reports whether recovery should keep what it reads cold.
func (t *Tier) Short() bool {
	return t.Tiering() && t.cfg.MaxMemory > 0 &&
		t.used() > int64(float64(t.cfg.MaxMemory)*(1-t.cfg.TieredOffloadShare))
}

// Reclaim makes room for adds more bytes: values go cold, then, by policy,
// keys are evicted.
func (t *Tier) Reclaim(now unit.Time, adds int64) Outcome {
	limit := t.cfg.MaxMemory - adds
	if t.used() <= limit {
		return Enough
	}
	if t.Tiering() && !t.hand.tried && !t.barren() {
		for range 16 {
			if t.sweep(now, limit, 4*stepVisits) {
				break
			}
			if t.used() <= limit {
				return Enough
			}
		}
		if t.used() <= limit {
			return Enough
		}
		t.hand.tried = true // the other writers of this turn would not find more
	}
	if t.evict(now, limit) {
		return Enough
	}
	if t.Tiering() && t.log.Committed() < t.log.Tail() {
		return Wait // it frees the log's buffers, and values may go cold then
	}
	return None
}

// barren reports whether nothing can have become droppable since a whole round
// found nothing.
func (t *Tier) barren() bool {
	h := &t.hand
	return h.barren && t.state.Logging() && h.at == t.log.Committed() && h.tail == t.log.Tail()
}

// sweep advances the hand until memory is at the target or visits buckets have
// been seen. It reports whether a whole round found nothing to drop.
func (t *Tier) sweep(now unit.Time, target int64, visits int) (fruitless bool) {
	h := &t.hand
	dbs := t.state.Databases()
	used := t.used()
	for range visits {
		if used <= target {
			return false
		}
		if h.db >= len(dbs) {
			idle := h.dropped == 0 && h.bar == 255
			if h.dropped == 0 {
				h.bar = uint8(min(255, int(h.bar)*2+8))
			} else if h.bar > 0 {
				h.bar /= 2
			}
			h.db, h.cursor, h.dropped = 0, 0, 0
			missed := h.missed
			h.missed = false
			if idle {
				h.barren, h.at, h.tail = !missed, t.log.Committed(), t.log.Tail()
				return true
			}
		}
		d := dbs[h.db]
		if d.KS == nil || d.KS.Len() == 0 {
			h.db, h.cursor = h.db+1, 0
			continue
		}
		h.refs = h.refs[:0]
		h.cursor = d.KS.Scan(h.cursor, func(r keyspace.Ref) { h.refs = append(h.refs, r) })
		changed := false
		for _, r := range h.refs {
			dropped, tried := t.coolDown(d, r, now)
			if dropped {
				h.dropped++
			}
			changed = changed || tried
		}
		if changed {
			used = t.used()
		}
		if h.cursor == 0 {
			h.db++
		}
	}
	return false
}

// coolDown drops one value if it may go: large enough, not pinned, used little
// enough, its image whole and committed. tried says that memory may be another
// than before: it was dropped, or its image begun.
func (t *Tier) coolDown(d *tx.Database, r keyspace.Ref, now unit.Time) (dropped, tried bool) {
	ks := d.KS
	if !ks.Resident(r) || ks.Pinned(r) || !t.worth(ks, r) {
		return false, false
	}
	if ks.Freq(r, uint16(now/60_000_000)) > t.hand.bar {
		return false, false
	}
	lsn, span := ks.Addr(r)
	if lsn == 0 || ks.Dirty(r) || !t.parted(d, r) {
		t.imageOne(d, r, now)
		return false, true
	}
	if lsn+unit.LSN(span) > t.log.Committed() {
		return false, false
	}
	t.drop(d, r)
	return true, true
}

// imageOne logs a value that has no whole image, as a unit of its own; it may
// go cold once that is committed.
func (t *Tier) imageOne(d *tx.Database, r keyspace.Ref, now unit.Time) {
	if t.Large(d, r) {
		t.Image(d, r, 0)
		t.hand.missed = true
		return
	}
	if t.log.Tail()-t.log.Committed() > unit.LSN(t.cfg.TieredMaxPendingStash) {
		t.hand.missed = true
		return
	}
	weight := t.Weight(d.KS, r) + ksOverhead
	if err := t.log.Reserve(weight, wal.Compaction); err != nil {
		if errors.Is(err, wal.ErrBusy) && weight > t.cfg.ImagePartBytes {
			t.Image(d, r, 0)
		}
		t.hand.missed = true
		return
	}
	t.state.Begin(now, 0)
	t.state.Image(d, r)
	t.state.SealImage()
	t.stats.Images++
}

// parted reports whether the image of the value at r is as it must be for the
// value to go cold: a large collection is read back part by part.
func (t *Tier) parted(d *tx.Database, r keyspace.Ref) bool {
	_, parted := d.First(r)
	return parted || !t.Large(d, r)
}

const ksOverhead = 256

// Weight returns the bytes of a resident value.
func (t *Tier) Weight(ks *keyspace.DB, r keyspace.Ref) int {
	return len(ks.Key(r)) + max(ks.ValueLen(r), tx.ObjectBytes(ks, r))
}

func (t *Tier) worth(ks *keyspace.DB, r keyspace.Ref) bool {
	switch obj.Type(ks.Type(r)) {
	case obj.TypeString:
		return ks.ValueLen(r) >= t.cfg.TieredMinValueSize
	case obj.TypeHash:
		return t.cfg.TieredHashSupport && tx.ObjectBytes(ks, r) >= t.cfg.TieredMinValueSize
	case obj.TypeList:
		return tx.ObjectBytes(ks, r) >= t.cfg.TieredMinValueSize
	}
	return false
}

// drop makes a clean, committed value cold.
func (t *Tier) drop(d *tx.Database, r keyspace.Ref) {
	ks := d.KS
	lsn, span := ks.Addr(r)
	if !ks.Resident(r) || ks.Pinned(r) || ks.Dirty(r) || lsn == 0 || lsn+unit.LSN(span) > t.log.Committed() {
		return
	}
	t.stats.Offloads++
	t.stats.OffloadedBytes += uint64(t.Weight(ks, r))
	ks.Drop(r)
	t.mark("value went cold")
}
