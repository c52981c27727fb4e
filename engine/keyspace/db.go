package keyspace

import (
	"holdfast/engine/mem"
	"holdfast/engine/unit"
)

// Options sizes a DB. The zero value is for a server.
type Options struct {
	SlabBytes  int    // of the arena; 0 is mem.DefaultSlabBytes
	MinBuckets int    // the table never has fewer; rounded up to a power of two
	Seed       uint64 // of the hash

	// WeakHash leaves two bits of the hash to choose a bucket and one to tell the
	// keys in it apart: what is one key in millions elsewhere is every key.
	WeakHash bool

	// Now is where the deadline index starts. An index that starts long before
	// the deadlines it is given files them coarsely and has to file them again.
	Now unit.Time
}

// DB is one incarnation of a database. It is dropped whole on FLUSH.
type DB struct {
	arena    *mem.Arena
	table    table
	wheel    wheel
	objects  objects
	seed     uint64
	mask     uint64 // of the hash
	volatile int
	lfu      lfu
	scanned  []Ref // what Scan is about to report; nested scans stack up
	victim   int   // the slab Defrag is emptying, -1 none
	cell     int   // and where in it
	warm     uint64
	cold     bool // some value has been without its RAM copy
	absent   int  // entries whose value is not in memory
}

// NewDB makes an empty database.
func NewDB(o Options) *DB {
	d := &DB{arena: mem.New(o.SlabBytes), seed: o.Seed, mask: 1<<64 - 1, lfu: defaultLFU, victim: -1}
	if o.WeakHash {
		d.mask = 1<<tagShift | 3
	}
	d.table.init(o.MinBuckets, d.hashOf)
	d.wheel.now = max(o.Now.MS(), 0)
	return d
}

func (d *DB) rec(r Ref) []byte { return d.arena.At(mem.Ptr(r)) }

func (d *DB) hashOf(r Ref) uint64 { return d.Hash(d.Key(r)) }

// Len returns the number of entries, dead ones not yet removed included.
func (d *DB) Len() int { return d.table.count }

// AllResident reports that every value is in memory, because none has ever been
// anywhere else; it spares a lookup to find out.
func (d *DB) AllResident() bool { return !d.cold }

// Cold returns how many entries have their value in the log alone.
func (d *DB) Cold() int { return d.absent }

// Volatile returns how many entries have a deadline.
func (d *DB) Volatile() int { return d.volatile }

// Bytes returns the memory that the entries take: records as rounded by the
// arena, the table, the deadline index, and objects as SetObject and Resize said.
// It falls with every entry removed, so that eviction by it converges.
func (d *DB) Bytes() int64 { return d.arena.Live() + d.overhead() }

// Reserved returns the memory held from the Go heap. It exceeds Bytes by the
// free cells of slabs in use, which Defrag turns into free slabs.
func (d *DB) Reserved() int64 { return d.arena.Bytes() + d.overhead() }

func (d *DB) overhead() int64 {
	return d.table.bytes() + d.objects.bytes() + d.wheel.bytes()
}

// Hash returns the hash of key that Find, Insert and Warm ask for.
func (d *DB) Hash(key []byte) uint64 { return mem.Hash(d.seed, key) & d.mask }

// Find returns the entry of key, whose hash is h, or 0. Nearly always it is the
// first in the chain with the tag of h.
func (d *DB) Find(h uint64, key []byte) Ref {
	for b := d.table.main.at(d.table.home(h)); b != nil; b = d.table.next(b) {
		if r := candidate(b, h); r != 0 {
			if d.has(r, key) {
				return r
			}
			return d.search(h, key)
		}
	}
	return 0
}

// has reports whether key is that of r.
func (d *DB) has(r Ref, key []byte) bool {
	rec := d.rec(r)
	hd := mem.Load64(rec)
	at, n := prefix(hd), keyLen(rec, hd)
	return n == len(key) && mem.Equal(rec[at:at+n], key)
}

// search looks through the whole chain: some other key has the tag of h.
func (d *DB) search(h uint64, key []byte) Ref {
	tag := h >> tagShift << 40
	for b := d.table.main.at(d.table.home(h)); b != nil; b = d.table.next(b) {
		for i := range bucketSlots {
			s := b[i]
			if s == 0 {
				return 0
			}
			if (s^tag)>>40 != 0 {
				continue
			}
			if r := Ref(s & refMask); d.has(r, key) {
				return r
			}
		}
	}
	return 0
}

