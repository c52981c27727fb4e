package model

import (
	"fmt"

	"holdfast/engine/unit"
	"holdfast/sim/bump"
)

// Databases is how many databases the simulated server has.
const Databases = 4

// MaxKeys bounds the numbers in key names.
const MaxKeys = 4096

// Type is what a key holds.
type Type uint8

// The types the model knows.
const (
	None Type = iota
	String
	Hash
	List
)

// Pair is one field of a hash.
type Pair struct{ Field, Value []byte }

// Value is one version's contents. It is never changed once it is in a list.
type Value struct {
	Type     Type
	Str      []byte
	Hash     []Pair
	List     [][]byte
	Deadline unit.Deadline
}

// version is what a key held from a point of the serial order on.
type version struct {
	lsn uint64 // where its unit ends in the log
	seq uint64 // serial number of the write
	now unit.Time
	val Value // Type None: absent
}

// entry is one key of one incarnation of a database.
type entry struct {
	vers []version
	gone bool // the newest version's expiry was announced
	ever bool // it had a version in this run
}

// keyspace is one incarnation of a database.
type keyspace struct {
	keys []entry
	used []int32 // which keys ever had a version
}

// mapping says which incarnation each database number shows.
type mapping struct {
	lsn uint64
	seq uint64
	now unit.Time
	inc [Databases]int32
}

// Model is the whole state and its history. The zero value is not ready: Reset.
type Model struct {
	spaces  []*keyspace
	nspace  int
	maps    []mapping
	seq     uint64
	watch   []watched
	modes   []switched // import mode, oldest first
	sources []uint64   // connections marked as import sources
	bytes   bump.Arena[byte]
	pairs   bump.Arena[Pair]
	lists   bump.Arena[[]byte]
	ctx     ctx

	// Volatile, if set, hears of every version with a deadline.
	Volatile func(Ref)
	// Hear, if set, hears what a unit does to keys and that a command has run,
	// in their order: what others may be told.
	Hear func(h Heard)
}

// Heard is one thing that a unit did.
type Heard struct {
	Args    [][]byte // a command has run, to the end; else nil
	Conn    uint64   // whose unit it is
	Refused bool     // it was answered that it cannot be served; it may have run
	Flushed bool     // whole databases were changed
	DB      int
	Key     int32
	// Changed: else it was only spoken of, by a SET whose deadline had passed
	// of a key that was not there.
	Changed bool
	Now     unit.Time
	Events  int    // keyspace events that tell of it
	LSN     uint64 // where the unit's records end; 0 when it has none
}

func (c *ctx) heard(h Heard) {
	if c.m.Hear != nil && !c.dry {
		h.Now, h.Conn = c.now, c.by
		if c.wrote {
			h.LSN = c.lsn
		}
		c.m.Hear(h)
	}
}

// events counts the keyspace events by which the command that runs tells of one
// change: more than one where it gives a deadline too, empties what it takes
// from, or moves an element within one list.
func (c *ctx) events(stillborn, deleted bool) int {
	switch name := string(c.args[0]); name {
	case "SET", "SETEX", "PSETEX":
		expires := name != "SET"
		for i := 3; i < len(c.args); i++ {
			switch string(c.args[i]) {
			case "EX", "PX", "EXAT", "PXAT":
				expires = true
			}
		}
		switch {
		case stillborn && expires:
			return 3
		case expires || stillborn:
			return 2
		}
	case "HDEL", "LPOP", "RPOP", "LREM", "LTRIM", "LMPOP", "BLPOP", "BRPOP", "BLMPOP":
		if deleted {
			return 2
		}
	case "LMOVE", "BLMOVE", "RPOPLPUSH", "BRPOPLPUSH":
		if deleted || KeyIndex(c.args[1]) == KeyIndex(c.args[2]) {
			return 2
		}
	}
	return 1
}

// Wrote returns where the newest change of a key ends in the log.
func (m *Model) Wrote(db int, key int32) uint64 {
	e, i := m.spaces[m.inc(db, ^uint64(0))].find(key, ^uint64(0))
	if i < 0 {
		return 0
	}
	return e.vers[i].lsn
}

// Ref names one version of a key with a deadline.
type Ref struct {
	Inc, Key, Ver int32
	Deadline      unit.Deadline
	seq           uint64
}

// watched is one key a connection watches.
type watched struct {
	conn uint64
	db   int
	key  int32
	seq  uint64 // the serial number of writes when WATCH ran
	inc  int32
	ver  int32 // newest version then; -1 none
	live bool
	// touched says that the key was written as it was, and its write ended at touchedLSN.
	touched    bool
	touchedLSN uint64
	// marked says that the connection was an import source then.
	marked bool
	// deadline is what it had then, if it was alive.
	deadline unit.Deadline
}

