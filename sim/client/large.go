package client

import "holdfast/sim/tape"

var (
	siteLarge = tape.NewSite("client #/command #/large", tape.Free)
	siteMany  = tape.NewSite("client #/command #/many", tape.Free)
)

// large draws now and then a command on the hash or the list that grows large:
// they are changed all the time, so often while they are imaged or read.
func (c *Client) large() bool {
	if !c.w.shape.Large || c.choose(siteLarge, 2) == 0 {
		return false
	}
	if key := c.name(int32(hash)); c.choose(siteForm, 2) == 0 {
		c.onLargeHash(key)
	} else {
		c.onLargeList(c.name(int32(c.w.shape.Groups * numClasses)))
	}
	return true
}

// among draws one of the many fields of the large hash.
func (c *Client) among() []byte {
	return appendInt(append(c.w.bytes.Room(4), 'g'), int64(c.choose(siteMany, 64)))
}

func (c *Client) onLargeHash(key []byte) {
	switch c.choose(siteLength, 8) {
	case 0, 1, 2:
		n := 2 + c.choose(siteOffset, 8)
		args := append(c.w.args.Room(2*n+2), c.word("HSET"), key)
		for range n {
			args = append(args, c.among(), c.value(key))
		}
		c.emit(args...)
	case 3, 4:
		c.emit(c.word("HDEL"), key, c.among(), c.among())
	case 5:
		c.emit(c.word("HSET"), key, c.among(), c.value(key))
	case 6:
		c.emit(c.pick("HGETALL", "HKEYS", "HLEN"), key)
	case 7:
		c.emit(c.word("HGET"), key, c.among())
	}
}

func (c *Client) onLargeList(key []byte) {
	at := c.num(int64(c.choose(siteMany, 64)) - 16)
	switch c.choose(siteLength, 8) {
	case 0, 1, 2:
		n := 2 + c.choose(siteOffset, 8)
		args := append(c.w.args.Room(n+2), c.pick("RPUSH", "LPUSH"), key)
		for range n {
			args = append(args, c.element(key))
		}
		c.emit(args...)
	case 3:
		c.emit(c.word("LSET"), key, at, c.element(key))
	case 4:
		c.emit(c.word("LINSERT"), key, c.pick("BEFORE", "AFTER"), c.tag(), c.element(key))
	case 5:
		c.emit(c.word("LREM"), key, c.pick("1", "-1", "2"), c.tag())
	case 6:
		c.emit(c.pick("LPOP", "RPOP"), key, c.num(int64(c.choose(siteOffset, 5))))
	case 7:
		c.emit(c.word("LRANGE"), key, c.word("0"), c.word("-1"))
	}
}
