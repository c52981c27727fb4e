package wal

import (
	"encoding/binary"

	"holdfast/engine/unit"
)

// framePos is a frame in a batch that is not submitted yet.
type framePos struct {
	b        *batch
	off, end int
}

func (f *framePos) lsn() unit.LSN { return f.b.lsn + unit.LSN(f.off) }

// finish computes the frame's checksum. Nothing may change in it afterwards.
func (f *framePos) finish() {
	p := f.b.buf[f.off:f.end]
	binary.LittleEndian.PutUint32(p, frameSum(f.lsn(), p))
}

// Append adds r to the open unit, beginning one if there is none, and returns
// its address and span, which it also sets in r. Reserve came before. The
// slices of r are copied. A record that does not fit its batch goes on in the
// next ones.
func (l *Log) Append(r *Record) (unit.LSN, uint32) {
	m, bits := appendMeta(l.meta[:0], r)
	parts := [4][]byte{m, r.Key, r.Field, r.Value}
	left := len(m) + len(r.Key) + len(r.Field) + len(r.Value)
	if l.first.b == nil {
		bits |= bitBegin
	}
	b := l.roomFor(frameRoom, left+frameFixed+8)
	r.LSN = b.lsn + unit.LSN(b.n)
	for part, at := 0, 0; ; {
		f := l.beginFrame(b, r, bits, &left)
		for n := f.end - b.n; n > 0; {
			c := copy(b.buf[f.end-n:f.end], parts[part][at:])
			n, at = n-c, at+c
			if at == len(parts[part]) && part < 3 {
				part, at = part+1, 0
			}
		}
		l.unwritten += int64(f.end - f.off)
		b.n = f.end
		if left == 0 {
			break
		}
		bits = bits&^bitBegin | bitCont
		b = l.roomFor(frameRoom, 0)
	}
	l.stats.Records++
	r.Span = uint32(b.lsn + unit.LSN(b.n) - r.LSN)
	return r.LSN, r.Span
}

// roomFor returns the open batch if it has the room that is needed, and at
// least prefers a fresh one to splitting what is small.
func (l *Log) roomFor(need, whole int) *batch {
	b := l.open
	if b != nil {
		left := b.room - b.n
		if left >= need && (left >= whole || whole > l.cfg.BatchBytes/8) {
			return b
		}
		l.seal()
	}
	return l.openBatch()
}

// beginFrame writes the head of a frame that takes as much of the left body
// bytes as fit, and subtracts them. The body itself goes to b.buf from b.n,
// which is moved behind the head, to the returned frame's end.
func (l *Log) beginFrame(b *batch, r *Record, bits uint8, left *int) framePos {
	f := framePos{b: b, off: b.n}
	p := b.buf
	at := f.off + frameFixed
	if bits&bitBegin != 0 {
		at += 8 // the time, known at the unit's end
	}
	if bits&bitCont != 0 || at+*left > b.room {
		n := min(*left, b.room-at-4)
		if n < *left {
			bits |= bitMore
		}
		binary.LittleEndian.PutUint32(p[at:], uint32(n))
		f.end = at + 4 + n
		at, *left = at+4, *left-n
	} else {
		f.end, *left = at+*left, 0
	}
	p[f.off+4], p[f.off+5], p[f.off+6] = byte(r.Kind), r.Flags, bits
	b.n = at
	if l.last.b != nil && l.last != l.first {
		l.last.finish()
	}
	if l.first.b == nil {
		l.first = f
	}
	l.last = f
	return f
}

// EndUnit closes the unit begun by the first Append since the last EndUnit,
// at engine time t. Without an Append it does nothing.
func (l *Log) EndUnit(t unit.Time) {
	if l.first.b == nil {
		return
	}
	first, last := l.first, l.last
	binary.LittleEndian.PutUint64(first.b.buf[first.off+frameFixed:], uint64(t))
	last.b.buf[last.off+6] |= bitEnd
	first.finish()
	if last != first {
		last.finish()
	}
	last.b.units++
	l.first, l.last = framePos{}, framePos{}
	for i := len(l.q) - int(l.seq-first.b.seq) - 1; i < len(l.q); i++ {
		if b := l.q[i]; b.time == 0 || b != first.b {
			b.time = t
		}
	}
	l.tail = last.b.lsn + unit.LSN(last.end)
	l.now = t
	l.stats.Units++
}
