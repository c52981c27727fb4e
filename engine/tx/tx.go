package tx

import (
	"errors"

	"holdfast/engine/config"
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
)

// Errors a handler passes on unchanged.
var (
	// ErrWrongType is Redis's reply to a command of another type.
	ErrWrongType = errors.New("WRONGTYPE Operation against a key holding the wrong kind of value")
	// ErrCold says that a value is on disk only; the unit is to be run again
	// once it is resident. It never reaches a client.
	ErrCold = errors.New("value is not resident")
	// ErrRead is the reply when a cold value cannot be read: the device failed.
	ErrRead = errors.New("ERR cannot read the value from disk, see the log")
	// ErrDamaged is the reply when a cold value's record does not check.
	ErrDamaged = errors.New("ERR the value is damaged on disk, see the log")
)

// forever is a need that nothing satisfies: the log has failed.
const forever = ^unit.LSN(0)

// Entry is what is known of a key without reading its value.
type Entry struct {
	Type     obj.Type // None: absent, or dead at the unit's instant
	Deadline unit.Deadline
	Len      int // string length; element count of a resident collection
	Resident bool
	Dirty    bool   // changed since its newest image on disk
	Span     uint32 // bytes on disk of a copy that may serve reads; 0 none
}

// Tx is one unit: an outermost command, or an EXEC and all it runs. There is
// one at a time; the State reuses it.
type Tx struct {
	s *State
	unitState
	wanted    [][]byte
	marks     []uint64    // ring hashes changed by this unit
	floors    []*Database // databases changed as a whole
	lasts     []*Database // databases in which some key changed
	dirtied   []*Watcher
	blockKeys [][]byte // what Block said
}

// unitState is what of a Tx begins anew with each unit. It has no pointers, so
// that to clear it takes a few stores.
type unitState struct {
	now unit.Time
	sel int

	// Sync makes lookups of cold values read them at once instead of asking
	// for them: EXEC, which may not stop half-way.
	Sync bool
	// Source ignores deadlines: an import source while the mode is on.
	Source bool
	// NoTouch leaves hotness alone (CLIENT NO-TOUCH).
	NoTouch bool
	// Counting counts hits and misses: the running command reads.
	Counting bool
	// Quiet makes no event of a miss.
	Quiet bool
	// Reads says that the unit changes nothing: it is told where there is no room
	// for the ceiling that it needs. Others log it, whatever it takes.
	Reads bool
	// Served lets a blocking command take what others wait for: it is its turn,
	// or it may not wait.
	Served bool

	begin   unit.LSN
	need    unit.LSN
	alive   unit.Deadline
	wrote   bool      // appended a record
	changed bool      // changed state, logged or not
	pending unit.Time // ceiling logged by this unit
	evicts  bool      // no client asked for it
	full    bool      // there is no room for a ceiling
	busy    bool      // not now

	blockMS   int64 // what Block said
	blockType obj.Type
}

// Result is what the runner must know of a finished unit.
type Result struct {
	Now        unit.Time
	Begin, End unit.LSN
	// Need is what committed must reach before the unit's reply may leave.
	Need unit.LSN
	// Alive is the earliest deadline among the keys found alive; 0 none.
	Alive unit.Deadline
	// Changed reports that the unit changed data.
	Changed bool
	// Full reports that Need will not be met while the log is full: there is no
	// room for a ceiling of time. Busy: there may be soon, run it again then.
	Full, Busy bool
}

// Begin starts a unit at one instant with a selected database.
func (s *State) Begin(now unit.Time, db int) *Tx {
	t := &s.tx
	t.unitState = unitState{} // filled in where it is: it would be copied
	t.now, t.sel = now, db
	t.wanted, t.marks, t.floors = t.wanted[:0], t.marks[:0], t.floors[:0]
	t.lasts, t.dirtied, t.blockKeys = t.lasts[:0], t.dirtied[:0], t.blockKeys[:0]
	if s.log != nil {
		t.begin = s.log.Tail()
	}
	s.news.begin = len(s.news.list)
	return t
}

// bufKept bounds the scratch that is kept from one unit to the next.
const bufKept = 1 << 20

