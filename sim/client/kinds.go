package client

import (
	"bytes"

	"holdfast/sim/model"
)

// kind is what a drawn command does. The first is the benign one.
type kind int

const (
	kGet kind = iota
	kSet
	kSetPX
	kSetOptions
	kIncr
	kGetEtc
	kSetNX
	kAppend
	kSetRange
	kGetRange
	kMGet
	kMSet
	kStrlen

	kHSet
	kHGet
	kHGetAll
	kHDel
	kHIncrBy
	kHashRead
	kHashDraw

	kDel
	kExists
	kExpire
	kTTL
	kPersist
	kType
	kRename
	kCopy
	kMove

	kScan
	kSize
	kRare
	kPing
	kMulti
	kWatch
	kFrozen
	kSelect

	kPush
	kPop
	kListRead
	kListEdit
	kListMove
	kBlock
	kWait
	kFeed
	numKinds

	firstHash    = kHSet
	firstGeneric = kDel
	firstWhole   = kScan
	firstOutside = kMulti
	firstList    = kPush
)

// kindWeights says how often kinds come, before a seed favours some and forbids
// others. New kinds come last: recorded runs name them by their place.
var kindWeights = func() (m []uint16) {
	for k := range numKinds {
		n := uint16(1)
		switch k {
		case kGet, kSetPX, kMulti, kBlock, kFeed:
			n = 4
		case kSet, kHGet, kHGetAll, kHSet, kMGet, kIncr, kPush, kPop, kListRead, kListEdit:
			n = 2
		}
		m = append(m, n)
	}
	return m
}()

func (c *Client) pick(names ...string) []byte {
	return c.word(names[c.choose(siteForm, len(names))])
}

func (c *Client) onString(k kind) {
	switch k {
	case kGet:
		c.emit(c.word("GET"), c.key(str))
	case kSet:
		key := c.key(str)
		c.emit(c.word("SET"), key, c.value(key))
	case kSetPX:
		key := c.key(str)
		o, a := c.option()
		c.emit(c.word("SET"), key, c.value(key), o, a)
	case kSetOptions:
		c.setOptions()
	case kIncr:
		c.incr()
	case kGetEtc:
		c.getEtc()
	case kSetNX:
		key := c.key(str)
		if c.choose(siteForm, 4) == 3 {
			key2 := c.key(str)
			c.emit(c.word("MSETNX"), key, c.value(key), key2, c.value(key2))
			return
		}
		c.emit(c.word("SETNX"), key, c.value(key))
	case kAppend:
		key := c.key(str)
		c.emit(c.word("APPEND"), key, c.value(key))
	case kSetRange:
		key := c.key(str)
		c.emit(c.word("SETRANGE"), key, c.num(int64(c.choose(siteOffset, 2*c.w.shape.Size))), c.value(key))
	case kGetRange:
		from := int64(c.choose(siteOffset, 64))
		c.emit(c.word("GETRANGE"), c.key(str), c.num(from), c.num(from+int64(c.choose(siteLength, 64))-2))
	case kMGet:
		n := 1 + c.choose(siteLength, 5)
		args := c.w.args.Room(n + 1)
		args = append(args, c.word("MGET"))
		for range n {
			args = append(args, c.key(str))
		}
		if n == 3 && bytes.Equal(args[1], args[2]) && bytes.Equal(args[2], args[3]) {
			args = args[:3] // that form is exception's
		}
		c.emit(args...)
	case kMSet:
		a, b := c.key(str), c.key(str2)
		c.emit(c.word("MSET"), a, c.value(a), b, c.value(b))
	case kStrlen:
		c.emit(c.word("STRLEN"), c.key(str))
	}
}

func (c *Client) setOptions() {
	key := c.key(str)
	v := c.value(key)
	set := c.word("SET")
	switch c.choose(siteForm, 8) {
	case 0:
		c.emit(set, key, v, c.word("NX"))
	case 1:
		c.emit(set, key, v, c.word("XX"))
	case 2:
		c.emit(set, key, v, c.word("GET"))
	case 3:
		c.emit(set, key, v, c.word("KEEPTTL"))
	case 4:
		c.emit(set, key, v, c.word("NX"), c.word("PX"), c.num(c.millis()))
	case 5:
		c.emit(set, key, v, c.word("XX"), c.word("GET"), c.word("PX"), c.num(c.millis()))
	case 6:
		c.emit(c.word("PSETEX"), key, c.num(c.millis()), v)
	case 7:
		c.emit(c.word("SETEX"), key, c.num(1+c.millis()/1000), v)
	}
}

