package model

import (
	"bytes"
	"math"
)

func (v *Value) field(f []byte) int {
	if v == nil {
		return -1
	}
	for i := range v.Hash {
		if bytes.Equal(v.Hash[i].Field, f) {
			return i
		}
	}
	return -1
}

// edit returns a copy of the hash with room for n more fields.
func (c *ctx) edit(v *Value, n int) Value {
	if v == nil {
		return Value{Type: Hash, Hash: c.m.pairs.Room(n)}
	}
	list := c.m.pairs.Room(len(v.Hash) + n)
	return Value{Type: Hash, Hash: append(list, v.Hash...), Deadline: v.Deadline}
}

// with sets one field of an edited hash and reports whether it is new.
func (c *ctx) with(v *Value, f, val []byte) bool {
	p := c.m.bytes.Copy(val)
	if i := v.field(f); i >= 0 {
		v.Hash[i].Value = p
		return false
	}
	v.Hash = append(v.Hash, Pair{c.m.bytes.Copy(f), p})
	return true
}

func (c *ctx) hset(a [][]byte, ok bool) {
	v, isHash := c.hash(a[1])
	if !isHash {
		return
	}
	next := c.edit(v, len(a)/2)
	made := int64(0)
	for i := 2; i+1 < len(a); i += 2 {
		if c.with(&next, a[i], a[i+1]) {
			made++
		}
	}
	c.put(a[1], next)
	if ok {
		c.ok()
	} else {
		c.num(made)
	}
}

func (c *ctx) hsetnx(a [][]byte) {
	v, ok := c.hash(a[1])
	if !ok {
		return
	}
	if v.field(a[2]) >= 0 {
		c.num(0)
		return
	}
	next := c.edit(v, 1)
	c.with(&next, a[2], a[3])
	c.put(a[1], next)
	c.num(1)
}

func (c *ctx) hincrby(a [][]byte) {
	by, isInt := number(a[3])
	if !isInt {
		c.fail("ERR")
		return
	}
	v, ok := c.hash(a[1])
	if !ok {
		return
	}
	var n int64
	if i := v.field(a[2]); i >= 0 {
		if n, ok = number(v.Hash[i].Value); !ok {
			c.fail("ERR")
			return
		}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		c.fail("ERR")
		return
	}
	n += by
	next := c.edit(v, 1)
	c.scratch = appendInt(c.scratch[:0], n)
	c.with(&next, a[2], c.scratch)
	c.put(a[1], next)
	c.values = true
	c.num(n)
}

func (c *ctx) hdel(a [][]byte) {
	v, ok := c.hash(a[1])
	if !ok {
		return
	}
	if v == nil {
		c.num(0)
		return
	}
	next := c.edit(v, 0)
	n := int64(0)
	for _, f := range a[2:] {
		if i := next.field(f); i >= 0 {
			next.Hash = append(next.Hash[:i], next.Hash[i+1:]...)
			n++
		}
	}
	if n > 0 && len(next.Hash) == 0 {
		c.del(a[1])
	} else if n > 0 {
		c.put(a[1], next)
	}
	c.num(n)
}

func (c *ctx) fieldOrNull(v *Value, f []byte) {
	if i := v.field(f); i >= 0 {
		c.bulk(v.Hash[i].Value)
	} else {
		c.null()
	}
}

// hread is every read of one hash whose reply is one value or number.
func (c *ctx) hread(name string, a [][]byte) {
	v, ok := c.hash(a[1])
	if !ok {
		return
	}
	switch name {
	case "HGET":
		c.fieldOrNull(v, a[2])
	case "HMGET":
		c.array(len(a) - 2)
		for _, f := range a[2:] {
			c.fieldOrNull(v, f)
		}
	case "HLEN":
		n := 0
		if v != nil {
			n = len(v.Hash)
		}
		c.num(int64(n))
	case "HEXISTS":
		c.flag(v.field(a[2]) >= 0)
	case "HSTRLEN":
		n := 0
		if i := v.field(a[2]); i >= 0 {
			n = len(v.Hash[i].Value)
		}
		c.num(int64(n))
	}
}

func (c *ctx) flag(b bool) {
	if b {
		c.num(1)
	} else {
		c.num(0)
	}
}

// hall is HGETALL, HKEYS, HVALS: members in any order.
func (c *ctx) hall(name string, key []byte) {
	v, ok := c.hash(key)
	if !ok {
		return
	}
	c.mode = unordered
	n := 0
	if v != nil {
		n = len(v.Hash)
	}
	if name == "HGETALL" {
		c.group = 2
		c.hashMap(n)
	} else {
		c.array(n)
	}
	for i := range n {
		if name != "HVALS" {
			c.bulk(v.Hash[i].Field)
		}
		if name != "HKEYS" {
			c.bulk(v.Hash[i].Value)
		}
	}
}

func (c *ctx) hscan(a [][]byte) {
	v, ok := c.hash(a[1])
	if !ok {
		return
	}
	c.mode, c.group = cursor, 2
	n := 0
	if v != nil {
		n = len(v.Hash)
	}
	c.array(2 * n)
	for i := range n {
		c.bulk(v.Hash[i].Field)
		c.bulk(v.Hash[i].Value)
	}
}

func (c *ctx) hrandfield(a [][]byte) {
	v, ok := c.hash(a[1])
	if !ok {
		return
	}
	n := 0
	if v != nil {
		n = len(v.Hash)
	}
	with := len(a) == 4
	c.mode = member
	if len(a) > 2 {
		count, isInt := number(a[2])
		if !isInt {
			c.fail("ERR")
			return
		}
		if count < 0 {
			c.mode, c.want = draws, int(-count)
		} else {
			c.mode, c.want = sample, min(int(count), n)
		}
		if n == 0 {
			c.want = 0
		}
	}
	nested := with && c.proto == 3
	if with && !nested {
		c.group = 2
	}
	c.array(n * c.group)
	for i := range n {
		if nested {
			c.array(2)
		}
		c.bulk(v.Hash[i].Field)
		if with {
			c.bulk(v.Hash[i].Value)
		}
	}
}
