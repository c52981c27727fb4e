package rdb

import (
	"encoding/binary"
	"strconv"
)

// reader takes a body apart. After a lie ok is false and all it gives is empty.
type reader struct {
	p     []byte
	ok    bool
	blind bool // do not expand: only sizes count
	room  []byte
	num   [20]byte
}

func (r *reader) fail() { r.p, r.ok = nil, false }

// take returns the next n bytes.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.p)) {
		r.fail()
		return nil
	}
	b := r.p[:n:n]
	r.p = r.p[n:]
	return b
}

// length reads a length; special says that it is the form of a string instead.
func (r *reader) length() (n uint64, special bool) {
	b := r.take(1)
	if !r.ok {
		return 0, false
	}
	low := uint64(b[0] & 0x3f)
	switch b[0] >> 6 {
	case 0:
		return low, false
	case 1:
		if b = r.take(1); r.ok {
			return low<<8 | uint64(b[0]), false
		}
		return 0, false
	case 3:
		return low, true
	}
	switch low {
	case 0:
		if b = r.take(4); r.ok {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case 1:
		if b = r.take(8); r.ok {
			return binary.BigEndian.Uint64(b), false
		}
	default:
		r.fail()
	}
	return 0, false
}

// count reads a length that counts things of at least size bytes each.
func (r *reader) count(size int) int {
	n, special := r.length()
	if special || n > uint64(len(r.p)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// str reads a string and returns its length too, which is all that a blind
// reader gives of a compressed one. What it returns lives until the next call.
func (r *reader) str() (s []byte, n int) {
	size, special := r.length()
	if !special {
		s = r.take(size)
		return s, len(s)
	}
	switch size {
	case formInt8:
		if b := r.take(1); r.ok {
			s = strconv.AppendInt(r.num[:0], int64(int8(b[0])), 10)
		}
	case formInt16:
		if b := r.take(2); r.ok {
			s = strconv.AppendInt(r.num[:0], int64(int16(binary.LittleEndian.Uint16(b))), 10)
		}
	case formInt32:
		if b := r.take(4); r.ok {
			s = strconv.AppendInt(r.num[:0], int64(int32(binary.LittleEndian.Uint32(b))), 10)
		}
	case formLZF:
		return r.compressed()
	default:
		r.fail()
	}
	return s, len(s)
}

func (r *reader) compressed() (s []byte, n int) {
	packed, special1 := r.length()
	size, special2 := r.length()
	b := r.take(packed)
	if special1 || special2 || size == 0 || size > uint64(len(b))*lzfExpands {
		r.fail()
	}
	if !r.ok {
		return nil, 0
	}
	if r.blind {
		return nil, int(size)
	}
	if cap(r.room) < int(size) {
		r.room = make([]byte, 0, size)
	}
	if s, r.ok = expand(r.room[:0], b, int(size)); !r.ok {
		r.fail()
		return nil, 0
	}
	return s, int(size)
}
