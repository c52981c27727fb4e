package model

import (
	"slices"

	"holdfast/engine/unit"
)

// dispatch runs one command. Names and options are in capitals: the simulated
// clients write them so.
func (c *ctx) dispatch(conn uint64, a [][]byte) {
	switch name := string(a[0]); name {
	case "GET":
		if v, ok := c.str(a[1]); ok {
			c.bulkOrNull(v)
		}
	case "SET":
		c.set(a)
	case "SETNX":
		if c.get(a[1]) != nil {
			c.num(0)
			return
		}
		c.setStr(a[1], a[2], 0)
		c.num(1)
	case "SETEX":
		c.setWith("EX", a)
	case "PSETEX":
		c.setWith("PX", a)
	case "GETSET":
		c.getset(a)
	case "GETDEL":
		c.getdel(a[1])
	case "GETEX":
		c.getex(a)
	case "MGET":
		c.mget(a)
	case "MSET":
		c.mset(a, false)
	case "MSETNX":
		c.mset(a, true)
	case "STRLEN":
		if v, ok := c.str(a[1]); ok && v != nil {
			c.num(int64(len(v.Str)))
		} else if ok {
			c.num(0)
		}
	case "APPEND":
		c.appendTo(a)
	case "SETRANGE":
		c.setRange(a)
	case "GETRANGE":
		c.getRange(a)
	case "INCR", "DECR", "INCRBY", "DECRBY":
		c.count(name, a)
	default:
		c.dispatchMore(name, conn, a)
	}
}

func (c *ctx) count(name string, a [][]byte) {
	by := int64(1)
	if len(a) == 3 {
		var ok bool
		if by, ok = number(a[2]); !ok {
			c.fail("ERR")
			return
		}
	}
	if name[0] == 'D' {
		by = -by
	}
	c.incr(a[1], by)
}

func (c *ctx) dispatchMore(name string, conn uint64, a [][]byte) {
	switch name {
	case "DEL", "UNLINK", "EXISTS", "TOUCH":
		c.remove(name, a[1:])
	case "TYPE":
		c.typ(a[1])
	case "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT":
		c.expire(name, a)
	case "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME":
		c.ttl(name, a[1])
	case "PERSIST":
		v := c.get(a[1])
		if v == nil || v.Deadline == 0 {
			c.num(0)
			return
		}
		next := *v
		next.Deadline = 0
		c.put(a[1], next)
		c.num(1)
	case "DUMP":
		c.dump(a[1])
	case "RESTORE":
		c.restore(a)
	case "RENAME", "RENAMENX":
		c.rename(name == "RENAMENX", a)
	case "COPY":
		c.copyKey(a)
	case "MOVE":
		c.move(a)
	case "HSET", "HMSET":
		c.hset(a, name == "HMSET")
	case "HSETNX":
		c.hsetnx(a)
	case "HINCRBY":
		c.hincrby(a)
	case "HDEL":
		c.hdel(a)
	case "HGET", "HMGET", "HLEN", "HEXISTS", "HSTRLEN":
		c.hread(name, a)
	case "HGETALL", "HKEYS", "HVALS":
		c.hall(name, a[1])
	case "HSCAN":
		c.hscan(a)
	case "HRANDFIELD":
		c.hrandfield(a)
	default:
		if !c.dispatchList(name, a) {
			c.dispatchWhole(name, conn, a)
		}
	}
}

func (c *ctx) dispatchWhole(name string, conn uint64, a [][]byte) {
	switch name {
	case "DBSIZE":
		c.num(c.size())
	case "KEYS", "SCAN":
		c.list(name)
	case "RANDOMKEY":
		c.list(name)
		c.mode = member
	case "FLUSHDB", "FLUSHALL":
		c.flush(name == "FLUSHALL")
		c.ok()
	case "SWAPDB":
		c.swap(a)
	case "SELECT":
		if n, ok := number(a[1]); ok && n >= 0 && n < Databases {
			c.db = int(n)
			c.ok()
		} else {
			c.fail("ERR")
		}
	case "WATCH":
		for _, k := range a[1:] {
			if i := KeyIndex(k); i >= 0 && !c.dry {
				c.m.watchKey(c, conn, i)
			}
		}
		c.ok()
	case "UNWATCH", "DISCARD":
		if !c.dry {
			c.m.Unwatch(conn)
		}
		c.ok()
	case "CONFIG":
		c.configure(a)
	case "CLIENT":
		c.client(conn, a)
	case "PING":
		c.simple("PONG")
	case "ECHO":
		c.text(a[1])
	case "TIME":
		c.array(2)
		c.scratch = appendInt(c.scratch[:0], int64(c.now)/1e6)
		c.text(c.scratch)
		c.scratch = appendInt(c.scratch[:0], int64(c.now)%1e6)
		c.text(c.scratch)
	default:
		c.unknown = true
	}
}

