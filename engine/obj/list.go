package obj

import (
	"math"
	"unsafe"
)

// listGap is the distance between the positions of neighbours that were pushed:
// room for twenty elements to be inserted at one place before the list must be
// spaced anew, and for 2^43 pushes at either end.
const (
	gapBits = 20
	listGap = 1 << gapBits
)

// List is a sequence of strings, each with a position: a number that grows from
// element to element and stays with it, so that the log can name one element
// absolutely. It is kept in nodes of packed entries, which bound what a change
// in the middle moves; a short list is one node.
//
// Slices it returns alias its memory and are valid until its next mutation;
// slices it is given are copied and must not alias it.
type List struct {
	one  node   // the only one, while many is nil
	many *spine // of two nodes or more
	odd  bool   // some position is, or was: only then may two be neighbours
}

// NewList returns an empty list.
func NewList() *List { return &List{} }

// Len returns the number of elements.
func (l *List) Len() int {
	if l.many != nil {
		return l.many.count
	}
	return l.one.n
}

// Encoding names the encoding as OBJECT ENCODING does.
func (l *List) Encoding() string { return "quicklist" }

// Bytes returns the memory the list takes.
func (l *List) Bytes() int {
	n := int(unsafe.Sizeof(*l)) + cap(l.one.buf)
	if l.many != nil {
		n += l.many.bytes()
	}
	return n
}

// nodes returns how many nodes there are.
func (l *List) nodes() int {
	switch {
	case l.many != nil:
		return l.many.to - l.many.from
	case l.one.n > 0:
		return 1
	}
	return 0
}

// node returns the i-th node.
func (l *List) node(i int) *node {
	if l.many != nil {
		return &l.many.all[l.many.from+i]
	}
	return &l.one
}

// locate finds the i-th element, 0 <= i < Len: its node and its number there.
func (l *List) locate(i int) (at, k int) {
	if l.many == nil {
		return 0, i
	}
	if i < l.many.count/2 {
		for at = 0; i >= l.node(at).n; at++ {
			i -= l.node(at).n
		}
		return at, i
	}
	i = l.many.count - i
	for at = l.nodes() - 1; i > l.node(at).n; at-- {
		i -= l.node(at).n
	}
	return at, l.node(at).n - i
}

