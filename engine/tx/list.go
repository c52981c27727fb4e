package tx

import (
	"encoding/binary"

	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/wal"
)

// listAt is a list that is about to change.
type listAt struct {
	d    *Database
	ks   *keyspace.DB
	h    uint64
	r    keyspace.Ref
	key  []byte
	list *obj.List
}

// listFor finds the list at key to change it; its list is nil when key is absent.
func (t *Tx) listFor(key []byte) (l listAt) {
	l.d, l.key = t.cur(), key
	l.ks, l.h, l.r = t.writable(l.d, key, obj.TypeList)
	if l.r != 0 {
		l.list = l.ks.Object(l.r).(*obj.List)
	}
	return l
}

// ListPush adds v at one end of the list at key, which is made when absent, and
// returns the new length.
func (t *Tx) ListPush(key []byte, left bool, v []byte) int {
	l := t.listFor(key)
	flags := uint8(0)
	if l.r == 0 {
		flags = wal.FlagNew
		l.list = obj.NewList()
		l.r = l.ks.Insert(l.h, key)
		l.r = l.ks.SetObject(l.r, uint8(obj.TypeList), l.list, l.list.Bytes())
		t.touch(l.ks, l.r)
		t.Notify(EventNew, "new", key)
	}
	pos, spaced := l.list.Push(left, v)
	t.listPut(&l, pos, v, flags, spaced)
	t.signal(l.d, key)
	return l.list.Len()
}

// ListInsert puts v before the i-th element of the list at key, 0 <= i <= its
// length, and returns the new length.
func (t *Tx) ListInsert(key []byte, i int, v []byte) int {
	l := t.listFor(key)
	pos, spaced := l.list.Insert(i, v)
	t.listPut(&l, pos, v, 0, spaced)
	return l.list.Len()
}

// ListSet makes v the i-th element of the list at key.
func (t *Tx) ListSet(key []byte, i int, v []byte) {
	l := t.listFor(key)
	pos := l.list.Position(i)
	l.list.Put(pos, v)
	t.listPut(&l, pos, v, 0, false)
}

// ListDelete removes the i-th element of the list at key, and the key with its
// last element.
func (t *Tx) ListDelete(key []byte, i int) {
	l := t.listFor(key)
	t.listCut(&l, i, i)
}

// ListTrim removes all but the elements from the i-th to the j-th, and the key
// with its last element.
func (t *Tx) ListTrim(key []byte, i, j int) {
	l := t.listFor(key)
	n := l.list.Len()
	if i >= n || i > j {
		t.listCut(&l, 0, n-1)
		return
	}
	if i == 0 && j == n-1 {
		t.touched(l.d, key) // as in Redis, though nothing goes
		return
	}
	t.listCut(&l, j+1, n-1)
	t.listCut(&l, 0, i-1)
}

// listCut removes the elements from the i-th to the j-th, if that is any.
func (t *Tx) listCut(l *listAt, i, j int) {
	if i > j {
		return
	}
	if j-i+1 == l.list.Len() {
		t.remove(l.d, l.ks, l.h, l.r, l.key)
		return
	}
	a, b := l.list.Position(i), l.list.Position(j)
	l.list.Remove(a, b)
	t.listGone(l, a, b)
	t.listChanged(l)
}

// end returns the number and a copy, valid until the next call, of the element
// at one end of a list that is not empty.
func (t *Tx) end(list *obj.List, left bool) (i int, v []byte) {
	if !left {
		i = list.Len() - 1
	}
	v = append(t.s.popped[:0], list.At(i)...)
	if t.s.popped = v; cap(v) > bufKept {
		t.s.popped = nil // a large element must not stay
	}
	return i, v
}

// ListPop removes an element from one end of the list at key and returns it,
// false when key is absent. It is valid until the next pop.
func (t *Tx) ListPop(key []byte, left bool) (v []byte, ok bool) {
	l := t.listFor(key)
	if l.r == 0 {
		return nil, false
	}
	i, v := t.end(l.list, left)
	t.listCut(&l, i, i)
	return v, true
}

