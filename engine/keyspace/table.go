package keyspace

import "math/bits"

// Load limits, in entries per bucket.
const (
	growAbove   = 6
	shrinkBelow = 3

	// The tag is hash bits 12 to 35. The table's low bits choose the bucket, so
	// from 4096 buckets on the tag says where an entry goes when its bucket is
	// split, and splitting reads no record. The price is paid by the huge: at 16 M
	// buckets (100 M entries) twelve bits still tell slots of a bucket apart.
	tagShift = 12
	tagBits  = 24
	refMask  = 1<<40 - 1
)

// table maps hashes to Refs by linear hashing. It never compares keys: find
// yields candidates, the caller looks at their records.
type table struct {
	main  buckets // 2^level <= main.n < 2^(level+1)
	over  buckets // overflow buckets, always dense: number i+1 is row i
	count int
	least int
	level uint
	hash  func(Ref) uint64 // of the key of an entry, while the table is small

	scratch []uint64 // what take returned last
}

func (t *table) init(least int, hash func(Ref) uint64) {
	least = max(least, 1)
	least = 1 << bits.Len(uint(least-1))
	t.least, t.hash = least, hash
	for range least {
		t.main.push(least)
	}
	t.level = uint(bits.Len(uint(least)) - 1)
}

func (t *table) bytes() int64 { return t.main.bytes() + t.over.bytes() }

func slotOf(h uint64, r Ref) uint64 { return h>>tagShift<<40 | uint64(r) }

// home returns the bucket that hash h belongs to.
func (t *table) home(h uint64) int {
	low := uint64(1)<<(t.level&63) - 1
	i := h & (low<<1 | 1)
	if i >= uint64(t.main.n) {
		i &= low
	}
	return int(i)
}

// next returns the bucket that follows b in its chain, or nil.
func (t *table) next(b *bucket) *bucket {
	o := b[linkWord] & linkMask
	if o == 0 {
		return nil
	}
	return t.over.at(int(o) - 1)
}

// candidate returns the first entry in b that has the tag of h, or 0. It looks at
// all seven slots, always: a branch mispredicted here would stop the loads that
// Warm wants under way. Empty slots look like entries with the tag 0, but they
// come last in a bucket, and so do not count where there is an entry.
func candidate(b *bucket, h uint64) Ref {
	tag := h >> tagShift << 40
	found := uint64(0)
	for i := bucketSlots - 1; i >= 0; i-- {
		if s := b[i]; (s^tag)>>40 == 0 {
			found = s
		}
	}
	return Ref(found & refMask)
}

// add files r under h, not caring for the load.
func (t *table) add(home int, slot uint64) {
	b := t.main.at(home)
	for {
		for i := range bucketSlots {
			if b[i] == 0 {
				b[i] = slot
				return
			}
		}
		n := t.next(b)
		if n == nil {
			break
		}
		b = n
	}
	o := t.over.push(0)
	// The first chunk may have moved, but then b was not in it or is a copy of
	// what b was: take the link through the row again.
	b = t.last(home)
	b[linkWord] = b[linkWord]&^linkMask | uint64(o+1)
	n := t.over.at(o)
	n[linkWord] = uint64(home) << 32
	n[0] = slot
}

// last returns the last bucket of a chain.
func (t *table) last(home int) *bucket {
	b := t.main.at(home)
	for n := t.next(b); n != nil; n = t.next(b) {
		b = n
	}
	return b
}

// insert files a new entry and does the growth it calls for.
func (t *table) insert(h uint64, r Ref) {
	t.add(t.home(h), slotOf(h, r))
	t.count++
	if t.count > growAbove*t.main.n {
		t.split()
	}
}

// replace lets the slot of from, filed under h, say to.
func (t *table) replace(h uint64, from, to Ref) {
	was := slotOf(h, from)
	for b := t.main.at(t.home(h)); b != nil; b = t.next(b) {
		for i := range bucketSlots {
			if b[i] == was {
				b[i] = slotOf(h, to)
				return
			}
		}
	}
	panic("keyspace: entry not in the table")
}

