package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

func hrandfieldCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if len(a) == 2 {
		h, err := t.Hash(a[1])
		if err != nil {
			return fail(w, err)
		}
		if h == nil {
			w.Null()
			return Done
		}
		f, _ := h.At(below(t, h.Len()))
		w.Bulk(f)
		return Done
	}
	count, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if count == minInt { // has no opposite
		return refuse(w, errNot63)
	}
	values := len(a) > 3
	if len(a) > 4 || values && !is(a[3], "withvalues") {
		return refuse(w, errSyntax)
	}
	if count < -maxReplyParts || values && count > maxInt/2 {
		return refuse(w, errOutOfRange)
	}
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	if h == nil || count == 0 {
		w.Array(0)
		return Done
	}
	r := fieldReply{h: h, w: w, values: values}
	if count < 0 {
		r.repeated(t, int(-count))
	} else {
		r.distinct(t, count)
	}
	return Done
}

// below draws a number from 0 to n-1.
func below(t *tx.Tx, n int) int { return int(t.Rand() % uint64(n)) }

type fieldReply struct {
	h      *obj.Hash
	w      *resp.Writer
	values bool
}

// begin announces n fields. RESP3 pairs each with its value.
func (r *fieldReply) begin(n int) {
	if r.values && r.w.Proto < 3 {
		n *= 2
	}
	r.w.Array(n)
}

func (r *fieldReply) put(f, v []byte) {
	if r.values && r.w.Proto >= 3 {
		r.w.Array(2)
	}
	r.w.Bulk(f)
	if r.values {
		r.w.Bulk(v)
	}
}

func (r *fieldReply) repeated(t *tx.Tx, n int) {
	r.begin(n)
	for range n {
		r.put(r.h.At(below(t, r.h.Len())))
	}
}

// distinct answers n different fields, all of them if n is large enough, by
// Floyd's sampling: as many draws as fields, however close n comes to all.
func (r *fieldReply) distinct(t *tx.Tx, count int64) {
	size := r.h.Len()
	if count >= int64(size) {
		r.begin(size)
		each(r.h, r.put)
		return
	}
	n := int(count)
	r.begin(n)
	chosen := make(map[int]struct{}, n) // asked, never walked
	for top := size - n; top < size; top++ {
		i := below(t, top+1)
		if _, twice := chosen[i]; twice {
			i = top
		}
		chosen[i] = struct{}{}
		r.put(r.h.At(i))
	}
}
