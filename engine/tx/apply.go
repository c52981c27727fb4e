package tx

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// EndLoad follows the last Apply: the metadata takes effect, and incarnations that no
// number stands for are dropped. It returns the durable ceiling of engine time.
func (s *State) EndLoad() unit.Time {
	s.loadMeta()
	return s.Time.ceiling
}

// Apply applies one record of a whole, committed unit during recovery. It
// expires nothing: deadlines are judged once engine time runs. It implements
// wal.Sink.
func (s *State) Apply(rec *wal.Record) bool {
	d := s.loading(rec.DB)
	ks := s.keys(d)
	h := ks.Hash(rec.Key)
	r := ks.Find(h, rec.Key)
	if r != 0 {
		// An entry from a checkpoint may be newer than what is redone.
		if base, _ := ks.Addr(r); rec.LSN < base {
			return true
		}
	}
	switch rec.Kind {
	case wal.String, wal.Hash, wal.List:
		s.applyImage(d, ks, h, r, rec)
		if d == s.meta {
			s.replayImport(rec)
		}
	case wal.Damaged:
		if r != 0 {
			s.drop(d, ks, r)
		}
		r = ks.InsertCold(h, rec.Key, typeOf(rec), rec.LSN, rec.Span, 0)
		d.Live += int64(rec.Span)
		if rec.Deadline != 0 {
			ks.SetDeadline(r, rec.Deadline)
		}
	case wal.PartsEnd:
		s.applyEnd(d, ks, h, r, rec)
	case wal.Delete:
		if r != 0 {
			s.drop(d, ks, r)
		}
	case wal.Deadline:
		if r != 0 {
			ks.SetDeadline(r, rec.Deadline)
		} else {
			s.counts.OrphanedRecords++
		}
	case wal.Append, wal.Range:
		s.applyString(ks, r, rec)
	case wal.HashSet, wal.HashDel:
		s.applyHash(d, ks, h, r, rec)
	case wal.ListSet, wal.ListDel:
		s.applyList(d, ks, h, r, rec)
	}
	return true
}

// applyImage installs a whole value, cold when memory is short: its record is
// where the value lives anyway.
func (s *State) applyImage(d *Database, ks *keyspace.DB, h uint64, r keyspace.Ref, rec *wal.Record) {
	if r == 0 {
		r = ks.Insert(h, rec.Key)
	}
	if ks.Deadline(r) != rec.Deadline {
		r = ks.SetDeadline(r, rec.Deadline)
	}
	if rec.Kind == wal.String {
		r = ks.SetString(r, rec.Value)
	} else {
		c, typ, err := s.decode(rec)
		if err != nil { // although the record's checksum held
			s.loadErr = err
			return
		}
		r = ks.SetObject(r, uint8(typ), c, c.Bytes())
	}
	r = s.move(d, ks, r, rec.LSN, rec.Span)
	if d != s.meta && s.short != nil && s.short() && s.worthCold(ks, r) {
		ks.Drop(r)
	}
}

// worthCold reports whether dropping the RAM copy of a value pays.
func (s *State) worthCold(ks *keyspace.DB, r keyspace.Ref) bool {
	switch obj.Type(ks.Type(r)) {
	case obj.TypeString:
		return ks.ValueLen(r) >= s.cfg.TieredMinValueSize
	case obj.TypeHash:
		return s.cfg.TieredHashSupport
	}
	return true
}

// applyString applies a delta to a string that must be there.
func (s *State) applyString(ks *keyspace.DB, r keyspace.Ref, rec *wal.Record) {
	r, ok := s.base(ks, r, obj.TypeString)
	if !ok {
		return
	}
	old := ks.ValueLen(r)
	off := old
	if rec.Kind == wal.Range {
		off = int(rec.Arg)
	}
	r, b := ks.GrowString(r, max(old, off+len(rec.Value)))
	copy(b[off:], rec.Value)
	ks.SetDirty(r, true)
}

// applyHash applies a change of one field.
func (s *State) applyHash(d *Database, ks *keyspace.DB, h uint64, r keyspace.Ref, rec *wal.Record) {
	if rec.Flags&wal.FlagNew != 0 {
		if r != 0 {
			s.drop(d, ks, r)
		}
		r = ks.Insert(h, rec.Key)
		hash := s.newHash()
		r = ks.SetObject(r, uint8(obj.TypeHash), hash, hash.Bytes())
	}
	r, ok := s.base(ks, r, obj.TypeHash)
	if !ok {
		return
	}
	hash := ks.Object(r).(*obj.Hash)
	if rec.Kind == wal.HashSet {
		hash.Set(rec.Field, rec.Value)
	} else {
		hash.Del(rec.Field)
	}
	ks.Resize(r, hash.Bytes())
	ks.SetDirty(r, true)
}

// base finds the resident value that a delta changes; an orphan has none.
func (s *State) base(ks *keyspace.DB, r keyspace.Ref, want obj.Type) (keyspace.Ref, bool) {
	if r == 0 || obj.Type(ks.Type(r)) != want {
		s.counts.OrphanedRecords++
		return 0, false
	}
	if ks.Resident(r) {
		return r, true
	}
	r, err := s.loadNow(ks, r)
	if err != nil {
		s.loadErr = err
		return 0, false
	}
	return r, true
}

