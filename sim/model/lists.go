package model

import (
	"bytes"
	"slices"
)

// seq returns the list at key. ok is false when the reply is an error.
func (c *ctx) seq(key []byte) (v *Value, ok bool) {
	v = c.get(key)
	if v != nil && v.Type != List {
		c.wrongType()
		return nil, false
	}
	return v, true
}

// elements returns a list's, none where there is no list.
func (v *Value) elements() [][]byte {
	if v == nil {
		return nil
	}
	return v.List
}

// putList makes list, which nobody else has, the value of key, which keeps its
// deadline; an empty one is none.
func (c *ctx) putList(key []byte, was *Value, list [][]byte) {
	if len(list) == 0 {
		c.del(key)
		return
	}
	next := Value{Type: List, List: list}
	if was != nil {
		next.Deadline = was.Deadline
	}
	c.put(key, next)
}

// longer returns a copy of a list with room for n more elements.
func (c *ctx) longer(v *Value, n int) [][]byte {
	return append(c.m.lists.Room(len(v.elements())+n), v.elements()...)
}

func (c *ctx) push(name string, a [][]byte) {
	v, ok := c.seq(a[1])
	if !ok {
		return
	}
	if v == nil && name[len(name)-1] == 'X' {
		c.num(0)
		return
	}
	list := c.longer(v, len(a)-2)
	for _, e := range a[2:] {
		e = c.m.bytes.Copy(e)
		if name[0] == 'L' {
			list = slices.Insert(list, 0, e)
		} else {
			list = append(list, e)
		}
	}
	c.putList(a[1], v, list)
	c.num(int64(len(list)))
}

func (c *ctx) nullArray() {
	if c.proto == 3 {
		c.null()
	} else {
		c.out = append(c.out, "*-1\r\n"...)
	}
}

func (c *ctx) pop(left bool, a [][]byte) {
	n := int64(1)
	if len(a) > 2 {
		var isInt bool
		if n, isInt = number(a[2]); !isInt || n < 0 {
			c.fail("ERR")
			return
		}
	}
	v, ok := c.seq(a[1])
	switch {
	case !ok:
	case v == nil && len(a) > 2:
		c.nullArray()
	case v == nil:
		c.null()
	case len(a) > 2:
		c.take(a[1], v, left, n)
	default:
		rest, e := split(v.List, left)
		c.putList(a[1], v, rest)
		c.bulk(e)
	}
}

// split returns a list without its first or last element, and that.
func split(list [][]byte, left bool) (rest [][]byte, e []byte) {
	if n := len(list) - 1; !left {
		return list[:n:n], list[n]
	}
	return list[1:], list[0]
}

// take answers up to n elements from one end and removes them.
func (c *ctx) take(key []byte, v *Value, left bool, n int64) {
	rest, e := v.List, []byte(nil)
	n = min(n, int64(len(rest)))
	c.array(int(n))
	for range n {
		rest, e = split(rest, left)
		c.bulk(e)
	}
	if n > 0 {
		c.putList(key, v, rest)
	}
}

func (c *ctx) mpop(a [][]byte) {
	n, isInt := number(a[1])
	if !isInt || n <= 0 || n >= int64(len(a)-2) {
		c.fail("ERR")
		return
	}
	rest := a[2+n:]
	count := int64(1)
	if len(rest) == 3 {
		count, isInt = number(rest[2])
	}
	if !isInt || count <= 0 {
		c.fail("ERR")
		return
	}
	for _, key := range a[2 : 2+n] {
		v, ok := c.seq(key)
		if !ok {
			return
		}
		if v != nil {
			c.array(2)
			c.text(key)
			c.take(key, v, string(rest[0]) == "LEFT", count)
			return
		}
	}
	c.nullArray()
}

func (c *ctx) lmove(src, dst []byte, from, to bool) {
	v, ok := c.seq(src)
	if !ok {
		return
	}
	if v == nil {
		c.null()
		return
	}
	if _, ok = c.seq(dst); !ok {
		return
	}
	rest, e := split(v.List, from)
	if KeyIndex(src) != KeyIndex(dst) {
		c.putList(src, v, rest)
	}
	w, _ := c.seq(dst)
	list := c.longer(w, 1)
	if w != nil && KeyIndex(src) == KeyIndex(dst) {
		list = append(list[:0], rest...)
	}
	if to {
		list = slices.Insert(list, 0, e)
	} else {
		list = append(list, e)
	}
	c.putList(dst, w, list)
	c.bulk(e)
}

// index makes one that counts from the end one from the front.
func index(p []byte, n int) (i int64, ok bool) {
	i, ok = number(p)
	if i < 0 {
		i += int64(n)
	}
	return i, ok
}

func (c *ctx) lset(a [][]byte) {
	v, ok := c.seq(a[1])
	if !ok {
		return
	}
	i, isInt := index(a[2], len(v.elements()))
	if v == nil || !isInt || i < 0 || i >= int64(len(v.List)) {
		c.fail("ERR")
		return
	}
	list := c.longer(v, 0)
	list[i] = c.m.bytes.Copy(a[3])
	c.putList(a[1], v, list)
	c.ok()
}

