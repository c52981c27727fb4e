package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/rdb"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

func dumpCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	var body []byte
	switch t.Lookup(a[1]).Type {
	case obj.TypeString:
		v, _, err := t.String(a[1])
		if err != nil {
			return fail(w, err)
		}
		body = rdb.AppendString(nil, v)
	case obj.TypeHash:
		h, err := t.Hash(a[1])
		if err != nil {
			return fail(w, err)
		}
		body = rdb.AppendHash(nil, h)
	case obj.TypeList:
		l, err := t.List(a[1])
		if err != nil {
			return fail(w, err)
		}
		body = rdb.AppendList(nil, l)
	default:
		w.Null()
		return Done
	}
	w.Bulk(rdb.Seal(body))
	return Done
}

// restoreOptions are what follows RESTORE's payload.
type restoreOptions struct {
	replace, absolute bool
	idle, freq        int64 // -1: not given
}

func parseRestore(a Args) (o restoreOptions, message string) {
	o.idle, o.freq = -1, -1
	for i := 0; i < len(a); i++ {
		more := i+1 < len(a)
		switch {
		case is(a[i], "replace"):
			o.replace = true
		case is(a[i], "absttl"):
			o.absolute = true
		case is(a[i], "idletime") && more && o.freq < 0:
			i++
			n, good := obj.ParseInt(a[i])
			if !good {
				return o, errNotInt
			}
			if n < 0 {
				return o, "ERR Invalid IDLETIME value, must be >= 0"
			}
			o.idle = n
		case is(a[i], "freq") && more && o.idle < 0:
			i++
			n, good := obj.ParseInt(a[i])
			if !good {
				return o, errNotInt
			}
			if n < 0 || n > 255 {
				return o, "ERR Invalid FREQ value, must be >= 0 and <= 255"
			}
			o.freq = n
		default:
			return o, errSyntax
		}
	}
	return o, ""
}

// What a part of a restored value may take beyond its bytes: its place in a
// collection, in memory or in the log.
const perPart = 64

// restoreAdds bounds what the payload may grow to, as it says; a lie is found
// before more than that is made of it.
func restoreAdds(a Args) int {
	parts, bytes := rdb.Measure(a[3])
	return 4*perItem + len(a[1]) + bytes + parts*perPart
}

func restoreCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	o, message := parseRestore(a[4:])
	if message != "" {
		return refuse(w, message)
	}
	there := exists(t, a[1])
	if there && !o.replace {
		return refuse(w, "BUSYKEY Target key name already exists.")
	}
	ttl, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if ttl < 0 {
		return refuse(w, "ERR Invalid TTL value, must be >= 0")
	}
	body, err := rdb.Open(a[3])
	if err != nil {
		return refuse(w, "ERR "+err.Error())
	}
	put, err := parseValue(t, body)
	if err != nil {
		return refuse(w, "ERR "+err.Error())
	}
	if ttl != 0 && !o.absolute {
		if ttl, good = add(ttl, t.NowMS()); !good {
			ttl = maxInt
		}
	}
	if ttl != 0 && ttl <= t.NowMS() && !t.Config().ImportMode {
		if there {
			t.Delete(a[1])
			t.Notify(tx.EventGeneric, "del", a[1])
		}
		return ok(w)
	}
	put(a[1], unit.Deadline(ttl))
	if o.idle >= 0 || o.freq >= 0 {
		t.SetHotness(a[1], o.idle, o.freq)
	}
	t.Notify(tx.EventGeneric, "restore", a[1])
	return ok(w)
}

// parseValue makes the value of a payload, and returns what puts it under a key.
func parseValue(t *tx.Tx, body []byte) (put func(key []byte, dl unit.Deadline), err error) {
	switch rdb.TypeOf(body) {
	case obj.TypeString:
		var v []byte
		err = rdb.Walk(body, func(part []byte) { v = part })
		return func(key []byte, dl unit.Deadline) { t.SetString(key, v, dl) }, err
	case obj.TypeHash:
		h := t.NewHash()
		if err = restoreHash(h, body); err != nil {
			return nil, err
		}
		return func(key []byte, dl unit.Deadline) { t.SetHash(key, h, dl) }, nil
	case obj.TypeList:
		l := obj.NewList()
		if err = rdb.Walk(body, func(part []byte) { l.Push(false, part) }); err != nil {
			return nil, err
		}
		return func(key []byte, dl unit.Deadline) { t.SetList(key, l, dl) }, nil
	}
	return nil, rdb.ErrFormat
}

// restoreHash fills an empty hash. A field that comes twice is a lie.
func restoreHash(h *obj.Hash, body []byte) error {
	var field []byte
	named, twice := false, false
	err := rdb.Walk(body, func(part []byte) {
		if !named {
			field, named = append(field[:0], part...), true
			return
		}
		named = false
		twice = !h.Set(field, part) || twice
	})
	if err == nil && twice {
		err = rdb.ErrFormat
	}
	return err
}