// Seal ends the unit: its records become one contiguous, atomic run of the log
// and everything it changed is undurable up to its end.
func (t *Tx) Seal() Result {
	s := t.s
	r := Result{Now: t.now, Begin: t.begin, End: t.begin, Need: t.need, Alive: t.alive, Changed: t.changed,
		Full: t.full, Busy: t.busy}
	if t.wrote {
		s.log.EndUnit(t.now)
		r.End = s.log.Tail()
		t.settle(r.End)
		r.Need = unit.Max(r.Need, r.End)
		if cap(s.buf) > bufKept {
			s.buf, s.rec.Value = nil, nil // a large value's image must not stay
		}
	} else if t.changed || s.holding && t.need > s.log.Committed() {
		t.settle(t.need)
	}
	if !s.holding {
		r.Need = 0
	}
	if len(s.news.list) > s.news.begin {
		t.sealNews(r.Need)
	}
	return r
}

// settle publishes the unit's end to everything that waits for it.
func (t *Tx) settle(end unit.LSN) {
	s := t.s
	if s.holding {
		for _, h := range t.marks {
			s.ring.put(h, end)
		}
	}
	for _, d := range t.floors {
		d.floor = unit.Max(d.floor, end)
	}
	for _, d := range t.lasts {
		d.last = unit.Max(d.last, end)
	}
	for _, w := range t.dirtied {
		w.Need = end
	}
	if t.pending != 0 {
		s.Time.propose(t.pending, end)
	}
}

// Wrote reports whether the unit has changed anything so far; such a unit
// cannot be run again.
func (t *Tx) Wrote() bool { return t.changed }

// Wanted returns the keys whose values the last run lacked.
func (t *Tx) Wanted() [][]byte { return t.wanted }

// Now returns the unit's one instant.
func (t *Tx) Now() unit.Time { return t.now }

// NowMS returns the unit's instant in milliseconds.
func (t *Tx) NowMS() int64 { return t.now.MS() }

// DB returns the number of the selected database.
func (t *Tx) DB() int { return t.sel }

// Select changes the database inside a unit: SELECT in a MULTI.
func (t *Tx) Select(db int) { t.sel = db }

// Databases returns how many databases there are.
func (t *Tx) Databases() int { return t.s.cfg.Databases }

// Config returns the settings; handlers read limits from it.
func (t *Tx) Config() *config.Config { return t.s.cfg }

// Rand returns an arbitrary number, the same in every run of one history.
func (t *Tx) Rand() uint64 { return t.s.rng.next() }

// Scratch returns an empty buffer for a small value about to be set, valid
// until the next call: it saves the handler an allocation.
func (t *Tx) Scratch() []byte { return t.s.scratch[:0] }

func (t *Tx) cur() *Database { return t.s.dbs[t.sel] }

// ringHash tells keys of different databases apart.
func ringHash(d *Database, h uint64) uint64 {
	return h ^ (d.ID+1)*0x9e3779b97f4a7c15
}

// raise holds the reply for the newest undurable change of the key.
func (t *Tx) raise(d *Database, h uint64) {
	if !t.s.holding {
		return
	}
	t.need = max(t.need, t.s.ring.get(ringHash(d, h)), d.floor)
}

// raw looks a key up, dead or alive: 0 when there is no entry.
func (t *Tx) raw(d *Database, key []byte) (ks *keyspace.DB, h uint64, r keyspace.Ref) {
	ks = t.s.keys(d)
	h = ks.Hash(key)
	t.raise(d, h)
	return ks, h, ks.Find(h, key)
}

// find looks a live key up: 0 when it is absent or dead at this instant.
func (t *Tx) find(d *Database, key []byte) (ks *keyspace.DB, r keyspace.Ref) {
	ks, _, r = t.raw(d, key)
	if r == 0 || !t.live(ks, r) {
		return ks, 0
	}
	return ks, r
}

