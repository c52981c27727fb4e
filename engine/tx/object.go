package tx

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/wal"
)

// collection is a value that is more than a string.
type collection interface {
	Len() int
	Bytes() int
	AppendImage(dst []byte) []byte
}

// decode returns the collection of which rec is the image.
func (s *State) decode(rec *wal.Record) (c collection, typ obj.Type, err error) {
	switch rec.Kind {
	case wal.Hash:
		c, err = obj.DecodeHashLimits(rec.Value, &s.hashes)
		return c, obj.TypeHash, err
	case wal.List:
		c, err = obj.DecodeList(rec.Value)
		return c, obj.TypeList, err
	}
	return nil, obj.TypeNone, ErrDamaged
}

// cloned returns a copy that shares nothing with c.
func cloned(c collection) collection {
	switch c := c.(type) {
	case *obj.Hash:
		return c.Clone()
	case *obj.List:
		return c.Clone()
	}
	panic("tx: a collection of no type")
}

// imageKind returns the kind of record that holds the collection at r whole.
func imageKind(ks *keyspace.DB, r keyspace.Ref) wal.Kind {
	if obj.Type(ks.Type(r)) == obj.TypeList {
		return wal.List
	}
	return wal.Hash
}

// imageObject logs the collection at r whole and makes that its address.
func (t *Tx) imageObject(d *Database, ks *keyspace.DB, r keyspace.Ref, key []byte) {
	t.s.whole(ks.Object(r))
	if t.s.logging {
		t.s.buf = ks.Object(r).(collection).AppendImage(t.s.buf[:0])
	}
	t.image(d, ks, r, imageKind(ks, r), key, t.s.buf)
}
