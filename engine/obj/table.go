package obj

import (
	"bytes"
	"math/bits"
	"unsafe"
)

// table is the large encoding of a Hash: entries in pages without pointers in
// their order, bytes of fields and values in blocks, and buckets of entries
// chained by number.
//
// Buckets grow and shrink one at a time (linear hashing), so no mutation pays
// for a whole table, and their number follows from the number of entries alone.
// Chains are sorted. Both together make the order of a scan a function of the
// fields, and let a decoded image continue a scan where the original was.
type table struct {
	seed    uint64
	mask    uint32 // of the hashes
	n       int    // entries
	pages   [][]entry
	buckets int // in use, of those in index
	index   [][]uint32
	stores  [2]blocks // a ref says which of them it is of; one is empty but while tidying up
	fresh   uint32    // the one new blocks come from
	hand    int       // tidying up goes on at this entry
}

// entry is one field. Its two strings lie one behind the other in a block.
type entry struct {
	hash  uint32
	next  uint32 // 1 + the next entry of its bucket, 0 at the end
	at    ref
	field uint32 // length
	value uint32 // length
}

const (
	pageBits   = 8 // entries of a page
	pageSize   = 1 << pageBits
	indexBits  = 10 // buckets of a page of the index
	indexSize  = 1 << indexBits
	minBuckets = 4
)

func newTable(lim *Limits) *table {
	t := &table{seed: lim.Seed, mask: 1<<32 - 1}
	if lim.WeakHash {
		t.mask = 0x3f
	}
	t.stores[1].tag = tagBit
	for range minBuckets {
		t.addBucket()
	}
	return t
}

// entry returns the i-th entry, for reading or writing until the next mutation.
func (t *table) entry(i int) *entry { return &t.pages[i>>pageBits][i&(pageSize-1)] }

// head returns the chain of bucket b.
func (t *table) head(b int) *uint32 { return &t.index[b>>indexBits][b&(indexSize-1)] }

// levelMask covers the bucket bits that every hash uses at the present size.
func (t *table) levelMask() uint32 { return 1<<(bits.Len(uint(t.buckets))-1) - 1 }

// bucketMask covers the bucket bits of hashes that end like h: one bit more
// where the bucket was split already.
func (t *table) bucketMask(h uint32) uint32 {
	low := t.levelMask()
	if int(h&low|(low+1)) < t.buckets {
		return low<<1 | 1
	}
	return low
}

// bucket returns the bucket of hash h.
func (t *table) bucket(h uint32) int {
	low := t.levelMask()
	if b := int(h & (low<<1 | 1)); b < t.buckets {
		return b
	}
	return int(h & low)
}

// pair returns an entry's field and value.
func (t *table) pair(e *entry) (f, v []byte) {
	b := t.stores[e.at.store()].at(e.at, int(e.field)+int(e.value))
	return b[:e.field:e.field], b[e.field:]
}

func (t *table) hash(f []byte) uint32 { return uint32(Hash64(t.seed, f)) & t.mask }

// less orders the entries of a chain.
func (t *table) less(e *entry, hash uint32, f []byte) bool {
	if e.hash != hash {
		return e.hash < hash
	}
	g, _ := t.pair(e)
	return bytes.Compare(g, f) < 0
}

// find returns the link to the field's entry, or where that would have to be.
func (t *table) find(hash uint32, f []byte) (link *uint32, e *entry) {
	link = t.head(t.bucket(hash))
	for *link != 0 {
		e := t.entry(int(*link - 1))
		if e.hash == hash {
			g, _ := t.pair(e)
			switch c := bytes.Compare(g, f); {
			case c == 0:
				return link, e
			case c > 0:
				return link, nil
			}
		} else if e.hash > hash {
			return link, nil
		}
		link = &e.next
	}
	return link, nil
}

func (t *table) get(f []byte) ([]byte, bool) {
	_, e := t.find(t.hash(f), f)
	if e == nil {
		return nil, false
	}
	_, v := t.pair(e)
	return v, true
}

