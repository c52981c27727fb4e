package tx

import (
	"encoding/binary"

	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// An image in parts: records of kind Part, each in a unit of its own with those of
// other commands in between, and a PartsEnd. The end says where the parts are and
// stands for the whole value as it was then: what has changed since the first part
// is in a later one. So the address of such a value is that of its end, nothing
// before the end is needed but the parts, and parts without an end are nothing.
//
// The value of a PartsEnd:
//
//	u8      type
//	varint  elements
//	varint  bytes in memory
//	varint  parts; for each
//	varint    from the end of the part before to its LSN; for the first the LSN
//	varint    its span

// Location is where in the log a record is.
type Location struct {
	LSN  unit.LSN
	Span uint32
}

// PartsEnd is what the last record of an image in parts says.
type PartsEnd struct {
	Type   uint8
	Len    int // elements
	Bytes  int // of the value in memory
	Places []Location
}

// ReadPartsEnd reads the value of a PartsEnd.
func ReadPartsEnd(v []byte) (e PartsEnd, ok bool) {
	if len(v) == 0 {
		return e, false
	}
	e.Type, v = v[0], v[1:]
	next := func() uint64 {
		x, n := binary.Uvarint(v)
		if ok = n > 0; ok {
			v = v[n:]
		}
		return x
	}
	e.Len = int(next())
	e.Bytes = int(next() & (1<<40 - 1))
	at := unit.LSN(0)
	n := next()
	if !ok || n > uint64(len(v)) {
		return e, false
	}
	for ; n > 0; n-- {
		at += unit.LSN(next())
		p := Location{at, uint32(next())}
		if !ok {
			return e, false
		}
		e.Places = append(e.Places, p)
		at += unit.LSN(p.Span)
	}
	return e, len(v) == 0 && len(e.Places) > 0
}

// Append appends the value of a PartsEnd.
func (e *PartsEnd) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, e.Type), uint64(e.Len))
	dst = binary.AppendUvarint(dst, uint64(e.Bytes))
	dst = binary.AppendUvarint(dst, uint64(len(e.Places)))
	at := unit.LSN(0)
	for _, p := range e.Places {
		dst = binary.AppendUvarint(dst, uint64(p.LSN-at))
		dst = binary.AppendUvarint(dst, uint64(p.Span))
		at = p.LSN + unit.LSN(p.Span)
	}
	return dst
}

// held returns what the parts take of the log.
func (e *PartsEnd) held() parts {
	p := parts{first: e.Places[0].LSN}
	for _, at := range e.Places {
		p.bytes += int64(at.Span)
	}
	return p
}

// parts is what an address of an image in parts stands for beside its end.
type parts struct {
	first unit.LSN
	bytes int64
}

const partsBytes = 48 // of an entry in the map

// keepParts notes that the parts of the image that ends at lsn are live.
func (d *Database) keepParts(lsn unit.LSN, p parts) {
	if d.parts == nil {
		d.parts = map[unit.LSN]parts{}
	}
	d.parts[lsn] = p
	d.Live += p.bytes
}

// dropParts notes that those of the image at lsn, if it has any, are not.
func (d *Database) dropParts(lsn unit.LSN) {
	if p, ok := d.parts[lsn]; ok {
		delete(d.parts, lsn)
		d.Live -= p.bytes
	}
}

// First returns the oldest address that the image of the entry at r needs, and
// whether the image is in parts.
func (d *Database) First(r keyspace.Ref) (first unit.LSN, parted bool) {
	lsn, _ := d.KS.Addr(r)
	if p, ok := d.parts[lsn]; ok {
		return p.first, true
	}
	return lsn, false
}

// partial is the image that is being written in parts.
type partial struct {
	d     *Database // of the value
	key   []byte
	under place // whose image it is: the value's own, or see transfer.go
	c     collection
	parts *obj.Parts
	end   PartsEnd
	size  int // of c at the last part
	gives bool
	copy  *obj.Assembly // what the parts make up so far, where that is wanted
}

// place is a key of a database.
type place struct {
	d   *Database
	key []byte
}

// bytes returns the memory that it takes.
func (p *partial) bytes() int64 {
	n := p.parts.Bytes() + len(p.end.Places)*16
	if p.copy != nil {
		n += assembled(p.copy).Bytes()
	}
	return int64(n)
}

// BeginParts begins an image of the resident value at r, if it is of a kind that
// has images in parts. Until its end, or DropParts, no other is begun.
func (s *State) BeginParts(d *Database, r keyspace.Ref) bool {
	o := d.KS.Object(r)
	p := obj.NewParts(o)
	if p == nil {
		return false
	}
	c := o.(collection)
	key := append([]byte(nil), d.KS.Key(r)...)
	s.partial = &partial{d: d, key: key, under: place{d, key}, c: c, parts: p,
		end: PartsEnd{Type: d.KS.Type(r)}, size: c.Bytes()}
	return true
}

// Parted reports whether the resident value at r is of a kind that has images in
// parts.
func Parted(ks *keyspace.DB, r keyspace.Ref) bool { return obj.Parted(ks.Object(r)) }

// Imaging reports whether an image of the value at r is being written in parts,
// under its own key.
func (s *State) Imaging(d *Database, r keyspace.Ref) bool {
	return s.partial != nil && !s.partial.gives && s.partial.d == d && s.partial.entry(s) == r
}

