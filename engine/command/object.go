package command

import (
	"strings"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

const (
	sharedIntegers = 10000     // Redis shares the objects of smaller ones
	sharedCount    = 1<<31 - 1 // and says so by this reference count
	embeddedLength = 44        // the longest string Redis stores beside its header
)

func objectEncodingCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	t.Quiet = true
	switch t.Lookup(a[2]).Type {
	case obj.None:
		w.Null()
	case obj.TypeHash:
		h, err := t.Hash(a[2])
		if err != nil {
			return fail(w, err)
		}
		w.BulkString(h.Encoding())
	case obj.TypeList:
		l, err := t.List(a[2])
		if err != nil {
			return fail(w, err)
		}
		w.BulkString(l.Encoding())
	default:
		v, _, err := t.String(a[2])
		if err != nil {
			return fail(w, err)
		}
		w.BulkString(StringEncoding(v))
	}
	return Done
}

// StringEncoding names the encoding that Redis would give a string of this
// content when set whole.
func StringEncoding(v []byte) string {
	if _, isInt := obj.ParseInt(v); isInt {
		return "int"
	}
	if len(v) <= embeddedLength {
		return "embstr"
	}
	return "raw"
}

func objectRefcountCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	t.Quiet = true
	switch t.Lookup(a[2]).Type {
	case obj.None:
		w.Null()
		return Done
	case obj.TypeString:
		v, _, err := t.String(a[2])
		if err != nil {
			return fail(w, err)
		}
		if n, isInt := obj.ParseInt(v); isInt && n >= 0 && n < sharedIntegers {
			return number(w, sharedCount)
		}
	}
	return number(w, 1)
}

// countsUse tells which of the two figures the eviction policy keeps.
func countsUse(t *tx.Tx) bool { return strings.HasSuffix(t.Config().MaxMemoryPolicy, "-lfu") }

// objectFreqCmd and objectIdletimeCmd ask for the hotness first, since the
// lookup makes the key hot.
func objectFreqCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	t.Quiet = true
	_, freq := t.Hotness(a[2])
	if !exists(t, a[2]) {
		w.Null()
		return Done
	}
	if !countsUse(t) {
		return refuse(w, "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
	}
	return number(w, int64(freq))
}

func objectIdletimeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	t.Quiet = true
	idle, _ := t.Hotness(a[2])
	if !exists(t, a[2]) {
		w.Null()
		return Done
	}
	if countsUse(t) {
		return refuse(w, "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
	}
	return number(w, idle)
}

func objectHelpCmd(_ *tx.Tx, _ Args, w *resp.Writer) Outcome {
	Help(w, "OBJECT",
		"ENCODING <key>", "    Name the internal representation of the value at <key>.",
		"FREQ <key>", "    Tell how often <key> is used, on a logarithmic scale from 0 to 255.",
		"IDLETIME <key>", "    Tell how many seconds <key> has not been used.",
		"REFCOUNT <key>", "    Tell the number of references to the value at <key>.",
	)
	return Done
}

// Help answers a container command's HELP: the given lines, framed as Redis
// frames them.
func Help(w *resp.Writer, name string, lines ...string) {
	const frame = 3
	w.Array(len(lines) + frame)
	w.Simple(name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, l := range lines {
		w.Simple(l)
	}
	w.Simple("HELP")
	w.Simple("    Prints this help.")
}
