package tier

import "holdfast/engine/unit"

// Waiter is a connection's interest in values. Wake is called once when the
// last of them has come or failed, or when its turn to ask for them has come.
type Waiter struct {
	Wake    func()
	pending int
	held    []held
	index   map[*fetch]int // places in held, once it is long
	round   uint32
	fresh   []*fetch // wanted and not asked for yet

	lined bool // in room.line
	turn  bool // it was the first in line: what it asks for is granted
	need  int64
}

// held is one value and the command, by number, that has last wanted it.
type held struct {
	f     *fetch
	round uint32
}

// longHeld is a length from which looking through held would take too long.
const longHeld = 32

// Begin says that the next command begins to want values. Those of earlier ones
// stay until Renew.
func (w *Waiter) Begin() { w.round++ }

// Wants reports whether there is something to ask for.
func (w *Waiter) Wants() bool { return len(w.fresh) > 0 }

// Waiting reports whether some value has yet to come, or the turn to ask.
func (w *Waiter) Waiting() bool { return w.pending > 0 || w.lined }

// holds reports whether w holds f, and notes that the command at hand wants it.
func (w *Waiter) holds(f *fetch) bool {
	if w.index != nil {
		i, ok := w.index[f]
		if ok {
			w.held[i].round = w.round
		}
		return ok
	}
	for i := range w.held {
		if w.held[i].f == f {
			w.held[i].round = w.round
			return true
		}
	}
	return false
}

func (w *Waiter) hold(f *fetch) {
	w.held = append(w.held, held{f, w.round})
	switch {
	case w.index != nil:
		w.index[f] = len(w.held) - 1
	case len(w.held) > longHeld:
		w.reindex()
	}
}

func (w *Waiter) reindex() {
	w.index = nil
	if len(w.held) <= longHeld {
		return
	}
	w.index = make(map[*fetch]int, 2*len(w.held))
	for i, h := range w.held {
		w.index[h.f] = i
	}
}

// room shares out memory among the commands that have values read: each asks
// for all it needs at once, and gets it or stands in line, holding nothing. So
// what is being read and what is pinned stays within maxmemory, however many
// ask, and none waits for another that waits for it.
type room struct {
	taken    int64 // of values being read, or pinned
	coming   int64 // of those, not read yet
	promised int64 // to those whose turn has come and who have not asked again
	line     []*Waiter
}

// Grant is the answer to Ask.
type Grant uint8

// The answers.
const (
	Granted Grant = iota // what was wanted is being read; Waiting says whether any was
	Lined                // Wake is called when it can be
	Never                // it does not fit into maxmemory beside what must be there
)

// most is the largest footprint of a command.
func (t *Tier) most() int64 { return max(1<<20, t.cfg.MaxMemory/2) }

// Ask has read what w's command wanted.
func (t *Tier) Ask(w *Waiter, now unit.Time) Grant {
	need, more := int64(0), int64(0) // of the command, and of that what is not held yet
	own := int64(0)                  // of what is taken
	for _, h := range w.held {
		if h.round == w.round {
			need += h.f.bytes
		}
		if h.f.granted {
			own += h.f.bytes
		}
	}
	// What was in memory when it asked first may have gone cold while the rest
	// was read. If nobody else has anything it keeps what it has, so that each
	// round pins more: else it could read the same values for ever.
	alone := own > 0 && t.room.taken+t.room.promised == own
	for _, f := range w.fresh {
		more += f.bytes
	}
	switch {
	case t.cfg.MaxMemory > 0 && need > t.most():
		t.Release(w)
		return Never
	case w.turn || alone || len(t.room.line) == 0 && t.fits(more, now):
		t.grant(w)
		return Granted
	}
	t.Release(w)
	w.lined, w.need = true, need
	t.room.line = append(t.room.line, w)
	t.mark("a command waits for memory to read into")
	return Lined
}