func (t *table) set(f, v []byte) (created bool) {
	hash := t.hash(f)
	_, e := t.find(hash, f)
	if e == nil {
		t.insert(hash, f, v)
		return true
	}
	before, after := int(e.field)+int(e.value), len(f)+len(v)
	if store := &t.stores[e.at.store()]; !store.fits(e.at, before, after) {
		store.free(e.at, before)
		e.at = t.stores[t.fresh].alloc(after)
		copy(t.stores[t.fresh].at(e.at, after), f)
	}
	e.value = uint32(len(v))
	copy(t.stores[e.at.store()].at(e.at, after)[len(f):], v)
	t.tidy()
	return false
}

func (t *table) insert(hash uint32, f, v []byte) {
	if t.n>>pageBits == len(t.pages) {
		t.addPage()
	}
	e := entry{hash: hash, field: uint32(len(f)), value: uint32(len(v))}
	e.at = t.stores[t.fresh].alloc(len(f) + len(v))
	b := t.stores[t.fresh].at(e.at, len(f)+len(v))
	copy(b[copy(b, f):], v)
	push(&t.pages[t.n>>pageBits], e, pageSize) // may move the first page: no link is held over it
	t.n++
	if t.n > t.buckets {
		t.split()
	}
	link, _ := t.find(hash, f)
	added := t.entry(t.n - 1)
	added.next = *link
	*link = uint32(t.n)
	t.tidy()
}

func (t *table) del(f []byte) bool {
	hash := t.hash(f)
	link, e := t.find(hash, f)
	if e == nil {
		return false
	}
	gap := *link
	*link = e.next
	t.stores[e.at.store()].free(e.at, int(e.field)+int(e.value))
	last := t.entry(t.n - 1)
	if e != last {
		link := t.head(t.bucket(last.hash))
		for *link != uint32(t.n) {
			link = &t.entry(int(*link - 1)).next
		}
		*link = gap
		*e = *last
	}
	t.n--
	page := &t.pages[t.n>>pageBits]
	*page = (*page)[:t.n&(pageSize-1)]
	if spare := len(t.pages) - 1; spare > 0 && len(t.pages[spare]) == 0 && len(t.pages[spare-1]) <= pageSize/2 {
		t.pages[spare] = nil
		t.pages = t.pages[:spare]
	}
	if t.buckets > max(t.n, minBuckets) {
		t.merge()
	}
	t.tidy()
	return true
}

// addPage makes room for more entries. The first page grows from small.
func (t *table) addPage() {
	if len(t.pages) == 0 {
		t.pages = append(t.pages, nil)
		return
	}
	t.pages = append(t.pages, make([]entry, 0, pageSize))
}

// addBucket adds an empty bucket behind the last. The first page of the index
// grows from small.
func (t *table) addBucket() {
	if t.buckets>>indexBits == len(t.index) {
		var page []uint32
		if len(t.index) > 0 {
			page = make([]uint32, 0, indexSize)
		}
		t.index = append(t.index, page)
	}
	push(&t.index[t.buckets>>indexBits], 0, indexSize)
	t.buckets++
}

// push appends to a page, which doubles up to its full size.
func push[T any](page *[]T, x T, full int) {
	if n := len(*page); n == cap(*page) {
		grown := make([]T, n, min(max(2*n, minBuckets), full))
		copy(grown, *page)
		*page = grown
	}
	*page = append(*page, x)
}

// split adds a bucket and moves to it what belongs there, in order.
func (t *table) split() {
	t.addBucket()
	added := t.buckets - 1
	top := uint32(1) << (bits.Len(uint(added)) - 1)
	from, to := t.head(added&^int(top)), t.head(added)
	for *from != 0 {
		e := t.entry(int(*from - 1))
		if e.hash&top == 0 {
			from = &e.next
			continue
		}
		*to = *from
		to = &e.next
		*from = e.next
	}
	*to = 0
}

