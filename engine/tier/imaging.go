package tier

import (
	"errors"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// imaging writes every entry into the epoch that forms. A sweep over the
// keyspace images what is resident; what is cold, compaction copies, for it is
// asked to rewrite all that was logged before. Whatever is written meanwhile is
// logged in the epoch anyway; a change of an entry that has no image there yet
// finds nothing to change at a replay, and the image that follows has it.
type imaging struct {
	on     bool
	from   unit.LSN
	d      *tx.Database // swept now; numbers may change hands meanwhile
	swept  map[uint64]bool
	cursor uint64
	refs   []keyspace.Ref
}

// FormFrom begins to write every entry behind from.
func (t *Tier) FormFrom(from unit.LSN) {
	t.StopImages() // parts of one that is not complete are void
	t.form = imaging{on: true, from: from, swept: map[uint64]bool{}, refs: t.form.refs}
	t.Rewrite()
}

// Form goes on with that, once a turn, and reports whether all is written. An
// error says that there is no room.
func (t *Tier) Form(now unit.Time) (all bool, err error) {
	f := &t.form
	for left := t.copyRoom(); f.on && left > 0; {
		d := t.sweeping()
		if d == nil {
			f.on = false
			break
		}
		f.refs = f.refs[:0]
		weight, large := 0, false
		next := d.KS.Scan(f.cursor, func(r keyspace.Ref) {
			switch first, _ := d.First(r); {
			case !d.KS.Resident(r) || first >= f.from:
			case t.Large(d, r):
				t.Image(d, r, f.from)
				large = true
			default:
				f.refs = append(f.refs, r)
				weight += t.Weight(d.KS, r) + ksOverhead
			}
		})
		if len(f.refs) > 0 {
			if err := t.log.Reserve(weight, wal.Writes); errors.Is(err, wal.ErrBusy) {
				return false, nil
			} else if err != nil {
				return false, err
			}
			t.state.Begin(now, 0)
			for _, r := range f.refs {
				t.state.Image(d, r)
			}
			t.state.SealImage()
			t.stats.Images += uint64(len(f.refs))
			left -= weight
		}
		if large {
			err := t.log.Reserve(t.copyRoom(), wal.Writes)
			if errors.Is(err, wal.ErrBusy) {
				err = nil
			}
			return false, err // the same bucket again
		}
		if f.cursor = next; next == 0 {
			f.swept[d.ID], f.d = true, nil
		}
	}
	if !f.on && t.Rewriting() {
		if err := t.log.Reserve(t.copyRoom(), wal.Compaction); errors.Is(err, wal.ErrFull) {
			return false, err
		}
	}
	return !f.on && !t.Rewriting(), nil
}

// sweeping returns the database to sweep, nil when all have been.
func (t *Tier) sweeping() *tx.Database {
	f := &t.form
	if f.d != nil && f.d.Index >= 0 {
		return f.d
	}
	f.d, f.cursor = nil, 0
	for _, d := range t.state.Databases() {
		if d.KS != nil && d.KS.Len() > 0 && !f.swept[d.ID] {
			f.d = d
			break
		}
	}
	return f.d
}

// StopForming gives it up.
func (t *Tier) StopForming() { t.form.on = false }

// Attach gives the tier a log that was opened at run time.
func (t *Tier) Attach(l *wal.Log) { t.log = l }
