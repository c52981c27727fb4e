package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// fieldOp is one GET, SET or INCRBY of BITFIELD.
type fieldOp struct {
	kind     byte // 'g', 's', 'i'
	overflow byte // 'w'rap, 's'aturate, 'f'ail
	signed   bool
	bits     int64
	off      int64
	value    int64
}

// window is the part of the string that the operations touch.
type window struct {
	first int64 // byte
	p     []byte
}

func bitfieldCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return bitfield(t, a, w, false) }

func bitfieldroCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return bitfield(t, a, w, true) }

func bitfield(t *tx.Tx, a Args, w *resp.Writer, readOnly bool) Outcome {
	ops, message := parseFieldOps(a[2:], longest(t))
	if message != "" {
		return refuse(w, message)
	}
	first, last, lastWritten := fieldBounds(ops)
	if readOnly && lastWritten >= 0 {
		return refuse(w, "ERR BITFIELD_RO only supports the GET subcommand")
	}
	v, _, err := t.String(a[1])
	if err != nil {
		return fail(w, err)
	}
	// Beyond the string there are zeros to read, which need no memory.
	win := window{first: first}
	if end := max(lastWritten, min(last, int64(len(v))-1)); end >= first && len(ops) > 0 {
		win.p = make([]byte, end-first+1)
		if first < int64(len(v)) {
			copy(win.p, v[first:])
		}
	}
	w.Array(len(ops))
	for i := range ops {
		win.apply(&ops[i], w)
	}
	if lastWritten >= 0 {
		// Growing to the last field written is an effect of its own, even
		// if every write failed; what lies beyond was only read.
		written := win.p[:lastWritten-first+1]
		changed := lastWritten >= int64(len(v)) || string(written) != string(v[first:lastWritten+1])
		t.SetRange(a[1], int(first), written)
		if changed {
			t.Notify(tx.EventString, "setbit", a[1])
		}
	}
	return Done
}

// fieldBounds returns the first and the last byte that any operation touches,
// and the last that one writes, -1 if none.
func fieldBounds(ops []fieldOp) (first, last, lastWritten int64) {
	first, last, lastWritten = maxInt, -1, -1
	for i := range ops {
		o := &ops[i]
		end := (o.off + o.bits - 1) >> 3
		first, last = min(first, o.off>>3), max(last, end)
		if o.kind != 'g' {
			lastWritten = max(lastWritten, end)
		}
	}
	return first, last, lastWritten
}

func parseFieldOps(a Args, most int64) (ops []fieldOp, message string) {
	overflow := byte('w')
	for i := 0; i < len(a); i++ {
		left := len(a) - i - 1
		op := fieldOp{overflow: overflow}
		switch {
		case is(a[i], "get") && left >= 2:
			op.kind = 'g'
		case is(a[i], "set") && left >= 3:
			op.kind = 's'
		case is(a[i], "incrby") && left >= 3:
			op.kind = 'i'
		case is(a[i], "overflow") && left >= 1:
			i++
			switch {
			case is(a[i], "wrap"), is(a[i], "sat"), is(a[i], "fail"):
				overflow = a[i][0] | 0x20
			default:
				return nil, "ERR Invalid OVERFLOW type specified"
			}
			continue
		default:
			return nil, errSyntax
		}
		if message = op.parse(a[i+1:], most); message != "" {
			return nil, message
		}
		if i += 2; op.kind != 'g' {
			i++
		}
		ops = append(ops, op)
	}
	return ops, ""
}

func (o *fieldOp) parse(a Args, most int64) (message string) {
	const badType = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	if len(a[0]) == 0 {
		return badType
	}
	n, good := obj.ParseInt(a[0][1:])
	o.signed, o.bits = a[0][0] == 'i', n
	if !good || n < 1 || n > 64 || !o.signed && (a[0][0] != 'u' || n > 63) {
		return badType
	}
	p, step := a[1], int64(1)
	if len(p) > 0 && p[0] == '#' { // counted in fields of this width
		p, step = p[1:], o.bits
	}
	off, good := obj.ParseInt(p)
	if !good || off < 0 || off > most*8/step || off*step>>3 >= most {
		return errBitOffset
	}
	o.off = off * step
	if o.kind != 'g' {
		if o.value, good = obj.ParseInt(a[2]); !good {
			return errNotInt
		}
	}
	return ""
}

func (win *window) get(o *fieldOp) uint64 {
	n := uint64(0)
	for i := o.off; i < o.off+o.bits; i++ {
		n = n<<1 | uint64(bitAt(win.p, i-win.first*8))
	}
	return n
}

func (win *window) set(o *fieldOp, n uint64) {
	for i := o.bits - 1; i >= 0; i-- {
		at := o.off + i - win.first*8
		mask := byte(1) << (7 - at&7)
		win.p[at>>3] &^= mask
		if n&1 != 0 {
			win.p[at>>3] |= mask
		}
		n >>= 1
	}
}

// apply executes one operation and answers it.
func (win *window) apply(o *fieldOp, w *resp.Writer) {
	old := o.extend(win.get(o))
	if o.kind == 'g' {
		w.Int(old)
		return
	}
	base, by := o.value, int64(0)
	if o.kind == 'i' {
		base, by = old, o.value
	}
	next, good := o.sum(base, by)
	if !good {
		w.Null()
		return
	}
	win.set(o, uint64(next))
	if o.kind == 's' {
		next = old
	}
	w.Int(next)
}

// extend reads the low bits of n as a number of the field's type.
func (o *fieldOp) extend(n uint64) int64 {
	if o.signed {
		return int64(n<<(64-o.bits)) >> (64 - o.bits)
	}
	return int64(n << (64 - o.bits) >> (64 - o.bits))
}

// sum returns a+b in the field's type; false where that overflows and must
// fail.
func (o *fieldOp) sum(a, b int64) (int64, bool) {
	low, high, over, under := o.judge(a, b)
	switch {
	case !over && !under:
		return a + b, true
	case o.overflow == 'f':
		return 0, false
	case o.overflow == 's' && over:
		return high, true
	case o.overflow == 's':
		return low, true
	}
	return o.extend(uint64(a) + uint64(b)), true
}

// judge tells whether a+b leaves the field's range, and on which side. The
// differences wrap, as they do in Redis, so that a number at the far end of
// 64 bits may be found on the other side.
func (o *fieldOp) judge(a, b int64) (low, high int64, over, under bool) {
	if !o.signed {
		high = int64(1)<<o.bits - 1 // 63 bits at most
		over = uint64(a) > uint64(high) || b > 0 && b > high-a
		return 0, high, over, !over && b < 0 && b < -a
	}
	high = int64(1)<<(o.bits-1) - 1
	low = -high - 1
	more, less, narrow := high-a, low-a, o.bits != 64
	over = a > high || b > more && (narrow || a >= 0 && b > 0)
	under = !over && (a < low || b < less && (narrow || a < 0 && b < 0))
	return low, high, over, under
}

func bitfieldAccess(a Args) Access {
	for a = a[2:]; len(a) >= 3 && is(a[0], "get"); a = a[3:] {
	}
	if len(a) > 0 {
		return RW | ReadsValue | UpdatesValue
	}
	return RO | ReadsValue
}

// bitfieldAdds counts the bytes up to the last field written.
func bitfieldAdds(a Args) int {
	n := sizeOf(a)
	if ops, message := parseFieldOps(a[2:], maxString); message == "" {
		if _, _, last := fieldBounds(ops); last >= 0 {
			n += int(last) + 1
		}
	}
	return n
}
