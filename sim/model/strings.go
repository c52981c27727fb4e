package model

import (
	"math"

	"holdfast/engine/unit"
)

// when reads an expiry option's argument: the deadline it means.
func (c *ctx) when(option string, arg []byte) (unit.Deadline, bool) {
	n, ok := number(arg)
	if !ok || n <= 0 {
		return 0, false
	}
	return c.deadline(option, n)
}

// deadline converts n of the option's unit to a deadline; false on overflow.
func (c *ctx) deadline(option string, n int64) (unit.Deadline, bool) {
	seconds := option == "EX" || option == "EXAT"
	if seconds {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return 0, false
		}
		n *= 1000
	}
	if option == "EX" || option == "PX" {
		now := int64(c.now) / 1000
		if n > math.MaxInt64-now {
			return 0, false
		}
		n += now
	}
	return unit.Deadline(n), true
}

func (c *ctx) setStr(key, val []byte, dl unit.Deadline) {
	c.put(key, Value{Type: String, Str: c.m.bytes.Copy(val), Deadline: dl})
}

// set is SET with every option.
func (c *ctx) set(a [][]byte) {
	var nx, xx, get, keep bool
	var dl unit.Deadline
	for i := 3; i < len(a); i++ {
		switch o := string(a[i]); o {
		case "NX":
			nx = true
		case "XX":
			xx = true
		case "GET":
			get = true
		case "KEEPTTL":
			keep = true
		case "EX", "PX", "EXAT", "PXAT":
			if i++; i == len(a) {
				c.fail("ERR")
				return
			}
			var ok bool
			if dl, ok = c.when(o, a[i]); !ok {
				c.fail("ERR")
				return
			}
		default:
			c.unknown = true
			return
		}
	}
	old := c.get(a[1])
	if get {
		if old != nil && old.Type != String {
			c.wrongType()
			return
		}
		if old != nil {
			c.bulk(old.Str)
		} else {
			c.null()
		}
	}
	if nx && old != nil || xx && old == nil {
		if !get {
			c.null()
		}
		return
	}
	if keep && old != nil {
		dl = old.Deadline
	}
	c.setStr(a[1], a[2], dl)
	if !get {
		c.ok()
	}
}

// setWith is SETEX and PSETEX.
func (c *ctx) setWith(option string, a [][]byte) {
	dl, ok := c.when(option, a[2])
	if !ok {
		c.fail("ERR")
		return
	}
	c.setStr(a[1], a[3], dl)
	c.ok()
}

func (c *ctx) bulkOrNull(v *Value) {
	if v == nil {
		c.null()
		return
	}
	c.bulk(v.Str)
}

func (c *ctx) getex(a [][]byte) {
	v, ok := c.str(a[1])
	if !ok {
		return
	}
	if v == nil {
		c.null()
		return
	}
	next := *v
	if len(a) == 4 {
		o := string(a[2])
		dl, ok := c.when(o, a[3])
		if !ok {
			c.fail("ERR")
			return
		}
		next.Deadline = dl
		if (o == "EXAT" || o == "PXAT") && int64(dl) <= int64(c.now)/1000 && !c.imports.on {
			next = Value{}
		}
	} else if len(a) == 3 {
		next.Deadline = 0
	}
	c.bulk(v.Str)
	if next.Deadline != v.Deadline || len(a) == 4 {
		c.put(a[1], next)
	}
}

func (c *ctx) incr(key []byte, by int64) {
	v, ok := c.str(key)
	if !ok {
		return
	}
	var n int64
	var dl unit.Deadline
	if v != nil {
		dl = v.Deadline
		if n, ok = number(v.Str); !ok {
			c.fail("ERR")
			return
		}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		c.fail("ERR")
		return
	}
	n += by
	c.scratch = appendInt(c.scratch[:0], n)
	c.setStr(key, c.scratch, dl)
	c.values = true
	c.num(n)
}

func (c *ctx) appendTo(a [][]byte) {
	v, ok := c.str(a[1])
	if !ok {
		return
	}
	var old Value
	if v != nil {
		old = *v
	}
	p := c.m.bytes.Make(len(old.Str) + len(a[2]))
	copy(p[copy(p, old.Str):], a[2])
	c.put(a[1], Value{Type: String, Str: p, Deadline: old.Deadline})
	c.num(int64(len(p)))
}

func (c *ctx) setRange(a [][]byte) {
	off, isInt := number(a[2])
	if !isInt || off < 0 || off > 1<<20 {
		c.fail("ERR")
		return
	}
	v, ok := c.str(a[1])
	if !ok {
		return
	}
	var old Value
	if v != nil {
		old = *v
	}
	if len(a[3]) == 0 {
		c.num(int64(len(old.Str)))
		return
	}
	p := c.m.bytes.Make(max(len(old.Str), int(off)+len(a[3])))
	copy(p, old.Str)
	copy(p[off:], a[3])
	c.put(a[1], Value{Type: String, Str: p, Deadline: old.Deadline})
	c.num(int64(len(p)))
}

func (c *ctx) getRange(a [][]byte) {
	from, ok1 := number(a[2])
	to, ok2 := number(a[3])
	if !ok1 || !ok2 {
		c.fail("ERR")
		return
	}
	v, ok := c.str(a[1])
	if !ok {
		return
	}
	var s []byte
	if v != nil {
		s = v.Str
	}
	n := int64(len(s))
	if from < 0 && to < 0 && from > to {
		c.text(nil)
		return
	}
	if from < 0 {
		from = max(0, n+from)
	}
	if to < 0 {
		to = max(0, n+to)
	}
	to = min(to, n-1)
	if from > to || n == 0 {
		c.text(nil)
		return
	}
	c.bulk(s[from : to+1])
}

func (c *ctx) mget(a [][]byte) {
	c.array(len(a) - 1)
	for _, k := range a[1:] {
		if v := c.get(k); v != nil && v.Type == String {
			c.bulk(v.Str)
		} else {
			c.null()
		}
	}
}

func (c *ctx) mset(a [][]byte, nx bool) {
	for i := 1; nx && i+1 < len(a); i += 2 {
		if c.get(a[i]) != nil {
			c.num(0)
			return
		}
	}
	for i := 1; i+1 < len(a); i += 2 {
		c.setStr(a[i], a[i+1], 0)
	}
	if nx {
		c.num(1)
	} else {
		c.ok()
	}
}

func (c *ctx) getdel(key []byte) {
	v, ok := c.str(key)
	if !ok {
		return
	}
	c.bulkOrNull(v)
	if v != nil {
		c.del(key)
	}
}

func (c *ctx) getset(a [][]byte) {
	v, ok := c.str(a[1])
	if !ok {
		return
	}
	c.bulkOrNull(v)
	c.setStr(a[1], a[2], 0)
}
