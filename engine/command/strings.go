package command

import (
	"slices"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

func getCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	v, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	return bulkOrNull(w, v, present)
}

func setCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if len(a) == 3 {
		t.SetString(a[1], a[2], 0)
		t.Notify(tx.EventString, "set", a[1])
		return ok(w)
	}
	opts, when, good := parseOptions(setOptions, a[3:])
	if !good {
		return refuse(w, errSyntax)
	}
	var dl unit.Deadline
	if opts&optExpire != 0 {
		var message string
		if dl, message = deadline(t, opts, when, "set"); message != "" {
			return refuse(w, message)
		}
	}
	mark := len(w.Buf)
	if opts&optGet != 0 {
		old, present, err := t.String(a[1])
		if err != nil {
			return fail(w, err)
		}
		if !present {
			t.Missed(a[1])
		}
		bulkOrNull(w, old, present)
	}
	if opts&(optNX|optXX|optKeepTTL) != 0 {
		e := t.Lookup(a[1])
		found := e.Type != obj.None
		if found && opts&optNX != 0 || !found && opts&optXX != 0 {
			if opts&optGet == 0 {
				w.Null()
			}
			return Done
		}
		if opts&optKeepTTL != 0 {
			dl = e.Deadline
		}
	}
	store(t, a[1], a[2], dl, opts&optExpire != 0)
	if len(w.Buf) == mark {
		w.OK()
	}
	return Done
}

// store sets a string whose deadline may have passed already, in which case
// nothing remains of the key.
func store(t *tx.Tx, key, v []byte, dl unit.Deadline, expires bool) {
	dead := dl.Passed(t.Now()) && !t.Config().ImportMode
	if dead {
		t.Delete(key)
	} else {
		t.SetString(key, v, dl)
	}
	t.Notify(tx.EventString, "set", key)
	if expires {
		t.Notify(tx.EventGeneric, "expire", key)
	}
	if dead {
		t.Notify(tx.EventExpired, "expired", key)
	}
}

// setReads tells whether a SET answers the old value.
func setReads(a Args) bool {
	opts, _, good := parseOptions(setOptions, a[3:])
	return good && opts&optGet != 0
}

func setAccess(a Args) Access {
	if slices.ContainsFunc(a[3:], func(p []byte) bool { return is(p, "get") }) {
		return RW | ReadsValue | UpdatesValue
	}
	return OW | UpdatesValue
}

func setnxCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if exists(t, a[1]) {
		return number(w, 0)
	}
	t.SetString(a[1], a[2], 0)
	t.Notify(tx.EventString, "set", a[1])
	return number(w, 1)
}

func setexCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return setWithDeadline(t, a, w, optEX, "setex")
}

func psetexCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return setWithDeadline(t, a, w, optPX, "psetex")
}

func setWithDeadline(t *tx.Tx, a Args, w *resp.Writer, unit option, name string) Outcome {
	dl, message := deadline(t, unit, a[2], name)
	if message != "" {
		return refuse(w, message)
	}
	t.SetString(a[1], a[3], dl)
	t.Notify(tx.EventString, "set", a[1])
	t.Notify(tx.EventGeneric, "expire", a[1])
	return ok(w)
}

func getsetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	old, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if !present {
		t.Missed(a[1])
	}
	bulkOrNull(w, old, present)
	t.SetString(a[1], a[2], 0)
	t.Notify(tx.EventString, "set", a[1])
	return Done
}

func getdelCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	old, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	bulkOrNull(w, old, present)
	if !present {
		t.Missed(a[1])
		return Done
	}
	t.Delete(a[1])
	t.Notify(tx.EventGeneric, "del", a[1])
	return Done
}

func getexCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	opts, when, good := parseOptions(getexOptions, a[2:])
	if !good {
		return refuse(w, errSyntax)
	}
	v, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if !present {
		t.Missed(a[1])
		w.Null()
		return Done
	}
	if opts&optExpire == 0 {
		w.Bulk(v)
		if opts&optPersist != 0 && t.Lookup(a[1]).Deadline != 0 {
			t.SetDeadline(a[1], 0)
			t.Notify(tx.EventGeneric, "persist", a[1])
		}
		return Done
	}
	dl, message := deadline(t, opts, when, "getex")
	if message != "" {
		return refuse(w, message)
	}
	w.Bulk(v)
	setDeadline(t, a[1], int64(dl))
	return Done
}

func mgetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	mark := len(w.Buf)
	w.Array(len(a) - 1)
	for _, key := range a[1:] {
		v, present, err := t.String(key)
		switch {
		case err == nil:
			bulkOrNull(w, v, present)
		case isWrongType(err):
			w.Null()
		default: // one element's failure is the command's
			w.Buf = w.Buf[:mark]
			return fail(w, err)
		}
	}
	return Done
}

func msetCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if len(a)%2 == 0 {
		return refuse(w, arityError("mset"))
	}
	setPairs(t, a[1:])
	return ok(w)
}

func msetnxCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if len(a)%2 == 0 {
		return refuse(w, arityError("msetnx"))
	}
	for i := 1; i < len(a); i += 2 {
		if exists(t, a[i]) {
			return number(w, 0)
		}
	}
	setPairs(t, a[1:])
	return number(w, 1)
}

func setPairs(t *tx.Tx, pairs Args) {
	for i := 0; i+1 < len(pairs); i += 2 {
		t.SetString(pairs[i], pairs[i+1], 0)
		t.Notify(tx.EventString, "set", pairs[i])
	}
}

func appendCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	v, _, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if int64(len(v)+len(a[2])) > longest(t) {
		return refuse(w, errTooLong)
	}
	n := t.Append(a[1], a[2])
	t.Notify(tx.EventString, "append", a[1])
	return number(w, int64(n))
}

// longest returns how long a string may become.
func longest(t *tx.Tx) int64 { return t.Config().ProtoMaxBulkLen }

func strlenCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	n, err := t.StringLen(a[1])
	if err != nil {
		return fail(w, err)
	}
	return number(w, int64(n))
}

func getrangeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	start, good := obj.ParseInt(a[2])
	end, good2 := obj.ParseInt(a[3])
	if !good || !good2 {
		return refuse(w, errNotInt)
	}
	v, _, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	from, to := clampRange(start, end, int64(len(v)))
	w.Bulk(v[from:to])
	return Done
}

// clampRange turns Redis's inclusive range, negative from the end, into a
// half-open one within n.
func clampRange(start, end, n int64) (from, to int64) {
	if start < 0 && end < 0 && start > end {
		return 0, 0
	}
	return clampEnds(start, end, n)
}

// clampEnds is clampRange for BITPOS, where a range that ends before it begins,
// but begins before the string, is that of the first element.
func clampEnds(start, end, n int64) (from, to int64) {
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	if end = min(end, n-1); start > end || n == 0 {
		return 0, 0
	}
	return start, end + 1
}

func setrangeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	off, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if off < 0 {
		return refuse(w, errOffset)
	}
	v, _, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if len(a[3]) == 0 {
		return number(w, int64(len(v)))
	}
	if most := longest(t); off > most || off+int64(len(a[3])) > most {
		return refuse(w, errTooLong)
	}
	n := t.SetRange(a[1], int(off), a[3])
	t.Notify(tx.EventString, "setrange", a[1])
	return number(w, int64(n))
}

// setrangeAdds counts the zero bytes that an offset beyond the end makes.
func setrangeAdds(a Args) int {
	n := sizeOf(a)
	if off, good := obj.ParseInt(a[2]); good && off > 0 && off <= maxString {
		n += int(off)
	}
	return n
}
