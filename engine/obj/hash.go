package obj

import (
	"bytes"
	"unsafe"
)

// Limits say when a hash leaves its small encoding for a table, and how tables
// are seeded. Hashes share one Limits by pointer: a change, made while no hash
// is in use, takes effect on each with its next Set.
type Limits struct {
	Entries int    // hash-max-listpack-entries: fields of a small hash
	Value   int    // hash-max-listpack-value: bytes of its longest field or value
	Seed    uint64 // of the tables' hash function; fixed for the life of a hash

	// WeakHash leaves six bits of the tables' hashes, so that many are alike.
	WeakHash bool
}

// defaultLimits are Redis's. Never written.
var defaultLimits = Limits{Entries: 128, Value: 64}

// Hash is a map from fields to values. Small ones are one run of bytes in the
// order of insertion, searched from the front; large ones are a table. A small
// one becomes a table and never turns back, as in Redis.
//
// Slices it returns alias its memory and are valid until its next mutation;
// slices it is given are copied and must not alias it.
type Hash struct {
	lim   *Limits
	table *table // nil while small
	small []byte // pairs of a length and as many bytes
	count int    // fields, while small
}

// NewHash returns an empty hash with Redis's limits.
func NewHash() *Hash { return NewHashLimits(&defaultLimits) }

// NewHashLimits returns an empty hash that goes by the given limits.
func NewHashLimits(lim *Limits) *Hash { return &Hash{lim: lim} }

// Len returns the number of fields.
func (h *Hash) Len() int {
	if h.table != nil {
		return h.table.n
	}
	return h.count
}

// Encoding names the encoding as OBJECT ENCODING does.
func (h *Hash) Encoding() string {
	if h.table != nil {
		return "hashtable"
	}
	return "listpack"
}

// Bytes returns the memory the hash takes.
func (h *Hash) Bytes() int {
	n := int(unsafe.Sizeof(*h)) + cap(h.small)
	if h.table != nil {
		n += h.table.bytes()
	}
	return n
}

// Get returns the value of field f.
func (h *Hash) Get(f []byte) ([]byte, bool) {
	if h.table != nil {
		return h.table.get(f)
	}
	at, ok := h.find(f)
	if !ok {
		return nil, false
	}
	v, _ := cutString(h.small, at.value)
	return v, true
}

// Set gives field f the value v and reports whether the field is new.
func (h *Hash) Set(f, v []byte) (created bool) {
	if h.table == nil && (len(f) > h.lim.Value || len(v) > h.lim.Value) {
		h.convert()
	}
	if h.table != nil {
		return h.table.set(f, v)
	}
	at, ok := h.find(f)
	if ok {
		h.replace(at, v)
		return false
	}
	h.reserve(lengthSize(len(f)) + len(f) + lengthSize(len(v)) + len(v))
	h.small = appendString(appendString(h.small, f), v)
	h.count++
	if h.count > h.lim.Entries {
		h.convert()
	}
	return true
}

// Del removes field f and reports whether it was there. In a table the last
// field takes its place in the order.
func (h *Hash) Del(f []byte) bool {
	if h.table != nil {
		return h.table.del(f)
	}
	at, ok := h.find(f)
	if !ok {
		return false
	}
	h.small = append(h.small[:at.start], h.small[at.end:]...)
	h.count--
	return true
}

// Each calls fn for each field in order until it returns false. fn must not
// change the hash.
func (h *Hash) Each(fn func(f, v []byte) bool) {
	if h.table != nil {
		h.table.each(fn)
		return
	}
	for i := 0; i < len(h.small); {
		var f, v []byte
		f, i = cutString(h.small, i)
		v, i = cutString(h.small, i)
		if !fn(f, v) {
			return
		}
	}
}

// At returns the i-th field in the order of Each. 0 <= i < Len.
func (h *Hash) At(i int) (f, v []byte) {
	if h.table != nil {
		return h.table.pair(h.table.entry(i))
	}
	at := 0
	for ; i > 0; i-- {
		at = skipString(h.small, skipString(h.small, at))
	}
	f, at = cutString(h.small, at)
	v, _ = cutString(h.small, at)
	return f, v
}

// Scan goes on with a full iteration at cursor, 0 to begin, calls fn for about
// count fields and returns the cursor to go on with, 0 at the end. A field that
// is there from the beginning to the end of an iteration is returned at least
// once, whatever happens to others meanwhile. A small hash is returned whole, as
// Redis does. fn must not change the hash.
func (h *Hash) Scan(cursor uint64, count int, fn func(f, v []byte)) uint64 {
	if h.table != nil {
		return h.table.scan(cursor, count, fn)
	}
	h.Each(func(f, v []byte) bool {
		fn(f, v)
		return true
	})
	return 0
}

// Clone returns a copy that shares nothing but the limits.
func (h *Hash) Clone() *Hash {
	c := &Hash{lim: h.lim, count: h.count}
	if h.table != nil {
		c.table = h.table.clone()
		return c
	}
	c.small = append(make([]byte, 0, cap(h.small)), h.small...)
	return c
}

// convert turns a small hash into a table.
func (h *Hash) convert() {
	t := newTable(h.lim)
	h.Each(func(f, v []byte) bool {
		t.set(f, v)
		return true
	})
	h.table, h.small, h.count = t, nil, 0
}

// place is where a field of a small hash lies.
type place struct {
	start, value, end int // of the pair, of its value, behind it
}

// find looks a field up in a small hash.
func (h *Hash) find(f []byte) (place, bool) {
	for i := 0; i < len(h.small); {
		at := place{start: i}
		var g []byte
		g, at.value = cutString(h.small, i)
		i = skipString(h.small, at.value)
		if len(g) == len(f) && bytes.Equal(g, f) {
			at.end = i
			return at, true
		}
	}
	return place{}, false
}

// reserve makes room for more bytes of a small hash: by an eighth more than is
// needed, as there are many such hashes and most have ceased to grow.
func (h *Hash) reserve(more int) {
	need := len(h.small) + more
	if need <= cap(h.small) {
		return
	}
	grown := make([]byte, len(h.small), roundUp(need+need/8))
	copy(grown, h.small)
	h.small = grown
}

// replace gives the field at a place of a small hash another value.
func (h *Hash) replace(at place, v []byte) {
	old, _ := cutString(h.small, at.value)
	if len(old) == len(v) {
		copy(old, v)
		return
	}
	var room [16]byte
	size := appendLength(room[:0], len(v))
	tail := len(h.small) - at.end
	need := at.value + len(size) + len(v) + tail
	h.reserve(need - len(h.small))
	rest := h.small[at.end:]
	h.small = h.small[:need]
	copy(h.small[need-tail:], rest)
	copy(h.small[at.value+copy(h.small[at.value:], size):], v)
}