// LoadError returns why a value that recovery needed could not be read.
func (s *State) LoadError() error { return s.loadErr }

// loadNow reads a cold value inside the running unit: the counted exception.
func (s *State) loadNow(ks *keyspace.DB, r keyspace.Ref) (keyspace.Ref, error) {
	s.counts.SyncReads++
	s.mark("value read inside a unit")
	r, err := s.ReadNow(ks, r)
	if err != nil && err != ErrDamaged {
		err = ErrRead
	}
	return r, err
}

// install makes a cold value resident from its record, if the record is what
// the entry's address names.
func (s *State) install(ks *keyspace.DB, r keyspace.Ref, rec *wal.Record) (keyspace.Ref, error) {
	if string(rec.Key) != string(ks.Key(r)) {
		// A rename writes a new image, so an address always names its own key.
		return 0, ErrDamaged
	}
	if rec.Kind == wal.String && obj.Type(ks.Type(r)) == obj.TypeString {
		return ks.SetString(r, rec.Value), nil
	}
	c, typ, err := s.decode(rec)
	if err != nil || typ != obj.Type(ks.Type(r)) {
		return 0, ErrDamaged
	}
	return ks.SetObject(r, uint8(typ), c, c.Bytes()), nil
}

// Fault remembers that the value at an address cannot be read; nil forgets it.
func (s *State) Fault(lsn unit.LSN, err error) {
	if err == nil {
		delete(s.faults, lsn)
		return
	}
	s.faults[lsn] = err
}

// Spare sets how recovery learns that memory is short.
func (s *State) Spare(short func() bool) { s.short = short }

// Image logs the whole value of a resident entry as part of the current unit
// and makes that its address: before a collection goes cold, and when
// compaction meets a record the entry still depends on.
func (s *State) Image(d *Database, r keyspace.Ref) keyspace.Ref {
	t, ks := &s.tx, d.KS
	if d == s.meta {
		ks = s.keys(d)
	}
	s.evictKey = append(s.evictKey[:0], ks.Key(r)...)
	rec := t.record(wal.String, d, s.evictKey)
	if c, ok := ks.Object(r).(collection); ok {
		s.whole(c)
		s.buf = c.AppendImage(s.buf[:0])
		rec.Kind, rec.Value = imageKind(ks, r), s.buf
	} else {
		rec.Value = ks.String(r)
	}
	rec.Deadline, rec.Flags = ks.Deadline(r), wal.FlagCopy
	lsn, span := t.append(rec)
	return s.move(d, ks, r, lsn, span)
}

// CopyRecord logs a copy of a cold value's record with the entry's present
// deadline as part of the current unit. The entry keeps its address: it
// switches with Relocate once the copy is committed.
func (s *State) CopyRecord(d *Database, r keyspace.Ref, rec *wal.Record) (unit.LSN, uint32) {
	t := &s.tx
	out := t.record(rec.Kind, d, rec.Key)
	out.Value, out.Deadline, out.Flags = rec.Value, d.KS.Deadline(r), wal.FlagCopy
	return t.append(out)
}

// CopyDamaged logs, as part of the current unit, that the cold value at r is
// lost: what its key answers from then on, over restarts too, is an error, until
// it is written or deleted.
func (s *State) CopyDamaged(d *Database, r keyspace.Ref) (unit.LSN, uint32) {
	t := &s.tx
	s.evictKey = append(s.evictKey[:0], d.KS.Key(r)...)
	out := t.record(wal.Damaged, d, s.evictKey)
	out.Value, out.Deadline = []byte{d.KS.Type(r)}, d.KS.Deadline(r)
	return t.append(out)
}

// typeOf returns the type that a record of a lost value names.
func typeOf(rec *wal.Record) uint8 {
	if len(rec.Value) == 1 && rec.Value[0] != 0 && rec.Value[0] <= keyspace.MaxType {
		return rec.Value[0]
	}
	return uint8(obj.TypeString)
}

// Relocate switches key's entry from one address to its committed copy, if
// nothing newer came.
func (s *State) Relocate(id uint64, key []byte, from, to unit.LSN, span uint32) bool {
	d, r := s.Entry(id, key)
	if r == 0 {
		return false
	}
	if at, _ := d.KS.Addr(r); at != from {
		return false
	}
	// Deltas since the copy keep the value dirty, on top of the copy.
	dirty := d.KS.Dirty(r)
	r = s.move(d, d.KS, r, to, span)
	d.KS.SetDirty(r, dirty)
	return true
}

// SealImage ends a unit that only wrote images and copies. They change
// nothing that a client could tell, so nothing becomes undurable.
func (s *State) SealImage() { s.tx.Seal() }

// Rand returns an arbitrary number, the same in every run of one history.
func (s *State) Rand() uint64 { return s.rng.next() }

// ObjectBytes returns the memory of a resident collection, 0 for a string.
func ObjectBytes(ks *keyspace.DB, r keyspace.Ref) int {
	if c, ok := ks.Object(r).(collection); ok {
		return c.Bytes()
	}
	return 0
}
