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

// listNow is listFor for who has not looked yet at what is there: it raises and
// finds what List does.
func (t *Tx) listNow(key []byte) (l listAt, err error) {
	l.d, l.key = t.cur(), key
	l.ks, l.h, l.r = t.raw(l.d, key)
	if l.r == 0 || !t.live(l.ks, l.r) {
		l.r = 0
		return l, nil
	}
	if l.r, err = t.use(l.d, l.ks, l.r, key, obj.TypeList); err != nil {
		return l, err
	}
	l.list = l.ks.Object(l.r).(*obj.List)
	return l, nil
}

// ListPush adds elements one by one at one end of the list at key, which unless it
// must exist is made when absent, and returns the new length. One lookup does for
// all: it looks at what is there as List does before it changes anything.
func (t *Tx) ListPush(key []byte, left, must bool, elements [][]byte) (n int, err error) {
	l, err := t.listNow(key)
	if err != nil || l.r == 0 && must {
		return 0, err
	}
	for _, v := range elements {
		n = t.listPush(&l, left, v)
	}
	return n, nil
}

func (t *Tx) listPush(l *listAt, left bool, v []byte) int {
	flags := uint8(0)
	if l.r == 0 {
		t.vacate(l.d, l.key)
		flags = wal.FlagNew
		l.list = obj.NewList()
		l.r = l.ks.Insert(l.h, l.key)
		l.r = l.ks.SetObject(l.r, uint8(obj.TypeList), l.list, l.list.Bytes())
		t.touch(l.ks, l.r)
		t.Notify(EventNew, "new", l.key)
	}
	pos, spaced := l.list.Push(left, v)
	t.listPut(l, pos, v, flags, spaced)
	t.signal(l.d, l.key)
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

// pop removes the element at one end of a list, which may leave it empty, and
// returns it and where it was. It is valid until the next pop.
func (t *Tx) pop(l *listAt, left bool) (pos int64, v []byte) {
	pos, v = l.list.Pop(left, t.s.popped[:0])
	if t.s.popped = v; cap(v) > bufKept {
		t.s.popped = nil // a large element must not stay
	}
	return pos, v
}

// poppedFrom logs a pop; the key goes with its last element.
func (t *Tx) poppedFrom(l *listAt, pos int64) {
	if l.list.Len() == 0 {
		t.remove(l.d, l.ks, l.h, l.r, l.key)
		return
	}
	t.listGone(l, pos, pos)
	t.listChanged(l)
}

// ListPop removes an element from one end of the list at key and returns it and
// how many are left, below 0 when key is absent. It looks at what is there as List
// does. The element is valid until the next pop.
func (t *Tx) ListPop(key []byte, left bool) (v []byte, rest int, err error) {
	l, err := t.listNow(key)
	if err != nil || l.r == 0 {
		return nil, -1, err
	}
	pos, v := t.pop(&l, left)
	t.poppedFrom(&l, pos)
	return v, l.list.Len(), nil
}

// ListMove takes an element from one end of the list at src, which is there, gives
// it to an end of the list at dst, which may be the same and is made when absent,
// and returns it. It is valid until the next pop.
func (t *Tx) ListMove(src, dst []byte, fromLeft, toLeft bool) (v []byte) {
	l := t.listFor(src)
	pos, v := t.pop(&l, fromLeft)
	to := l
	if string(src) == string(dst) {
		t.listGone(&l, pos, pos) // it may be empty in between: the key keeps its deadline
	} else {
		t.poppedFrom(&l, pos)
		to = t.listFor(dst)
	}
	t.listPush(&to, toLeft, v)
	return v
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
	runs := l.list.RemoveAll(positions)
	if len(runs)*(len(key)+listDelBytes) > l.list.Bytes() {
		t.listWhole(&l)
		return
	}
	for _, run := range runs {
		t.listGone(&l, run.First, run.Last)
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