func (c *ctx) remove(name string, keys [][]byte) {
	n := int64(0)
	for _, k := range keys {
		deletes := name == "DEL" || name == "UNLINK"
		there := false
		if deletes && c.imports.on {
			there = c.kept(c.m.inc(c.db, c.cut), KeyIndex(k))
		} else {
			there = c.get(k) != nil
		}
		if !there {
			continue
		}
		n++
		if deletes {
			c.del(k)
		}
	}
	c.num(n)
}

func (c *ctx) typ(key []byte) {
	v := c.get(key)
	switch {
	case v == nil:
		c.simple("none")
	case v.Type == String:
		c.simple("string")
	case v.Type == List:
		c.simple("list")
	default:
		c.simple("hash")
	}
}

// expire is the EXPIRE family with its conditions.
func (c *ctx) expire(name string, a [][]byte) {
	n, isInt := number(a[2])
	if !isInt {
		c.fail("ERR")
		return
	}
	option := map4(name)
	dl, ok := c.deadline(option, n)
	if !ok {
		c.fail("ERR")
		return
	}
	v := c.get(a[1])
	if v == nil {
		c.num(0)
		return
	}
	for _, o := range a[3:] {
		has := v.Deadline != 0
		blocked := false
		switch string(o) {
		case "NX":
			blocked = has
		case "XX":
			blocked = !has
		case "GT":
			blocked = !has || dl <= v.Deadline
		case "LT":
			blocked = has && dl >= v.Deadline
		}
		if blocked {
			c.num(0)
			return
		}
	}
	c.num(1)
	if int64(dl) <= int64(c.now)/1000 && !c.imports.on {
		c.del(a[1])
		return
	}
	next := *v
	next.Deadline = max(dl, 1) // 0 is none
	c.put(a[1], next)
}

// map4 names the SET option that means the same instant as a command.
func map4(name string) string {
	switch name {
	case "EXPIRE":
		return "EX"
	case "PEXPIRE":
		return "PX"
	case "EXPIREAT":
		return "EXAT"
	}
	return "PXAT"
}

func (c *ctx) ttl(name string, key []byte) {
	v := c.get(key)
	if v == nil {
		c.num(-2)
		return
	}
	if v.Deadline == 0 {
		c.num(-1)
		return
	}
	left := max(int64(v.Deadline)-int64(c.now)/1000, 0)
	switch name {
	case "TTL":
		c.num((left + 500) / 1000)
	case "PTTL":
		c.num(left)
	case "EXPIRETIME":
		c.num((int64(v.Deadline) + 500) / 1000)
	default:
		c.num(int64(v.Deadline))
	}
}

func (c *ctx) rename(nx bool, a [][]byte) {
	v := c.get(a[1])
	if v == nil {
		c.fail("ERR")
		return
	}
	same := KeyIndex(a[1]) == KeyIndex(a[2])
	if nx && (same || c.get(a[2]) != nil) {
		c.num(0)
		return
	}
	if !same {
		moved := *v
		c.del(a[1])
		c.put(a[2], moved)
	}
	if nx {
		c.num(1)
	} else {
		c.ok()
	}
}

func (c *ctx) copyKey(a [][]byte) {
	db, replace := c.db, false
	for i := 3; i < len(a); i++ {
		switch string(a[i]) {
		case "REPLACE":
			replace = true
		case "DB":
			i++
			n, ok := number(a[i])
			if !ok || n < 0 || n >= Databases {
				c.fail("ERR")
				return
			}
			db = int(n)
		}
	}
	if db == c.db && KeyIndex(a[1]) == KeyIndex(a[2]) {
		c.fail("ERR")
		return
	}
	v := c.get(a[1])
	if v == nil || !replace && c.getIn(db, a[2]) != nil {
		c.num(0)
		return
	}
	c.putIn(db, a[2], *v)
	c.num(1)
}

