package tx

import "holdfast/engine/obj"

// Wait is one connection's place in the queues of the keys that its command
// waits for. The zero value waits for nothing.
type Wait struct {
	// Who waits, for the session to find it again.
	Who any
	// Type is what the keys must hold to serve it.
	Type   obj.Type
	places []*Place
	size   int
}

// Place is a Wait's place in the queue of one key.
type Place struct {
	Wait       *Wait
	queue      *Queue
	next, prev *Place
}

// Queue is those who wait for one key, the one that waits longest first.
type Queue struct {
	// DB is the number of the key's database.
	DB int
	// Key is shared: read only.
	Key         []byte
	first, last *Place
	ready       bool   // signalled, and not served to the end yet
	next, prev  *Queue // all queues, in the order in which they began
}

// First returns the place of whoever waits longest, nil when nobody does.
func (q *Queue) First() *Place { return q.first }

// Next returns the place behind p.
func (p *Place) Next() *Place { return p.next }

// blockTable lists the keys that somebody waits for. A map finds them, lists
// give every order that shows.
type blockTable struct {
	byKey       map[int]map[string]*Queue // by database number
	first, last *Queue
	ready       []*Queue // to be served, in the order in which they were signalled
}

// Block says that the command cannot go on until one of keys holds a value of
// type want, for ms milliseconds at most, 0 for ever. A handler that returns
// command.Block has said so.
func (t *Tx) Block(ms int64, want obj.Type, keys ...[]byte) {
	t.blockMS, t.blockType, t.blockKeys = ms, want, append(t.blockKeys, keys...)
}

// Blocking returns what Block said. The keys are the handler's arguments.
func (t *Tx) Blocking() (ms int64, want obj.Type, keys [][]byte) {
	return t.blockMS, t.blockType, t.blockKeys
}

// Taken reports whether others wait for key and are to be served first: a
// blocking command must then queue up behind them, whatever its other keys are.
func (t *Tx) Taken(key []byte) bool {
	if t.Served || t.s.block.first == nil {
		return false
	}
	q := t.s.block.find(t.sel, key)
	return q != nil && q.ready
}

// signal notes that key has got elements that somebody may wait for. It is
// called by every mutation that can give a key elements it did not have.
func (t *Tx) signal(d *Database, key []byte) {
	b := &t.s.block
	if b.first == nil || d.Index < 0 {
		return
	}
	if q := b.find(d.Index, key); q != nil {
		b.signal(q)
	}
}

// signalDatabase does so for every key of a database that somebody waits for:
// a SWAPDB has brought it other contents.
func (t *Tx) signalDatabase(db int) {
	b := &t.s.block
	for q := b.first; q != nil; q = q.next {
		if q.DB == db && t.exists(t.s.dbs[db], q.Key) {
			b.signal(q)
		}
	}
}

func (b *blockTable) find(db int, key []byte) *Queue { return b.byKey[db][string(key)] }

func (b *blockTable) signal(q *Queue) {
	if !q.ready {
		q.ready = true
		b.ready = append(b.ready, q)
	}
}

// Wait puts w at the end of the queue of every one of keys, and has those
// served that are there already: it came to one that is Taken.
func (s *State) Wait(w *Wait, db int, keys [][]byte) {
	b := &s.block
	for _, key := range keys {
		q := b.find(db, key)
		if q == nil {
			q = b.add(db, key)
		}
		if q.last != nil && q.last.Wait == w {
			continue // named twice
		}
		p := &Place{Wait: w, queue: q, prev: q.last}
		if q.last != nil {
			q.last.next = p
		} else {
			q.first = p
		}
		q.last = p
		w.places = append(w.places, p)
		w.size += placeBytes + len(key)
		if s.Offers(q) != obj.TypeNone {
			b.signal(q)
		}
	}
}

// placeBytes is about what one place takes, with its share of the queue.
const placeBytes = 240

// Bytes returns the memory that w's places take.
func (w *Wait) Bytes() int { return w.size }

func (b *blockTable) add(db int, key []byte) *Queue {
	if b.byKey == nil {
		b.byKey = map[int]map[string]*Queue{}
	}
	if b.byKey[db] == nil {
		b.byKey[db] = map[string]*Queue{}
	}
	q := &Queue{DB: db, Key: append([]byte(nil), key...), prev: b.last}
	b.byKey[db][string(key)] = q
	if b.last != nil {
		b.last.next = q
	} else {
		b.first = q
	}
	b.last = q
	return q
}

func (b *blockTable) remove(q *Queue) {
	delete(b.byKey[q.DB], string(q.Key))
	if q.prev != nil {
		q.prev.next = q.next
	} else {
		b.first = q.next
	}
	if q.next != nil {
		q.next.prev = q.prev
	} else {
		b.last = q.prev
	}
}

// Unwait takes w out of every queue.
func (s *State) Unwait(w *Wait) {
	for _, p := range w.places {
		q := p.queue
		if p.prev != nil {
			p.prev.next = p.next
		} else {
			q.first = p.next
		}
		if p.next != nil {
			p.next.prev = p.prev
		} else {
			q.last = p.prev
		}
		if q.first == nil {
			s.block.remove(q)
		}
	}
	w.places, w.size = nil, 0
}

// Ready reports whether some queue is to be served.
func (s *State) Ready() bool { return len(s.block.ready) > 0 }

// NextReady takes the queue to be served next: until ServedAll, its key is
// Taken.
func (s *State) NextReady() *Queue {
	b := &s.block
	q := b.ready[0]
	if b.ready = b.ready[1:]; len(b.ready) == 0 {
		b.ready = nil
	}
	return q
}

// ServeAgain has a queue that NextReady gave served again, behind others.
func (s *State) ServeAgain(q *Queue) { s.block.ready = append(s.block.ready, q) }

// ServedAll says that nobody in the queue can be served until its key is
// signalled anew.
func (s *State) ServedAll(q *Queue) { q.ready = false }

// Offers returns the type of the entry at the key of q, dead or alive. Only who
// waits for that type can be served.
func (s *State) Offers(q *Queue) obj.Type {
	d := s.dbs[q.DB]
	if d.KS == nil {
		return obj.TypeNone
	}
	r := d.KS.Find(d.KS.Hash(q.Key), q.Key)
	if r == 0 {
		return obj.TypeNone
	}
	return obj.Type(d.KS.Type(r))
}

// WaitedFor returns how many keys somebody waits for.
func (s *State) WaitedFor() int {
	n := 0
	for q := s.block.first; q != nil; q = q.next {
		n++
	}
	return n
}
