package judge

import (
	"bytes"
	"strconv"

	"holdfast/sim/model"
)

// tracking is how a connection has its copies kept up to date: CLIENT TRACKING's
// options, and what it has yet to be told by BCAST.
type tracking struct {
	bcast, optIn, optOut, noLoop bool
	prefixes                     [][]byte
	excepted                     int // CLIENT CACHINGs; each goes before a read of its own form
	flushes                      int // what stands before and behind one is told apart

	to uint64 // the connection that is told instead; 0: none

	stable  uint64   // what a power cut leaves, when the message leaves
	changed []tiding // keys changed that BCAST tells of
}

func (t *tracking) begin(options [][]byte) {
	for i, o := range options {
		switch string(o) {
		case "BCAST":
			t.bcast = true
		case "OPTIN":
			t.optIn = true
		case "OPTOUT":
			t.optOut = true
		case "NOLOOP":
			t.noLoop = true
		case "PREFIX":
			t.prefixes = append(t.prefixes, bytes.Clone(options[i+1]))
		}
	}
}

// notes reports whether a command of the connection makes it a reader of the keys.
// What CLIENT CACHING excepts names one key three times, and nothing else does.
func (t *tracking) notes(a [][]byte) bool {
	excepted := len(a) == 4 && string(a[0]) == "MGET" && bytes.Equal(a[1], a[2]) && bytes.Equal(a[2], a[3])
	return !t.bcast && (!t.optIn || excepted) && (!t.optOut || !excepted)
}

// covers reports whether BCAST tells of a key.
func (t *tracking) covers(key int32) bool {
	if !t.bcast {
		return false
	}
	name := strconv.AppendInt([]byte{'k'}, int64(key), 10)
	for _, p := range t.prefixes {
		if bytes.HasPrefix(name, p) {
			return true
		}
	}
	return len(t.prefixes) == 0
}

// own reports whether a connection is not told of what it has done itself.
func (h *hearer) own(by uint64) bool { return h.tracking.noLoop && by == h.conn }

// broadcast notes that BCAST must tell of a key: once for what a unit does to it,
// with others or alone. What goes by itself may be told with what comes next.
func (j *Judge) broadcast(h *hearer, d tiding) {
	d.unit, d.events = j.Counts.Units, h.tracking.flushes
	for i := range h.tracking.changed {
		c := &h.tracking.changed[i]
		c.optional = c.optional || c.kind == hearGone && c.key == d.key
	}
	h.tracking.changed = append(h.tracking.changed, d)
}

// broadcasted finds what a message of BCAST tells of.
func (h *hearer) broadcasted(keys [][]byte) *tiding {
	t := &h.tracking
	var last *tiding
	for _, name := range keys {
		at := t.meant(model.KeyIndex(name))
		if at < 0 {
			return nil
		}
		d := t.changed[at]
		kept := t.changed[:0]
		for i, c := range t.changed {
			switch {
			case i == at:
			case c.key == d.key && c.kind == hearInvalid && d.kind == hearInvalid && c.unit == d.unit && c.events == d.events:
				d.lsn = max(d.lsn, c.lsn)
			default:
				kept = append(kept, c)
			}
		}
		if t.changed = kept; last == nil || d.lsn > last.lsn {
			last = &d
		}
	}
	return last
}

// meant finds the oldest change of a key that must be told, or, where that cannot be
// meant yet, one that may.
func (t *tracking) meant(key int32) int {
	must, may := -1, -1
	for i, c := range t.changed {
		switch {
		case c.key != key:
		case c.optional && may < 0:
			may = i
		case !c.optional && must < 0:
			must = i
		}
	}
	if must < 0 || may >= 0 && t.changed[must].lsn > t.stable {
		return may
	}
	return must
}
