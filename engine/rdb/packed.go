package rdb

import (
	"encoding/binary"
	"strconv"
)

const (
	packedEnd     = 0xff
	packedUnknown = 1<<16 - 1 // entries that a header's 16 bits cannot count
	listpackHead  = 6
	ziplistHead   = 10
	farLength     = 0xfe // four bytes of length follow
)

// packed holds the entries of a listpack, ziplist or zipmap that are yet to be read.
type packed struct {
	p   []byte
	ok  bool
	num [20]byte
}

func (k *packed) take(n int) []byte {
	if n < 0 || n > len(k.p) {
		k.ok, k.p = false, nil
		return nil
	}
	b := k.p[:n:n]
	k.p = k.p[n:]
	return b
}

// little reads a signed integer of so many bytes, low first, as text.
func (k *packed) little(bytes int) []byte {
	b := k.take(bytes)
	if !k.ok {
		return nil
	}
	var x uint64
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	shift := 64 - 8*bytes
	return k.text(int64(x<<shift) >> shift)
}

func (k *packed) text(n int64) []byte { return strconv.AppendInt(k.num[:0], n, 10) }

// word reads an unsigned number of four bytes.
func (k *packed) word(order binary.ByteOrder) int {
	b := k.take(4)
	if !k.ok {
		return 0
	}
	return int(order.Uint32(b))
}

func (k *packed) byte() byte {
	b := k.take(1)
	if !k.ok {
		return 0
	}
	return b[0]
}

// open checks the frame of a listpack or ziplist of b and returns its entries.
func openPacked(b []byte, head int) (k packed, count int) {
	if len(b) <= head || int64(binary.LittleEndian.Uint32(b)) != int64(len(b)) || b[len(b)-1] != packedEnd {
		return packed{}, 0
	}
	return packed{p: b[head : len(b)-1], ok: true}, int(binary.LittleEndian.Uint16(b[head-2:]))
}

// eachListpack calls fn with every entry. It reports whether b is a listpack.
func eachListpack(b []byte, fn func(part []byte)) bool {
	k, count := openPacked(b, listpackHead)
	n := 0
	for ; k.ok && len(k.p) > 0; n++ {
		before := len(k.p)
		part := k.listpackEntry()
		size := before - len(k.p)
		back := k.take(backSize(size))
		if !k.ok || !backSays(back, size) {
			return false
		}
		fn(part)
	}
	return k.ok && (count == packedUnknown || count == n)
}

func (k *packed) listpackEntry() []byte {
	c := k.byte()
	switch {
	case !k.ok:
		return nil
	case c < 0x80:
		return k.text(int64(c))
	case c < 0xc0:
		return k.take(int(c & 0x3f))
	case c < 0xe0:
		x := int64(c&0x1f)<<8 | int64(k.byte())
		return k.text(x << 51 >> 51)
	case c < 0xf0:
		n := int(c&0x0f) << 8
		return k.take(n | int(k.byte()))
	}
	switch c {
	case 0xf0:
		return k.take(k.word(binary.LittleEndian))
	case 0xf1:
		return k.little(2)
	case 0xf2:
		return k.little(3)
	case 0xf3:
		return k.little(4)
	case 0xf4:
		return k.little(8)
	}
	k.ok = false
	return nil
}

// backSize returns how many bytes say an entry's size at its end. Redis goes over
// to three, four and five bytes one early.
func backSize(size int) int {
	switch {
	case size < 1<<7:
		return 1
	case size < 1<<14-1:
		return 2
	case size < 1<<21-1:
		return 3
	case size < 1<<28-1:
		return 4
	}
	return 5
}

// backSays reports whether b, read backwards, is the size.
func backSays(b []byte, size int) bool {
	for i := len(b) - 1; i >= 0; i-- {
		more := byte(0)
		if i > 0 {
			more = 0x80
		}
		if b[i] != byte(size&0x7f)|more {
			return false
		}
		size >>= 7
	}
	return true
}

// eachZiplist calls fn with every entry. It reports whether b is a ziplist.
func eachZiplist(b []byte, fn func(part []byte)) bool {
	k, count := openPacked(b, ziplistHead)
	last, n, tail := 0, 0, ziplistHead
	for ; k.ok && len(k.p) > 0; n++ {
		tail = len(b) - 1 - len(k.p)
		before := len(k.p)
		prev := int(k.byte())
		if prev == farLength {
			prev = k.word(binary.LittleEndian)
		}
		part := k.ziplistEntry()
		if !k.ok || prev != last {
			return false
		}
		last = before - len(k.p)
		fn(part)
	}
	return k.ok && (count == packedUnknown || count == n) && int(binary.LittleEndian.Uint32(b[4:])) == tail
}

func (k *packed) ziplistEntry() []byte {
	c := k.byte()
	switch c >> 6 {
	case 0:
		if !k.ok {
			return nil
		}
		return k.take(int(c))
	case 1:
		n := int(c&0x3f) << 8
		return k.take(n | int(k.byte()))
	case 2:
		return k.take(k.word(binary.BigEndian))
	}
	switch c {
	case 0xc0:
		return k.little(2)
	case 0xd0:
		return k.little(4)
	case 0xe0:
		return k.little(8)
	case 0xf0:
		return k.little(3)
	case 0xfe:
		return k.little(1)
	}
	if c < 0xf1 || c > 0xfd {
		k.ok = false
		return nil
	}
	return k.text(int64(c) - 0xf1)
}

// eachZipmap calls fn with every field and value in turn. It reports whether b
// is a zipmap.
func eachZipmap(b []byte, fn func(part []byte)) bool {
	if len(b) < 2 || b[len(b)-1] != packedEnd {
		return false
	}
	k, n := packed{p: b[1 : len(b)-1], ok: true}, 0
	size := func() int {
		if c := k.byte(); c < farLength {
			return int(c)
		} else if c == farLength {
			return k.word(binary.LittleEndian)
		}
		k.ok = false
		return 0
	}
	for ; k.ok && len(k.p) > 0; n++ {
		field := k.take(size())
		length := size()
		free := int(k.byte())
		value := k.take(length)
		if k.take(free); !k.ok {
			return false
		}
		fn(field)
		fn(value)
	}
	return k.ok && (b[0] >= farLength || int(b[0]) == n)
}
