package client

import (
	"strconv"
	"strings"

	"holdfast/sim/ledger"
	"holdfast/sim/model"
	"holdfast/sim/tape"
)

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// The sites of what a client does. Labels carry the client and the number of the
// command, so that leaving one out moves no other: what is drawn at once has one
// number, however many commands it sends, but those in a transaction have theirs.
var (
	siteKind    = tape.NewSiteWeighted("client #/command #/kind", tape.Mixed, 0, kindWeights...)
	siteForm    = tape.NewSite("client #/command #/form", tape.Free)
	siteKey     = tape.NewSite("client #/command #/key", tape.Free)
	siteClass   = tape.NewSite("client #/command #/class", tape.Free)
	siteTTL     = tape.NewSite("client #/command #/deadline", tape.Mixed)
	siteSize    = tape.NewSite("client #/command #/size", tape.Free)
	siteField   = tape.NewSite("client #/command #/field", tape.Free)
	siteDepth   = tape.NewSite("client #/command #/pipeline", tape.Free)
	siteLength  = tape.NewSite("client #/command #/length", tape.Free)
	siteInside  = tape.NewSite("client #/command #/more inside", tape.Free)
	siteOffset  = tape.NewSite("client #/command #/offset", tape.Free)
	sitePublish = tape.NewSite("client #/command #/publish", tape.Free)
	siteShard   = tape.NewSite("client #/command #/to a shard channel", tape.Free)
	siteBehind  = tape.NewSite("client #/command #/much behind", tape.Free)
	siteDB      = tape.NewSite("client #/command #/database", tape.Free)
)

// The classes of keys: numbers modulo five, and beyond those the lists.
const (
	str = iota
	str2
	counter
	hash
	mixed
	numClasses

	list = numClasses
)

// draw fills w.cmds with the next pipeline, which begins with the command first.
func (c *Client) draw(first int) {
	if c.w.shape.Script != nil {
		c.scripted()
		c.next(Drawn{first, first})
		return
	}
	depth := 1 + c.choose(siteDepth, c.w.shape.Depth)
	watched := c.watched
	c.watched = false
	if watched {
		depth = 1
	}
	for range depth {
		multi := c.n
		switch {
		case watched:
			c.transaction(first)
		case c.w.shape.Registers:
			c.register()
		default:
			c.plain(first, true)
			c.muted()
		}
		c.exception()
		if c.w.shape.Listen && c.choose(sitePublish, 5) == 1 {
			c.publish()
		}
		c.next(Drawn{first, multi})
	}
}

// next goes on to the next command.
func (c *Client) next(d Drawn) {
	c.drawn = append(c.drawn, d)
	c.n++
}

// publish sends a message that no other equals.
func (c *Client) publish() {
	verb, channel := "PUBLISH", "news"
	if c.choose(siteShard, 3) == 1 {
		verb, channel = "SPUBLISH", "shard"
	}
	c.emit(c.word(verb), c.word(channel), c.num(c.unique()))
}

// register is a command on a key without a deadline.
func (c *Client) register() {
	if c.choose(siteForm, 3) == 2 {
		key := c.name(int32(c.choose(siteKey, c.w.shape.Groups)*numClasses + counter))
		switch c.choose(siteLength, 4) {
		case 0, 1:
			c.emit(c.word("INCRBY"), key, c.num(c.stride()))
		case 2:
			c.emit(c.word("GET"), key)
		case 3:
			c.emit(c.word("DEL"), key)
		}
		return
	}
	key := c.name(int32(c.choose(siteKey, c.w.shape.Groups)*numClasses + str))
	switch name := c.pick("GET", "SET", "GET", "SET", "APPEND", "GETSET", "GETDEL", "DEL", "SETNX", "STRLEN"); string(name) {
	case "SET", "APPEND", "GETSET", "SETNX":
		c.emit(name, key, c.value(key))
	default:
		c.emit(name, key)
	}
}