// find looks a position up: the node and the entry there that has it or, if none
// has, before which it belongs.
func (l *List) find(pos int64) (at, k int, ok bool) {
	lo, hi := 0, l.nodes()
	for lo < hi {
		if mid := (lo + hi) / 2; l.node(mid).first <= pos {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0, 0, false
	}
	k, ok = l.node(lo - 1).find(pos)
	return lo - 1, k, ok
}

// At returns the i-th element. 0 <= i < Len.
func (l *List) At(i int) []byte {
	at, k := l.locate(i)
	_, v := l.node(at).entry(k)
	return v
}

// Position returns the position of the i-th element. 0 <= i < Len.
func (l *List) Position(i int) int64 {
	at, k := l.locate(i)
	pos, _ := l.node(at).entry(k)
	return pos
}

// Walk calls fn for each element from the i-th on, towards the front if back is
// set, until it returns false. fn must not change the list.
func (l *List) Walk(i int, back bool, fn func(pos int64, v []byte) bool) {
	if i < 0 || i >= l.Len() {
		return
	}
	at, k := l.locate(i)
	if back {
		for ; at >= 0; at-- {
			nd := l.node(at)
			if k < 0 {
				k = nd.n - 1
			}
			if !nd.back(k, fn) {
				return
			}
			k = -1
		}
		return
	}
	for ; at < l.nodes(); at++ {
		if !l.node(at).each(k, fn) {
			return
		}
		k = 0
	}
}

// Push adds v at one end and returns its position. spaced reports that the
// positions of all had to change first.
func (l *List) Push(left bool, v []byte) (pos int64, spaced bool) {
	n := l.nodes()
	switch {
	case n == 0:
		l.one = node{}
		l.insert(0, 0, 0, v)
		return 0, false
	case left && l.node(0).first < math.MinInt64+listGap, !left && l.node(n-1).last > math.MaxInt64-listGap:
		l.space()
		n, spaced = l.nodes(), true
	}
	if left {
		pos = l.node(0).first - listGap
		l.insert(0, 0, pos, v)
	} else {
		pos = l.node(n-1).last + listGap
		l.insert(n-1, l.node(n-1).n, pos, v)
	}
	return pos, spaced
}

// Insert puts v before the i-th element, 0 <= i <= Len, and returns its position.
// spaced reports that the positions of all had to change first.
func (l *List) Insert(i int, v []byte) (pos int64, spaced bool) {
	if i == 0 || i == l.Len() {
		return l.Push(i == 0, v)
	}
	before, after := l.Position(i-1), l.Position(i)
	if uint64(after)-uint64(before) < 2 {
		l.space()
		before, after, spaced = l.Position(i-1), l.Position(i), true
	}
	pos = before + int64((uint64(after)-uint64(before))/2)
	l.Put(pos, v)
	return pos, spaced
}

// Tight reports whether an Insert may have to space the list anew.
func (l *List) Tight() bool {
	return l.odd || l.Len() > 0 && (l.node(0).first < math.MinInt64+listGap || l.node(l.nodes()-1).last > math.MaxInt64-listGap)
}

// Put makes v the element at a position, whether or not there is one.
func (l *List) Put(pos int64, v []byte) {
	if l.Len() == 0 {
		l.insert(0, 0, pos, v)
		return
	}
	at, k, ok := l.find(pos)
	if !ok {
		l.insert(at, k, pos, v)
		return
	}
	nd := l.node(at)
	l.account(nd, func() { nd.replace(k, v) })
}

// Remove removes the elements whose positions are from a to b, and returns how
// many there were.
func (l *List) Remove(a, b int64) (removed int) {
	if l.Len() == 0 || a > b {
		return 0
	}
	at, k, _ := l.find(a)
	low, first, gone := at, at, 0
	for ; at < l.nodes() && l.node(at).first <= b; at, k = at+1, 0 {
		nd, end := l.node(at), l.node(at).n
		if b < nd.last {
			j, ok := nd.find(b)
			if end = j; ok {
				end++
			}
		}
		if k > 0 {
			first = at + 1
		}
		removed += end - k
		switch {
		case end-k == nd.n:
			gone++ // dropped below, with those beside it
		case end > k:
			l.account(nd, func() { nd.cut(k, end) })
		}
	}
	l.drop(first, gone)
	l.join(low)
	return removed
}

// drop removes nodes, the i-th to begin with.
func (l *List) drop(i, n int) {
	switch {
	case n == 0:
	case l.many == nil:
		l.one = node{}
	default:
		l.many.remove(i, n)
		l.settle()
	}
}

// settle gives up the spine where one node or none is left.
func (l *List) settle() {
	switch l.nodes() {
	case 0:
		l.one, l.many = node{}, nil
	case 1:
		l.one, l.many = *l.node(0), nil
		l.one.fit()
	}
}

// join makes one node of the i-th and a neighbour where both have become small.
func (l *List) join(i int) {
	for _, at := range [2]int{i - 1, i} {
		if at < 0 || at+1 >= l.nodes() {
			continue
		}
		a, b := l.node(at), l.node(at+1)
		if !a.fits(b) {
			continue
		}
		l.account(a, func() { a.join(b) })
		l.drop(at+1, 1)
		return
	}
}

// insert adds an entry with a position before the k-th of a node, which may be
// the place behind its last. The order of positions is the caller's care.
func (l *List) insert(at, k int, pos int64, v []byte) {
	l.odd = l.odd || pos&1 != 0
	if l.nodes() == 0 {
		l.one.insert(0, pos, v)
		return
	}
	if k == 0 && at > 0 && l.node(at-1).room(len(v)) {
		at--
		k = l.node(at).n
	}
	nd, hint := l.node(at), 0
	switch {
	case nd.room(len(v)):
	case k == 0 || k == nd.n:
		l.account(nd, nd.fit)
		if hint = len(nd.buf) / 4; k > 0 {
			at, k = at+1, 0
		}
		nd = l.fresh(at)
	default:
		l.split(at, k)
		l.insert(at, k, pos, v)
		return
	}
	if l.many == nil {
		nd.insert(k, pos, v)
		return
	}
	start, last := len(nd.buf), k == nd.n && l.many.knows(nd)
	l.account(nd, func() {
		nd.ahead(len(v), hint)
		nd.insert(k, pos, v)
	})
	if last { // account knows no better than to forget it
		l.many.tail.n = nd.n - 1
		l.many.tail.add(start)
	}
}

// fresh makes room for an empty node, the i-th, and returns it.
func (l *List) fresh(i int) *node {
	if l.many == nil {
		l.many = newSpine(l.one)
		l.one = node{}
	}
	return l.many.add(i)
}

// split moves the entries of a node from the k-th on to a new one behind it.
func (l *List) split(at, k int) {
	l.fresh(at + 1)
	from, to := l.node(at), l.node(at+1)
	l.account(to, func() { to.take(from, k) })
	l.account(from, func() { from.cut(k, from.n) })
}

// account calls fn, which changes a node, and keeps the spine's sums.
func (l *List) account(nd *node, fn func()) {
	n, held := nd.n, cap(nd.buf)
	if l.many != nil && l.many.knows(nd) {
		l.many.tail.n = 0
	}
	fn()
	if l.many != nil {
		l.many.count += nd.n - n
		l.many.held += cap(nd.buf) - held
	}
}

// space gives all elements new positions, one gap apart.
func (l *List) space() {
	var even List
	pos := int64(0)
	l.Walk(0, false, func(_ int64, v []byte) bool {
		even.append(pos, v)
		pos += listGap
		return true
	})
	*l = even
}

// append adds an entry behind all others.
func (l *List) append(pos int64, v []byte) {
	n := l.nodes()
	if n == 0 {
		l.insert(0, 0, pos, v)
		return
	}
	l.insert(n-1, l.node(n-1).n, pos, v)
}

// Clone returns a copy that shares nothing.
func (l *List) Clone() *List {
	c := &List{one: l.one.clone(), odd: l.odd}
	if l.many != nil {
		c.many = l.many.clone()
	}
	return c
}