// DropParts gives the image up.
func (s *State) DropParts() { s.partial = nil }

// Partial returns the address of the first part of the image that is being
// written, 0 if there is none yet.
func (s *State) Partial() unit.LSN {
	if s.partial == nil || len(s.partial.end.Places) == 0 {
		return 0
	}
	return s.partial.end.Places[0].LSN
}

// entry finds the entry that still has the object which is being imaged.
func (p *partial) entry(s *State) keyspace.Ref {
	d, r := s.Entry(p.d.ID, p.key)
	if d != p.d || r != 0 && !p.parts.Of(d.KS.Object(r)) {
		return 0
	}
	if p.gives && s.ByID(p.under.d.ID) == nil {
		return 0 // it was to go to a database that is no more
	}
	return r
}

// slice returns how much is to be written so that less is left than before.
func (p *partial) slice(bytes int) int { return bytes + max(0, p.c.Bytes()-p.size) }

// PartsAhead returns how many bytes AddPart would log; false: the value is no
// longer there, and the image was given up.
func (s *State) PartsAhead(bytes int) (n int, ok bool) {
	p := s.partial
	if p == nil || p.entry(s) == 0 {
		s.partial = nil
		return 0, false
	}
	return p.parts.Ahead(p.slice(bytes)) + 2*len(p.under.key) + 12*(len(p.end.Places)+1), true
}

// AddPart logs the next part as part of the current unit, and the end with the
// last one. Then the image is the value's address, and it is done.
func (s *State) AddPart(bytes int) (done bool) {
	p := s.partial
	done = p.parts.Go(p.slice(bytes))
	p.size = p.c.Bytes()
	p.log(s)
	if !done {
		return false
	}
	r := p.entry(s)
	p.end.Len, p.end.Bytes = p.c.Len(), p.c.Bytes()
	lsn, span := s.CopyPartsEnd(p.d, r, &p.end)
	s.move(p.d, p.d.KS, r, lsn, span)
	s.partial = nil
	s.mark("value imaged in parts")
	return true
}

// log logs by what the image has gone on.
func (p *partial) log(s *State) {
	v := p.parts.Part()
	if len(v) == 0 {
		return
	}
	s.LogPart(p.under.d, p.under.key, &p.end, v)
	if p.copy != nil && p.copy.Add(v) != nil {
		panic("tx: a part that is none")
	}
}

// LogPart logs the next part of the image of key that is to end with e, as part of
// the current unit.
func (s *State) LogPart(d *Database, key []byte, e *PartsEnd, part []byte) {
	t := &s.tx
	rec := t.record(wal.Part, d, key)
	rec.Arg, rec.Value, rec.Flags = uint64(len(e.Places)), part, wal.FlagCopy
	lsn, span := t.append(rec)
	e.Places = append(e.Places, Location{lsn, span})
}

// CopyPartsEnd logs, as part of the current unit, the end of an image in parts of
// the value at r, with its present deadline. The entry's address is the caller's
// to move; if it does not, DropCopy.
func (s *State) CopyPartsEnd(d *Database, r keyspace.Ref, e *PartsEnd) (unit.LSN, uint32) {
	return s.logEnd(d, r, e, wal.FlagCopy)
}

func (s *State) logEnd(d *Database, r keyspace.Ref, e *PartsEnd, flags uint8) (unit.LSN, uint32) {
	t := &s.tx
	s.evictKey = append(s.evictKey[:0], d.KS.Key(r)...)
	s.buf = e.Append(s.buf[:0])
	rec := t.record(wal.PartsEnd, d, s.evictKey)
	rec.Value, rec.Deadline, rec.Flags = s.buf, d.KS.Deadline(r), flags
	lsn, span := t.append(rec)
	d.keepParts(lsn, e.held())
	return lsn, span
}

// DropCopy forgets an image in parts that no entry was moved to.
func (s *State) DropCopy(id uint64, lsn unit.LSN) {
	if d := s.ByID(id); d != nil {
		d.dropParts(lsn)
	}
}

// changing returns the image to be told of changes of c, nil if none is.
func (s *State) changing(c any) *obj.Parts {
	if s.partial == nil || !s.partial.parts.Of(c) {
		return nil
	}
	s.mark("value changed while it was imaged")
	return s.partial.parts
}

// whole gives up an image in parts of c: it is being logged whole.
func (s *State) whole(c any) {
	if s.partial != nil && s.partial.parts.Of(c) {
		s.partial = nil
	}
}

// applyEnd installs a value cold: it is where its parts are.
func (s *State) applyEnd(d *Database, ks *keyspace.DB, h uint64, r keyspace.Ref, rec *wal.Record) {
	e, ok := ReadPartsEnd(rec.Value)
	if !ok || e.Type == 0 || e.Type > keyspace.MaxType {
		s.loadErr = ErrDamaged // although the record's checksum held
		return
	}
	if r != 0 {
		s.drop(d, ks, r)
	}
	if e.held().first < s.log.Head() {
		s.counts.OrphanedRecords++ // dead: what made it so is further on, or its deadline was
		return
	}
	r = ks.InsertCold(h, rec.Key, e.Type, rec.LSN, rec.Span, min(e.Bytes, 1<<32-1))
	d.Live += int64(rec.Span)
	d.keepParts(rec.LSN, e.held())
	if rec.Deadline != 0 {
		ks.SetDeadline(r, rec.Deadline)
	}
}
