package tx

import (
	"math"

	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/wal"
)

// A value that goes to another key is logged whole under that key. So that a large
// collection need not be in one turn, its image may be written in parts before:
// under the key that it is to have, while it still has the other, and told of its
// changes as every image in parts is. The command then logs no more than what is
// left, the deletion of the one key and the end of the image, which makes the value
// the other's. Without that end the parts are nothing. A copy is put together from
// the same parts.

// BeginTransfer is BeginParts for the image that key, of the database to, will have
// when the value at r is given to it; copies says that the value stays as well.
func (s *State) BeginTransfer(d *Database, r keyspace.Ref, to *Database, key []byte, copies bool) bool {
	if !s.BeginParts(d, r) {
		return false
	}
	p := s.partial
	p.gives, p.under = true, place{to, append([]byte(nil), key...)}
	if copies {
		var err error
		if p.copy, err = obj.NewAssembly(obj.Type(p.end.Type), &s.hashes); err != nil {
			s.partial = nil
		}
	}
	return s.partial != nil
}

// LastPart reports whether the next part, of so many bytes, would be the last.
func (s *State) LastPart(bytes int) bool {
	p := s.partial
	return p.parts.Nears(p.slice(bytes))
}

// given returns the image of c that was begun for this transfer, whole but for its
// end; nil if there is none.
func (s *State) given(c collection, to *Database, key []byte, move bool) *partial {
	p := s.partial
	if p == nil || !s.logging || !p.gives || !p.parts.Of(c) || p.under.d != to ||
		string(p.under.key) != string(key) || move != (p.copy == nil) {
		return nil
	}
	s.partial = nil
	p.parts.Go(math.MaxInt)
	p.log(s)
	return p
}

// Rename gives the value at src to dst, replacing dst and keeping the
// deadline. src is alive and differs from dst.
func (t *Tx) Rename(src, dst []byte) error { return t.transfer(src, t.sel, dst, true) }

// Copy copies the value at src to a key of a database, replacing it and
// keeping the deadline.
func (t *Tx) Copy(src []byte, db int, dst []byte) error { return t.transfer(src, db, dst, false) }

// Move moves key to another database, where it must be absent.
func (t *Tx) Move(key []byte, db int) error { return t.transfer(key, db, key, true) }

// transfer writes a complete image of src at dst: a record that needs no other
// key, so that compaction and recovery never follow references.
func (t *Tx) transfer(src []byte, db int, dst []byte, move bool) error {
	from, to := t.cur(), t.s.dbs[db]
	ks, r := t.find(from, src)
	if r == 0 {
		return nil
	}
	if !ks.Resident(r) {
		var err error
		if r, err = t.absent(from, ks, r, src); err != nil {
			return err
		}
	}
	dl, typ := ks.Deadline(r), obj.Type(ks.Type(r))
	whole, isObject := ks.Object(r).(collection)
	var image *partial
	if isObject {
		image = t.s.given(whole, to, dst, move)
		switch {
		case move:
		case image != nil:
			whole = assembled(image.copy)
		default:
			whole = cloned(whole)
		}
	} else {
		t.s.buf = append(t.s.buf[:0], ks.String(r)...)
	}
	if move {
		t.remove(from, ks, ks.Hash(src), r, src)
	}
	dks, h, dr := t.place(to, dst, dl)
	if isObject {
		dr = dks.SetObject(dr, uint8(typ), whole, whole.Bytes())
	}
	switch {
	case image != nil:
		image.end.Len, image.end.Bytes = whole.Len(), whole.Bytes()
		lsn, span := t.s.logEnd(to, dr, &image.end, 0)
		t.s.move(to, dks, dr, lsn, span)
		t.s.mark("value given away in parts")
	case isObject:
		t.imageObject(to, dks, dr, dst)
	default:
		dr = dks.SetString(dr, t.s.buf)
		t.image(to, dks, dr, wal.String, dst, t.s.buf)
	}
	t.NotifyIn(db, EventNew, "new", dst) // even in place of another: that is deleted first
	t.changedKey(to, h, dst)
	t.signal(to, dst)
	return nil
}
