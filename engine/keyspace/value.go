package keyspace

import (
	"holdfast/engine/mem"
	"holdfast/engine/unit"
)

// How reshape treats room that the record has but does not need.
type slack uint8

const (
	dropSlack slack = iota // the cell must be the one for the size
	keepSlack              // room that was there for growth may stay
	growSlack              // stay while half full, and ask for more when moving
)

// reshape gives r the layout and contents that f describes, with the first keep
// bytes of the old record's value, and returns where the record is now. f.value
// tells the new length; bytes beyond keep are anything.
func (d *DB) reshape(r Ref, f *fields, keep int, s slack) Ref {
	rec := d.rec(r)
	old, h := mem.Load64(rec), f.layout()
	from, to := prefix(old), prefix(h)
	need := f.need(h)
	cell := d.arena.Size(mem.Ptr(r))
	stay := need <= cell
	if stay && d.arena.Round(need) != cell {
		had := d.arena.Round(from+f.key+valueBytes(rec, old)) < cell
		stay = s != dropSlack && (had || s == growSlack) && need >= cell/2
	}
	if stay {
		if from != to {
			copy(rec[to:], rec[from:from+f.key+keep])
		}
		f.store(rec, h)
		return r
	}
	room := need
	if s == growSlack && keep > 0 && need > cell {
		// In proportion, for appending to cost O(1) per byte; less for what is
		// big already, where the room would weigh more than the copying.
		if n := int(f.value); n <= 64<<10 {
			room += n / 2
		} else {
			room += n / 8
		}
	}
	to2 := Ref(d.arena.Alloc(room))
	now := d.rec(to2)
	copy(now[to:], rec[from:from+f.key+keep])
	f.store(now, h)
	d.moved(r, to2, now, h)
	return to2
}

// moved tells the table and the wheel that r is at to now, and frees r.
func (d *DB) moved(r, to Ref, rec []byte, h uint64) {
	d.table.replace(d.hashOf(to), r, to)
	if h&headDeadline != 0 {
		d.relink(to, loadPrev(rec), loadNext(rec))
	}
	d.arena.Free(mem.Ptr(r))
}

// Size returns the bytes that an entry takes, with its place in the table.
func (d *DB) Size(r Ref) int {
	const place = 8
	return d.arena.Size(mem.Ptr(r)) + place
}

// String returns the bytes of a resident string.
func (d *DB) String(r Ref) []byte {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&(headResident|headObject) != headResident {
		panic("keyspace: String of an entry that is none or not resident")
	}
	at := prefix(h) + keyLen(rec, h)
	n := int(valueWord(rec, h))
	return rec[at : at+n : at+n]
}

// SetString makes v the value of r: a string, resident. v must not be memory of
// d. Deadline, address and marks stay.
func (d *DB) SetString(r Ref, v []byte) Ref {
	r, b := d.setBytes(r, len(v), 0, dropSlack)
	copy(b, v)
	return r
}

// GrowString makes the value of r a string of n bytes: what it was, as far as it
// goes, then zeros. The bytes returned may be written until the next mutation.
// Growing again and again is cheap. An entry without a resident string counts as
// an empty one.
func (d *DB) GrowString(r Ref, n int) (Ref, []byte) {
	rec := d.rec(r)
	keep := min(n, valueBytes(rec, mem.Load64(rec)))
	to, b := d.setBytes(r, n, keep, growSlack)
	if to == r || !d.arena.Zeroed(mem.Ptr(to)) {
		clear(b[keep:])
	}
	return to, b
}

func (d *DB) setBytes(r Ref, n, keep int, s slack) (Ref, []byte) {
	rec := d.rec(r)
	if h := mem.Load64(rec); h&(headObject|headResident|typeMask) == headResident|uint64(TypeString) && int(valueWord(rec, h)) == n {
		// The layout stays. So does the cell, if it is the one for the size.
		if at := prefix(h) + keyLen(rec, h); d.arena.Round(at+n) == d.arena.Size(mem.Ptr(r)) {
			return r, rec[at : at+n : at+n]
		}
	}
	f := unpack(rec)
	if f.head&headObject != 0 {
		d.objects.drop(f.value)
	} else if f.head&headResident == 0 {
		d.absent--
	}
	f.head = f.head&^(typeMask|headObject) | uint64(TypeString) | headResident
	f.value = uint32(n)
	r = d.reshape(r, &f, keep, s)
	rec = d.rec(r)
	h := mem.Load64(rec)
	at := prefix(h) + f.key
	return r, rec[at : at+n : at+n]
}