// live reports whether an entry is alive at this instant: the reply tells no more
// than the earliest deadline of those that are allows, nor sooner of the dead than
// time allows.
func (t *Tx) live(ks *keyspace.DB, r keyspace.Ref) bool {
	dl := ks.Deadline(r)
	if dl == 0 || t.Source {
		return true
	}
	if dl.Passed(t.now) {
		t.revealExpiry()
		return false
	}
	if t.alive == 0 || dl < t.alive {
		t.alive = dl
	}
	return true
}

// Lookup returns what is known of key without reading its value. It is no use
// of the key: hotness stays.
func (t *Tx) Lookup(key []byte) Entry { return t.entry(t.cur(), key) }

// LookupIn is Lookup in another database.
func (t *Tx) LookupIn(db int, key []byte) Entry { return t.entry(t.s.dbs[db], key) }

func (t *Tx) entry(d *Database, key []byte) Entry {
	ks, r := t.find(d, key)
	t.count(r != 0, key)
	if r == 0 {
		return Entry{}
	}
	return t.describe(ks, r)
}

// Touch notes a use of key, if it is alive, and reports whether it is.
func (t *Tx) Touch(key []byte) bool {
	ks, r := t.find(t.cur(), key)
	t.count(r != 0, key)
	if r == 0 {
		return false
	}
	t.touch(ks, r)
	return true
}

func (t *Tx) describe(ks *keyspace.DB, r keyspace.Ref) Entry {
	e := Entry{Type: obj.Type(ks.Type(r)), Deadline: ks.Deadline(r),
		Resident: ks.Resident(r), Dirty: ks.Dirty(r)}
	if e.Type == obj.TypeString {
		e.Len = ks.ValueLen(r)
	} else if c, ok := ks.Object(r).(collection); ok {
		e.Len = c.Len()
	}
	if lsn, span := ks.Addr(r); lsn != 0 && !e.Dirty {
		e.Span = span
	}
	return e
}

func (t *Tx) count(hit bool, key []byte) {
	if !t.Counting {
		return
	}
	if hit {
		t.s.counts.Hits++
	} else {
		t.s.counts.Misses++
		if !t.Quiet {
			t.Missed(key)
		}
	}
}

func (t *Tx) touch(ks *keyspace.DB, r keyspace.Ref) {
	if !t.NoTouch {
		ks.Touch(r, minutes(t.now), t.s.rng.next32())
	}
}

// String returns the string at key, ok false when it is absent. The value
// aliases engine memory and is valid until the unit's next mutation.
func (t *Tx) String(key []byte) (v []byte, ok bool, err error) {
	ks, r, err := t.value(key, obj.TypeString)
	if r == 0 || err != nil {
		return nil, false, err
	}
	return ks.String(r), true, nil
}

// StringLen returns the length of the string at key, 0 when absent. It needs
// no value, except where there seems to be nothing: that may be one that is lost.
func (t *Tx) StringLen(key []byte) (int, error) {
	e := t.Lookup(key)
	if e.Type != obj.TypeNone && e.Type != obj.TypeString {
		return 0, ErrWrongType
	}
	if e.Type == obj.TypeString && e.Len == 0 {
		v, _, err := t.String(key)
		return len(v), err
	}
	return e.Len, nil
}

// Hash returns the hash at key for reading only, nil when it is absent.
func (t *Tx) Hash(key []byte) (*obj.Hash, error) {
	ks, r, err := t.value(key, obj.TypeHash)
	if r == 0 || err != nil {
		return nil, err
	}
	return ks.Object(r).(*obj.Hash), nil
}

// List returns the list at key for reading only, nil when it is absent.
func (t *Tx) List(key []byte) (*obj.List, error) {
	ks, r, err := t.value(key, obj.TypeList)
	if r == 0 || err != nil {
		return nil, err
	}
	return ks.Object(r).(*obj.List), nil
}

// value finds a live key of the type, its value resident.
func (t *Tx) value(key []byte, want obj.Type) (*keyspace.DB, keyspace.Ref, error) {
	d := t.cur()
	ks, r := t.find(d, key)
	t.count(r != 0, key)
	if r == 0 {
		return ks, 0, nil
	}
	r, err := t.use(d, ks, r, key, want)
	return ks, r, err
}

