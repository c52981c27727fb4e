package command

import (
	"errors"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

const (
	errHashNotInt   = "ERR hash value is not an integer"
	errHashNotFloat = "ERR hash value is not a float"
)

// field reads one field; absent like the key is no error.
func field(t *tx.Tx, key, name []byte) (v []byte, present bool, err error) {
	h, err := t.Hash(key)
	if err != nil || h == nil {
		return nil, false, err
	}
	v, present = h.Get(name)
	return v, present, nil
}

func hsetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if len(a)%2 == 1 {
		return refuse(w, arityError("hset"))
	}
	n, err := t.HashSetAll(a[1], a[2:])
	if err != nil {
		return fail(w, err)
	}
	t.Notify(tx.EventHash, "hset", a[1])
	return number(w, int64(n))
}

func hmsetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if len(a)%2 == 1 {
		return refuse(w, arityError("hmset"))
	}
	if _, err := t.HashSetAll(a[1], a[2:]); err != nil {
		return fail(w, err)
	}
	t.Notify(tx.EventHash, "hset", a[1])
	return ok(w)
}

// fieldsAdd counts the key once for every field: each is a record of its own.
func fieldsAdd(a Args) int { return sizeOf(a) + len(a)*len(a[1]) }

func hsetnxCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	_, present, err := field(t, a[1], a[2])
	if err != nil {
		return fail(w, err)
	}
	if !present {
		t.HashSet(a[1], a[2], a[3])
		t.Notify(tx.EventHash, "hset", a[1])
	}
	return yes(w, !present)
}

func hgetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	v, present, err := field(t, a[1], a[2])
	if err != nil {
		return fail(w, err)
	}
	return bulkOrNull(w, v, present)
}

func hmgetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	w.Array(len(a) - 2)
	for _, name := range a[2:] {
		if h == nil {
			w.Null()
			continue
		}
		v, present := h.Get(name)
		bulkOrNull(w, v, present)
	}
	return Done
}

func hdelCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	n := int64(0)
	if h != nil {
		for _, name := range a[2:] {
			// The last field takes the key with it; what the others
			// name is then absent too.
			if t.HashDel(a[1], name) {
				n++
			}
		}
	}
	if n > 0 {
		t.Notify(tx.EventHash, "hdel", a[1])
		if h.Len() == 0 {
			t.Notify(tx.EventGeneric, "del", a[1])
		}
	}
	return number(w, n)
}

func hexistsCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	_, present, err := field(t, a[1], a[2])
	if err != nil {
		return fail(w, err)
	}
	return yes(w, present)
}

func hstrlenCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	v, _, err := field(t, a[1], a[2])
	if err != nil {
		return fail(w, err)
	}
	return number(w, int64(len(v)))
}

func hlenCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	return number(w, int64(length(h)))
}

func length(h *obj.Hash) int {
	if h == nil {
		return 0
	}
	return h.Len()
}

func hgetallCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	w.Map(length(h))
	each(h, func(f, v []byte) {
		w.Bulk(f)
		w.Bulk(v)
	})
	return Done
}

func hkeysCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	w.Array(length(h))
	each(h, func(f, _ []byte) { w.Bulk(f) })
	return Done
}

func hvalsCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	w.Array(length(h))
	each(h, func(_, v []byte) { w.Bulk(v) })
	return Done
}

func each(h *obj.Hash, fn func(f, v []byte)) {
	if h == nil {
		return
	}
	h.Each(func(f, v []byte) bool {
		fn(f, v)
		return true
	})
}

func hincrbyCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	by, good := obj.ParseInt(a[3])
	if !good {
		return refuse(w, errNotInt)
	}
	v, present, err := field(t, a[1], a[2])
	if err != nil {
		return fail(w, err)
	}
	var n int64
	if present {
		if n, good = obj.ParseInt(v); !good {
			return refuse(w, errHashNotInt)
		}
	}
	if n, good = add(n, by); !good {
		return refuse(w, errOverflow)
	}
	var buf [decimalDigits]byte
	t.HashSet(a[1], a[2], formatInt(&buf, n))
	t.Notify(tx.EventHash, "hincrby", a[1])
	return number(w, n)
}

func hincrbyfloatCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	switch valid, finite := obj.ValidFloat(a[3]); {
	case !valid:
		return refuse(w, errNotFloat)
	case !finite:
		return refuse(w, "ERR value is NaN or Infinity")
	}
	v, present, err := field(t, a[1], a[2])
	if err != nil {
		return fail(w, err)
	}
	if !present {
		v = zero
	}
	sum, err := obj.AddFloat(v, a[3])
	switch {
	case errors.Is(err, obj.ErrNotFloat):
		return refuse(w, errHashNotFloat)
	case err != nil:
		return refuse(w, errNaN)
	}
	t.HashSet(a[1], a[2], sum)
	t.Notify(tx.EventHash, "hincrbyfloat", a[1])
	w.Bulk(sum)
	return Done
}
