package rdb

import (
	"encoding/binary"
	"math"

	"holdfast/engine/obj"
)

// AppendString appends type and body of a string.
func AppendString(dst, v []byte) []byte { return appendStr(append(dst, typeString), v) }

// AppendHash appends type and body of a hash.
func AppendHash(dst []byte, h *obj.Hash) []byte {
	if h.Encoding() == "listpack" {
		var b []byte
		b = beginListpack(b)
		h.Each(func(f, v []byte) bool {
			b = appendEntry(appendEntry(b, f), v)
			return true
		})
		b = endListpack(b, 2*h.Len())
		return appendStr(append(dst, typeHashListpack), b)
	}
	dst = appendLength(append(dst, typeHash), h.Len())
	h.Each(func(f, v []byte) bool {
		dst = appendStr(appendStr(dst, f), v)
		return true
	})
	return dst
}

// A node of a list goes on while its listpack and the next element with some
// overhead are no more than this, as under Redis's list-max-listpack-size -2.
const (
	nodeBytes    = 8 << 10
	nodeOverhead = 8
)

// AppendList appends type and body of a list, in the nodes that Redis would have
// made had it been pushed to the right.
func AppendList(dst []byte, l *obj.List) []byte {
	var nodes, b []byte
	count, entries := 0, 0
	end := func() {
		nodes = appendStr(appendLength(nodes, nodePacked), endListpack(b, entries))
		count++
	}
	l.Walk(0, false, func(_ int64, v []byte) bool {
		if entries > 0 && len(b)+1+len(v)+nodeOverhead > nodeBytes {
			end()
			entries = 0
		}
		if entries == 0 {
			b = beginListpack(b[:0])
		}
		b = appendEntry(b, v)
		entries++
		return true
	})
	end()
	return append(appendLength(append(dst, typeQuicklist2), count), nodes...)
}

func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, 1<<6|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 2<<6), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 2<<6|1), uint64(n))
}

// longestInt is the length of the longest text that Redis tries as an integer of
// 32 bits.
const longestInt = 11

func appendStr(dst, v []byte) []byte {
	if len(v) <= longestInt {
		if n, ok := obj.ParseInt(v); ok {
			switch {
			case n == int64(int8(n)):
				return append(dst, 3<<6+formInt8, byte(n))
			case n == int64(int16(n)):
				return binary.LittleEndian.AppendUint16(append(dst, 3<<6|formInt16), uint16(n))
			case n == int64(int32(n)):
				return binary.LittleEndian.AppendUint32(append(dst, 3<<6|formInt32), uint32(n))
			}
		}
	}
	return append(appendLength(dst, len(v)), v...)
}

func beginListpack(dst []byte) []byte { return append(dst, make([]byte, listpackHead)...) }

func endListpack(b []byte, entries int) []byte {
	b = append(b, packedEnd)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], uint16(min(entries, packedUnknown)))
	return b
}

// appendEntry appends one entry to a listpack.
func appendEntry(b, v []byte) []byte {
	start := len(b)
	if n, ok := obj.ParseInt(v); ok {
		b = appendInteger(b, n)
	} else {
		switch {
		case len(v) < 1<<6:
			b = append(b, 0x80|byte(len(v)))
		case len(v) < 1<<12:
			b = append(b, 0xe0|byte(len(v)>>8), byte(len(v)))
		default:
			b = binary.LittleEndian.AppendUint32(append(b, 0xf0), uint32(len(v)))
		}
		b = append(b, v...)
	}
	size := len(b) - start
	for i := backSize(size) - 1; i >= 0; i-- {
		more := byte(0x80)
		if i == backSize(size)-1 {
			more = 0
		}
		b = append(b, byte(size>>(7*i)&0x7f)|more)
	}
	return b
}

func appendInteger(b []byte, n int64) []byte {
	switch {
	case n >= 0 && n < 1<<7:
		return append(b, byte(n))
	case n >= -1<<12 && n < 1<<12:
		return append(b, 0xc0|byte(n>>8)&0x1f, byte(n))
	case n == int64(int16(n)):
		return append(b, 0xf1, byte(n), byte(n>>8))
	case n >= -1<<23 && n < 1<<23:
		return append(b, 0xf2, byte(n), byte(n>>8), byte(n>>16))
	case n == int64(int32(n)):
		return binary.LittleEndian.AppendUint32(append(b, 0xf3), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xf4), uint64(n))
}