// use notes an access to the value of a live key, which is to be of the type, and
// makes it resident.
func (t *Tx) use(d *Database, ks *keyspace.DB, r keyspace.Ref, key []byte, want obj.Type) (keyspace.Ref, error) {
	if obj.Type(ks.Type(r)) != want {
		return 0, ErrWrongType
	}
	t.touch(ks, r)
	if ks.Resident(r) {
		t.s.counts.RAMHits++
		return r, nil
	}
	return t.absent(d, ks, r, key)
}

// absent deals with a value that is not resident.
func (t *Tx) absent(d *Database, ks *keyspace.DB, r keyspace.Ref, key []byte) (keyspace.Ref, error) {
	lsn, _ := ks.Addr(r)
	if err := t.s.faults[lsn]; err != nil {
		return 0, err
	}
	if t.Sync || t.changed {
		return t.s.loadNow(ks, r)
	}
	t.wanted = append(t.wanted, key)
	return 0, ErrCold
}

// Size returns how many keys the selected database has, and waits for every
// change of it. Keys that are due are removed first, so that the count is of
// this instant; in import mode they stay, and count.
func (t *Tx) Size() int {
	d := t.cur()
	t.raiseWhole(d)
	if d.KS == nil {
		return 0
	}
	if t.s.cfg.ImportMode {
		return d.KS.Len()
	}
	if t.barred() {
		// No ceiling can follow: what is beyond it must stay.
		if t.s.log.Err() != nil {
			t.s.drain(d, min(t.now, t.s.Time.ceiling))
		}
		if ms, ok := d.KS.NextDeadline(); ok && ms <= t.now.MS() {
			t.revealExpiry()
		}
	} else if t.s.drain(d, t.now) > 0 {
		t.revealExpiry()
		// The ceiling may not cover what is gone now, and no later read will
		// find an entry that says so.
		d.floor = max(d.floor, t.need)
		t.floors = append(t.floors, d)
	}
	return d.KS.Len()
}

// Scan visits the live keys of one bucket and returns the next cursor, 0 at
// the end. It waits for every change of the database.
func (t *Tx) Scan(cursor uint64, fn func(key []byte, e Entry)) uint64 {
	d := t.cur()
	t.raiseWhole(d)
	ks := t.s.keys(d)
	return ks.Scan(cursor, func(r keyspace.Ref) {
		if t.live(ks, r) {
			fn(ks.Key(r), t.describe(ks, r))
		}
	})
}

// RandomKey returns some live key. It tries a bounded number of times and then
// walks a bounded way, so that a database of dead keys cannot hold it up.
func (t *Tx) RandomKey() ([]byte, bool) {
	d := t.cur()
	t.raiseWhole(d)
	ks := t.s.keys(d)
	r := keyspace.Ref(0)
	for tries := 0; ; tries++ {
		if tries == randomTries {
			r = t.liveNear(ks, 0, randomWalk)
		} else {
			r = ks.Random(t.s.rng.next())
		}
		if r == 0 {
			return nil, false
		}
		if t.live(ks, r) {
			break
		}
	}
	return ks.Key(r), true
}

const (
	randomTries = 100
	randomWalk  = 4096 // buckets
)

// raiseWhole holds the reply for every undurable change of the database.
func (t *Tx) raiseWhole(d *Database) {
	if t.s.holding {
		t.need = max(t.need, d.floor, d.last)
	}
}

// MemoryOf returns the bytes of memory that key and its value take: of a value
// that is on disk, the entry's.
func (t *Tx) MemoryOf(key []byte) (n int64, there bool) {
	ks, r := t.find(t.cur(), key)
	if r == 0 {
		return 0, false
	}
	return int64(ks.Size(r) + ObjectBytes(ks, r)), true
}

// Hotness returns how long key has been idle and its logarithmic access
// frequency, for OBJECT IDLETIME and FREQ.
func (t *Tx) Hotness(key []byte) (idleSeconds int64, freq int) {
	ks, r := t.find(t.cur(), key)
	if r == 0 {
		return 0, 0
	}
	mins := minutes(t.now)
	return int64(ks.Idle(r, mins)) * 60, int(ks.Freq(r, mins))
}
