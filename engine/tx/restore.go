package tx

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
)

// NewHash returns an empty hash with the configured limits, to be filled and
// given to SetHash.
func (t *Tx) NewHash() *obj.Hash { return t.s.newHash() }

// SetHash sets key to a hash that is not empty, whatever was there before, with
// deadline dl or none. The hash is the keyspace's from then on.
func (t *Tx) SetHash(key []byte, hash *obj.Hash, dl unit.Deadline) {
	t.setObject(key, hash, obj.TypeHash, dl)
}

// SetList is SetHash for a list.
func (t *Tx) SetList(key []byte, list *obj.List, dl unit.Deadline) {
	t.setObject(key, list, obj.TypeList, dl)
}

func (t *Tx) setObject(key []byte, c collection, typ obj.Type, dl unit.Deadline) {
	d := t.cur()
	ks, h, r := t.place(d, key, dl)
	r = ks.SetObject(r, uint8(typ), c, c.Bytes())
	t.touch(ks, r)
	t.imageObject(d, ks, r, key)
	t.Notify(EventNew, "new", key) // what had the key was deleted
	t.changedKey(d, h, key)
	t.signal(d, key)
}

// place makes the entry of a value that is about to be set whole, with a deadline.
func (t *Tx) place(d *Database, key []byte, dl unit.Deadline) (*keyspace.DB, uint64, keyspace.Ref) {
	ks, h, r := t.vacate(d, key)
	if r == 0 {
		r = ks.Insert(h, key)
	}
	if ks.Deadline(r) != dl {
		r = ks.SetDeadline(r, dl)
	}
	return ks, h, r
}

// SetHotness makes key as idle, or as often used, as it is said to be; -1 leaves
// that as it is.
func (t *Tx) SetHotness(key []byte, idleSeconds, freq int64) {
	ks, _, r := t.raw(t.cur(), key)
	if r == 0 {
		return
	}
	now := minutes(t.now)
	if freq < 0 {
		freq = int64(ks.Freq(r, now))
	}
	ks.SetHot(r, now-uint16(min(max(idleSeconds, 0)/60, 1<<16-1)), uint8(freq))
}
