package obj

import "encoding/binary"

// An image in parts is one sequence of items, cut into parts between items. Read
// in order they build the collection up; a run goes on behind what is there:
//
//	1 run      number of fields; each field and its value
//	2 set      field, value: if the field is there, it has that value
//	3 del      field: it goes, as Hash.Del has it
//	4 replace  field, another, its value: the other has the first one's place
//	5 run      number of elements, position of the first, entries of one node
//	6 put      position, element
//	7 cut      position, position: the elements between the two go, both included
//
// Numbers and strings are as in images, positions as PackPosition has them.
const (
	itemRun = iota + 1
	itemSet
	itemDel
	itemReplace
	itemListRun
	itemPut
	itemCut
)

// Parts makes the image of a large collection part by part, while the collection
// changes. It goes through the collection once; a change of what it has passed is
// told to it, and becomes an item of its own, a change of what is still ahead is
// not. So however fast the collection changes, what is left to be done shrinks.
type Parts struct {
	hash *Hash
	list *List
	next int   // hash: the entry to go on at
	last int64 // list: the position passed last
	any  bool  // list: there is such a position
	buf  []byte
}

// NewParts begins the image of c, nil if collections like c are imaged whole: an
// object that is none, and a hash in the small encoding.
func NewParts(c any) *Parts {
	switch c := c.(type) {
	case *Hash:
		if c.table != nil {
			return &Parts{hash: c}
		}
	case *List:
		return &Parts{list: c}
	}
	return nil
}

// Parted reports whether NewParts takes c.
func Parted(c any) bool {
	h, isHash := c.(*Hash)
	_, isList := c.(*List)
	return isHash && h.table != nil || isList
}

// Of reports whether the image is of that object.
func (p *Parts) Of(c any) bool {
	switch c := c.(type) {
	case *Hash:
		return p.hash == c
	case *List:
		return p.list == c
	}
	return false
}

// Bytes returns the memory that the part so far takes.
func (p *Parts) Bytes() int { return cap(p.buf) }

// Ahead returns about how many bytes the part would have if it went on by so many.
func (p *Parts) Ahead(bytes int) int {
	n := len(p.buf) + 32
	if p.hash != nil {
		_, size := p.hash.runFrom(p.next, bytes)
		return n + size
	}
	for at, _, to := p.list.runFrom(p.last, p.any, bytes); at < to; at++ {
		n += len(p.list.node(at).buf) + 20
	}
	return n
}

// Go adds about so many bytes of what is next, at least one element, and reports
// whether nothing is left.
func (p *Parts) Go(bytes int) (done bool) {
	if p.hash != nil {
		n, _ := p.hash.runFrom(p.next, bytes)
		if n > 0 {
			p.buf = appendLength(append(p.buf, itemRun), n)
		}
		for range n {
			f, v := p.hash.At(p.next)
			p.buf = appendString(appendString(p.buf, f), v)
			p.next++
		}
		return p.next == p.hash.Len()
	}
	at, k, to := p.list.runFrom(p.last, p.any, bytes)
	if at < to {
		p.buf = p.list.appendRun(append(p.buf, itemListRun), at, k, to)
		p.last, p.any = p.list.node(to-1).last, true
	}
	return to == p.list.nodes()
}

// Nears reports whether Go with so many bytes would leave nothing.
func (p *Parts) Nears(bytes int) bool {
	if p.hash != nil {
		n, _ := p.hash.runFrom(p.next, bytes)
		return p.next+n == p.hash.Len()
	}
	_, _, to := p.list.runFrom(p.last, p.any, bytes)
	return to == p.list.nodes()
}

// Part returns the part so far, valid until the next call, and begins another.
func (p *Parts) Part() []byte {
	part := p.buf
	p.buf = p.buf[:0]
	return part
}

// Set tells that a field that was there has another value.
func (p *Parts) Set(f, v []byte) {
	if p.hash.place(f) < p.next {
		p.buf = appendString(appendString(append(p.buf, itemSet), f), v)
	}
}

// Del tells that a field is about to go.
func (p *Parts) Del(f []byte) {
	i, last := p.hash.place(f), p.hash.Len()-1
	switch {
	case i < 0 || i >= p.next:
	case last < p.next: // all have been passed
		p.next--
		p.buf = appendString(append(p.buf, itemDel), f)
	default: // the last takes its place, and is passed with it
		g, v := p.hash.At(last)
		p.buf = appendString(append(p.buf, itemReplace), f)
		p.buf = appendString(appendString(p.buf, g), v)
	}
}

// Put tells that a position has that element now.
func (p *Parts) Put(pos int64, v []byte) {
	if p.any && pos <= p.last {
		p.buf = binary.AppendUvarint(append(p.buf, itemPut), PackPosition(pos))
		p.buf = appendString(p.buf, v)
	}
}

// Cut tells that the elements from one position to another have gone.
func (p *Parts) Cut(a, b int64) {
	if p.any && a <= p.last {
		p.buf = binary.AppendUvarint(append(p.buf, itemCut), PackPosition(a))
		p.buf = binary.AppendUvarint(p.buf, PackPosition(b))
	}
}

// place returns a field's number in the order of At, -1 if it is not there.
func (h *Hash) place(f []byte) int {
	link, e := h.table.find(h.table.hash(f), f)
	if e == nil {
		return -1
	}
	return int(*link - 1)
}

// runFrom returns how many fields from the i-th on make up so many bytes.
func (h *Hash) runFrom(i, bytes int) (n, size int) {
	for t := h.table; i+n < t.n && (n == 0 || size < bytes); n++ {
		e := t.entry(i + n)
		size += int(e.field) + int(e.value) + lengthSize(int(e.field)) + lengthSize(int(e.value))
	}
	return n, size
}

// runFrom returns the nodes, and the entry of the first, that make up so many
// bytes behind a position.
func (l *List) runFrom(after int64, any bool, bytes int) (at, k, to int) {
	if any {
		var ok bool
		if at, k, ok = l.find(after); ok {
			k++
		}
		if l.nodes() > 0 && k == l.node(at).n {
			at, k = at+1, 0
		}
	}
	for size := 0; at+to < l.nodes() && size < bytes; to++ {
		size += len(l.node(at + to).buf)
	}
	return at, k, at + to
}

// appendRun appends nodes from the k-th entry of the first on.
func (l *List) appendRun(dst []byte, at, k, to int) []byte {
	n := -k
	for i := at; i < to; i++ {
		n += l.node(i).n
	}
	s := l.node(at).seek(k)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(n)), PackPosition(s.pos))
	dst = append(appendHead(dst, listGap, s.end-s.value), l.node(at).buf[s.value:]...)
	for i := at + 1; i < to; i++ {
		nd := l.node(i)
		_, size, value := head(nd.buf, 0)
		dst = append(appendHead(dst, uint64(nd.first)-uint64(l.node(i-1).last), size), nd.buf[value:]...)
	}
	return dst
}