// AskAhead has read what commands behind the one at hand want, if there is room
// to spare. Who stands in line holds nothing, not even what others have had read.
func (t *Tier) AskAhead(w *Waiter, now unit.Time) {
	if w.lined {
		t.letGo(w)
		return
	}
	need := int64(0)
	for _, f := range w.fresh {
		need += f.bytes
	}
	if len(t.room.line) == 0 && t.beside(need, now) {
		t.grant(w)
		return
	}
	for _, f := range w.fresh {
		t.forget(w, f)
	}
	w.fresh = w.fresh[:0]
	kept := w.held[:0]
	for _, h := range w.held {
		if h.f.granted {
			kept = append(kept, h)
		}
	}
	w.held = kept
	w.reindex()
}

// fits reports whether a command that needs so much may begin to read: there
// is room, or it is the only one.
func (t *Tier) fits(need int64, now unit.Time) bool {
	return t.room.taken+t.room.promised == 0 || t.beside(need, now)
}

// beside reports whether there is room beside all there is.
func (t *Tier) beside(need int64, now unit.Time) bool {
	if t.cfg.MaxMemory <= 0 {
		return true
	}
	limit := t.cfg.MaxMemory - need - (t.room.coming - t.inFlight - t.building) - t.room.promised
	if t.used() > limit && t.Tiering() {
		t.sweep(now, limit, stepVisits)
	}
	return t.used() <= limit
}

func (t *Tier) grant(w *Waiter) {
	if w.turn {
		w.turn = false
		t.room.promised -= w.need
	}
	for i, f := range w.fresh {
		w.fresh[i] = nil
		f.granted = true
		t.room.taken += f.bytes
		t.room.coming += f.bytes
		t.queue = append(t.queue, f)
	}
	w.fresh = w.fresh[:0]
	t.pump()
}

// Admit wakes those in line for whom there is room now, first in, first out.
func (t *Tier) Admit(now unit.Time) {
	r := &t.room
	for len(r.line) > 0 && t.fits(r.line[0].need, now) {
		w := r.line[0]
		if r.line = r.line[1:]; len(r.line) == 0 {
			r.line = nil
		}
		w.lined, w.turn = false, true
		r.promised += w.need
		w.Wake()
	}
}

// Lined returns how many commands wait for memory to read into.
func (t *Tier) Lined() int { return len(t.room.line) }

// Release ends w's interest: its commands have run, or it is gone.
func (t *Tier) Release(w *Waiter) {
	t.letGo(w)
	if cap(w.held) > 32*longHeld {
		w.held, w.fresh = nil, nil
	}
	if w.turn {
		w.turn = false
		t.room.promised -= w.need
	}
	if w.lined {
		w.lined = false
		for i, o := range t.room.line {
			if o == w {
				t.room.line = append(t.room.line[:i:i], t.room.line[i+1:]...)
				break
			}
		}
	}
}

// letGo ends w's interest in every value.
func (t *Tier) letGo(w *Waiter) {
	for i, h := range w.held {
		w.held[i].f = nil
		t.forget(w, h.f)
	}
	w.held, w.index, w.pending, w.fresh = w.held[:0], nil, 0, w.fresh[:0]
}

// Renew ends the interest of w, which waits, in what only commands wanted that
// have run.
func (t *Tier) Renew(w *Waiter) {
	kept := w.held[:0]
	for _, h := range w.held {
		if h.round == w.round {
			kept = append(kept, h)
		} else {
			t.forget(w, h.f)
		}
	}
	if len(kept) == len(w.held) {
		return
	}
	clear(w.held[len(kept):])
	w.held = kept
	w.reindex()
	if !w.Waiting() {
		w.Wake() // it waited for what nobody wants any more
	}
}

// forget ends w's interest in one value.
func (t *Tier) forget(w *Waiter, f *fetch) {
	f.users--
	if !f.done {
		for j, o := range f.waiters {
			if o == w {
				f.waiters = append(f.waiters[:j], f.waiters[j+1:]...)
				w.pending--
				break
			}
		}
	}
	if f.users == 0 && (f.done || !f.granted) {
		t.finish(f)
	}
}