// stride is a number that no other command adds: a lost or doubled one shows.
func (c *Client) stride() int64 { return 100_003 + 7*c.unique() }

// incr adds or sets a number.
func (c *Client) incr() {
	key := c.key(counter)
	stride := c.stride()
	switch c.choose(siteForm, 4) {
	case 0:
		c.emit(c.word("INCR"), key)
	case 1:
		c.emit(c.word("INCRBY"), key, c.num(stride))
	case 2:
		c.emit(c.word("DECRBY"), key, c.num(stride))
	case 3:
		c.emit(c.word("SET"), key, c.num(stride), c.word("PX"), c.num(c.millis()))
	}
}

func (c *Client) getEtc() {
	key := c.key(str)
	switch c.choose(siteForm, 5) {
	case 0:
		c.emit(c.word("GETSET"), key, c.value(key))
	case 1:
		c.emit(c.word("GETDEL"), key)
	case 2:
		c.emit(c.word("GETEX"), key)
	case 3:
		c.emit(c.word("GETEX"), key, c.word("PX"), c.num(c.millis()))
	case 4:
		c.emit(c.word("GETEX"), key, c.word("PERSIST"))
	}
}

func (c *Client) onHash(k kind) {
	key := c.key(hash)
	switch k {
	case kHSet:
		n := 1 + c.choose(siteLength, 3)
		if c.w.shape.Memory {
			n += c.choose(siteOffset, 12)
		}
		args := append(c.w.args.Room(2*n+2), c.word("HSET"), key)
		for range n {
			args = append(args, c.field(), c.value(key))
		}
		c.emit(args...)
	case kHGet:
		c.emit(c.word("HGET"), key, c.field())
	case kHGetAll:
		c.emit(c.pick("HGETALL", "HGETALL", "HKEYS", "HVALS"), key)
	case kHDel:
		c.emit(c.word("HDEL"), key, c.field(), c.field())
	case kHIncrBy:
		c.emit(c.word("HINCRBY"), key, append(c.w.bytes.Room(2), 'n', byte('0'+c.choose(siteField, 3))), c.num(c.stride()))
	case kHashRead:
		switch c.choose(siteForm, 5) {
		case 0:
			c.emit(c.word("HMGET"), key, c.field(), c.field())
		case 1:
			c.emit(c.word("HLEN"), key)
		case 2:
			c.emit(c.word("HEXISTS"), key, c.field())
		case 3:
			c.emit(c.word("HSTRLEN"), key, c.field())
		case 4:
			c.emit(c.word("HSETNX"), key, c.field(), c.value(key))
		}
	case kHashDraw:
		switch c.choose(siteForm, 4) {
		case 0:
			c.emit(c.word("HSCAN"), key, c.num(0))
		case 1:
			c.emit(c.word("HRANDFIELD"), key)
		case 2:
			c.emit(c.word("HRANDFIELD"), key, c.num(2))
		case 3:
			c.emit(c.word("HRANDFIELD"), key, c.num(-3), c.word("WITHVALUES"))
		}
	}
}

func (c *Client) onAny(k kind) {
	key := c.key(c.choose(siteDB, numClasses+1))
	switch k {
	case kDel:
		c.emit(c.pick("DEL", "DEL", "UNLINK"), key)
	case kExists:
		c.emit(c.pick("EXISTS", "EXISTS", "TOUCH"), key)
	case kExpire:
		c.expire(key)
	case kTTL:
		c.emit(c.pick("PTTL", "TTL", "PEXPIRETIME", "EXPIRETIME"), key)
	case kPersist:
		c.emit(c.word("PERSIST"), key)
	case kType:
		c.emit(c.word("TYPE"), key)
	case kRename:
		c.w.ledger.Travels = true
		c.emit(c.pick("RENAME", "RENAMENX"), key, c.key(mixed))
	case kCopy:
		c.w.ledger.Travels = true
		switch c.choose(siteForm, 3) {
		case 0:
			c.emit(c.word("COPY"), key, c.key(mixed))
		case 1:
			c.emit(c.word("COPY"), key, c.key(mixed), c.word("REPLACE"))
		case 2:
			c.emit(c.word("COPY"), key, key, c.word("DB"), c.num(int64(c.choose(siteDB, model.Databases))), c.word("REPLACE"))
		}
	case kMove:
		c.emit(c.word("MOVE"), key, c.num(int64(c.choose(siteDB, model.Databases))))
	}
}

