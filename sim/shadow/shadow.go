// Package shadow recovers a copy of the disk a second time, from the log alone,
// and says how what a checkpoint of the index led to differs from that.
package shadow

import (
	"bytes"
	"fmt"

	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/sim/disk"
	"holdfast/sim/mutant/active"
)

// Differs replays the whole log in files and returns what is not the same in got,
// the state that a recovery of these files came to, or "". Keys that are dead at
// now count for nothing.
func Differs(cfg *config.Config, files []disk.Entry, align int, got *tx.State, now unit.Time) string {
	defer active.Resume(active.Pause()) // the shadow is the code as it should be
	c := *cfg
	fs := newFiles(files, align)
	o := &owner{}
	log := wal.New(wal.Config{SegmentBytes: c.SegmentBytes, BatchBytes: c.BatchBytes}, fs, o)
	want := tx.New(&c, log, &event.Observer{})
	log.Recover(want)
	fs.run(func() bool { return o.done })
	if !o.done || o.err != nil {
		return fmt.Sprintf("the log alone does not recover: %v", o.err)
	}
	want.EndLoad()
	if a, b := got.Time.Ceiling(), want.Time.Ceiling(); a != b {
		return fmt.Sprintf("the ceiling of time is %d, by the log %d", a, b)
	}
	gots, wants := got.Databases(), want.Databases()
	if len(gots) != len(wants) {
		return fmt.Sprintf("%d databases, by the log %d", len(gots), len(wants))
	}
	for i := range gots {
		if gots[i].ID != wants[i].ID {
			return fmt.Sprintf("database %d is incarnation %d, by the log %d", i, gots[i].ID, wants[i].ID)
		}
		if s := databases(log, gots[i], wants[i], now, "by the log"); s != "" {
			return s
		}
		if s := databases(log, wants[i], gots[i], now, "by the checkpoint"); s != "" {
			return s
		}
	}
	return ""
}

// databases returns how some entry of a differs from that of b, which is called
// other.
func databases(log *wal.Log, a, b *tx.Database, now unit.Time, other string) (diff string) {
	if a.KS == nil {
		return ""
	}
	for cursor := uint64(0); ; {
		cursor = a.KS.Scan(cursor, func(r keyspace.Ref) {
			if a.KS.Deadline(r).Passed(now) || diff != "" {
				return
			}
			q := keyspace.Ref(0)
			key := a.KS.Key(r)
			if b.KS != nil {
				q = b.KS.Find(b.KS.Hash(key), key)
			}
			if q == 0 {
				diff = fmt.Sprintf("database %d: key %q is absent %s", a.Index, key, other)
				return
			}
			if s := entries(log, a.KS, r, b.KS, q); s != "" {
				diff = fmt.Sprintf("database %d: key %q differs %s: %s", a.Index, key, other, s)
			}
		})
		if cursor == 0 || diff != "" {
			return diff
		}
	}
}

func entries(log *wal.Log, a *keyspace.DB, r keyspace.Ref, b *keyspace.DB, q keyspace.Ref) string {
	la, sa := a.Addr(r)
	lb, sb := b.Addr(q)
	switch {
	case a.Type(r) != b.Type(q):
		return fmt.Sprintf("type %d, %d", a.Type(r), b.Type(q))
	case la != lb && !same(log, la, sa, lb, sb):
		return fmt.Sprintf("address %d+%d, %d+%d", la, sa, lb, sb)
	case a.Deadline(r) != b.Deadline(q):
		return fmt.Sprintf("deadline %d, %d", a.Deadline(r), b.Deadline(q))
	case a.Dirty(r) != b.Dirty(q):
		return fmt.Sprintf("dirty %v, %v", a.Dirty(r), b.Dirty(q))
	case a.Type(r) == keyspace.TypeString && a.ValueLen(r) != b.ValueLen(q):
		return fmt.Sprintf("length %d, %d", a.ValueLen(r), b.ValueLen(q))
	case !a.Resident(r) || !b.Resident(q):
		return ""
	case !bytes.Equal(value(a, r), value(b, q)):
		return fmt.Sprintf("value %.100q, %.100q", value(a, r), value(b, q))
	}
	return ""
}

// same reports whether two addresses hold the same value. Compaction may have
// copied a record twice, and switched to the earlier copy.
func same(log *wal.Log, la unit.LSN, sa uint32, lb unit.LSN, sb uint32) bool {
	a, b := read(log, la, sa), read(log, lb, sb)
	if a == nil || b == nil || a.Kind != b.Kind || a.DB != b.DB || !bytes.Equal(a.Key, b.Key) {
		return false
	}
	if a.Kind == wal.PartsEnd {
		return sameParts(log, a, b)
	}
	return bytes.Equal(a.Value, b.Value)
}

// sameParts is that for images in parts, which compaction copies part by part.
func sameParts(log *wal.Log, a, b *wal.Record) bool {
	ea, _ := tx.ReadPartsEnd(a.Value)
	eb, _ := tx.ReadPartsEnd(b.Value)
	if len(ea.Places) != len(eb.Places) || ea.Type != eb.Type || ea.Len != eb.Len {
		return false
	}
	for i := range ea.Places {
		p, q := read(log, ea.Places[i].LSN, ea.Places[i].Span), read(log, eb.Places[i].LSN, eb.Places[i].Span)
		if p == nil || q == nil || p.Arg != q.Arg || !bytes.Equal(p.Value, q.Value) {
			return false
		}
	}
	return true
}

// read returns a record, nil if there is none.
func read(log *wal.Log, lsn unit.LSN, span uint32) *wal.Record {
	r := wal.Read{LSN: lsn, Span: span}
	log.ReadNow(&r)
	if r.Err != nil {
		return nil
	}
	rec := r.Rec
	rec.Key, rec.Value = bytes.Clone(rec.Key), bytes.Clone(rec.Value)
	return &rec
}

func value(ks *keyspace.DB, r keyspace.Ref) []byte {
	if o := ks.Object(r); o != nil {
		return o.(interface{ AppendImage([]byte) []byte }).AppendImage(nil)
	}
	return ks.String(r)
}

// owner waits for the end of recovery.
type owner struct {
	done bool
	err  error
}

// LogCommitted implements wal.Owner.
func (o *owner) LogCommitted(unit.LSN) {}

// LogRoom implements wal.Owner.
func (o *owner) LogRoom() {}

// LogFailed implements wal.Owner.
func (o *owner) LogFailed(error) {}

// LogRecovered implements wal.Owner.
func (o *owner) LogRecovered(_ wal.Recovered, err error) { o.done, o.err = true, err }
