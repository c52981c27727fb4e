package tx

import (
	"holdfast/engine/obj"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// NewHash returns an empty hash with the configured limits, to be filled and
// given to SetHash.
func (t *Tx) NewHash() *obj.Hash { return t.s.newHash() }

// SetHash sets key to a hash that is not empty, whatever was there before, with
// deadline dl or none. The hash is the keyspace's from then on.
func (t *Tx) SetHash(key []byte, hash *obj.Hash, dl unit.Deadline) {
	d := t.cur()
	ks, h, r := t.vacate(d, key)
	if r == 0 {
		r = ks.Insert(h, key)
	}
	if ks.Deadline(r) != dl {
		r = ks.SetDeadline(r, dl)
	}
	r = ks.SetObject(r, uint8(obj.TypeHash), hash, hash.Bytes())
	t.touch(ks, r)
	t.s.buf = hash.AppendImage(t.s.buf[:0])
	t.image(d, ks, r, wal.Hash, key, t.s.buf)
	t.changedKey(d, h, key)
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
