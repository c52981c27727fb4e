package client

// end is where a list is pushed to and popped from.
func (c *Client) end() []byte { return c.pick("LEFT", "RIGHT") }

// tag is an element that many writes have, so that it can be looked for.
func (c *Client) tag() []byte {
	return append(c.w.bytes.Room(2), 't', byte('0'+c.choose(siteField, 3)))
}

// element draws a tag, or a value that says which write it is of.
func (c *Client) element(key []byte) []byte {
	if c.choose(siteLength, 3) == 2 {
		return c.tag()
	}
	return c.value(key)
}

// where draws an index, from either end.
func (c *Client) where() []byte { return c.num(int64(c.choose(siteOffset, 12)) - 4) }

func (c *Client) onList(k kind) {
	key := c.key(list)
	switch k {
	case kPush:
		n := 1 + c.choose(siteLength, 4)
		if c.w.shape.Memory {
			n += c.choose(siteOffset, 20)
		}
		args := append(c.w.args.Room(n+2), c.pick("RPUSH", "LPUSH", "RPUSH", "LPUSH", "RPUSHX", "LPUSHX"), key)
		for range n {
			args = append(args, c.element(key))
		}
		c.emit(args...)
	case kPop:
		switch c.choose(siteForm, 4) {
		case 0, 1:
			c.emit(c.pick("LPOP", "RPOP"), key)
		case 2:
			c.emit(c.pick("LPOP", "RPOP"), key, c.num(int64(c.choose(siteLength, 6))))
		case 3:
			c.emit(c.word("LMPOP"), c.word("2"), key, c.key(list), c.end(), c.word("COUNT"), c.num(1+int64(c.choose(siteLength, 3))))
		}
	case kListRead:
		switch c.choose(siteForm, 5) {
		case 0, 1:
			c.emit(c.word("LRANGE"), key, c.word("0"), c.word("-1"))
		case 2:
			c.emit(c.word("LLEN"), key)
		case 3:
			c.emit(c.word("LINDEX"), key, c.where())
		case 4:
			c.emit(c.word("LPOS"), key, c.tag(), c.word("RANK"), c.pick("1", "-1", "2"), c.word("COUNT"), c.pick("0", "1", "2"))
		}
	case kBlock:
		c.block(key)
	case kWait:
		c.await()
	case kFeed:
		c.feed(key)
	case kListEdit:
		c.editList(key)
	case kListMove:
		if c.choose(siteForm, 4) == 3 {
			c.emit(c.word("RPOPLPUSH"), key, key)
			return
		}
		c.w.ledger.Travels = true
		c.emit(c.word("LMOVE"), key, c.key(list), c.end(), c.end())
	}
}

func (c *Client) editList(key []byte) {
	switch c.choose(siteForm, 8) {
	case 0:
		c.emit(c.word("LSET"), key, c.where(), c.element(key))
	case 1:
		c.emit(c.word("LINSERT"), key, c.pick("BEFORE", "AFTER"), c.tag(), c.element(key))
	case 2:
		c.emit(c.word("LREM"), key, c.pick("0", "1", "-1", "2"), c.tag())
	case 3:
		c.emit(c.word("LTRIM"), key, c.num(int64(c.choose(siteLength, 3))), c.pick("-1", "-2", "3", "8"))
	case 4:
		c.emit(c.word("LRANGE"), key, c.where(), c.where())
	case 5:
		c.wedge(key)
	case 6: // another list in its place, while somebody may be reading it
		c.emit(c.pick("DEL", "UNLINK"), key)
		c.emit(c.word("RPUSH"), key, c.element(key))
	case 7: // one that is never empty, however its only element is moved
		c.emit(c.word("DEL"), key)
		c.emit(c.word("RPUSH"), key, c.element(key))
		c.emit(c.word("PEXPIRE"), key, c.num(c.millis()))
		c.emit(c.word("LMOVE"), key, key, c.end(), c.end())
		c.emit(c.word("PEXPIRETIME"), key)
	}
}

