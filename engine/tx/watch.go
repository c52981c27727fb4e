package tx

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/unit"
)

// Watcher is one connection's WATCH. The zero value watches nothing.
type Watcher struct {
	// Dirty says that EXEC must answer nil.
	Dirty bool
	// Need is what that nil must wait for.
	Need unit.LSN

	expired bool // dirty because a key expired: the nil reveals engine time
	keys    []watched
	index   int // position among the shard's watchers, plus one
	size    int // bytes of keys
}

type watched struct {
	db      int
	key     []byte
	wasDead bool // already past its deadline at WATCH
}

// watchTable lists the watchers of a shard, and counts how many watch each
// key so that an unwatched mutation costs one lookup.
type watchTable struct {
	all   []*Watcher
	count map[uint64]int
}

func watchHash(db int, h uint64) uint64 { return h ^ uint64(db+1)*0xd6e8feb86659fd93 }

// Watch adds key of the selected database to w, as the unit finds it now.
func (t *Tx) Watch(w *Watcher, key []byte) {
	for _, k := range w.keys {
		if k.db == t.sel && string(k.key) == string(key) {
			return
		}
	}
	ks, h, r := t.raw(t.cur(), key)
	dead := r != 0 && ks.Deadline(r).Passed(t.now) && !t.Source
	w.keys = append(w.keys, watched{t.sel, append([]byte(nil), key...), dead})
	w.size += len(key)
	tab := &t.s.watch
	if tab.count == nil {
		tab.count = map[uint64]int{}
	}
	tab.count[watchHash(t.sel, h)]++
	if w.index == 0 {
		tab.all = append(tab.all, w)
		w.index = len(tab.all)
	}
}

// Unwatch forgets everything w watches.
func (s *State) Unwatch(w *Watcher) {
	for _, k := range w.keys {
		h := watchHash(k.db, s.keys(s.dbs[k.db]).Hash(k.key))
		if s.watch.count[h]--; s.watch.count[h] == 0 {
			delete(s.watch.count, h)
		}
	}
	if w.index > 0 {
		last := s.watch.all[len(s.watch.all)-1]
		s.watch.all[w.index-1], last.index = last, w.index
		s.watch.all = s.watch.all[:len(s.watch.all)-1]
	}
	keep := w.keys[:0]
	if cap(keep) > watchedKept {
		keep = nil
	}
	*w = Watcher{keys: keep}
}

// Bytes returns the memory that what w watches takes.
func (w *Watcher) Bytes() int { return w.size + cap(w.keys)*watchedBytes }

const (
	watchedBytes = 80 // one watched key with its count, without its bytes
	watchedKept  = 64 // keys; a longer list is given up with its WATCH
)

// Watchers returns how many connections watch something.
func (s *State) Watchers() int { return len(s.watch.all) }

// Conflict reports whether EXEC must answer nil, and holds that nil for what
// it reveals: an undurable change, or that a watched key has died since.
func (t *Tx) Conflict(w *Watcher) bool {
	for i := range w.keys {
		k := &w.keys[i]
		if w.Dirty || k.wasDead {
			continue
		}
		ks, _, r := t.raw(t.s.dbs[k.db], k.key)
		if r != 0 && ks.Deadline(r).Passed(t.now) && !t.Source {
			w.Dirty, w.expired = true, true
		}
	}
	if !w.Dirty {
		return false
	}
	if w.expired {
		t.revealExpiry()
	}
	if t.s.holding {
		t.need = unit.Max(t.need, w.Need)
	}
	return true
}

// touchWatchers makes every watcher of key dirty.
func (t *Tx) touchWatchers(d *Database, key []byte) {
	if len(t.s.watch.all) == 0 || d.Index < 0 {
		return
	}
	h := watchHash(d.Index, t.s.keys(d).Hash(key))
	if t.s.watch.count[h] == 0 {
		return
	}
	for _, w := range t.s.watch.all {
		if w.find(d.Index, key) != nil {
			t.dirty(w)
		}
	}
}

func (t *Tx) dirty(w *Watcher) {
	w.Dirty = true
	t.dirtied = append(t.dirtied, w)
}

func (w *Watcher) find(db int, key []byte) *watched {
	for i := range w.keys {
		if w.keys[i].db == db && string(w.keys[i].key) == string(key) {
			return &w.keys[i]
		}
	}
	return nil
}

// expireWatchers makes every watcher that saw key alive dirty.
func (s *State) expireWatchers(d *Database, key []byte) {
	if len(s.watch.all) == 0 || d.Index < 0 || s.watch.count[watchHash(d.Index, d.KS.Hash(key))] == 0 {
		return
	}
	for _, w := range s.watch.all {
		k := w.find(d.Index, key)
		if k == nil {
			continue
		}
		if !k.wasDead {
			w.Dirty, w.expired = true, true
		}
		k.wasDead = false
	}
}

// touchDatabase makes dirty whoever watches a key that exists in database db,
// before a FLUSH and on both sides of a SWAPDB.
func (t *Tx) touchDatabase(db int) {
	for _, w := range t.s.watch.all {
		for i := range w.keys {
			if w.keys[i].db == db && t.exists(t.s.dbs[db], w.keys[i].key) {
				t.dirty(w)
				break
			}
		}
	}
}

func (t *Tx) exists(d *Database, key []byte) bool {
	if d.KS == nil {
		return false
	}
	r := d.KS.Find(d.KS.Hash(key), key)
	return r != keyspace.Ref(0)
}