// ValueLen returns the length of a string, resident or cold. For an object it is
// 0 while resident; when cold, what InsertCold said or the object's bytes at Drop.
func (d *DB) ValueLen(r Ref) int {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&headObject != 0 {
		return 0
	}
	return int(valueWord(rec, h))
}

// Addr returns where in the log the last full image of r's value is, and how
// many bytes it takes there; 0 if there is none.
func (d *DB) Addr(r Ref) (unit.LSN, uint32) {
	rec := d.rec(r)
	lsn, span := loadAddr(rec, mem.Load64(rec))
	return unit.LSN(lsn), span
}

// SetAddr notes where the last full image of r's value is; lsn 0 is nowhere.
func (d *DB) SetAddr(r Ref, lsn unit.LSN, span uint32) Ref {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&(headAddr|headWideAddr) == headAddr && lsn != 0 && narrowAddr(uint64(lsn), span) {
		storeAddr(rec, h, uint64(lsn), span)
		return r
	}
	f := unpack(rec)
	f.lsn, f.span = uint64(lsn), span
	return d.reshape(r, &f, valueBytes(rec, h), keepSlack)
}

// SetImage is SetAddr where nothing is newer than that image: the entry is not
// dirty any more. was is the span of the image before, 0 if there was none. lsn 0,
// for none, has the span 0.
func (d *DB) SetImage(r Ref, lsn unit.LSN, span uint32) (to Ref, was uint32) {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&headDirty != 0 {
		h &^= headDirty
		mem.Store64(rec, h)
	}
	old, was := loadAddr(rec, h)
	switch {
	case old == uint64(lsn) && was == span:
		return r, was
	case h&(headAddr|headWideAddr) == headAddr && lsn != 0 && narrowAddr(uint64(lsn), span):
		storeAddr(rec, h, uint64(lsn), span)
		return r, was
	}
	return d.SetAddr(r, lsn, span), was
}

// Resident reports whether the value of r is in memory.
func (d *DB) Resident(r Ref) bool { return mem.Load64(d.rec(r))&headResident != 0 }

// Drop forgets the value in memory and keeps all else: the entry is cold. The
// log must have the value (an address, nothing newer) and nobody have pinned it.
func (d *DB) Drop(r Ref) Ref {
	rec := d.rec(r)
	f := unpack(rec)
	if f.lsn == 0 || f.head&(headDirty|headPinned) != 0 {
		panic("keyspace: Drop of a value that must stay")
	}
	if f.head&headObject != 0 {
		i := f.value
		f.value = uint32(min(d.objects.at(i).bytes, 1<<32-1))
		d.objects.drop(i)
	}
	if f.head&headResident != 0 {
		d.absent++
	}
	f.head &^= headResident | headObject
	d.cold = true
	return d.reshape(r, &f, 0, dropSlack)
}

// Dirty reports whether the resident value has changes that its address lacks.
func (d *DB) Dirty(r Ref) bool { return mem.Load64(d.rec(r))&headDirty != 0 }

// SetDirty sets or clears that mark.
func (d *DB) SetDirty(r Ref, on bool) { d.setFlag(r, headDirty, on) }

// Pinned reports whether the value must stay in memory for now.
func (d *DB) Pinned(r Ref) bool { return mem.Load64(d.rec(r))&headPinned != 0 }

// Pin sets or clears that mark.
func (d *DB) Pin(r Ref, on bool) { d.setFlag(r, headPinned, on) }

func (d *DB) setFlag(r Ref, flag uint64, on bool) {
	rec := d.rec(r)
	h := mem.Load64(rec) &^ flag
	if on {
		h |= flag
	}
	mem.Store64(rec, h)
}