// Insert adds an entry without a value. The key must be absent and h its hash.
func (d *DB) Insert(h uint64, key []byte) Ref {
	r, _ := d.insert(h, key, fields{head: uint64(TypeNone)})
	return r
}

// InsertString adds an entry whose value is the string v, resident. It is Insert
// and SetString without writing the record twice.
func (d *DB) InsertString(h uint64, key, v []byte) Ref {
	r, b := d.insert(h, key, fields{head: uint64(TypeString) | headResident, value: uint32(len(v))})
	copy(b, v)
	return r
}

// InsertCold adds an entry whose value is in the log alone.
func (d *DB) InsertCold(h uint64, key []byte, typ uint8, lsn unit.LSN, span uint32, valueLen int) Ref {
	checkType(typ)
	d.cold = true
	r, _ := d.insert(h, key, fields{head: uint64(typ), lsn: uint64(lsn), span: span, value: uint32(valueLen)})
	return r
}

// insert files the record that f and key describe, and returns what follows the
// key in it.
func (d *DB) insert(h uint64, key []byte, f fields) (Ref, []byte) {
	f.key = len(key)
	if f.head&headResident == 0 {
		d.absent++
	}
	f.head |= d.lfu.fresh()
	head := f.layout()
	r := Ref(d.arena.Alloc(f.need(head)))
	rec := d.rec(r)
	f.store(rec, head)
	at := prefix(head)
	copy(rec[at:], key)
	d.table.insert(h, r)
	return r, rec[at+len(key) : f.need(head)]
}

// Remove takes r out.
func (d *DB) Remove(r Ref) {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&headDeadline != 0 {
		d.volatile--
		d.unlink(rec)
	}
	if h&headObject != 0 {
		d.objects.drop(valueWord(rec, h))
	} else if h&headResident == 0 {
		d.absent--
	}
	d.table.remove(d.hashOf(r), r)
	d.arena.Free(mem.Ptr(r))
}

// Key returns the key of r.
func (d *DB) Key(r Ref) []byte {
	rec := d.rec(r)
	h := mem.Load64(rec)
	at, n := prefix(h), keyLen(rec, h)
	return rec[at : at+n : at+n]
}

// Type returns the type of r's value.
func (d *DB) Type(r Ref) uint8 { return uint8(mem.Load64(d.rec(r)) & typeMask) }

func checkType(typ uint8) {
	if typ > MaxType {
		panic("keyspace: type out of range")
	}
}

// Step does up to n pieces of the growing or shrinking that the table still has
// to do. Inserting and removing do enough by themselves; Step brings a table that
// lost most of its entries down a little further.
func (d *DB) Step(n int) { d.table.step(n) }

// WarmRefs loads the cache lines of some records: nothing stands between the
// loads, so their misses overlap.
func (d *DB) WarmRefs(refs []Ref) {
	var sum uint64
	for _, r := range refs {
		sum += uint64(d.rec(r)[0])
	}
	d.warm += sum
}

// warmReach is how far into a record Warm looks: small ones take two lines.
const warmReach = 64

// Warm loads the cache lines that Find will look at for each hash: first all
// buckets, then those that overflowed from them, then the records that their
// tags point to. The loads of one kind do not depend on each other and little
// stands between them, so the processor overlaps the misses of a whole pipeline.
func (d *DB) Warm(hashes []uint64) {
	const batch = 64
	var refs [batch]Ref
	var far [batch]uint64
	var sum uint64
	for len(hashes) > 0 {
		now := hashes[:min(len(hashes), batch)]
		hashes = hashes[len(now):]
		for _, h := range now {
			sum += d.table.main.at(d.table.home(h))[0]
		}
		n, fars := 0, 0
		for _, h := range now {
			b := d.table.main.at(d.table.home(h))
			if refs[n] = candidate(b, h); refs[n] != 0 {
				n++
			} else if b = d.table.next(b); b != nil {
				far[fars] = h
				fars++
				sum += b[0]
			}
		}
		for _, h := range far[:fars] {
			b := d.table.next(d.table.main.at(d.table.home(h)))
			if refs[n] = candidate(b, h); refs[n] != 0 {
				n++
			}
		}
		for _, r := range refs[:n] {
			rec := d.rec(r)
			sum += uint64(rec[0]) + uint64(rec[min(warmReach, len(rec)-1)])
		}
	}
	d.warm += sum // so that the loads are for something
}
