package tier

import (
	"slices"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
)

// Transfer is a command that gives a large collection to another key, or copies it
// there, and waits for the image that the key will have to be written, part by
// part. Wake is called once, when only the last part is left, which the command
// then writes, or when nothing came of it. The image is given up if the command
// does not run in that turn.
type Transfer struct {
	Wake   func()
	to     *tx.Database
	key    []byte
	copies bool
	begun  bool
	ready  bool
	over   bool
}

// Over reports whether Wake was called.
func (x *Transfer) Over() bool { return x.ready || x.over }

// Hurries reports whether a transfer goes on in the next turn, whatever happens.
// Where much of the log is unwritten it takes its time: others write too.
func (t *Tier) Hurries() bool {
	m := &t.images
	if m.task.key == nil {
		return len(m.queue) > 0 && m.queue[0].transfer != nil
	}
	return m.task.transfer != nil && !m.held && t.log.Stats().Unwritten < t.cfg.MaxUnwritten/4
}

// ended ends a task in vain, if it is a transfer that was not ready.
func (k *task) ended() {
	if x := k.transfer; x != nil && !x.Over() {
		x.over = true
		x.Wake()
	}
}

// Splits reports whether the value at key, if it is in memory, is imaged in parts.
func (t *Tier) Splits(db int, key []byte) bool {
	d, r := t.entry(db, key)
	return r != 0 && d.KS.Resident(r) && t.Large(d, r)
}

// Exists reports whether there is an entry for key, dead or alive.
func (t *Tier) Exists(db int, key []byte) bool {
	_, r := t.entry(db, key)
	return r != 0
}

func (t *Tier) entry(db int, key []byte) (*tx.Database, keyspace.Ref) {
	d := t.state.Databases()[db]
	if d.KS == nil {
		return d, 0
	}
	return d, d.KS.Find(d.KS.Hash(key), key)
}

// Begin begins a transfer from a key to another; without it nothing was begun.
func (t *Tier) Begin(x *Transfer, from int, src []byte, to int, dst []byte, copies bool) bool {
	if len(t.images.queue) >= imagesQueued {
		return false
	}
	dbs := t.state.Databases()
	x.to, x.key, x.copies = dbs[to], append([]byte(nil), dst...), copies
	t.images.queue = append(t.images.queue, task{db: dbs[from].ID, key: append([]byte(nil), src...), transfer: x})
	return true
}

// Rest returns how many bytes the command, which names these databases, will add to
// the log of the image that is ready for it; false: there is none.
func (t *Tier) Rest(x *Transfer, from, to int) (n int, ok bool) {
	k, dbs := &t.images.task, t.state.Databases()
	if !x.ready || k.transfer != x || k.db != dbs[from].ID || x.to != dbs[to] {
		return 0, false
	}
	return t.state.PartsAhead(1 << 40)
}

// End ends a transfer: its command has run, or will do without.
func (t *Tier) End(x *Transfer) {
	m := &t.images
	x.over = true
	if m.task.transfer != x {
		m.queue = slices.DeleteFunc(m.queue, func(k task) bool { return k.transfer == x })
		return
	}
	t.state.DropParts()
	m.task = task{}
	t.log.Unclaim()
}

// stepTransfer goes on with the transfer at hand.
func (m *imager) stepTransfer() (n int, over bool) {
	t, x := m.t, m.task.transfer
	if x.ready {
		return 0, true // its command did not run
	}
	if !x.begun {
		d, r := t.state.Entry(m.task.db, m.task.key)
		if r == 0 || !d.KS.Resident(r) || !t.state.BeginTransfer(d, r, x.to, x.key, x.copies) {
			return 0, true
		}
		x.begun = true
	}
	slice := sliceParts * t.cfg.ImagePartBytes
	weight, ok := t.state.PartsAhead(slice)
	if !ok {
		t.mark("value gone while it was imaged")
		return 0, true
	}
	if !t.state.LastPart(slice) {
		return m.part()
	}
	if over, ok := m.reserve(weight + 4*ksOverhead); !ok {
		return 0, over
	}
	x.ready = true
	x.Wake() // before those who wait for the log: there is room for this one
	t.log.Unclaim()
	return 0, false
}
