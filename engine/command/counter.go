package command

import (
	"errors"
	"strconv"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

func incrCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return increment(t, a[1], 1, w) }

func decrCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return increment(t, a[1], -1, w) }

func incrbyCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	by, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	return increment(t, a[1], by, w)
}

func decrbyCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	by, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if by == minInt { // has no opposite
		return refuse(w, "ERR decrement would overflow")
	}
	return increment(t, a[1], -by, w)
}

// increment keeps the key's deadline: a counter does not start anew.
func increment(t *tx.Tx, key []byte, by int64, w *resp.Writer) Outcome {
	v, present, err := t.String(key)
	if err != nil {
		return fail(w, err)
	}
	var n int64
	if present {
		var good bool
		if n, good = obj.ParseInt(v); !good {
			return refuse(w, errNotInt)
		}
	}
	sum, good := add(n, by)
	if !good {
		return refuse(w, errOverflow)
	}
	t.SetString(key, strconv.AppendInt(t.Scratch(), sum, 10), t.Lookup(key).Deadline)
	t.Notify(tx.EventString, "incrby", key)
	return number(w, sum)
}

// zero is what an absent counter counts as.
var zero = []byte("0")

func incrbyfloatCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	v, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if !present {
		v = zero
	}
	sum, err := obj.AddFloat(v, a[2])
	switch {
	case errors.Is(err, obj.ErrNotFloat):
		return refuse(w, errNotFloat)
	case err != nil:
		return refuse(w, errNaN)
	}
	t.SetString(a[1], sum, t.Lookup(a[1]).Deadline)
	t.Notify(tx.EventString, "incrbyfloat", a[1])
	w.Bulk(sum)
	return Done
}