// Reset empties the model for another run.
func (m *Model) Reset() {
	for _, s := range m.spaces[:m.nspace] {
		s.clear()
	}
	m.nspace, m.seq = 0, 0
	m.maps, m.watch = m.maps[:0], m.watch[:0]
	m.modes, m.sources = m.modes[:0], m.sources[:0]
	m.bytes.Chunk = 64 << 10
	m.bytes.Reset()
	m.pairs.Reset()
	m.lists.Reset()
	var first mapping
	for i := range first.inc {
		first.inc[i] = m.space()
	}
	m.maps = append(m.maps, first)
}

func (s *keyspace) clear() {
	for k := range s.keys {
		e := &s.keys[k]
		e.vers, e.gone, e.ever = e.vers[:0], false, false
	}
	s.used = s.used[:0]
}

// space allots a new incarnation.
func (m *Model) space() int32 {
	if m.nspace == len(m.spaces) {
		m.spaces = append(m.spaces, &keyspace{})
	}
	m.nspace++
	return int32(m.nspace - 1)
}

// KeyIndex returns the number in a key's name, -1 if it is none of ours.
func KeyIndex(name []byte) int32 {
	if len(name) < 2 || len(name) > 5 || name[0] != 'k' {
		return -1
	}
	n := int32(0)
	for _, c := range name[1:] {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int32(c-'0')
	}
	if n >= MaxKeys {
		return -1
	}
	return n
}

// AppendKey appends the name of key n.
func AppendKey(dst []byte, n int32) []byte { return appendInt(append(dst, 'k'), int64(n)) }

// mapping returns the newest mapping at a cut.
func (m *Model) mapping(cut uint64) *mapping {
	for i := len(m.maps) - 1; i > 0; i-- {
		if m.maps[i].lsn <= cut {
			return &m.maps[i]
		}
	}
	return &m.maps[0]
}

// inc returns the incarnation that db shows at a cut.
func (m *Model) inc(db int, cut uint64) int32 { return m.mapping(cut).inc[db] }

// find returns the newest version of key at a cut, -1 if there is none.
func (s *keyspace) find(key int32, cut uint64) (e *entry, i int) {
	if int(key) >= len(s.keys) {
		return nil, -1
	}
	e = &s.keys[key]
	for i = len(e.vers) - 1; i >= 0; i-- {
		if e.vers[i].lsn <= cut {
			break
		}
	}
	return e, i
}

// dead is the one rule of expiry, written here anew: a key is alive through
// the whole of its deadline's millisecond.
func dead(d unit.Deadline, now unit.Time) bool {
	return d != 0 && int64(now) >= (int64(d)+1)*1000
}

// put appends a version.
func (m *Model) put(inc, key int32, lsn uint64, now unit.Time, v Value) {
	s := m.spaces[inc]
	for int(key) >= len(s.keys) {
		s.keys = append(s.keys, entry{})
	}
	e := &s.keys[key]
	if len(e.vers) == 0 {
		s.used = append(s.used, key)
	}
	m.seq++
	e.gone, e.ever = false, true
	e.vers = append(e.vers, version{lsn: lsn, seq: m.seq, now: now, val: v})
	if on, _ := m.Importing(); v.Deadline != 0 && m.Volatile != nil && (on || !dead(v.Deadline, now)) {
		m.Volatile(Ref{inc, key, int32(len(e.vers) - 1), v.Deadline, m.seq})
	}
}

// remap appends a mapping that differs from the newest in what set changes.
func (m *Model) remap(lsn uint64, now unit.Time, set func(*mapping)) {
	next := m.maps[len(m.maps)-1]
	m.seq++
	next.lsn, next.seq, next.now = lsn, m.seq, now
	set(&next)
	m.maps = append(m.maps, next)
}

// Truncate forgets every version beyond the cut: the state a recovery to that
// cut must show. Watches die with their connections.
func (m *Model) Truncate(cut uint64) {
	for _, s := range m.spaces[:m.nspace] {
		kept := s.used[:0]
		for _, k := range s.used {
			e := &s.keys[k]
			n := len(e.vers)
			for n > 0 && e.vers[n-1].lsn > cut {
				n--
			}
			e.vers, e.gone = e.vers[:n], false
			if n > 0 {
				kept = append(kept, k)
			}
		}
		s.used = kept
	}
	for n := len(m.maps); n > 1 && m.maps[n-1].lsn > cut; n-- {
		m.maps = m.maps[:n-1]
	}
	for n := len(m.modes); n > 1 && m.modes[n-1].lsn > cut; n-- {
		m.modes = m.modes[:n-1]
	}
	m.watch, m.sources = m.watch[:0], m.sources[:0]
}

// Keys calls fn with each key that has a value, dead or alive, in db.
func (m *Model) Keys(db int, fn func(key int32, v *Value)) {
	inc := m.inc(db, ^uint64(0))
	s := m.spaces[inc]
	for _, k := range s.used {
		e := &s.keys[k]
		if v := &e.vers[len(e.vers)-1].val; v.Type != None {
			fn(k, v)
		}
	}
}