// ListMove takes an element from one end of the list at src, gives it to an end
// of the list at dst, which may be the same and is made when absent, and returns
// it, false when src is absent. It is valid until the next pop.
func (t *Tx) ListMove(src, dst []byte, fromLeft, toLeft bool) (v []byte, ok bool) {
	if string(src) != string(dst) {
		if v, ok = t.ListPop(src, fromLeft); ok {
			t.ListPush(dst, toLeft, v)
		}
		return v, ok
	}
	l := t.listFor(src)
	if l.r == 0 {
		return nil, false
	}
	// Never empty in between: the key keeps its deadline.
	i, v := t.end(l.list, fromLeft)
	t.ListPush(src, toLeft, v)
	if toLeft {
		i++
	}
	t.ListDelete(src, i)
	return v, true
}

// ListRemove removes the elements of the list at key that have these positions,
// which are in order, and the key with its last element.
func (t *Tx) ListRemove(key []byte, positions []int64) {
	if len(positions) == 0 {
		return
	}
	l := t.listFor(key)
	if len(positions) == l.list.Len() {
		t.remove(l.d, l.ks, l.h, l.r, key)
		return
	}
	for _, p := range positions {
		l.list.Remove(p, p)
	}
	if len(positions)*(len(key)+listDelBytes) > l.list.Bytes() {
		t.listWhole(&l)
		return
	}
	for _, p := range positions {
		t.listGone(&l, p, p)
	}
	t.listChanged(&l)
}

// listDelBytes is about what a ListDel takes in the log beside its key.
const listDelBytes = 24

// listPut logs that v is at a position now, or the whole list after all its
// positions have changed.
func (t *Tx) listPut(l *listAt, pos int64, v []byte, flags uint8, spaced bool) {
	if spaced {
		t.s.mark("list spaced anew")
		t.listWhole(l)
		return
	}
	if p := t.s.changing(l.list); p != nil {
		p.Put(pos, v)
	}
	if t.s.logging {
		rec := t.record(wal.ListSet, l.d, l.key)
		rec.Arg, rec.Value, rec.Flags = obj.PackPosition(pos), v, flags
		t.append(rec)
	}
	t.listChanged(l)
}

// listGone logs that the elements at positions from a to b are gone.
func (t *Tx) listGone(l *listAt, a, b int64) {
	if p := t.s.changing(l.list); p != nil {
		p.Cut(a, b)
	}
	if !t.s.logging {
		return
	}
	rec := t.record(wal.ListDel, l.d, l.key)
	rec.Arg = obj.PackPosition(a)
	if a != b {
		rec.Value = binary.AppendUvarint(t.s.scratch[:0], obj.PackPosition(b))
	}
	t.append(rec)
}

// listChanged follows the records of a change.
func (t *Tx) listChanged(l *listAt) {
	l.ks.Resize(l.r, l.list.Bytes())
	if !t.s.logging {
		l.r = t.s.move(l.d, l.ks, l.r, 0, 0)
	}
	l.ks.SetDirty(l.r, true)
	t.changedKey(l.d, l.h, l.key)
}

// listWhole logs the list as it is now.
func (t *Tx) listWhole(l *listAt) {
	l.ks.Resize(l.r, l.list.Bytes())
	t.imageObject(l.d, l.ks, l.r, l.key)
	t.changedKey(l.d, l.h, l.key)
}

// applyList applies a change of one element, or the removal of a range.
func (s *State) applyList(d *Database, ks *keyspace.DB, h uint64, r keyspace.Ref, rec *wal.Record) {
	if rec.Flags&wal.FlagNew != 0 {
		if r != 0 {
			s.drop(d, ks, r)
		}
		r = ks.Insert(h, rec.Key)
		list := obj.NewList()
		r = ks.SetObject(r, uint8(obj.TypeList), list, list.Bytes())
	}
	r, ok := s.base(ks, r, obj.TypeList)
	if !ok {
		return
	}
	list := ks.Object(r).(*obj.List)
	pos := obj.UnpackPosition(rec.Arg)
	if rec.Kind == wal.ListSet {
		list.Put(pos, rec.Value)
	} else {
		last := pos
		if x, n := binary.Uvarint(rec.Value); n > 0 {
			last = obj.UnpackPosition(x)
		}
		list.Remove(pos, last)
	}
	ks.Resize(r, list.Bytes())
	ks.SetDirty(r, true)
}