// merge removes the last bucket; what was in it goes back to where it was split
// from, in order.
func (t *table) merge() {
	gone := t.buckets - 1
	rest := *t.head(gone)
	link := t.head(gone &^ (1 << (bits.Len(uint(gone)) - 1)))
	for rest != 0 {
		e := t.entry(int(rest - 1))
		f, _ := t.pair(e)
		for *link != 0 && t.less(t.entry(int(*link-1)), e.hash, f) {
			link = &t.entry(int(*link - 1)).next
		}
		following := e.next
		e.next = *link
		*link = rest
		link = &e.next
		rest = following
	}
	t.buckets = gone
	page := &t.index[gone>>indexBits]
	*page = (*page)[:gone&(indexSize-1)]
	if spare := len(t.index) - 1; spare > 0 && len(t.index[spare]) == 0 && len(t.index[spare-1]) <= indexSize/2 {
		t.index[spare] = nil
		t.index = t.index[:spare]
	}
}

func (t *table) each(fn func(f, v []byte) bool) {
	for i := range t.n {
		if !fn(t.pair(t.entry(i))) {
			return
		}
	}
}

// scan visits buckets in the order of their reversed number. A bucket that is
// split or merged stays within one contiguous range of that order, so whatever
// the size of the table was when the cursor was given out, the fields it stands
// for as visited are those that were.
func (t *table) scan(cursor uint64, count int, fn func(f, v []byte)) uint64 {
	seen := 0
	count = min(max(count, 1), 1<<24)
	for visits := 10 * count; visits > 0; visits-- {
		mask := t.bucketMask(uint32(cursor))
		for i := *t.head(int(uint32(cursor) & mask)); i != 0; {
			e := t.entry(int(i - 1))
			i = e.next
			fn(t.pair(e))
			seen++
		}
		cursor = bits.Reverse64(bits.Reverse64(cursor|^uint64(mask)) + 1)
		if cursor == 0 || seen >= count {
			break
		}
	}
	return cursor
}

// tidyStep is how many entries one mutation looks at while tidying up.
const tidyStep = 16

// tidy moves all strings together when more than half of their store is gaps:
// from one store to the other, a few with each mutation, so that none pays for a
// whole table. It is done when nothing is left in the old store; deletions move
// entries about, so the hand may go round more than once.
func (t *table) tidy() {
	old, to := &t.stores[t.fresh^1], &t.stores[t.fresh]
	if old.total == 0 {
		if !to.sparse() {
			return
		}
		old, to = to, old
		t.fresh ^= 1
		t.hand = 0
	}
	for range min(tidyStep, t.n) {
		if t.hand >= t.n {
			t.hand = 0
		}
		if e := t.entry(t.hand); e.at.store() != t.fresh {
			e.at = to.take(old, e.at, int(e.field)+int(e.value))
		}
		t.hand++
	}
	if old.live == 0 {
		*old = blocks{tag: old.tag}
	}
}

func (t *table) clone() *table {
	c := &table{seed: t.seed, mask: t.mask, n: t.n, buckets: t.buckets, fresh: t.fresh, hand: t.hand}
	c.stores[0], c.stores[1] = t.stores[0].clone(), t.stores[1].clone()
	c.pages = cloneAll(t.pages)
	c.index = cloneAll(t.index)
	return c
}

// cloneAll copies pages.
func cloneAll[T any](pages [][]T) [][]T {
	c := make([][]T, len(pages))
	for i, p := range pages {
		c[i] = append(make([]T, 0, cap(p)), p...)
	}
	return c
}

// bytes returns the memory the table takes.
func (t *table) bytes() int {
	n := int(unsafe.Sizeof(*t)) + t.stores[0].bytes() + t.stores[1].bytes()
	n += (len(t.pages) + len(t.index)) * int(unsafe.Sizeof([]byte(nil)))
	if len(t.pages) > 0 {
		n += (cap(t.pages[0]) + (len(t.pages)-1)*pageSize) * int(unsafe.Sizeof(entry{}))
	}
	return n + (cap(t.index[0])+(len(t.index)-1)*indexSize)*4
}