// KeysAt is Keys at a cut.
func (m *Model) KeysAt(db int, cut uint64, fn func(key int32, v *Value)) {
	s := m.spaces[m.inc(db, cut)]
	for _, k := range s.used {
		if e, i := s.find(k, cut); i >= 0 && e.vers[i].val.Type != None {
			fn(k, &e.vers[i].val)
		}
	}
}

// Ever calls fn with each key that db's incarnation ever had a version of,
// those that a crash undid included.
func (m *Model) Ever(db int, fn func(key int32)) {
	s := m.spaces[m.inc(db, ^uint64(0))]
	for k := range s.keys {
		if s.keys[k].ever {
			fn(int32(k))
		}
	}
}

// Value returns the newest value of a key, dead or alive; nil if absent.
func (m *Model) Value(db int, key int32) *Value {
	e, i := m.spaces[m.inc(db, ^uint64(0))].find(key, ^uint64(0))
	if i < 0 || e.vers[i].val.Type == None {
		return nil
	}
	return &e.vers[i].val
}

// Remove drops a key that the engine says it has evicted.
func (m *Model) Remove(db int, key int32, lsn uint64, now unit.Time) bool {
	if m.Value(db, key) == nil {
		return false
	}
	m.put(m.inc(db, ^uint64(0)), key, lsn, now, Value{})
	return true
}

// Gone notes that the engine says it has expired a key: it says why that is
// wrong, or "".
func (m *Model) Gone(db int, key int32, deadline unit.Deadline, now unit.Time) string {
	e, i := m.spaces[m.inc(db, ^uint64(0))].find(key, ^uint64(0))
	if i < 0 || e.vers[i].val.Type == None {
		return "a key that is not there expired"
	}
	v := &e.vers[i].val
	switch {
	case v.Deadline == 0:
		return "a key without a deadline expired"
	case v.Deadline != deadline:
		return "a key expired by another deadline than it has"
	case !dead(deadline, now):
		return "a key expired early"
	case e.gone:
		return "a key expired twice"
	}
	e.gone = true
	return ""
}

// Settled reports whether a write, a deletion or a new deadline has replaced
// the version before its deadline.
func (m *Model) Settled(r Ref) bool {
	if e := &m.spaces[r.Inc].keys[r.Key]; len(e.vers) > int(r.Ver)+1 {
		if !dead(r.Deadline, e.vers[r.Ver+1].now) {
			return true
		}
	}
	for i := len(m.maps) - 1; i > 0 && m.maps[i].seq > r.seq; i-- {
		if !dead(r.Deadline, m.maps[i].now) {
			return true
		}
	}
	return false
}

// Waits reports whether the version is what its key holds now, visible in some
// database and not announced as expired.
func (m *Model) Waits(r Ref) bool {
	e := &m.spaces[r.Inc].keys[r.Key]
	if len(e.vers) != int(r.Ver)+1 || e.gone || e.vers[r.Ver].seq != r.seq {
		return false
	}
	top := &m.maps[len(m.maps)-1]
	for _, inc := range top.inc {
		if inc == r.Inc {
			return true
		}
	}
	return false
}

// Survivors calls Volatile for every newest version with a deadline: those a
// recovery must bring back, for they are alive at now. The dead may come back
// to die again, or not.
func (m *Model) Survivors(now unit.Time) {
	top, mode := m.maps[len(m.maps)-1], m.switchedAt(^uint64(0))
	for _, inc := range top.inc {
		s := m.spaces[inc]
		for _, k := range s.used {
			n := len(s.keys[k].vers) - 1
			if v := &s.keys[k].vers[n]; v.val.Deadline != 0 && (!dead(v.val.Deadline, now) || mode.stays(v)) && m.Volatile != nil {
				m.Volatile(Ref{inc, k, int32(n), v.val.Deadline, v.seq})
			}
		}
	}
}

// LastRun returns the instant of the newest unit that still has a version.
func (m *Model) LastRun() (last unit.Time) {
	for _, s := range m.spaces[:m.nspace] {
		for _, k := range s.used {
			v := s.keys[k].vers
			last = max(last, v[len(v)-1].now)
		}
	}
	return last
}

// Seq returns the serial number of the newest write.
func (m *Model) Seq() uint64 { return m.seq }

// Refs returns the volatile versions that the last Exec looked at, alive.
func (m *Model) Refs() []Ref { return m.ctx.refs }

// Expired returns the newest deadline that the last Exec found passed.
func (m *Model) Expired() unit.Deadline { return m.ctx.expired }

// Describe tells what a key holds, in words.
func (m *Model) Describe(db int, key int32) string {
	e, i := m.spaces[m.inc(db, ^uint64(0))].find(key, ^uint64(0))
	if i < 0 {
		return fmt.Sprintf("k%d never was in database %d", key, db)
	}
	v := &e.vers[i]
	return fmt.Sprintf("k%d of database %d: type %d, %d bytes, %d fields or elements, deadline %d ms, version %d of unit ending at %d, run at %d us",
		key, db, v.val.Type, len(v.val.Str), len(v.val.Hash)+len(v.val.List), v.val.Deadline, i, v.lsn, v.now)
}