func (c *ctx) linsert(a [][]byte) {
	v, ok := c.seq(a[1])
	if !ok {
		return
	}
	if v == nil {
		c.num(0)
		return
	}
	i := slices.IndexFunc(v.List, func(e []byte) bool { return bytes.Equal(e, a[3]) })
	if i < 0 {
		c.num(-1)
		return
	}
	if string(a[2]) == "AFTER" {
		i++
	}
	list := slices.Insert(c.longer(v, 1), i, c.m.bytes.Copy(a[4]))
	c.putList(a[1], v, list)
	c.num(int64(len(list)))
}

func (c *ctx) lrem(a [][]byte) {
	n, isInt := number(a[2])
	if !isInt {
		c.fail("ERR")
		return
	}
	v, ok := c.seq(a[1])
	if !ok {
		return
	}
	list := c.longer(v, 0)
	if n < 0 {
		slices.Reverse(list)
	}
	gone := int64(0)
	list = slices.DeleteFunc(list, func(e []byte) bool {
		if !bytes.Equal(e, a[3]) || n != 0 && gone == max(n, -n) {
			return false
		}
		gone++
		return true
	})
	if n < 0 {
		slices.Reverse(list)
	}
	if gone > 0 {
		c.putList(a[1], v, list)
	}
	c.num(gone)
}

// within returns the part of a list that a range names.
func within(list [][]byte, from, to []byte) (part [][]byte, ok bool) {
	i, ok1 := index(from, len(list))
	j, ok2 := index(to, len(list))
	i, j = max(i, 0), min(j, int64(len(list))-1)
	if i > j {
		return nil, ok1 && ok2
	}
	return list[i : j+1], ok1 && ok2
}

func (c *ctx) ltrim(a [][]byte) {
	v, ok := c.seq(a[1])
	if !ok {
		return
	}
	kept, isInt := within(v.elements(), a[2], a[3])
	if !isInt {
		c.fail("ERR")
		return
	}
	if len(kept) < len(v.elements()) {
		c.putList(a[1], v, kept)
	} else if v != nil {
		c.heard(Heard{DB: c.db, Key: KeyIndex(a[1]), Changed: true, Events: 1})
		c.touched(KeyIndex(a[1]))
	}
	c.ok()
}

// lread is every read of one list.
func (c *ctx) lread(name string, a [][]byte) {
	v, ok := c.seq(a[1])
	if !ok {
		return
	}
	list := v.elements()
	switch name {
	case "LLEN":
		c.num(int64(len(list)))
	case "LINDEX":
		if i, isInt := index(a[2], len(list)); !isInt && v != nil {
			c.fail("ERR")
		} else if i < 0 || i >= int64(len(list)) {
			c.null()
		} else {
			c.bulk(list[i])
		}
	case "LRANGE":
		part, isInt := within(list, a[2], a[3])
		if !isInt {
			c.fail("ERR")
			return
		}
		c.array(len(part))
		for _, e := range part {
			c.bulk(e)
		}
	case "LPOS":
		c.lpos(list, a)
	}
}

// lpos knows RANK and COUNT.
func (c *ctx) lpos(list [][]byte, a [][]byte) {
	rank, count := int64(1), int64(-1)
	for i := 3; i+1 < len(a); i += 2 {
		n, isInt := number(a[i+1])
		if !isInt || string(a[i]) == "RANK" && n == 0 || string(a[i]) == "COUNT" && n < 0 {
			c.fail("ERR")
			return
		}
		if string(a[i]) == "RANK" {
			rank = n
		} else {
			count = n
		}
	}
	var found []int
	for i := range list {
		if rank < 0 {
			i = len(list) - 1 - i
		}
		if bytes.Equal(list[i], a[2]) {
			found = append(found, i)
		}
	}
	found = found[min(max(rank, -rank)-1, int64(len(found))):]
	if count < 0 {
		if len(found) == 0 {
			c.null()
		} else {
			c.num(int64(found[0]))
		}
		return
	}
	if count > 0 {
		found = found[:min(count, int64(len(found)))]
	}
	c.array(len(found))
	for _, i := range found {
		c.num(int64(i))
	}
}

// dispatchList runs a command of lists, if it is one.
func (c *ctx) dispatchList(name string, a [][]byte) bool {
	switch name {
	case "LPUSH", "RPUSH", "LPUSHX", "RPUSHX":
		c.push(name, a)
	case "LPOP", "RPOP":
		c.pop(name == "LPOP", a)
	case "LMPOP":
		c.mpop(a)
	case "BLPOP", "BRPOP":
		c.blockingPop(name == "BLPOP", a[1:len(a)-1])
	case "BLMPOP":
		c.mpop(a[1:])
	case "BLMOVE":
		c.lmove(a[1], a[2], string(a[3]) == "LEFT", string(a[4]) == "LEFT")
	case "BRPOPLPUSH":
		c.lmove(a[1], a[2], false, true)
	case "LMOVE":
		c.lmove(a[1], a[2], string(a[3]) == "LEFT", string(a[4]) == "LEFT")
	case "RPOPLPUSH":
		c.lmove(a[1], a[2], false, true)
	case "LSET":
		c.lset(a)
	case "LINSERT":
		c.linsert(a)
	case "LREM":
		c.lrem(a)
	case "LTRIM":
		c.ltrim(a)
	case "LLEN", "LINDEX", "LRANGE", "LPOS":
		c.lread(name, a)
	default:
		return false
	}
	return true
}
