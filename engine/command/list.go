package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

const (
	errIndex    = "ERR index out of range"
	errPositive = "ERR value is out of range, must be positive"
	errRankZero = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
)

// pushEvent and popEvent name the keyspace events of the two ends.
func pushEvent(left bool) string {
	if left {
		return "lpush"
	}
	return "rpush"
}

func popEvent(left bool) string {
	if left {
		return "lpop"
	}
	return "rpop"
}

func lpushCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome  { return push(t, a, w, true, false) }
func rpushCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome  { return push(t, a, w, false, false) }
func lpushxCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return push(t, a, w, true, true) }
func rpushxCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return push(t, a, w, false, true) }

func push(t *tx.Tx, a Args, w *resp.Writer, left, mustExist bool) Outcome {
	n, err := t.ListPush(a[1], left, mustExist, a[2:])
	if err != nil {
		return fail(w, err)
	}
	if n == 0 {
		return number(w, 0)
	}
	t.Notify(tx.EventList, pushEvent(left), a[1])
	return number(w, int64(n))
}

func lpopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return pop(t, a, w, true) }
func rpopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return pop(t, a, w, false) }

func pop(t *tx.Tx, a Args, w *resp.Writer, left bool) Outcome {
	if len(a) > 3 {
		return refuse(w, arityError(popEvent(left)))
	}
	count, counted := int64(1), len(a) == 3
	if counted {
		var good bool
		if count, good = obj.ParseInt(a[2]); !good || count < 0 {
			return refuse(w, errPositive)
		}
	}
	if !counted {
		return popOne(t, a[1], left, w)
	}
	l, err := t.List(a[1])
	switch {
	case err != nil:
		return fail(w, err)
	case l == nil:
		w.NullArray()
	case count == 0:
		w.Array(0)
	default:
		popMany(t, a[1], l, left, count, w)
	}
	return Done
}

func popOne(t *tx.Tx, key []byte, left bool, w *resp.Writer) Outcome {
	v, rest, err := t.ListPop(key, left)
	switch {
	case err != nil:
		return fail(w, err)
	case rest < 0:
		w.Null()
	default:
		w.Bulk(v)
		popped(t, key, rest, left)
	}
	return Done
}

// popMany answers up to count elements, which is not 0, from one end of the list
// at key, in the order in which they go, and removes them.
func popMany(t *tx.Tx, key []byte, l *obj.List, left bool, count int64, w *resp.Writer) {
	size := l.Len()
	n := int(min(count, int64(size)))
	from := 0
	if !left {
		from = size - 1
	}
	elements(w, l, from, n, !left)
	if left {
		t.ListTrim(key, n, size-1)
	} else {
		t.ListTrim(key, 0, size-n-1)
	}
	popped(t, key, size-n, left)
}

// popped tells that elements were popped and how many are left.
func popped(t *tx.Tx, key []byte, rest int, left bool) {
	t.Notify(tx.EventList, popEvent(left), key)
	emptied(t, key, rest)
}

// emptied tells that a key went with its last element.
func emptied(t *tx.Tx, key []byte, rest int) {
	if rest == 0 {
		t.Notify(tx.EventGeneric, "del", key)
	}
}

// elements answers n elements from the i-th on.
func elements(w *resp.Writer, l *obj.List, i, n int, back bool) {
	w.Array(n)
	l.Walk(i, back, func(_ int64, v []byte) bool {
		if n--; n < 0 {
			return false
		}
		w.Bulk(v)
		return true
	})
}

func llenCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	return number(w, int64(listLength(l)))
}

func listLength(l *obj.List) int {
	if l == nil {
		return 0
	}
	return l.Len()
}

func lindexCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		w.Null()
		return Done
	}
	i, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if i, good = within(i, l.Len()); !good {
		w.Null()
		return Done
	}
	w.Bulk(l.At(int(i)))
	return Done
}

// within makes an index that may count from the end one from the front, and
// reports whether there is such an element.
func within(i int64, n int) (int64, bool) {
	if i < 0 {
		i += int64(n)
	}
	return i, i >= 0 && i < int64(n)
}

func lsetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		return refuse(w, errNoKey)
	}
	i, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if i, good = within(i, l.Len()); !good {
		return refuse(w, errIndex)
	}
	t.ListSet(a[1], int(i), a[3])
	t.Notify(tx.EventList, "lset", a[1])
	return ok(w)
}

// span reads the two ends of a range, which may count from the end.
func span(a, b []byte) (from, to int64, good bool) {
	from, good = obj.ParseInt(a)
	if !good {
		return 0, 0, false
	}
	to, good = obj.ParseInt(b)
	return from, to, good
}

// clamp makes a range one of n elements; from > to if it has none.
func clamp(from, to int64, n int) (int, int) {
	if from < 0 {
		from = max(from+int64(n), 0)
	}
	if to < 0 {
		to += int64(n)
	}
	if from > to || from >= int64(n) {
		return 0, -1
	}
	return int(from), int(min(to, int64(n)-1))
}

func lrangeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	first, last, good := span(a[2], a[3])
	if !good {
		return refuse(w, errNotInt)
	}
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	from, to := clamp(first, last, listLength(l))
	if from > to {
		w.Array(0)
		return Done
	}
	elements(w, l, from, to-from+1, false)
	return Done
}

func ltrimCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	first, last, good := span(a[2], a[3])
	if !good {
		return refuse(w, errNotInt)
	}
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		return ok(w)
	}
	from, to := clamp(first, last, l.Len())
	t.ListTrim(a[1], from, to)
	t.Notify(tx.EventList, "ltrim", a[1])
	emptied(t, a[1], to-from+1)
	return ok(w)
}