// wedge inserts at one place until the room between positions is used up.
func (c *Client) wedge(key []byte) {
	tag := c.tag()
	c.emit(c.word("RPUSH"), key, tag, tag)
	for range 1 + 3*c.choose(siteOffset, 8) {
		c.emit(c.word("LINSERT"), key, c.word("AFTER"), tag, c.num(c.unique()))
	}
}

// block waits for lists, for a time or until something makes it give up.
func (c *Client) block(key []byte) {
	timeout := c.pick("0.2", "0.05", "0.001", "0.01", "1", "0")
	c.forever = c.forever || string(timeout) == "0"
	switch c.choose(siteLength, 6) {
	case 0:
		c.emit(c.pick("BLPOP", "BRPOP"), key, timeout)
	case 1:
		c.emit(c.pick("BLPOP", "BRPOP"), key, c.key(list), c.key(list), timeout)
	case 2:
		c.emit(c.word("BLMPOP"), timeout, c.word("1"), key, c.end(), c.word("COUNT"), c.word("2"))
	case 3:
		c.emit(c.word("BLMPOP"), timeout, c.word("2"), key, c.key(list), c.end())
	case 4:
		c.w.ledger.Travels = true
		c.emit(c.word("BLMOVE"), key, c.key(list), c.end(), c.end(), timeout)
	case 5:
		c.w.ledger.Travels = true
		c.emit(c.word("BRPOPLPUSH"), key, c.key(list), timeout)
	}
}

// feed gives lists elements in every way that there is, for those who wait.
func (c *Client) feed(key []byte) {
	switch c.choose(siteLength, 9) {
	case 0, 1, 2:
		c.emit(c.pick("RPUSH", "LPUSH"), key, c.value(key))
	case 3:
		other := c.key(list)
		c.emit(c.word("MULTI"))
		c.emit(c.word("RPUSH"), other, c.value(other), c.value(other))
		c.emit(c.word("LPUSH"), key, c.value(key))
		if c.choose(siteForm, 2) == 1 {
			c.emit(c.word("LPOP"), other)
		}
		c.emit(c.word("EXEC"))
	case 4:
		c.w.ledger.Travels = true
		c.emit(c.word("COPY"), key, c.key(list), c.word("DB"), c.num(int64(c.choose(siteDB, 2))), c.word("REPLACE"))
	case 5:
		c.w.ledger.Travels = true
		c.emit(c.word("RENAME"), key, c.key(list))
	case 6:
		c.emit(c.word("MOVE"), key, c.num(int64(c.choose(siteDB, 2))))
	case 7, 8:
		c.w.ledger.Travels = true
		c.emit(c.word("SWAPDB"), c.word("0"), c.word("1"))
	}
}

// await waits for the log, or ends somebody else's wait.
func (c *Client) await() {
	switch c.choose(siteLength, 4) {
	case 0, 1:
		c.emit(c.word("WAITAOF"), c.word("1"), c.word("0"), c.pick("0", "0", "1", "20"))
	case 2:
		c.emit(c.word("WAIT"), c.word("1"), c.word("3"))
	case 3:
		c.w.judge.Unblocks()
		c.emit(c.word("CLIENT"), c.word("UNBLOCK"), c.num(1+int64(c.choose(siteOffset, 12))), c.pick("TIMEOUT", "ERROR"))
	}
}

// muchBehind is beyond what a connection's unread input may take.
const muchBehind = 66 << 10

// behind sends more behind a command that may wait for ever than the server reads
// of a client that cannot run.
func (c *Client) behind() {
	if !c.forever || c.w.shape.Memory || c.w.shape.Listen || c.w.shape.Script != nil || c.choose(siteBehind, 8) != 1 {
		return
	}
	much := c.w.bytes.Room(muchBehind)[:muchBehind]
	for i := range much {
		much[i] = 'x'
	}
	c.emit(c.word("ECHO"), much)
}
