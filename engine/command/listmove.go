package command

import (
	"bytes"
	"slices"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

func linsertCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	after := is(a[2], "after")
	if !after && !is(a[2], "before") {
		return refuse(w, errSyntax)
	}
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		return number(w, 0)
	}
	at, i := -1, 0
	l.Walk(0, false, func(_ int64, v []byte) bool {
		if bytes.Equal(v, a[3]) {
			at = i
		}
		i++
		return at < 0
	})
	if at < 0 {
		return number(w, -1)
	}
	if after {
		at++
	}
	n := t.ListInsert(a[1], at, a[4])
	t.Notify(tx.EventList, "linsert", a[1])
	return number(w, int64(n))
}

func lremCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	count, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		return number(w, 0)
	}
	back, most := count < 0, max(count, -count)
	if most <= 0 { // as many as there are; the smallest number has no opposite
		most = maxInt
	}
	start := 0
	if back {
		start = l.Len() - 1
	}
	var found []int64
	l.Walk(start, back, func(pos int64, v []byte) bool {
		if bytes.Equal(v, a[3]) {
			found = append(found, pos)
		}
		return int64(len(found)) < most
	})
	if len(found) == 0 {
		return number(w, 0)
	}
	if back {
		slices.Reverse(found)
	}
	rest := l.Len() - len(found)
	t.ListRemove(a[1], found)
	t.Notify(tx.EventList, "lrem", a[1])
	emptied(t, a[1], rest)
	return number(w, int64(len(found)))
}

// search is what LPOS looks for.
type search struct {
	rank, count, most int64 // count -1: not given
}

// searchOptions reads LPOS's options.
func searchOptions(a Args) (s search, message string) {
	s = search{rank: 1, count: -1}
	for ; len(a) > 0; a = a[2:] {
		if len(a) == 1 {
			return s, errSyntax
		}
		n, good := obj.ParseInt(a[1])
		switch {
		case is(a[0], "rank"):
			if !good {
				return s, errNotInt
			}
			if s.rank = n; n == 0 {
				return s, errRankZero
			}
		case is(a[0], "count"):
			if !good || n < 0 {
				return s, "ERR COUNT can't be negative"
			}
			s.count = n
		case is(a[0], "maxlen"):
			if !good || n < 0 {
				return s, "ERR MAXLEN can't be negative"
			}
			s.most = n
		default:
			return s, errSyntax
		}
	}
	return s, ""
}

func lposCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	s, message := searchOptions(a[3:])
	if message != "" {
		return refuse(w, message)
	}
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	var found []int
	if l != nil {
		found = s.run(l, a[2])
	}
	switch {
	case s.count >= 0:
		w.Array(len(found))
		for _, i := range found {
			w.Int(int64(i))
		}
	case len(found) == 0:
		w.Null()
	default:
		w.Int(int64(found[0]))
	}
	return Done
}

// run returns the indexes of v that are searched for.
func (s search) run(l *obj.List, v []byte) (found []int) {
	i, step, rank := 0, 1, s.rank
	if rank < 0 { // the smallest number has no opposite: Redis takes it for the last match
		i, step, rank = l.Len()-1, -1, max(-rank, 1)
	}
	left := l.Len()
	if s.most > 0 {
		left = int(min(s.most, int64(left)))
	}
	most := s.count
	switch most {
	case -1:
		most = 1
	case 0:
		most = maxInt
	}
	l.Walk(i, step < 0, func(_ int64, e []byte) bool {
		if bytes.Equal(e, v) {
			if rank--; rank <= 0 {
				found = append(found, i)
			}
		}
		i, left = i+step, left-1
		return left > 0 && int64(len(found)) < most
	})
	return found
}

// side reads LEFT or RIGHT.
func side(p []byte) (left, good bool) {
	left = is(p, "left")
	return left, left || is(p, "right")
}

func lmoveCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	from, good := side(a[3])
	to, goodTo := side(a[4])
	if !good || !goodTo {
		return refuse(w, errSyntax)
	}
	return move(t, a[1], a[2], from, to, w)
}

func rpoplpushCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return move(t, a[1], a[2], false, true, w)
}

func move(t *tx.Tx, src, dst []byte, from, to bool, w *resp.Writer) Outcome {
	l, err := t.List(src)
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		w.Null()
		return Done
	}
	if _, err := t.List(dst); err != nil {
		return fail(w, err)
	}
	rest := l.Len()
	if !bytes.Equal(src, dst) {
		rest--
	}
	w.Bulk(t.ListMove(src, dst, from, to))
	t.Notify(tx.EventList, pushEvent(to), dst)
	popped(t, src, rest, from)
	return Done
}

// countedKeys returns where the keys of LMPOP stand: behind their number. None,
// where that is not as it should be.
func countedKeys(a Args) (at []int) {
	n, good := obj.ParseInt(a[1])
	if !good || n <= 0 || n > int64(len(a)-2) {
		return nil
	}
	for i := range int(n) {
		at = append(at, 2+i)
	}
	return at
}

// manyPop is what LMPOP and BLMPOP are asked for.
type manyPop struct {
	keys  [][]byte
	left  bool
	count int64
}

// parseManyPop reads it from the number of keys on.
func parseManyPop(a Args) (p manyPop, message string) {
	n, good := obj.ParseInt(a[0])
	if !good || n <= 0 {
		return p, "ERR numkeys should be greater than 0"
	}
	if n >= int64(len(a)-1) {
		return p, errSyntax
	}
	rest := a[1+n:]
	p = manyPop{keys: a[1 : 1+n], count: 1}
	p.left, good = side(rest[0])
	if !good || len(rest) > 1 && (len(rest) == 2 || !is(rest[1], "count")) {
		return p, errSyntax
	}
	if len(rest) > 2 {
		if p.count, good = obj.ParseInt(rest[2]); !good || p.count <= 0 {
			return p, "ERR count should be greater than 0"
		}
	}
	if len(rest) > 3 {
		return p, errSyntax
	}
	return p, ""
}

// run answers elements of the first key that is a list, and reports whether
// there is one before the first for which stop, if it is given, is true.
func (p *manyPop) run(t *tx.Tx, w *resp.Writer, stop func(key []byte) bool) (bool, error) {
	for _, key := range p.keys {
		if stop != nil && stop(key) {
			break
		}
		l, err := t.List(key)
		if err != nil {
			return false, err
		}
		if l != nil {
			w.Array(2)
			w.Bulk(key)
			popMany(t, key, l, p.left, p.count, w)
			return true, nil
		}
	}
	return false, nil
}

func lmpopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	p, message := parseManyPop(a[1:])
	if message != "" {
		return refuse(w, message)
	}
	found, err := p.run(t, w, nil)
	if err != nil {
		return fail(w, err)
	}
	if !found {
		w.NullArray()
	}
	return Done
}
