package obj

import (
	"encoding/binary"
	"unsafe"
)

const (
	nodeEntries = 64   // entries of a node, at most
	nodeBytes   = 4096 // and bytes of them, unless there is but one
)

// node is a run of a list's entries, packed in order. An entry is a number,
// twice the length of its string and one more if its position is not a gap
// behind that of the entry before it; then that distance; then the string. The
// first entry's position is the node's, so that it has no distance.
type node struct {
	buf         []byte
	first, last int64 // positions
	n           int
}

// head reads the numbers at the start of an entry that this package wrote.
func head(b []byte, at int) (dist uint64, size, next int) {
	x := uint64(b[at])
	at++
	if x >= 0x80 {
		var n int
		x, n = binary.Uvarint(b[at-1:])
		at += n - 1
	}
	dist = listGap
	if x&1 != 0 {
		var n int
		dist, n = binary.Uvarint(b[at:])
		at += n
	}
	return dist, int(x >> 1), at
}

// appendHead appends the numbers at the start of an entry.
func appendHead(dst []byte, dist uint64, size int) []byte {
	if dist == listGap {
		return binary.AppendUvarint(dst, uint64(size)<<1)
	}
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(size)<<1|1), dist)
}

// spot is where an entry of a node lies.
type spot struct {
	start, value, end int    // of the entry, of its string, behind it
	dist              uint64 // from the entry before
	pos, before       int64  // its position and that of the entry before
}

// seek finds the k-th entry, 0 <= k < n.
func (nd *node) seek(k int) (s spot) {
	pos := nd.first
	for i, at := 0, 0; ; i++ {
		dist, size, value := head(nd.buf, at)
		s.before = pos
		if i > 0 {
			pos += int64(dist)
		}
		if i == k {
			s.start, s.value, s.end, s.dist, s.pos = at, value, value+size, dist, pos
			return s
		}
		at = value + size
	}
}

// entry returns the k-th entry.
func (nd *node) entry(k int) (pos int64, v []byte) {
	s := nd.seek(k)
	return s.pos, nd.buf[s.value:s.end:s.end]
}

// find looks a position up that is not before the node's first: the entry that
// has it, or the one before which it belongs.
func (nd *node) find(pos int64) (k int, ok bool) {
	if pos > nd.last {
		return nd.n, false
	}
	at, p := 0, nd.first
	for ; ; k++ {
		dist, size, value := head(nd.buf, at)
		if k > 0 {
			p += int64(dist)
		}
		if p >= pos {
			return k, p == pos
		}
		at = value + size
	}
}

// each calls fn for each entry from the k-th on until it returns false.
func (nd *node) each(k int, fn func(pos int64, v []byte) bool) bool {
	s := nd.seek(k)
	for pos, at := s.pos, s.start; ; {
		dist, size, value := head(nd.buf, at)
		if at != s.start {
			pos += int64(dist)
		}
		at = value + size
		if !fn(pos, nd.buf[value:at:at]) {
			return false
		}
		if at == len(nd.buf) {
			return true
		}
	}
}

// back calls fn for each entry from the k-th to the first until it returns false.
func (nd *node) back(k int, fn func(pos int64, v []byte) bool) bool {
	type place struct {
		pos        int64
		value, end int
	}
	var places [nodeEntries]place
	i := 0
	for pos, at := nd.first, 0; i <= k; i++ {
		dist, size, value := head(nd.buf, at)
		if i > 0 {
			pos += int64(dist)
		}
		at = value + size
		places[i] = place{pos, value, at}
	}
	for i--; i >= 0; i-- {
		if p := &places[i]; !fn(p.pos, nd.buf[p.value:p.end:p.end]) {
			return false
		}
	}
	return true
}

// room reports whether a string of that size may be added.
func (nd *node) room(size int) bool {
	return nd.n == 0 || nd.n < nodeEntries && len(nd.buf)+size <= nodeBytes
}

