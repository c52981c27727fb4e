package tx

import (
	"encoding/binary"

	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// ImageBelow is the size up to which a changed string is logged whole: a
// delta would save little and leave the value without an image.
const ImageBelow = 512

// SetString sets key to a string, whatever was there before, with deadline dl
// or none.
func (t *Tx) SetString(key, v []byte, dl unit.Deadline) {
	d := t.cur()
	ks, h, r := t.vacate(d, key)
	if r == 0 {
		r = ks.Insert(h, key)
		t.Notify(EventNew, "new", key)
	}
	if ks.Deadline(r) != dl {
		r = ks.SetDeadline(r, dl)
	}
	r = ks.SetString(r, v)
	t.touch(ks, r)
	t.image(d, ks, r, wal.String, key, v)
	t.changedKey(d, h, key)
}

// image logs a record that holds the whole value and makes it the address.
func (t *Tx) image(d *Database, ks *keyspace.DB, r keyspace.Ref, kind wal.Kind, key, v []byte) {
	if !t.s.logging {
		t.s.move(d, ks, r, 0, 0)
		return
	}
	rec := t.record(kind, d, key)
	rec.Deadline, rec.Value = ks.Deadline(r), v
	lsn, span := t.append(rec)
	t.s.move(d, ks, r, lsn, span)
}

// move sets an entry's address, keeping the account of live log bytes.
func (s *State) move(d *Database, ks *keyspace.DB, r keyspace.Ref, lsn unit.LSN, span uint32) keyspace.Ref {
	if d.parts != nil {
		if old, _ := ks.Addr(r); old != lsn {
			d.dropParts(old)
		}
	}
	r, was := ks.SetImage(r, lsn, span)
	d.Live += int64(span) - int64(was)
	return r
}

func (t *Tx) record(kind wal.Kind, d *Database, key []byte) *wal.Record {
	rec := &t.s.rec
	*rec = wal.Record{} // filled in where it is: it would be copied
	rec.Kind, rec.DB, rec.Key = kind, d.ID, key
	return rec
}

func (t *Tx) append(rec *wal.Record) (unit.LSN, uint32) {
	t.wrote = true
	return t.s.log.Append(rec)
}

// changedKey marks the key undurable up to the unit's end and touches its
// watchers.
func (t *Tx) changedKey(d *Database, h uint64, key []byte) {
	t.changed = true
	if t.s.holding {
		t.marks = append(t.marks, ringHash(d, h))
		t.noteLast(d)
	}
	t.touched(d, key)
}

// touched voids readers' copies of key and touches its watchers.
func (t *Tx) touched(d *Database, key []byte) {
	if t.s.news.changes {
		t.newsChanged(d, key)
	}
	t.touchWatchers(d, key)
}

// noteLast makes settle raise d.last to the unit's end.
func (t *Tx) noteLast(d *Database) {
	for _, o := range t.lasts {
		if o == d {
			return
		}
	}
	t.lasts = append(t.lasts, d)
}

// vacate finds key's entry for a write; one that is dead is removed first.
func (t *Tx) vacate(d *Database, key []byte) (*keyspace.DB, uint64, keyspace.Ref) {
	ks, h, r := t.raw(d, key)
	if r != 0 && ks.Deadline(r).Passed(t.now) && !t.Source {
		t.revealExpiry()
		t.s.expire(d, r, t.now)
		if t.s.holding {
			// The entry that would tell later readers is gone: they wait as
			// long as this unit, whatever else it does.
			t.marks = append(t.marks, ringHash(d, h))
		}
		r = 0
	}
	return ks, h, r
}

// writable finds the entry to change: 0 when the key is absent or was dead, in
// which case the dead entry is gone. A cold value is read at once; commands
// that may meet one have it fetched before.
func (t *Tx) writable(d *Database, key []byte, want obj.Type) (*keyspace.DB, uint64, keyspace.Ref) {
	ks, h, r := t.vacate(d, key)
	if r == 0 {
		return ks, h, 0
	}
	if obj.Type(ks.Type(r)) != want {
		panic("tx: a handler changed a key of another type")
	}
	if !ks.Resident(r) {
		var err error
		if r, err = t.s.loadNow(ks, r); err != nil {
			panic("tx: a handler changed a value without looking it up: " + err.Error())
		}
	}
	t.touch(ks, r)
	return ks, h, r
}

// Append appends v to the string at key, which may be absent, keeps its
// deadline and returns the new length.
func (t *Tx) Append(key, v []byte) int {
	d := t.cur()
	ks, h, r := t.writable(d, key, obj.TypeString)
	if r == 0 {
		t.SetString(key, v, 0)
		return len(v)
	}
	old := ks.ValueLen(r)
	r, b := ks.GrowString(r, old+len(v))
	copy(b[old:], v)
	t.delta(d, ks, r, wal.Append, key, 0, v)
	t.changedKey(d, h, key)
	return old + len(v)
}

// SetRange overwrites part of the string at key, which may be absent, zero
// padding before off, keeps its deadline and returns the new length.
func (t *Tx) SetRange(key []byte, off int, v []byte) int {
	d := t.cur()
	ks, h, r := t.writable(d, key, obj.TypeString)
	if r == 0 {
		whole := make([]byte, off+len(v))
		copy(whole[off:], v)
		t.SetString(key, whole, 0)
		return len(whole)
	}
	n := max(ks.ValueLen(r), off+len(v))
	r, b := ks.GrowString(r, n)
	copy(b[off:], v)
	t.delta(d, ks, r, wal.Range, key, uint64(off), v)
	t.changedKey(d, h, key)
	return n
}

// delta logs a change of part of a string, as a whole image while it is short.
func (t *Tx) delta(d *Database, ks *keyspace.DB, r keyspace.Ref, kind wal.Kind, key []byte, arg uint64, v []byte) {
	if ks.ValueLen(r) <= ImageBelow || !t.s.logging {
		t.image(d, ks, r, wal.String, key, ks.String(r))
		return
	}
	rec := t.record(kind, d, key)
	rec.Arg, rec.Value = arg, v
	t.append(rec)
	ks.SetDirty(r, true)
}

// HashSet sets one field of the hash at key, which is made when absent, keeps
// its deadline and reports whether the field is new.
func (t *Tx) HashSet(key, field, v []byte) (created bool) {
	d := t.cur()
	ks, h, r := t.writable(d, key, obj.TypeHash)
	return t.setFields(d, ks, h, r, key, [][]byte{field, v}) > 0
}

// HashSetAll is HashSet for pairs of a field and its value, with one lookup for
// all: it looks at what is there as Hash does before it changes anything. It
// returns how many fields are new.
func (t *Tx) HashSetAll(key []byte, pairs [][]byte) (created int, err error) {
	d := t.cur()
	ks, h, r := t.vacate(d, key)
	if r != 0 {
		if obj.Type(ks.Type(r)) != obj.TypeHash {
			return 0, ErrWrongType
		}
		t.touch(ks, r)
		if ks.Resident(r) {
			t.s.counts.RAMHits++
		} else if r, err = t.absent(d, ks, r, key); err != nil {
			return 0, err
		}
	}
	return t.setFields(d, ks, h, r, key, pairs), nil
}

// setFields sets fields of the resident hash at r, which is made if r is 0. Each
// field is a record of its own.
func (t *Tx) setFields(d *Database, ks *keyspace.DB, h uint64, r keyspace.Ref, key []byte, pairs [][]byte) (created int) {
	flags := uint8(0)
	var hash *obj.Hash
	if r == 0 {
		flags = wal.FlagNew
		hash = t.s.newHash()
		r = ks.Insert(h, key)
		r = ks.SetObject(r, uint8(obj.TypeHash), hash, hash.Bytes())
		t.Notify(EventNew, "new", key)
		t.touch(ks, r)
	} else {
		hash = ks.Object(r).(*obj.Hash)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if hash.Set(pairs[i], pairs[i+1]) {
			created++
		} else if p := t.s.changing(hash); p != nil {
			p.Set(pairs[i], pairs[i+1])
		}
		if t.s.logging {
			rec := t.record(wal.HashSet, d, key)
			rec.Field, rec.Value, rec.Flags = pairs[i], pairs[i+1], flags
			t.append(rec)
			flags = 0
		}
	}
	ks.Resize(r, hash.Bytes())
	if !t.s.logging {
		r = t.s.move(d, ks, r, 0, 0)
	}
	ks.SetDirty(r, true)
	t.changedKey(d, h, key)
	return created
}

// HashDel removes one field of the hash at key, and the key with its last
// field. It reports whether the field was there.
func (t *Tx) HashDel(key, field []byte) bool {
	d := t.cur()
	ks, h, r := t.writable(d, key, obj.TypeHash)
	if r == 0 {
		return false
	}
	hash := ks.Object(r).(*obj.Hash)
	if p := t.s.changing(hash); p != nil {
		p.Del(field)
	}
	if !hash.Del(field) {
		return false
	}
	if hash.Len() == 0 {
		t.remove(d, ks, h, r, key)
		return true
	}
	ks.Resize(r, hash.Bytes())
	if t.s.logging {
		rec := t.record(wal.HashDel, d, key)
		rec.Field = field
		t.append(rec)
	} else {
		r = t.s.move(d, ks, r, 0, 0)
	}
	ks.SetDirty(r, true)
	t.changedKey(d, h, key)
	return true
}

// Delete removes key and reports whether it was there. It needs no value. A dead
// one was not, and goes unlogged; in import mode it was, for it is kept.
func (t *Tx) Delete(key []byte) bool {
	d := t.cur()
	find := t.vacate
	if t.s.cfg.ImportMode {
		find = t.raw
	}
	ks, h, r := find(d, key)
	if r == 0 {
		return false
	}
	t.remove(d, ks, h, r, key)
	return true
}

// remove deletes a live entry and logs it.
func (t *Tx) remove(d *Database, ks *keyspace.DB, h uint64, r keyspace.Ref, key []byte) {
	if t.s.logging {
		t.append(t.record(wal.Delete, d, key))
	}
	t.s.drop(d, ks, r)
	t.changedKey(d, h, key)
}

// drop removes an entry from the keyspace, with its share of the log.
func (s *State) drop(d *Database, ks *keyspace.DB, r keyspace.Ref) {
	if lsn, span := ks.Addr(r); lsn != 0 {
		d.Live -= int64(span)
		d.dropParts(lsn)
	}
	ks.Remove(r)
}

// SetDeadline gives a live key a deadline, or none with 0. It needs no value.
func (t *Tx) SetDeadline(key []byte, dl unit.Deadline) {
	d := t.cur()
	ks, h, r := t.raw(d, key)
	if r == 0 {
		return
	}
	if t.Source && ks.Deadline(r).Passed(t.now) {
		t.signal(d, key) // to all others it was not there
	}
	ks.SetDeadline(r, dl)
	if t.s.logging {
		rec := t.record(wal.Deadline, d, key)
		rec.Deadline = dl
		t.append(rec)
	}
	t.changedKey(d, h, key)
}

// FlushDB empties one database by giving its number a new incarnation.
func (t *Tx) FlushDB(db int) {
	d := t.s.dbs[db]
	t.raiseWhole(d)
	t.newsFlushed(db)
	if d.KS == nil {
		return
	}
	// Empty or not: the log may still hold keys that expired without a record.
	t.flush(db)
	t.logMapping()
}

// FlushAll empties every database.
func (t *Tx) FlushAll() {
	any := false
	t.newsFlushed(t.sel)
	for i, d := range t.s.dbs {
		t.raiseWhole(d)
		if d.KS != nil {
			t.flush(i)
			any = true
		}
	}
	if any {
		t.logMapping()
	}
}

func (t *Tx) flush(db int) {
	t.touchDatabase(db)
	old := t.s.dbs[db]
	d := t.s.incarnation(t.s.nextID, db)
	t.s.nextID++
	d.floor, d.last = old.floor, old.last
	old.Index = -1
	t.s.dbs[db] = d
	t.floors = append(t.floors, d)
	t.changed = true
}

// SwapDB exchanges what two numbers stand for.
func (t *Tx) SwapDB(a, b int) {
	if a == b {
		return
	}
	t.touchDatabase(a)
	t.touchDatabase(b)
	t.newsFlushed(a) // Redis says nothing here, and leaves stale copies
	dbs := t.s.dbs
	dbs[a], dbs[b] = dbs[b], dbs[a]
	dbs[a].Index, dbs[b].Index = a, b
	t.s.renumbered()
	t.floors = append(t.floors, dbs[a], dbs[b])
	t.changed = true
	t.logMapping()
	t.touchDatabase(a)
	t.touchDatabase(b)
	t.signalDatabase(a)
	t.signalDatabase(b)
}

func (t *Tx) logMapping() { t.setMeta(metaDatabases, t.s.mapping()) }

// ceiling logs a ceiling of engine time within this unit, whose reply then
// waits for it.
func (t *Tx) ceiling(at unit.Time) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(at))
	t.setMeta(metaCeiling, b[:])
	t.pending = at
	t.s.log.Hasten() // expiry waits for it
}

// setMeta sets a key of the metadata database.
func (t *Tx) setMeta(name string, v []byte) {
	if !t.s.logging {
		return
	}
	d := t.s.meta
	ks := t.s.keys(d)
	key := []byte(name)
	h := ks.Hash(key)
	r := ks.Find(h, key)
	if r == 0 {
		r = ks.Insert(h, key)
	}
	r = ks.SetString(r, v)
	t.image(d, ks, r, wal.String, key, v)
}

// newHash returns an empty hash with the configured limits.
func (s *State) newHash() *obj.Hash {
	return obj.NewHashLimits(&s.hashes)
}
