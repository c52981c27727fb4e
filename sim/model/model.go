package model

import (
	"holdfast/engine/unit"
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
)

// Pair is one field of a hash.
type Pair struct{ Field, Value []byte }

// Value is one version's contents. It is never changed once it is in a list.
type Value struct {
	Type     Type
	Str      []byte
	Hash     []Pair
	Deadline unit.Deadline
}

// version is what a key held from a point of the serial order on.
type version struct {
	lsn uint64 // where its unit ends in the log
	seq uint64 // serial number of the write
	val Value  // Type None: absent
}

// entry is one key of one incarnation of a database.
type entry struct {
	vers []version
	gone bool // the newest version's expiry was announced
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
	inc [Databases]int32
}

// Model is the whole state and its history. The zero value is not ready: Reset.
type Model struct {
	spaces []*keyspace
	nspace int
	maps   []mapping
	seq    uint64
	watch  []watched
	arena  arena
	ctx    ctx
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
	m.arena.reset()
	var first mapping
	for i := range first.inc {
		first.inc[i] = m.space()
	}
	m.maps = append(m.maps, first)
}

func (s *keyspace) clear() {
	for _, k := range s.used {
		s.keys[k].vers, s.keys[k].gone = s.keys[k].vers[:0], false
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

// at returns the live value of a key at a cut and an instant, nil if absent.
func (m *Model) at(inc, key int32, cut uint64, now unit.Time) *Value {
	e, i := m.spaces[inc].find(key, cut)
	if i < 0 {
		return nil
	}
	v := &e.vers[i].val
	if v.Type == None || dead(v.Deadline, now) {
		return nil
	}
	return v
}

// dead is the one rule of expiry, written here anew: a key is alive through
// the whole of its deadline's millisecond.
func dead(d unit.Deadline, now unit.Time) bool {
	return d != 0 && int64(now) >= (int64(d)+1)*1000
}

// put appends a version.
func (m *Model) put(inc, key int32, lsn uint64, v Value) {
	s := m.spaces[inc]
	for int(key) >= len(s.keys) {
		s.keys = append(s.keys, entry{})
	}
	e := &s.keys[key]
	if len(e.vers) == 0 {
		s.used = append(s.used, key)
	}
	m.seq++
	e.gone = false
	e.vers = append(e.vers, version{lsn: lsn, seq: m.seq, val: v})
}

// remap appends a mapping that differs from the newest in what set changes.
func (m *Model) remap(lsn uint64, set func(*mapping)) {
	next := m.maps[len(m.maps)-1]
	m.seq++
	next.lsn, next.seq = lsn, m.seq
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
	m.watch = m.watch[:0]
}

// Wipe forgets everything: what a restart without a log must show.
func (m *Model) Wipe() {
	m.Reset()
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

// Value returns the newest value of a key, dead or alive; nil if absent.
func (m *Model) Value(db int, key int32) *Value {
	e, i := m.spaces[m.inc(db, ^uint64(0))].find(key, ^uint64(0))
	if i < 0 || e.vers[i].val.Type == None {
		return nil
	}
	return &e.vers[i].val
}

// Remove drops a key: an eviction the engine announced.
func (m *Model) Remove(db int, key int32, lsn uint64) {
	m.put(m.inc(db, ^uint64(0)), key, lsn, Value{})
}

// Seq returns the serial number of the newest write.
func (m *Model) Seq() uint64 { return m.seq }

// arena hands out byte slices and pair slices that live until reset.
type arena struct {
	chunks [][]byte
	at     int // chunk in use
	pairs  [][]Pair
	pat    int
}

const chunkBytes, chunkPairs = 64 << 10, 1 << 10

func (a *arena) reset() {
	for i := range a.chunks {
		a.chunks[i] = a.chunks[i][:0]
	}
	for i := range a.pairs {
		a.pairs[i] = a.pairs[i][:0]
	}
	a.at, a.pat = 0, 0
}

// bytes returns n zeroed bytes.
func (a *arena) bytes(n int) []byte {
	if n > chunkBytes/4 {
		return make([]byte, n)
	}
	for ; a.at < len(a.chunks); a.at++ {
		if c := a.chunks[a.at]; len(c)+n <= cap(c) {
			a.chunks[a.at] = c[:len(c)+n]
			p := c[len(c) : len(c)+n : len(c)+n]
			clear(p)
			return p
		}
	}
	a.chunks = append(a.chunks, make([]byte, n, chunkBytes))
	return a.chunks[a.at][:n:n]
}

func (a *arena) copy(p []byte) []byte {
	q := a.bytes(len(p))
	copy(q, p)
	return q
}

// list returns an empty pair slice with room for n.
func (a *arena) list(n int) []Pair {
	if n > chunkPairs/4 {
		return make([]Pair, 0, n)
	}
	for ; a.pat < len(a.pairs); a.pat++ {
		if c := a.pairs[a.pat]; len(c)+n <= cap(c) {
			a.pairs[a.pat] = c[:len(c)+n]
			return c[len(c) : len(c) : len(c)+n]
		}
	}
	a.pairs = append(a.pairs, make([]Pair, n, chunkPairs))
	return a.pairs[a.pat][:0:n]
}
