package tx

import (
	"encoding/binary"
	"slices"

	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/keyspace"
	"holdfast/engine/latency"
	"holdfast/engine/obj"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// Database is one incarnation of a numbered database. FLUSH replaces it whole.
type Database struct {
	ID    uint64 // incarnation, as records name it; 0 is the metadata database
	Index int    // number clients know it by; -1 while none does
	KS    *keyspace.DB
	Live  int64 // log bytes that its entries' addresses cover

	parts map[unit.LSN]parts // of images in parts, by the address of their end
	floor unit.LSN           // newest undurable change of the database as a whole
	last  unit.LSN           // newest change of any key in it

	refiling bool   // keys that import mode has retained are yet to be filed again
	refileAt uint64 // the cursor of that
}

// State is a shard's data. One goroutine owns it.
type State struct {
	Time Timekeeper

	cfg *config.Config
	log *wal.Log // nil when nothing is ever written
	obs *event.Observer

	dbs    []*Database // by number
	top    int         // no database from this number on has a keyspace
	others []*Database // incarnations without a number, during recovery only
	meta   *Database
	nextID uint64

	seed uint64 // of the tables' hash

	importBegan unit.LSN // see ImportBegan
	logging     bool     // mutations are logged (appendonly yes)
	holding     bool     // replies wait for the log (appendfsync always as well)
	since       unit.LSN // see Since
	leaving     bool     // logging is being switched off: what was held still is

	hashes   obj.Limits // shared by every hash
	ring     ring
	watch    watchTable
	news     newsBox
	block    blockTable
	rng      pcg
	tx       Tx
	rec      wal.Record
	buf      []byte // scratch for images
	evictKey []byte // scratch for a key that is about to move
	popped   []byte // the element that was popped last
	read     wal.Read
	partial  *partial
	scratch  [32]byte
	loadErr  error
	short    func() bool // memory is short: recovery keeps values cold
	barren   int         // turns in a row in which Defrag found nothing to move

	lags *latency.Histogram // deadline to removal; nil when nobody measures

	configured bool      // import-mode as the configuration has it
	imported   importLog // and as the log has it
	resumed    unit.Time // when import mode was last switched off

	faults map[unit.LSN]error // reads that failed, by address
	counts Counts
	pause  bool // active expiry switched off (DEBUG SET-ACTIVE-EXPIRE 0)
}

// Counts are the running totals INFO shows.
type Counts struct {
	Hits, Misses    uint64 // lookups by commands that read
	Expired         uint64
	Evicted         uint64
	SyncReads       uint64 // values read inside a unit because nothing foresaw them
	RAMHits, Cold   uint64 // value lookups served from memory, and those that were not
	LagSumMS, LagN  uint64 // deadline to removal
	LagMaxMS        uint64
	OrphanedRecords uint64
}

// New returns empty data over the log, which may be nil.
func New(cfg *config.Config, log *wal.Log, obs *event.Observer) *State {
	s := &State{cfg: cfg, log: log, obs: obs, faults: map[unit.LSN]error{}}
	s.Time.persistNS = int64(cfg.StepPersistMS) * 1_000_000
	s.tx.s = s
	s.rng, s.seed = pcg{state: cfg.Seed}, cfg.Seed
	s.logging = cfg.AppendOnly && log != nil
	s.Configure()
	s.meta = s.incarnation(0, -1)
	for i := range cfg.Databases {
		s.dbs = append(s.dbs, s.incarnation(uint64(i+1), i))
	}
	s.nextID = uint64(cfg.Databases + 1)
	return s
}

// Configure takes over settings that changed at run time.
func (s *State) Configure() {
	s.hashes = obj.Limits{Entries: s.cfg.HashMaxListpackEntries, Value: s.cfg.HashMaxListpackValue, Seed: s.cfg.Seed, WeakHash: s.cfg.WeakHash}
	was := s.holding
	s.holding = s.logging && s.cfg.AppendFsync == "always" || s.leaving && was
	if s.holding && !was && s.log != nil {
		// Keys written while replies were not held are not in the ring: hold
		// readers of every database up to the present tail instead. What was
		// committed by merely being written is durable once a record that
		// follows it is.
		if s.meta != nil && s.log.Err() == nil {
			now := unit.Time(s.Time.us)
			s.Begin(now, 0).ceiling(max(s.Time.proposed(), now+unit.Time(s.cfg.LeaseMS)*1000))
			s.tx.Seal()
		}
		s.since = s.log.Tail()
		if c := s.log.Committed(); s.log.Err() != nil && s.log.Synced() < c {
			s.since = max(s.since, c+1) // what was only written never becomes durable
		}
		for _, d := range s.dbs {
			d.floor = s.since
		}
		for _, w := range s.watch.all { // what made them dirty was committed likewise
			if w.Dirty {
				w.Need = s.since
			}
		}
	}
}

// Since returns up to where the log must be committed before anything is told of
// what happened while replies were not held.
func (s *State) Since() unit.LSN { return s.since }

func (s *State) incarnation(id uint64, index int) *Database {
	return &Database{ID: id, Index: index}
}

// keys returns d's keyspace, made at first use.
func (s *State) keys(d *Database) *keyspace.DB {
	if d.KS == nil {
		d.KS = keyspace.NewDB(keyspace.Options{
			SlabBytes: s.cfg.SlabBytes, MinBuckets: s.cfg.MinBuckets, Seed: s.seed,
			WeakHash: s.cfg.WeakHash, Now: unit.Time(s.Time.us),
		})
		d.KS.SetLFU(uint32(s.cfg.LFULogFactor), uint16(s.cfg.LFUDecayTime))
		d.KS.SetClock(minutes(unit.Time(s.Time.us)))
		s.top = max(s.top, d.Index+1)
	}
	return d.KS
}

// used returns the databases up to the last that has a keyspace: mostly one.
// What is done every turn need not visit the others.
func (s *State) used() []*Database { return s.dbs[:s.top] }

// renumbered finds that last one again.
func (s *State) renumbered() {
	for s.top = len(s.dbs); s.top > 0 && s.dbs[s.top-1].KS == nil; s.top-- {
	}
}

func (s *State) mark(name string) {
	if s.obs.Mark != nil {
		s.obs.Mark(name)
	}
}

// minutes is the clock of hotness.
func minutes(t unit.Time) uint16 { return uint16(t / 60_000_000) }

// Measure has the lag of every expiry recorded.
func (s *State) Measure(lags *latency.Histogram) { s.lags = lags }

// Databases returns the numbered databases, in order.
func (s *State) Databases() []*Database { return s.dbs }

// Meta returns the hidden metadata database.
func (s *State) Meta() *Database { return s.meta }

// Entry finds the entry of a key in the database that has an ID; r is 0 if it is
// not there, and d is nil if that database is gone or empty.
func (s *State) Entry(id uint64, key []byte) (d *Database, r keyspace.Ref) {
	if d = s.ByID(id); d == nil || d.KS == nil {
		return nil, 0
	}
	return d, d.KS.Find(d.KS.Hash(key), key)
}

// ByID returns the database incarnation with that id, or nil if it is gone.
func (s *State) ByID(id uint64) *Database {
	if id == 0 {
		return s.meta
	}
	for _, d := range s.dbs {
		if d.ID == id {
			return d
		}
	}
	for _, d := range s.others {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// Counts returns the running totals.
func (s *State) Counts() *Counts { return &s.counts }

// Undurable returns how many keys have changes that are not yet committed.
func (s *State) Undurable() int { return s.ring.len() }

// Holding reports whether replies wait for the log.
func (s *State) Holding() bool { return s.holding }

// Logging reports whether mutations are logged.
func (s *State) Logging() bool { return s.logging }

// Bytes returns the memory that data and its bookkeeping take.
func (s *State) Bytes() int64 {
	n := s.ring.bytes() + int64(cap(s.buf)+cap(s.evictKey)+cap(s.popped)+cap(s.news.keys)+cap(s.news.list)*newsBytes)
	if p := s.partial; p != nil {
		n += p.bytes()
	}
	for _, d := range s.used() {
		if d.KS != nil {
			n += d.KS.Bytes() + int64(len(d.parts))*partsBytes
		}
	}
	for _, d := range s.others {
		n += d.KS.Bytes()
	}
	return n
}

// Live returns how many bytes of the log are the newest image of some entry.
func (s *State) Live() int64 {
	n := s.meta.Live
	for _, d := range s.used() {
		n += d.Live
	}
	return n
}

// Cold returns how many keys have their value in the log alone.
func (s *State) Cold() int {
	n := 0
	for _, d := range s.used() {
		if d.KS != nil {
			n += d.KS.Cold()
		}
	}
	return n
}

// Volatile returns how many keys have a deadline.
func (s *State) Volatile() int {
	n := 0
	for _, d := range s.used() {
		if d.KS != nil {
			n += d.KS.Volatile()
		}
	}
	return n
}

// Committed moves what depends on the committed offset.
func (s *State) Committed(lsn unit.LSN) {
	s.ring.prune(lsn)
	s.Time.committed(lsn)
}

// NextDeadline returns a lower bound of the next instant at which a key dies.
func (s *State) NextDeadline() (ms int64, ok bool) {
	if s.pause {
		return 0, false
	}
	for _, d := range s.used() {
		if d.KS == nil {
			continue
		}
		if d.refiling {
			return 0, true
		}
		if at, has := d.KS.NextDeadline(); has && (!ok || at < ms) {
			ms, ok = at, true
		}
	}
	return ms, ok
}

// PauseExpiry switches active expiry off or on.
func (s *State) PauseExpiry(off bool) { s.pause = off }

const (
	metaDatabases = "databases"
	metaCeiling   = "ceiling"
)

// Renew logs a new ceiling of engine time, as a unit of its own, when volatile
// keys exist and the highest one logged is less than half a lease ahead. It
// reports whether it wrote.
func (s *State) Renew(now unit.Time) bool {
	if !s.logging || s.log.Err() != nil || s.Volatile() == 0 {
		return false
	}
	lease := unit.Time(s.cfg.LeaseMS) * 1000
	if s.Time.proposed() >= now+lease/2 {
		return false
	}
	return s.SetCeiling(now, now+lease)
}

// SetCeiling logs a ceiling as a unit of its own; a clean stop logs the exact
// time. It reports whether there was room.
func (s *State) SetCeiling(now, at unit.Time) bool {
	if !s.logging || s.log.Reserve(ceilingBytes, wal.Times) != nil {
		return false
	}
	s.Begin(now, 0)
	s.tx.ceiling(at)
	s.tx.Seal()
	return true
}

const ceilingBytes = 128

// loadMeta takes over the metadata database at the end of recovery.
func (s *State) loadMeta() {
	ks := s.keys(s.meta)
	if r := ks.Find(ks.Hash([]byte(metaCeiling)), []byte(metaCeiling)); r != 0 {
		if v := ks.String(r); len(v) == 8 {
			s.Time.ceiling = unit.Time(binary.LittleEndian.Uint64(v))
		}
	}
	var m Mapping
	if r := ks.Find(ks.Hash([]byte(metaDatabases)), []byte(metaDatabases)); r != 0 {
		m, _ = ReadMapping(metaDatabases, ks.String(r))
	}
	s.number(m.IDs, max(m.Next, 1))
	s.loadImport()
}

// Mapping says which incarnation each database shows.
type Mapping struct {
	IDs  []uint64 // by number
	Next uint64   // databases behind those show the ids from here on
}

// ReadMapping reads the mapping from an entry of the metadata database, if it is
// that one.
func ReadMapping(key string, v []byte) (m Mapping, ok bool) {
	if key != metaDatabases || len(v) < 8 {
		return m, false
	}
	m.Next = binary.LittleEndian.Uint64(v)
	for v = v[8:]; len(v) >= 8; v = v[8:] {
		m.IDs = append(m.IDs, binary.LittleEndian.Uint64(v))
	}
	return m, true
}

// Database returns the number that shows an incarnation; false: none does.
func (m *Mapping) Database(id uint64) (n int, ok bool) {
	if n = slices.Index(m.IDs, id); n >= 0 {
		return n, true
	}
	next := max(m.Next, 1)
	return len(m.IDs) + int(id-next), id >= next
}

// number gives every database its incarnation: what the mapping names, and for
// the numbers behind it the ids from next on, as New does where no mapping was
// ever logged. So a database keeps what was logged for it, hidden while
// `databases` is smaller, and no id comes to stand for two.
func (s *State) number(ids []uint64, next uint64) {
	byID := map[uint64]*Database{}
	n := max(len(s.dbs), len(ids))
	for _, d := range s.dbs {
		byID[d.ID], d.Index = d, -1
	}
	for _, d := range s.others {
		byID[d.ID] = d
		if d.ID >= next {
			n = max(n, len(ids)+int(d.ID-next)+1)
		}
	}
	s.dbs, s.others = s.dbs[:0:0], nil
	for i := range n {
		id := next
		if i < len(ids) {
			id = ids[i]
		} else {
			next++
		}
		d := byID[id]
		if d == nil {
			d = s.incarnation(id, i)
		}
		d.Index = i
		s.dbs = append(s.dbs, d)
	}
	s.nextID = next
	s.renumbered()
}

// mapping returns the value of the metadata key that maps numbers to
// incarnations: the next free id, then one id for each number.
func (s *State) mapping() []byte {
	b := binary.LittleEndian.AppendUint64(s.buf[:0], s.nextID)
	for _, d := range s.dbs {
		b = binary.LittleEndian.AppendUint64(b, d.ID)
	}
	s.buf = b
	return b
}

// defragStep bounds the records one turn moves to give memory back, and
// barrenMost the turns in a row that may find none before an idle engine rests:
// each looks at a few slabs.
const (
	defragStep = 64
	barrenMost = 1000
)

// Defrag moves a few records while the arenas hold clearly more than lives in
// them. It runs between units: it ends every reference to an entry. It reports
// whether there may be more to move.
func (s *State) Defrag() bool {
	moved, sparse := 0, false
	for _, d := range s.used() {
		if d.KS == nil {
			continue
		}
		if live, held := d.KS.Bytes(), d.KS.Reserved(); held-live > live/8+1<<20 {
			moved += d.KS.Defrag(defragStep)
			sparse = true
		}
	}
	if s.barren++; moved > 0 || !sparse {
		s.barren = 0
	}
	return sparse && s.barren < barrenMost
}

// Held returns the memory that the entries hold, what is free between them
// included.
func (s *State) Held() int64 {
	n := int64(0)
	for _, d := range s.used() {
		if d.KS != nil {
			n += d.KS.Reserved()
		}
	}
	return n
}
