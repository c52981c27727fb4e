package tx

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// Stored is an entry as a checkpoint of the index has it.
type Stored struct {
	Key      []byte
	Type     uint8
	LSN      unit.LSN // of its newest image
	Span     uint32
	First    unit.LSN // of its parts, if the image is in parts, else LSN
	Parts    int64    // bytes of them
	Len      int      // of the value, as keyspace.ValueLen has it
	Deadline unit.Deadline
	Clock    uint16 // hotness
	Counter  uint8
	Inline   bool // Value is the value: an entry of the metadata database
	Value    []byte
}

// Store describes the entry at r, which has a whole image or deltas on top of
// one. Its slices alias the keyspace.
func (s *State) Store(d *Database, r keyspace.Ref, e *Stored) {
	ks := d.KS
	*e = Stored{Key: ks.Key(r), Type: ks.Type(r), Deadline: ks.Deadline(r)}
	e.LSN, e.Span = ks.Addr(r)
	e.First = e.LSN
	if p, ok := d.parts[e.LSN]; ok {
		e.First, e.Parts = p.first, p.bytes
	}
	e.Clock, e.Counter = ks.Hot(r)
	if d == s.meta {
		e.Inline, e.Value = true, ks.String(r)
		return
	}
	e.Len = ks.ValueLen(r)
	if n := ObjectBytes(ks, r); n > 0 {
		e.Len = min(n, 1<<32-1)
	}
}

// Seed returns the seed of the tables' hash.
func (s *State) Seed() uint64 { return s.seed }

// Unload forgets all that was loaded: the log will be read from its head. The
// tables' hash has that seed from now on: entries that come in the order of a
// SCAN under the same seed fill one bucket after another.
func (s *State) Unload(seed uint64) {
	s.seed, s.others = seed, nil
	s.meta = s.incarnation(0, -1)
	for i, d := range s.dbs {
		s.dbs[i] = s.incarnation(d.ID, i)
	}
}

// Loading returns the database incarnation with that id, prepared for n entries
// more. Its mapping may come later.
func (s *State) Loading(id uint64, n int) *Database {
	d := s.loading(id)
	ks := s.keys(d)
	ks.Reserve(ks.Len() + n)
	return d
}

// Load installs an entry of a checkpoint in d, cold, in place of one that was
// loaded before. The records that follow are redone with Apply.
func (s *State) Load(d *Database, e *Stored) {
	ks := d.KS
	h := ks.Hash(e.Key)
	if r := ks.Find(h, e.Key); r != 0 {
		s.drop(d, ks, r)
	}
	var r keyspace.Ref
	if e.Inline {
		r = ks.InsertString(h, e.Key, e.Value)
		r = ks.SetAddr(r, e.LSN, e.Span)
	} else {
		r = ks.InsertCold(h, e.Key, e.Type, e.LSN, e.Span, e.Len)
	}
	d.Live += int64(e.Span)
	if e.Parts != 0 {
		d.keepParts(e.LSN, parts{e.First, e.Parts})
	}
	ks.SetHot(r, e.Clock, e.Counter)
	if e.Deadline != 0 {
		ks.SetDeadline(r, e.Deadline)
	}
}

// Needs returns where the value is that a record to be redone changes, if that
// value is cold.
func (s *State) Needs(rec *wal.Record) (at Location, bytes int64, cold bool) {
	want := obj.TypeNone
	switch rec.Kind {
	case wal.Append, wal.Range:
		want = obj.TypeString
	case wal.HashSet, wal.HashDel:
		want = obj.TypeHash
	case wal.ListSet, wal.ListDel:
		want = obj.TypeList
	default:
		return at, 0, false
	}
	if rec.Flags&wal.FlagNew != 0 {
		return at, 0, false
	}
	d, r := s.Entry(rec.DB, rec.Key)
	if r == 0 || d.KS.Resident(r) || obj.Type(d.KS.Type(r)) != want {
		return at, 0, false
	}
	at.LSN, at.Span = d.KS.Addr(r)
	return at, int64(at.Span) + d.parts[at.LSN].bytes, rec.LSN >= at.LSN
}

// Arrived makes a cold value resident that was read for the redo from at, if its
// entry still is there. rec is the record that l was given last.
func (s *State) Arrived(id uint64, key []byte, at unit.LSN, l *Loader, rec *wal.Record) {
	d, r := s.Entry(id, key)
	if r == 0 || d.KS.Resident(r) {
		return
	}
	if lsn, _ := d.KS.Addr(r); lsn == at {
		_, _ = l.Install(s, d.KS, r, rec) // what it cannot install is read again, and then told
	}
}

// loading returns the incarnation with that id, made when it is new: its
// mapping may come later, for compaction moves metadata like any key.
func (s *State) loading(id uint64) *Database {
	d := s.ByID(id)
	if d == nil {
		d = s.incarnation(id, -1)
		s.others = append(s.others, d)
	}
	return d
}
