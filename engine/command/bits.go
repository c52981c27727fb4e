package command

import (
	"math/bits"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

const (
	errBitOffset = "ERR bit offset is not an integer or out of range"
	errBit       = "ERR bit is not an integer or out of range"
)

// bitOffset parses the position of a bit within a string of most bytes.
func bitOffset(p []byte, most int64) (n int64, good bool) {
	n, good = obj.ParseInt(p)
	return n, good && n >= 0 && n>>3 < most
}

// bitAt reads a bit, the first being the highest of the first byte.
func bitAt(v []byte, off int64) byte {
	if off>>3 >= int64(len(v)) {
		return 0
	}
	return v[off>>3] >> (7 - off&7) & 1
}

func setbitCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	off, good := bitOffset(a[2], longest(t))
	if !good {
		return refuse(w, errBitOffset)
	}
	bit, good := obj.ParseInt(a[3])
	if !good || bit&^1 != 0 {
		return refuse(w, errBit)
	}
	v, _, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	old := bitAt(v, off)
	at, shift := int(off>>3), 7-off&7
	if at >= len(v) || old != byte(bit) {
		var b [1]byte
		if at < len(v) {
			b[0] = v[at] &^ (1 << shift)
		}
		b[0] |= byte(bit) << shift
		t.SetRange(a[1], at, b[:])
		t.Notify(tx.EventString, "setbit", a[1])
	}
	return number(w, int64(old))
}

func setbitAdds(a Args) int {
	n := sizeOf(a)
	if off, good := bitOffset(a[2], maxString); good {
		n += int(off>>3) + 1
	}
	return n
}

func getbitCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	off, good := bitOffset(a[2], longest(t))
	if !good {
		return refuse(w, errBitOffset)
	}
	v, _, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	return number(w, int64(bitAt(v, off)))
}

// bitRange parses [start end [BYTE|BIT]] and clamps it to v, as bits from the
// first to one past the last. BITPOS differs from BITCOUNT: of two errors it
// reports the unit's, it clamps in another way, and it always reads the unit.
func bitRange(a Args, v []byte, pos bool) (from, to int64, message string) {
	size := int64(len(v))
	start, end, unit := int64(0), int64(-1), int64(8)
	var good bool
	if len(a) > 0 {
		if start, good = obj.ParseInt(a[0]); !good {
			return 0, 0, errNotInt
		}
	}
	if len(a) > 1 {
		end, good = obj.ParseInt(a[1])
	}
	if !pos && good && start < 0 && end < 0 && start > end {
		return 0, 0, ""
	}
	if len(a) > 2 {
		switch {
		case is(a[2], "bit"):
			unit, size = 1, size*8
		case !is(a[2], "byte") && (good || pos):
			return 0, 0, errSyntax
		}
	}
	if len(a) > 1 && !good {
		return 0, 0, errNotInt
	}
	if from, to = clampRange(start, end, size); pos {
		from, to = clampEnds(start, end, size)
	}
	return from * unit, to * unit, ""
}

func bitcountCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	v, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if !present {
		return number(w, 0)
	}
	if len(a) == 3 || len(a) > 5 {
		return refuse(w, errSyntax)
	}
	from, to, message := bitRange(a[2:], v, false)
	if message != "" {
		return refuse(w, message)
	}
	n := int64(0)
	for ; from < to && from&7 != 0; from++ {
		n += int64(bitAt(v, from))
	}
	for ; to > from && to&7 != 0; to-- {
		n += int64(bitAt(v, to-1))
	}
	return number(w, n+onesIn(v[from>>3:max(from, to)>>3]))
}

func onesIn(p []byte) (n int64) {
	for ; len(p) >= 8; p = p[8:] {
		n += int64(bits.OnesCount64(word(p)))
	}
	for _, b := range p {
		n += int64(bits.OnesCount8(b))
	}
	return n
}

func word(p []byte) uint64 {
	_ = p[7]
	return uint64(p[0])<<56 | uint64(p[1])<<48 | uint64(p[2])<<40 | uint64(p[3])<<32 |
		uint64(p[4])<<24 | uint64(p[5])<<16 | uint64(p[6])<<8 | uint64(p[7])
}

func bitposCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	bit, good := obj.ParseInt(a[2])
	if !good {
		return refuse(w, errNotInt)
	}
	if bit&^1 != 0 {
		return refuse(w, "ERR The bit argument must be 1 or 0.")
	}
	v, present, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	if !present { // an endless string of zeros
		return number(w, -bit)
	}
	if len(a) > 6 {
		return refuse(w, errSyntax)
	}
	from, to, message := bitRange(a[3:], v, true)
	if message != "" {
		return refuse(w, message)
	}
	if from >= to {
		return number(w, -1)
	}
	if at := findBit(v, byte(bit), from, to); at >= 0 {
		return number(w, at)
	}
	// Without an explicit end, zeros follow the string.
	if bit == 0 && len(a) < 5 {
		return number(w, to)
	}
	return number(w, -1)
}

// findBit looks for the first bit of this value, a byte at a time where it can.
func findBit(v []byte, bit byte, from, to int64) int64 {
	other := bit - 1 // a byte without the bit: all zeros, or all ones
	for from < to {
		if from&7 == 0 && to-from >= 8 && v[from>>3] == other {
			from += 8
			continue
		}
		if bitAt(v, from) == bit {
			return from
		}
		from++
	}
	return -1
}

func bitopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	op, message := parseBitop(a)
	if message != "" {
		return refuse(w, message)
	}
	sources := make([][]byte, len(a)-3)
	size := 0
	for i, key := range a[3:] {
		v, present, err := t.String(key)
		if err != nil {
			return fail(w, err)
		}
		if !present {
			t.Missed(key)
		}
		sources[i] = v
		size = max(size, len(v))
	}
	if size == 0 {
		if t.Delete(a[2]) {
			t.Notify(tx.EventGeneric, "del", a[2])
		}
		return number(w, 0)
	}
	out := make([]byte, size)
	copy(out, sources[0])
	if op == '!' {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	for _, v := range sources[1:] {
		combine(op, out, v)
	}
	t.SetString(a[2], out, 0)
	t.Notify(tx.EventString, "set", a[2])
	return number(w, int64(size))
}

func parseBitop(a Args) (op byte, message string) {
	switch {
	case is(a[1], "and"):
		return '&', ""
	case is(a[1], "or"):
		return '|', ""
	case is(a[1], "xor"):
		return '^', ""
	case !is(a[1], "not"):
		return 0, errSyntax
	case len(a) != 4:
		return 0, "ERR BITOP NOT must be called with a single source key."
	}
	return '!', ""
}

// combine folds v, continued by zeros, into out.
func combine(op byte, out, v []byte) {
	switch op {
	case '&':
		for i := range v {
			out[i] &= v[i]
		}
		clear(out[len(v):])
	case '|':
		for i := range v {
			out[i] |= v[i]
		}
	case '^':
		for i := range v {
			out[i] ^= v[i]
		}
	}
}
