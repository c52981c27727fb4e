package obj

import "errors"

// ErrPart is the error of Assembly.
var ErrPart = errors.New("not the next part of an image")

// Assembly is a collection that is being put together from the parts of its image.
type Assembly struct {
	hash *Hash
	list *List
}

// NewAssembly returns an empty collection of a type that has images in parts.
func NewAssembly(typ Type, lim *Limits) (*Assembly, error) {
	switch typ {
	case TypeHash:
		return &Assembly{hash: &Hash{lim: lim, table: newTable(lim)}}, nil
	case TypeList:
		return &Assembly{list: NewList()}, nil
	}
	return nil, ErrPart
}

// Hash returns the hash so far, nil if it is none.
func (a *Assembly) Hash() *Hash { return a.hash }

// List returns the list so far, nil if it is none.
func (a *Assembly) List() *List { return a.list }

// Len returns the number of elements so far.
func (a *Assembly) Len() int {
	if a.hash != nil {
		return a.hash.Len()
	}
	return a.list.Len()
}

// Add adds the next part. It takes any bytes and keeps none of them. After an
// error the collection is of no use.
func (a *Assembly) Add(part []byte) error {
	for at := 0; at < len(part); {
		ok := false
		switch kind := part[at]; {
		case a.hash != nil && kind >= itemRun && kind <= itemReplace:
			at, ok = a.hash.item(kind, part, at+1)
		case a.list != nil && kind >= itemListRun && kind <= itemCut:
			at, ok = a.list.item(kind, part, at+1)
		}
		if !ok {
			return ErrPart
		}
	}
	return nil
}

// item applies an item of a table and returns where the next one is.
func (h *Hash) item(kind byte, b []byte, at int) (next int, ok bool) {
	if kind == itemRun {
		n, at, ok := readLength(b, at)
		for ; ok && n > 0; n-- {
			var s [2][]byte
			if at, ok = readStrings(b, at, s[:]); ok {
				ok = h.table.set(s[0], s[1])
			}
		}
		return at, ok
	}
	var s [3][]byte
	switch kind {
	case itemSet:
		if at, ok = readStrings(b, at, s[:2]); ok {
			if _, there := h.table.get(s[0]); there {
				h.table.set(s[0], s[1])
			}
		}
	case itemDel:
		if at, ok = readStrings(b, at, s[:1]); ok {
			ok = h.table.del(s[0])
		}
	case itemReplace:
		if at, ok = readStrings(b, at, s[:]); ok {
			ok = h.table.replace(s[0], s[1], s[2])
		}
	}
	return at, ok
}

// item applies an item of a list and returns where the next one is.
func (l *List) item(kind byte, b []byte, at int) (next int, ok bool) {
	if kind == itemListRun {
		return l.run(b, at)
	}
	x, at, ok := readNumber(b, at)
	if !ok {
		return 0, false
	}
	pos := UnpackPosition(x)
	if kind == itemPut {
		v, at, ok := readString(b, at)
		if ok {
			l.Put(pos, v)
		}
		return at, ok
	}
	if x, at, ok = readNumber(b, at); ok {
		l.Remove(pos, UnpackPosition(x))
	}
	return at, ok
}

// run adds a run of entries behind the last.
func (l *List) run(b []byte, at int) (next int, ok bool) {
	n, at, ok := readNumber(b, at)
	if !ok || n == 0 || n > uint64(len(b)-at) {
		return 0, false
	}
	packed, at, ok := readNumber(b, at)
	if !ok {
		return 0, false
	}
	pos, end := UnpackPosition(packed), at
	if last := l.nodes(); last > 0 && l.node(last-1).last >= pos {
		return 0, false
	}
	for range n {
		_, size, value, ok := readHead(b, end)
		if !ok {
			return 0, false
		}
		end = value + size
	}
	return end, l.decode(b[at:end], int(n), pos) == nil
}

// readStrings reads as many strings as there is room for.
func readStrings(b []byte, at int, to [][]byte) (next int, ok bool) {
	for i := range to {
		if to[i], at, ok = readString(b, at); !ok {
			return 0, false
		}
	}
	return at, true
}

// replace gives the place of field old in the order to another field, which is
// not there, and reports whether it could.
func (t *table) replace(old, f, v []byte) bool {
	link, e := t.find(t.hash(old), old)
	hash := t.hash(f)
	if _, there := t.find(hash, f); e == nil || there != nil {
		return false
	}
	i := *link
	*link = e.next
	t.stores[e.at.store()].free(e.at, int(e.field)+int(e.value))
	n := len(f) + len(v)
	*e = entry{hash: hash, field: uint32(len(f)), value: uint32(len(v)), at: t.stores[t.fresh].alloc(n)}
	b := t.stores[t.fresh].at(e.at, n)
	copy(b[copy(b, f):], v)
	to, _ := t.find(hash, f)
	e.next = *to
	*to = i
	t.tidy()
	return true
}
