package keyspace

import (
	"math"

	"holdfast/engine/mem"
	"holdfast/engine/unit"
)

// dueAt returns the first millisecond in which a key with deadline dl is dead.
func dueAt(dl int64) int64 {
	if dl == math.MaxInt64 {
		return dl
	}
	return dl + 1
}

// link files r, which is in no list, by its deadline.
func (d *DB) link(r Ref, rec []byte, deadline int64) {
	w := &d.wheel
	id := w.place(dueAt(deadline))
	l := w.made(id)
	if l.tail == 0 {
		l.head = uint64(r)
		storePrev(rec, listTag(id))
		w.mark(id)
	} else {
		storeNext(d.rec(Ref(l.tail)), uint64(r))
		storePrev(rec, l.tail)
	}
	storeNext(rec, listTag(id))
	l.tail = uint64(r)
	w.linked++
}

// unlink takes rec out of its list, if it is in one.
func (d *DB) unlink(rec []byte) {
	w := &d.wheel
	prev, next := loadPrev(rec), loadNext(rec)
	if prev == 0 {
		return
	}
	if isTag(prev) {
		l := w.list(listID(prev))
		if isTag(next) {
			*l = list{}
			w.clear(listID(prev))
		} else {
			l.head = next
			storePrev(d.rec(Ref(next)), prev)
		}
	} else {
		storeNext(d.rec(Ref(prev)), next)
		if isTag(next) {
			w.list(listID(next)).tail = prev
		} else {
			storePrev(d.rec(Ref(next)), prev)
		}
	}
	storePrev(rec, 0)
	storeNext(rec, 0)
	w.linked--
}

// relink lets the neighbours of an entry that moved to r know its new place.
func (d *DB) relink(r Ref, prev, next uint64) {
	if prev == 0 {
		return
	}
	if isTag(prev) {
		d.wheel.list(listID(prev)).head = uint64(r)
	} else {
		storeNext(d.rec(Ref(prev)), uint64(r))
	}
	if isTag(next) {
		d.wheel.list(listID(next)).tail = uint64(r)
	} else {
		storePrev(d.rec(Ref(next)), uint64(r))
	}
}

// Deadline returns the deadline of r, 0 if it has none.
func (d *DB) Deadline(r Ref) unit.Deadline {
	rec := d.rec(r)
	return unit.Deadline(loadDeadline(rec, mem.Load64(rec)))
}

// SetDeadline gives r a deadline, or none if dl is 0. A deadline that moves
// later leaves the entry where it is filed; Due files it anew when it gets there.
// An entry that Due has reported is filed again, whatever its deadline was.
func (d *DB) SetDeadline(r Ref, dl unit.Deadline) Ref {
	rec := d.rec(r)
	h := mem.Load64(rec)
	was := loadDeadline(rec, h)
	now := int64(dl)
	switch {
	case was == 0 && now == 0:
		return r
	case was == 0:
		d.volatile++
	case now == 0:
		d.volatile--
		d.unlink(rec)
	case now < was:
		d.unlink(rec)
	}
	f := unpack(rec)
	f.deadline = now
	r = d.reshape(r, &f, int(valueBytes(rec, h)), keepSlack)
	if rec = d.rec(r); now != 0 && loadPrev(rec) == 0 {
		d.link(r, rec, now)
	}
	return r
}

// Requeue files r again by the deadline it has, after Due reported it.
func (d *DB) Requeue(r Ref) {
	rec := d.rec(r)
	dl := loadDeadline(rec, mem.Load64(rec))
	if dl == 0 {
		panic("keyspace: Requeue of an entry without a deadline")
	}
	d.unlink(rec)
	d.link(r, rec, dl)
}

// Due reports up to limit entries whose deadline has passed at now, by slots of
// the wheel with the earliest first, each once: an entry that fn leaves in place
// is not reported again unless SetDeadline or Requeue files it again. fn may do
// anything to d.
//
// A call also moves a bounded number of entries down the wheel, so fewer than
// limit do not mean that none are left: NextDeadline tells.
func (d *DB) Due(now unit.Time, limit int, fn func(r Ref)) int {
	w := &d.wheel
	ms := now.MS()
	if ms < w.now {
		return 0
	}
	w.now = ms
	n, warmed, id := 0, 0, -1
	for work := 4*limit + 64; work > 0 && n < limit; work-- {
		if !w.stays(id) {
			was := id
			if id = w.ripe(); id < 0 {
				break
			}
			if id != was {
				warmed = 0
			}
		}
		l := w.list(id)
		if warmed--; warmed < 0 {
			warmed = d.warmDue(l, ms)
		}
		r := Ref(l.head)
		if warmed&1 != 0 {
			r = Ref(l.tail)
		}
		rec := d.rec(r)
		d.unlink(rec)
		dl := loadDeadline(rec, mem.Load64(rec))
		if dueAt(dl) > ms {
			d.link(r, rec, dl)
			continue
		}
		n++
		fn(r)
		if w.now != ms {
			break // fn called Due with a later instant
		}
	}
	return n
}

// warmDue loads what removing the next entries of a list will look at, half of
// them from each end, and returns how many they are, but for the first. Which
// record is next says the one before it, so two walks side by side wait half as
// long as one; their buckets lie anywhere and do not depend on each other. The
// processor overlaps the misses: they are most of what expiry costs.
func (d *DB) warmDue(l *list, now int64) (n int) {
	const batch = 32
	var due [batch]uint64
	found := 0
	ends := [2]uint64{l.head, l.tail}
	for ; n < batch && !isTag(ends[n&1]); n++ {
		rec := d.rec(Ref(ends[n&1]))
		if n&1 == 0 {
			ends[0] = loadNext(rec)
		} else {
			ends[1] = loadPrev(rec)
		}
		if h := mem.Load64(rec); dueAt(loadDeadline(rec, h)) <= now {
			at := prefix(h)
			due[found] = d.Hash(rec[at : at+keyLen(rec, h)])
			found++
		}
	}
	var sum uint64
	for _, h := range due[:found] {
		sum += d.table.main.at(d.table.home(h))[linkWord]
	}
	for _, h := range due[:found] {
		if b := d.table.next(d.table.main.at(d.table.home(h))); b != nil {
			sum += b[0]
		}
	}
	d.warm += sum // so that the loads are for something
	return n - 1
}

// NextDeadline returns the instant from which on Due has something to do: never
// later than the first deadline's passing, often earlier. If it is not after the
// instant Due was last called with, Due should be called again.
func (d *DB) NextDeadline() (ms int64, ok bool) { return d.wheel.next() }

// Unfiled reports whether r has a deadline and is in no list of the index: Due has
// reported it, and it was left in place.
func (d *DB) Unfiled(r Ref) bool {
	rec := d.rec(r)
	return mem.Load64(rec)&headDeadline != 0 && loadPrev(rec) == 0
}

// Retained returns how many entries are Unfiled.
func (d *DB) Retained() int { return d.volatile - d.wheel.linked }