// fits reports whether the node and the one behind it are small enough to be one.
func (nd *node) fits(b *node) bool {
	return nd.n+b.n <= nodeEntries/2 && len(nd.buf)+len(b.buf) <= nodeBytes/2
}

// ahead makes room for a string in a node of a long list, and for more: so much
// to begin with, then half of what there is. Such a node is likely to fill up;
// fit then takes back what it has not used.
func (nd *node) ahead(size, begin int) {
	const heads = 4
	need := len(nd.buf) + heads + size
	if need <= cap(nd.buf) {
		return
	}
	room := max(need, min(max(need+need/2, begin), nodeBytes))
	nd.buf = append(make([]byte, 0, roundUp(room)), nd.buf...)
}

func (nd *node) fit() {
	if n := len(nd.buf); cap(nd.buf) > roundUp(n+n/8) {
		nd.buf = append(make([]byte, 0, roundUp(n)), nd.buf...)
	}
}

// splice puts three pieces in place of buf[from:to].
func (nd *node) splice(from, to int, a, v, b []byte) {
	old := len(nd.buf)
	size := old - (to - from) + len(a) + len(v) + len(b)
	tail := nd.buf[to:]
	switch {
	case size > cap(nd.buf):
		// An eighth more than is needed: there are many lists, and most have
		// ceased to grow.
		grown := make([]byte, size, roundUp(min(size+size/8, max(size, nodeBytes))))
		copy(grown, nd.buf[:from])
		copy(grown[size-len(tail):], tail)
		nd.buf = grown
	default:
		nd.buf = nd.buf[:size]
		copy(nd.buf[size-len(tail):], tail)
	}
	from += copy(nd.buf[from:], a)
	from += copy(nd.buf[from:], v)
	copy(nd.buf[from:], b)
	if size < cap(nd.buf)/2 && cap(nd.buf) > 64 {
		nd.buf = append(make([]byte, 0, roundUp(size)), nd.buf...)
	}
}

// insert adds an entry before the k-th, 0 <= k <= n.
func (nd *node) insert(k int, pos int64, v []byte) {
	var rooms [2][20]byte
	var a, b []byte
	switch {
	case nd.n == 0:
		a = appendHead(rooms[0][:0], listGap, len(v))
		nd.splice(0, 0, a, v, nil)
		nd.first, nd.last = pos, pos
	case k == nd.n:
		a = appendHead(rooms[0][:0], uint64(pos)-uint64(nd.last), len(v))
		nd.splice(len(nd.buf), len(nd.buf), a, v, nil)
		nd.last = pos
	default:
		s := nd.seek(k)
		dist := uint64(listGap)
		if k > 0 {
			dist = uint64(pos) - uint64(s.before)
		} else {
			nd.first = pos
		}
		a = appendHead(rooms[0][:0], dist, len(v))
		b = appendHead(rooms[1][:0], uint64(s.pos)-uint64(pos), s.end-s.value)
		nd.splice(s.start, s.value, a, v, b)
	}
	nd.n++
}

// replace gives the k-th entry another string.
func (nd *node) replace(k int, v []byte) {
	s := nd.seek(k)
	var room [20]byte
	nd.splice(s.start, s.end, appendHead(room[:0], s.dist, len(v)), v, nil)
}

// cut removes the entries from the j-th to before the k-th, j < k.
func (nd *node) cut(j, k int) {
	if k-j == nd.n {
		*nd = node{}
		return
	}
	from := nd.seek(j)
	if k == nd.n {
		nd.splice(from.start, len(nd.buf), nil, nil, nil)
		nd.last = from.before
	} else {
		to := nd.seek(k)
		dist := uint64(listGap)
		if j > 0 {
			dist = uint64(to.pos) - uint64(from.before)
		} else {
			nd.first = to.pos
		}
		var room [20]byte
		nd.splice(from.start, to.value, appendHead(room[:0], dist, to.end-to.value), nil, nil)
	}
	nd.n -= k - j
}