// remove takes r, filed under h, out, and does the shrinking that follows.
func (t *table) remove(h uint64, r Ref) {
	was := slotOf(h, r)
	home := t.home(h)
	for b := t.main.at(home); b != nil; b = t.next(b) {
		for i := range bucketSlots {
			if b[i] == was {
				t.fill(home, b, i)
				t.count--
				if t.main.n > t.least && t.count < shrinkBelow*t.main.n {
					t.merge()
				}
				return
			}
		}
	}
	panic("keyspace: entry not in the table")
}

// fill closes the hole in slot i of b with the chain's last slot.
func (t *table) fill(home int, b *bucket, i int) {
	before, l := (*bucket)(nil), t.main.at(home)
	for n := t.next(l); n != nil; n = t.next(l) {
		before, l = l, n
	}
	j := bucketSlots - 1
	for l[j] == 0 {
		j--
	}
	b[i] = l[j]
	l[j] = 0
	if j == 0 && before != nil {
		o := int(before[linkWord]&linkMask) - 1
		before[linkWord] &^= linkMask
		t.freeOver(o)
	}
}

// freeOver gives up overflow bucket o, which no chain links any more. The last
// of the row takes its place, so that the row can end one earlier.
func (t *table) freeOver(o int) {
	last := t.over.n - 1
	if o != last {
		from := t.over.at(last)
		b := t.main.at(int(from[linkWord] >> 32))
		for b[linkWord]&linkMask != uint64(last+1) {
			b = t.next(b)
		}
		b[linkWord] = b[linkWord]&^linkMask | uint64(o+1)
		*t.over.at(o) = *from
	}
	t.over.pop()
}

// take empties a chain and returns what was in it, valid until the next take.
func (t *table) take(home int) []uint64 {
	s := t.scratch[:0]
	for b := t.main.at(home); b != nil; b = t.next(b) {
		for i := 0; i < bucketSlots && b[i] != 0; i++ {
			s = append(s, b[i])
		}
	}
	for {
		before, l := (*bucket)(nil), t.main.at(home)
		for n := t.next(l); n != nil; n = t.next(l) {
			before, l = l, n
		}
		if before == nil {
			*l = bucket{}
			t.scratch = s
			return s
		}
		o := int(before[linkWord]&linkMask) - 1
		before[linkWord] &^= linkMask
		t.freeOver(o)
	}
}

// split adds a bucket and moves into it what belongs there.
func (t *table) split() {
	to := t.main.push(0)
	bit := t.level
	from := to - 1<<bit
	if t.main.n == 2<<bit {
		t.level++
	}
	for _, s := range t.take(from) {
		if t.hashBit(s, bit) {
			t.add(to, s)
		} else {
			t.add(from, s)
		}
	}
}

// hashBit returns a bit of the hash of the entry in slot s.
func (t *table) hashBit(s uint64, bit uint) bool {
	if bit >= tagShift && bit < tagShift+tagBits {
		return s>>(40+bit-tagShift)&1 != 0
	}
	return t.hash(Ref(s&refMask))>>bit&1 != 0
}

// merge gives up the last bucket and moves what it held where it came from.
func (t *table) merge() {
	from := t.main.n - 1
	if from < 1<<t.level {
		t.level--
	}
	to := from - 1<<t.level
	for _, s := range t.take(from) {
		t.add(to, s)
	}
	t.main.pop()
}

// step does up to n splits or merges that the load still calls for.
func (t *table) step(n int) {
	for range n {
		switch {
		case t.count > growAbove*t.main.n:
			t.split()
		case t.main.n > t.least && t.count < (shrinkBelow+1)*t.main.n:
			t.merge()
		default:
			return
		}
	}
}