// scripted sends the script's next pipeline; what was lost or refused while
// loading is not sent again.
func (c *Client) scripted() {
	script := c.w.shape.Script[c.id]
	if c.at >= len(script) {
		c.emit(c.word("PING"))
		return
	}
	line := script[c.at]
	c.at++
	for _, cmd := range strings.Split(line, " | ") {
		var args [][]byte
		for _, w := range strings.Fields(cmd) {
			if w == "$" {
				args = append(args, c.value(args[len(args)-1]))
			} else {
				args = append(args, c.word(w))
			}
		}
		c.emit(args...)
	}
}

func (c *Client) choose(s tape.Site, n int) int { return c.w.world.Tape.Choose(s.At2(c.id, c.n), n) }

// key draws a key of a class, now and then of any.
func (c *Client) key(class int) []byte {
	v := c.choose(siteKey, c.w.shape.Groups)
	if f := c.choose(siteClass, 16); f >= 16-numClasses {
		class = f - (16 - numClasses)
	} else if class == str && f&1 == 1 {
		class = str2
	}
	if class == list {
		return c.name(int32(c.w.shape.Groups*numClasses + v))
	}
	return c.name(int32(v*numClasses + class))
}

func (c *Client) name(k int32) []byte {
	return model.AppendKey(c.w.bytes.Room(6), k)
}

// value draws a value that says which write it is of.
func (c *Client) value(key []byte) []byte {
	id := c.w.ledger.Mint(model.KeyIndex(key))
	n := c.w.shape.Size
	switch v := c.choose(siteSize, 8); {
	case v == 1:
		n = ledger.MarkLen
	case v == 2:
		n *= 4
	case v == 3 && c.w.shape.Memory:
		n *= 16
	}
	return ledger.Fill(c.w.bytes.Room(n), id, max(n, ledger.MarkLen))
}

func (c *Client) word(s string) []byte { return c.w.bytes.Copy([]byte(s)) }

func (c *Client) num(n int64) []byte { return appendInt(c.w.bytes.Room(20), n) }

// unique returns a number that no other call does.
func (c *Client) unique() int64 {
	c.uniques++
	return int64(c.id)*1_000_000 + c.uniques
}

// emit adds a command to the pipeline.
func (c *Client) emit(args ...[]byte) {
	c.w.cmds = append(c.w.cmds, c.w.args.Copy(args))
}

// span are deadlines, in milliseconds from now: most at the horizon of the
// disk's latency, some far off, the first one benign.
var span = [...]int64{100_000, 1, 2, 3, 4, 6, 10, 16, 40, 120, 700, 3000}

func (c *Client) millis() int64 {
	ms := span[c.choose(siteTTL, len(span))]
	if c.w.shape.Far {
		ms += 1_000_000
	}
	return ms
}

// option draws an expiry option and its argument.
func (c *Client) option() (name, arg []byte) {
	ms := c.millis()
	switch c.choose(siteForm, 6) {
	case 4:
		return c.word("PXAT"), c.num(c.wallMS() + ms)
	case 5:
		return c.word("EX"), c.num(1 + ms/1000)
	}
	return c.word("PX"), c.num(ms)
}

func (c *Client) wallMS() int64 {
	if c.w.shape.Far {
		return 4_000_000_000_000 // the year 2096
	}
	return c.w.world.Clock.WallExact() / 1000
}

func (c *Client) field() []byte {
	n := 18
	if c.w.shape.Memory {
		n = 600
	}
	v := c.choose(siteField, n)
	return append(c.w.bytes.Room(5), 'f', byte('0'+v/3%10), byte('a'+v%3))
}

// plain draws one command that is no transaction, or, where allowed, one, for the
// send that begins with the command first.
func (c *Client) plain(first int, outside bool) {
	if c.beside(outside) || c.large() {
		return
	}
	k := kind(c.choose(siteKind, int(numKinds)))
	if !outside && (k >= firstOutside && k < firstList || k == kWait || k == kFeed) {
		k = kGet
	}
	switch {
	case k >= firstList:
		c.onList(k)
	case k < firstHash:
		c.onString(k)
	case k < firstGeneric:
		c.onHash(k)
	case k < firstWhole:
		c.onAny(k)
	default:
		c.onWhole(k, first)
	}
}