// cutLast removes the last entry, which is at s and not the first. A node of a long
// list keeps its room: the rest of it is likely to go too.
func (nd *node) cutLast(s *spot, long bool) {
	if long && cap(nd.buf) <= 2*nodeBytes {
		nd.buf = nd.buf[:s.start]
	} else {
		nd.splice(s.start, len(nd.buf), nil, nil, nil)
	}
	nd.last = s.before
	nd.n--
}

// take makes an empty node of another's entries from the k-th on, k > 0.
func (nd *node) take(from *node, k int) {
	s := from.seek(k)
	var room [20]byte
	nd.splice(0, 0, appendHead(room[:0], listGap, s.end-s.value), from.buf[s.value:], nil)
	nd.first, nd.last, nd.n = s.pos, from.last, from.n-k
}

// join adds the entries of the node behind.
func (nd *node) join(b *node) {
	_, size, value := head(b.buf, 0)
	var room [20]byte
	a := appendHead(room[:0], uint64(b.first)-uint64(nd.last), size)
	nd.splice(len(nd.buf), len(nd.buf), a, b.buf[value:], nil)
	nd.last = b.last
	nd.n += b.n
}

func (nd *node) clone() node {
	c := *nd
	if nd.buf != nil {
		c.buf = append(make([]byte, 0, roundUp(len(nd.buf))), nd.buf...)
	}
	return c
}

// spine holds the nodes of a list that has more than one, with room at both
// ends, and what they sum up to.
type spine struct {
	all         []node
	from, to    int // the nodes in use
	count, held int // entries, and bytes of their nodes
	tail        *tail
}

// newSpine returns one with a first node.
func newSpine(first node) *spine {
	s := &spine{all: make([]node, 4), from: 1, to: 2, count: first.n, held: cap(first.buf)}
	s.all[1] = first
	return s
}

func (s *spine) bytes() int {
	n := int(unsafe.Sizeof(*s)) + cap(s.all)*int(unsafe.Sizeof(node{})) + s.held
	if s.tail != nil {
		n += int(unsafe.Sizeof(*s.tail))
	}
	return n
}

// add makes room for an empty node, the i-th, and returns it.
func (s *spine) add(i int) *node {
	n := s.to - s.from
	if i == 0 && s.from == 0 || i > 0 && s.to == len(s.all) {
		s.center(n)
	}
	if i == n {
		s.forget()
	}
	if i == 0 {
		s.from--
	} else {
		at := s.from + i
		copy(s.all[at+1:s.to+1], s.all[at:s.to])
		s.to++
	}
	nd := &s.all[s.from+i]
	*nd = node{}
	return nd
}

// center moves the nodes to the middle of their room, which it doubles when they
// take more than half, and halves when they take little.
func (s *spine) center(n int) {
	room := len(s.all)
	for n > room/2 {
		room *= 2
	}
	for room > 4 && n < room/8 {
		room /= 2
	}
	all := make([]node, room)
	from := (room - n) / 2
	copy(all[from:], s.all[s.from:s.to])
	s.all, s.from, s.to = all, from, from+n
}

// remove removes n nodes, the i-th to begin with.
func (s *spine) remove(i, n int) {
	at := s.from + i
	if at+n == s.to {
		s.forget()
	}
	for _, nd := range s.all[at : at+n] {
		s.count -= nd.n
		s.held -= cap(nd.buf)
	}
	if i == 0 {
		clear(s.all[at : at+n])
		s.from += n
	} else {
		copy(s.all[at:], s.all[at+n:s.to])
		clear(s.all[s.to-n : s.to])
		s.to -= n
	}
	if left := s.to - s.from; len(s.all) > 16 && left < len(s.all)/8 {
		s.center(left)
	}
}

func (s *spine) clone() *spine {
	c := *s
	c.all, c.tail = make([]node, len(s.all)), nil
	c.held = 0
	for i := s.from; i < s.to; i++ {
		c.all[i] = s.all[i].clone()
		c.held += cap(c.all[i].buf)
	}
	return &c
}