func (c *ctx) move(a [][]byte) {
	n, ok := number(a[2])
	if !ok || n < 0 || n >= Databases || int(n) == c.db {
		c.fail("ERR")
		return
	}
	v := c.get(a[1])
	if v == nil || c.getIn(int(n), a[1]) != nil {
		c.num(0)
		return
	}
	moved := *v
	c.del(a[1])
	c.putIn(int(n), a[1], moved)
	c.num(1)
}

// live calls fn with every live key of the selected database.
func (c *ctx) live(fn func(key int32)) {
	inc := c.m.inc(c.db, c.cut)
	for _, k := range c.m.spaces[inc].used {
		if c.at(inc, k) != nil {
			fn(k)
		}
	}
}

// list is the names of all live keys, in any order.
func (c *ctx) list(name string) {
	c.mode = unordered
	if name == "SCAN" {
		c.mode = cursor
	}
	n := 0
	c.live(func(int32) { n++ })
	c.array(n)
	c.live(func(k int32) {
		c.scratch = AppendKey(c.scratch[:0], k)
		c.text(c.scratch)
	})
}

// flush gives each database that ever had keys a new incarnation: those that
// are dead and have not been removed go as well, unannounced. It is a change
// only where a key counted.
func (c *ctx) flush(all bool) {
	was := c.db
	var emptied [Databases]bool
	any := false
	for db := range Databases {
		if c.db = db; all || db == was {
			c.changed = c.changed || c.size() > 0
			emptied[db] = len(c.m.spaces[c.m.inc(db, ^uint64(0))].used) > 0
			any = any || emptied[db]
		}
	}
	c.db = was
	c.heard(Heard{Flushed: true})
	if c.dry || !any {
		return
	}
	c.m.remap(c.lsn, c.now, func(m *mapping) {
		for i := range m.inc {
			if emptied[i] {
				m.inc[i] = c.m.space()
			}
		}
	})
}

func (c *ctx) swap(a [][]byte) {
	x, ok1 := number(a[1])
	y, ok2 := number(a[2])
	if !ok1 || !ok2 || min(x, y) < 0 || max(x, y) >= Databases {
		c.fail("ERR")
		return
	}
	c.ok()
	c.changed = c.changed || x != y
	if x != y {
		c.heard(Heard{Flushed: true})
	}
	if c.dry || x == y {
		return
	}
	c.m.remap(c.lsn, c.now, func(m *mapping) { m.inc[x], m.inc[y] = m.inc[y], m.inc[x] })
}

// Dead reports whether a deadline has passed, by the model's own rule.
func Dead(d unit.Deadline, now unit.Time) bool { return dead(d, now) }

// Known reports whether the model speaks a command: of those about the server or
// the connection, what concerns import mode.
func Known(a [][]byte) bool {
	switch string(a[0]) {
	case "CLIENT":
		return string(a[1]) == "IMPORT-SOURCE"
	case "CONFIG":
		return len(a) == 4 && string(a[2]) == "import-mode"
	}
	_, ok := slices.BinarySearch(known, string(a[0]))
	return ok
}

var known = []string{"APPEND", "BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "COPY", "DBSIZE", "DECR",
	"DECRBY", "DEL", "DUMP", "ECHO", "EXISTS", "EXPIRE", "EXPIREAT", "EXPIRETIME", "FLUSHALL", "FLUSHDB", "GET",
	"GETDEL", "GETEX", "GETRANGE", "GETSET", "HDEL", "HEXISTS", "HGET", "HGETALL", "HINCRBY", "HKEYS", "HLEN",
	"HMGET", "HMSET", "HRANDFIELD", "HSCAN", "HSET", "HSETNX", "HSTRLEN", "HVALS", "INCR", "INCRBY", "KEYS",
	"LINDEX", "LINSERT", "LLEN", "LMOVE", "LMPOP", "LPOP", "LPOS", "LPUSH", "LPUSHX", "LRANGE", "LREM", "LSET",
	"LTRIM", "MGET", "MOVE", "MSET", "MSETNX", "PERSIST", "PEXPIRE", "PEXPIREAT", "PEXPIRETIME", "PING",
	"PSETEX", "PTTL", "RANDOMKEY", "RENAME", "RENAMENX", "RESTORE", "RPOP", "RPOPLPUSH", "RPUSH", "RPUSHX",
	"SCAN", "SELECT", "SET", "SETEX", "SETNX", "SETRANGE", "STRLEN", "SWAPDB", "TIME", "TOUCH", "TTL", "TYPE",
	"UNLINK", "UNWATCH", "WATCH"}
