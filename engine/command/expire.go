package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// setDeadline gives a live key a deadline. One that has come already deletes
// the key at once, although a key that has it lives on to the end of its
// millisecond. While importing only the source deletes, so the key stays, dead
// to all others.
func setDeadline(t *tx.Tx, key []byte, ms int64) {
	if ms <= t.NowMS() && !t.Config().ImportMode {
		t.Delete(key)
		t.Notify(tx.EventGeneric, "del", key)
		return
	}
	t.SetDeadline(key, unit.Deadline(max(ms, firstDeadline)))
	t.Notify(tx.EventGeneric, "expire", key)
}

// firstDeadline stands for itself and all before it: 0 is no deadline.
const firstDeadline = 1

func expireCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return expire(t, a, w, optEX, "expire")
}

func pexpireCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return expire(t, a, w, optPX, "pexpire")
}

func expireatCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return expire(t, a, w, optEXAT, "expireat")
}

func pexpireatCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return expire(t, a, w, optPXAT, "pexpireat")
}

func expire(t *tx.Tx, a Args, w *resp.Writer, unit option, name string) Outcome {
	cond, message := parseCondition(a[3:])
	if message != "" {
		return refuse(w, message)
	}
	when, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if unit&optSeconds != 0 {
		if when > maxInt/secondsPerMS || when < minInt/secondsPerMS {
			return refuse(w, invalidExpire(name))
		}
		when *= secondsPerMS
	}
	if unit&optRelative != 0 {
		if when, good = add(when, t.NowMS()); !good {
			return refuse(w, invalidExpire(name))
		}
	}
	e := t.Lookup(a[1])
	if e.Type == obj.None || !cond.allows(int64(e.Deadline), when) {
		return number(w, 0)
	}
	setDeadline(t, a[1], when)
	return number(w, 1)
}

// condition is the set of EXPIRE's NX, XX, GT and LT.
type condition uint8

const (
	condNX condition = 1 << iota
	condXX
	condGT
	condLT
)

func parseCondition(a Args) (c condition, message string) {
	for _, arg := range a {
		switch {
		case is(arg, "nx"):
			c |= condNX
		case is(arg, "xx"):
			c |= condXX
		case is(arg, "gt"):
			c |= condGT
		case is(arg, "lt"):
			c |= condLT
		default:
			return 0, "ERR Unsupported option " + clip(arg, len(arg))
		}
	}
	if c&condNX != 0 && c&^condNX != 0 {
		return 0, "ERR NX and XX, GT or LT options at the same time are not compatible"
	}
	if c&condGT != 0 && c&condLT != 0 {
		return 0, "ERR GT and LT options at the same time are not compatible"
	}
	return c, ""
}

// allows compares the present deadline with the new one. No deadline (0) is
// later than any.
func (c condition) allows(now, next int64) bool {
	switch {
	case c&condNX != 0 && now != 0,
		c&condXX != 0 && now == 0,
		c&condGT != 0 && (now == 0 || next <= now),
		c&condLT != 0 && now != 0 && next >= now:
		return false
	}
	return true
}

func ttlCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return number(w, roundToSeconds(remaining(t, a[1])))
}

func pttlCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return number(w, remaining(t, a[1]))
}

func expiretimeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return number(w, roundToSeconds(deadlineOf(t, a[1])))
}

func pexpiretimeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return number(w, deadlineOf(t, a[1]))
}

// What the TTL family answers in place of a time.
const (
	noDeadline = -1
	noKey      = -2
)

func deadlineOf(t *tx.Tx, key []byte) int64 {
	switch e := t.Lookup(key); {
	case e.Type == obj.None:
		return noKey
	case e.Deadline == 0:
		return noDeadline
	case e.Deadline == firstDeadline: // negative, more likely than not
		return 0
	default:
		return int64(e.Deadline)
	}
}

func remaining(t *tx.Tx, key []byte) int64 {
	ms := deadlineOf(t, key)
	if ms < 0 {
		return ms
	}
	return max(ms-t.NowMS(), 0)
}

func roundToSeconds(ms int64) int64 {
	if ms < 0 {
		return ms
	}
	return int64((uint64(ms) + halfSecondInMS) / secondsPerMS)
}

func persistCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if t.Lookup(a[1]).Deadline == 0 {
		return number(w, 0)
	}
	t.SetDeadline(a[1], 0)
	t.Notify(tx.EventGeneric, "persist", a[1])
	return number(w, 1)
}