func (c *Client) expire(key []byte) {
	ms := c.millis()
	form := c.choose(siteForm, 9)
	if c.w.shape.Far && (form == 5 || form == 6) {
		form = 0 // which of two deadlines is later depends on the clock
	}
	switch form {
	case 0, 1, 2:
		c.emit(c.word("PEXPIRE"), key, c.num(ms))
	case 3:
		c.emit(c.word("EXPIRE"), key, c.num(1+ms/1000))
	case 4:
		c.emit(c.word("PEXPIREAT"), key, c.num(c.wallMS()+ms))
	case 5:
		c.emit(c.word("PEXPIRE"), key, c.num(ms), c.pick("NX", "XX", "GT", "LT"))
	case 6:
		c.emit(c.word("PEXPIRE"), key, c.num(ms), c.word("GT"))
	case 7:
		c.emit(c.word("PEXPIRE"), key, c.num(-ms))
	case 8:
		c.emit(c.word("EXPIREAT"), key, c.num((c.wallMS()+ms)/1000))
	}
}

func (c *Client) onWhole(k kind, first int) {
	switch k {
	case kScan:
		switch c.choose(siteForm, 3) {
		case 0:
			c.emit(c.word("SCAN"), c.num(0))
		case 1:
			c.emit(c.word("KEYS"), c.word("*"))
		case 2:
			c.emit(c.word("RANDOMKEY"))
		}
	case kSize:
		c.emit(c.word("DBSIZE"))
	case kRare:
		c.rare()
	case kPing:
		c.emit(c.pick("PING", "TIME"))
	case kMulti:
		c.transaction(first)
	case kWatch:
		key := c.key(str)
		c.emit(c.word("WATCH"), key)
		c.emit(c.word("GET"), key)
		c.watched = true
	case kFrozen:
		c.frozen()
	case kSelect:
		if c.w.shape.Lazy && c.choose(siteForm, 4) > 0 {
			c.emit(c.word("DEBUG"), c.word("SET-ACTIVE-EXPIRE"), c.pick("0", "0", "0", "1"))
			return
		}
		c.db = c.choose(siteDB, model.Databases)
		c.emit(c.word("SELECT"), c.num(int64(c.db)))
	}
}

// rare are commands that would empty every run if they came often.
func (c *Client) rare() {
	switch c.choose(siteForm, 12) {
	case 9:
		c.emit(c.word("FLUSHDB"))
	case 10:
		c.emit(c.word("SWAPDB"), c.num(0), c.num(int64(c.choose(siteDB, model.Databases))))
		c.w.ledger.Travels = true
	case 11:
		c.emit(c.word("FLUSHALL"))
	default:
		c.emit(c.word("DBSIZE"))
	}
}

// transaction is MULTI, a few commands with numbers of their own, EXEC; once in a
// while DISCARD.
func (c *Client) transaction(first int) {
	multi, end := c.n, "EXEC"
	if c.choose(siteForm, 12) == 11 {
		end = "DISCARD"
	}
	c.emit(c.word("MULTI"))
	for range 1 + c.choose(siteInside, 5) {
		c.next(Drawn{first, multi})
		c.plain(first, false)
	}
	c.emit(c.word(end))
}

// frozen is the transaction that shows a clock moving inside it: PTTL must
// never be -1 here.
func (c *Client) frozen() {
	key := c.key(counter)
	c.emit(c.word("MULTI"))
	c.emit(c.word("SET"), key, c.word("0"), c.word("NX"), c.word("PX"), c.num(c.millis()))
	c.emit(c.word("INCR"), key)
	c.emit(c.word("PTTL"), key)
	c.emit(c.word("EXEC"))
}

// Check makes the checker read everything that was ever written.
func (w *Workload) Check() {
	c := w.check
	c.script, c.at = c.script[:0], 0
	add := func(args ...[]byte) { c.script = append(c.script, w.args.Copy(args)) }
	for db := range model.Databases {
		seen := 0
		args := append(w.args.Room(w.shape.Groups*(numClasses+1)+1), c.word("MGET"))
		w.judge.Model.Ever(db, func(k int32) {
			seen++
			args = append(args, c.name(k))
		})
		if seen == 0 {
			continue
		}
		add(c.word("SELECT"), c.num(int64(db)))
		add(args...)
		add(c.word("DBSIZE"))
		w.judge.Model.Keys(db, func(k int32, v *model.Value) {
			if v.Type == model.Hash {
				add(c.word("HGETALL"), c.name(k))
			}
			if v.Type == model.List {
				add(c.word("LRANGE"), c.name(k), c.num(0), c.num(-1))
			}
			if v.Deadline != 0 {
				add(c.word("PEXPIRETIME"), c.name(k))
			}
		})
	}
	if !c.asleep && c.owed == 0 {
		c.act()
	}
}
