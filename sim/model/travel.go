package model

import (
	"bytes"
	"encoding/binary"
)

// footer is what follows the value in a payload of DUMP: version and checksum.
const footer = 10

// dump is DUMP: of a string the value must be in the reply, of anything else only
// that it is one. The twin compares the bytes.
func (c *ctx) dump(key []byte) {
	v := c.get(key)
	if v == nil {
		c.null()
		return
	}
	c.values = true
	c.mode, c.dumped = payload, v
}

func (c *ctx) comparePayload(got []byte) string {
	n, at := header(got, '$')
	if n <= footer {
		return "the reply is no payload"
	}
	if c.dumped.Type == String {
		if s, ok := plainString(got[at : at+n-footer]); !ok || !bytes.Equal(s, c.dumped.Str) {
			return "the payload holds another value"
		}
	}
	return ""
}

// restore is RESTORE of a string that was not compressed.
func (c *ctx) restore(a [][]byte) {
	replace, absolute := false, false
	for _, o := range a[4:] {
		switch string(o) {
		case "REPLACE":
			replace = true
		case "ABSTTL":
			absolute = true
		}
	}
	if !replace && c.get(a[1]) != nil {
		c.fail("BUSYKEY")
		return
	}
	option := "PX"
	if absolute {
		option = "PXAT"
	}
	ttl, ok1 := number(a[2])
	dl, ok2 := c.deadline(option, ttl)
	s, ok3 := plainString(a[3][:len(a[3])-footer])
	if !ok1 || !ok2 || !ok3 {
		c.unknown = true
		return
	}
	c.ok()
	switch {
	case ttl == 0:
		dl = 0
	case int64(dl) <= int64(c.now)/1000 && !c.imports.on:
		c.get(a[1]) // it was looked up
		c.del(a[1])
		return
	}
	c.setStr(a[1], s, dl)
}

// plainString reads a string's type and body.
func plainString(b []byte) (s []byte, ok bool) {
	if len(b) < 2 || b[0] != 0 {
		return nil, false
	}
	first, rest := b[1], b[2:]
	size := -1
	switch {
	case first < 0x40:
		size = int(first)
	case first < 0x80 && len(rest) > 0:
		size, rest = int(first&0x3f)<<8|int(rest[0]), rest[1:]
	case first == 0x80 && len(rest) >= 4:
		size, rest = int(binary.BigEndian.Uint32(rest)), rest[4:]
	case first == 0xc0 && len(rest) == 1:
		return appendInt(nil, int64(int8(rest[0]))), true
	case first == 0xc1 && len(rest) == 2:
		return appendInt(nil, int64(int16(binary.LittleEndian.Uint16(rest)))), true
	case first == 0xc2 && len(rest) == 4:
		return appendInt(nil, int64(int32(binary.LittleEndian.Uint32(rest)))), true
	}
	return rest, size == len(rest)
}
