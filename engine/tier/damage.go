package tier

import (
	"fmt"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// ScanDamaged implements wal.ScanDamager: what was logged in [from, to) of the
// segment being compacted cannot be read. Values that are resident are written
// anew from memory. A cold one is lost: a record that says so takes its place,
// so that its key answers an error, not absence, and does so after a restart
// too. The segment's file is kept aside. Damage is rare, so the whole keyspace
// is walked at once.
func (c *compactor) ScanDamaged(from, to unit.LSN, err error) {
	t := c.t
	if t.log.Err() != nil {
		return // what a failed sync has lost is no damage; a restart finds the rest
	}
	t.log.Quarantine(from)
	lost := 0
	for _, d := range append([]*tx.Database{t.state.Meta()}, t.state.Databases()...) {
		if d.KS == nil {
			continue
		}
		for _, r := range entriesIn(d, from, to) {
			if t.Large(d, r) {
				c.owe(d.ID, d.KS.Key(r)) // it will show whether its parts are hit
				continue
			}
			t.state.Begin(c.now, 0)
			if d.KS.Resident(r) {
				t.state.Image(d, r)
			} else {
				at, span := t.state.CopyDamaged(d, r)
				old, _ := d.KS.Addr(r)
				c.moving(d, d.KS.Key(r), old, at, span)
				lost++
			}
			t.state.SealImage()
		}
	}
	if t.obs.Warn != nil {
		t.obs.Warn(fmt.Sprintf("the log is damaged from %d to %d, %d values are lost: %v", from, to, lost, err))
	}
	t.mark("damage met by compaction")
}

// entriesIn returns the entries that need a record in [from, to): some of their
// image is there, or a delta may be.
func entriesIn(d *tx.Database, from, to unit.LSN) []keyspace.Ref {
	var refs []keyspace.Ref
	ks := d.KS
	for cursor := uint64(0); ; {
		cursor = ks.Scan(cursor, func(r keyspace.Ref) {
			at, span := ks.Addr(r)
			first, _ := d.First(r)
			if first < to && at+unit.LSN(span) > from || at < from && ks.Resident(r) && ks.Dirty(r) {
				refs = append(refs, r)
			}
		})
		if cursor == 0 {
			return refs
		}
	}
}
