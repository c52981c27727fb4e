package judge

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/sim/model"
)

// hearer is a connection that is told of what others do. What it must hear is
// computed from the declared units alone; what it hears is judged when the
// socket takes it: in the serial order, nothing twice, nothing left out, and
// nothing that a power cut could undo.
type hearer struct {
	conn     uint64
	events   bool // keyspace events
	channels [][]byte
	monitor  bool
	tracks   bool
	tracking tracking
	relay    *hearer           // of those who redirect to it
	read     map[int32]reading // keys it has read since they changed
	due      []tiding
	head     int
	fresh    int      // events of the command that runs
	floating []tiding // expiries and evictions: their place within a unit is not declared
	replied  int64    // the newest unit whose reply was released
}

// reading says whether a connection is known to have read a key.
type reading uint8

const (
	perhaps reading = iota + 1 // the read was refused, before it ran or after
	surely
)

// tiding is one thing that must be told.
type tiding struct {
	kind     hearKind
	db       int
	key      int32
	text     []byte // of a message, or of a line of MONITOR
	lsn      uint64
	events   int   // how many tell of it
	unit     int64 // how many units had been declared
	optional bool
}

type hearKind uint8

const (
	hearEvent   hearKind = iota // one keyspace event or more
	hearGone                    // expired or evicted
	hearMessage                 // PUBLISH
	hearInvalid
	hearFlush
	hearLine // of MONITOR
)

// listening reports a command that changes what a connection is told, or tells.
func listening(u *event.Unit) bool {
	if u.Exec || len(u.Commands) == 0 {
		return false
	}
	switch string(u.Commands[0][0]) {
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "PUBLISH", "SPUBLISH":
		return true
	case "CLIENT":
		word := string(u.Commands[0][1])
		return word == "TRACKING" || word == "CACHING"
	}
	return false
}

// listens notes what such a command changes.
func (j *Judge) listens(u *event.Unit) {
	c := j.conn(u.Conn)
	a := u.Commands[0]
	if c == nil || u.Reply[0] == '-' {
		return
	}
	name := string(a[0])
	if name == "PUBLISH" || name == "SPUBLISH" { // no shard channel has another's name
		for _, h := range j.hearers {
			for _, ch := range h.channels {
				if bytes.Equal(ch, a[1]) {
					j.expect(h, tiding{kind: hearMessage, text: j.bytes.Copy(a[2]), lsn: j.binding(c.newest)})
				}
			}
		}
		return
	}
	if c.hears == nil {
		c.hears = &hearer{conn: u.Conn, read: map[int32]reading{}}
		j.hearers = append(j.hearers, c.hears)
		j.Model.Hear = j.heard
	}
	switch h := c.hears; name {
	case "SUBSCRIBE", "SSUBSCRIBE":
		h.channels = append(h.channels, j.bytes.Copy(a[1]))
	case "PSUBSCRIBE":
		h.events = true
	case "MONITOR":
		h.monitor = true
	case "CLIENT":
		if string(a[1]) == "CACHING" {
			h.tracking.excepted++
			return
		}
		h.tracks = true
		h.tracking.begin(a[3:])
		j.redirects(h, a[3:])
	}
}

func (j *Judge) expect(h *hearer, d tiding) {
	if h == nil {
		return
	}
	d.unit = j.Counts.Units
	h.due = append(h.due, d)
}

// deafen forgets what a connection that is over had yet to hear.
func (j *Judge) deafen(c *conn) {
	if c.hears != nil {
		j.hearers = slices.DeleteFunc(j.hearers, func(h *hearer) bool { return h == c.hears })
		c.hears = nil
	}
}

// heard hears the model run a unit.
func (j *Judge) heard(m model.Heard) {
	for _, h := range j.hearers {
		switch {
		case m.Args != nil:
			if h.tracks && h.conn == m.Conn && h.tracking.notes(m.Args) {
				eachRead(m.Args, func(key int32) {
					switch {
					case m.Refused:
						h.read[key] = max(h.read[key], perhaps)
					case j.goneIn(key, m.Now):
						// It may have gone behind this read, within the unit.
						h.read[key] = perhaps
						j.floats(j.outlet(h), tiding{kind: hearInvalid, key: key, optional: true})
					default:
						h.read[key] = surely
					}
				})
			}
			if h.fresh == 2 {
				h.moved(m.Args)
			}
			h.fresh = 0
		case m.Flushed:
			if h.tracks {
				clear(h.read)
				h.tracking.flushes++
				j.expect(j.outlet(h), tiding{kind: hearFlush, lsn: j.binding(m.LSN)})
			}
		default:
			if h.events {
				h.fresh++
				j.expect(h, tiding{kind: hearEvent, db: m.DB, key: m.Key, lsn: j.binding(m.LSN), events: m.Events})
			}
			if m.Changed && h.tracking.covers(m.Key) && !h.own(m.Conn) {
				j.broadcast(h, tiding{kind: hearInvalid, key: m.Key, lsn: j.binding(m.LSN)})
			}
			if was := h.read[m.Key]; m.Changed && was > 0 {
				delete(h.read, m.Key)
				if h.own(m.Conn) {
					continue
				}
				j.expect(j.outlet(h), tiding{kind: hearInvalid, key: m.Key, lsn: j.binding(m.LSN), optional: was == perhaps || j.goneIn(m.Key, m.Now)})
			}
		}
	}
}

// moved puts what a move tells in Redis's order: the push comes before the pop.
func (h *hearer) moved(a [][]byte) {
	switch string(a[0]) {
	case "LMOVE", "BLMOVE", "RPOPLPUSH", "BRPOPLPUSH":
	default:
		return
	}
	src, dst := &h.due[len(h.due)-2], &h.due[len(h.due)-1]
	*src, *dst = *dst, *src
}

// recently is a key that has gone by itself, and when.
type recently struct {
	key int32
	now unit.Time
}

// goneIn reports whether key may have gone within the unit of this instant, which
// is declared after what went in it.
func (j *Judge) goneIn(key int32, now unit.Time) bool {
	return slices.Contains(j.recent, recently{key, now})
}

// toldGone hears of a key that went by itself.
func (j *Judge) toldGone(g *event.Gone, key int32) {
	j.recent = append(j.recent, recently{key, g.Now})
	lsn := j.Model.Wrote(g.DB, key)
	for _, h := range j.hearers {
		if h.events {
			j.floats(h, tiding{kind: hearGone, db: g.DB, key: key, lsn: j.binding(lsn)})
		}
		if h.tracking.covers(key) {
			j.broadcast(h, tiding{kind: hearGone, key: key, lsn: j.binding(lsn)})
		}
		if was := h.read[key]; was > 0 {
			delete(h.read, key)
			j.floats(j.outlet(h), tiding{kind: hearInvalid, key: key, lsn: j.binding(lsn), optional: was == perhaps})
		}
	}
}

// eachRead calls fn with the keys that a command reads, if it only reads.
func eachRead(a [][]byte, fn func(key int32)) {
	keys := a[1:]
	switch string(a[0]) {
	case "MGET", "EXISTS", "TOUCH":
	case "GET", "STRLEN", "GETRANGE", "HGET", "HGETALL", "HKEYS", "HVALS", "HMGET", "HLEN", "HEXISTS", "HSTRLEN", "HSCAN", "HRANDFIELD",
		"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "TYPE", "LLEN", "LRANGE", "LINDEX", "LPOS", "DUMP":
		keys = keys[:1]
	default:
		return
	}
	for _, key := range keys {
		if k := model.KeyIndex(key); k >= 0 {
			fn(k)
		}
	}
}

// shown hears which commands a unit of c ran: MONITOR shows them, and what c
// publishes next waits for them.
func (j *Judge) shown(u *event.Unit, c *conn) {
	j.recent = j.recent[:0]
	if !watching(u) && u.Need <= u.End { // which shows nothing; nor does a reply that can never leave
		c.newest = max(c.newest, uint64(u.Need))
	}
	if u.End > u.Begin {
		c.newest = max(c.newest, uint64(u.End))
	}
	for _, h := range j.hearers {
		if !h.monitor {
			continue
		}
		for _, a := range u.Commands {
			if !showsInOrder(a[0]) {
				continue
			}
			lsn := uint64(0)
			if u.End > u.Begin {
				lsn = uint64(u.End)
			}
			size := 0
			for _, word := range a {
				size += len(word) + 3
			}
			line := j.bytes.Room(size)
			for _, word := range a {
				line = quoted(append(line, ' '), word)
			}
			j.expect(h, tiding{kind: hearLine, text: line, lsn: j.binding(lsn)})
		}
	}
}

// showsInOrder reports whether lines of a command are matched with units. SELECT
// is a unit in an EXEC only, CONFIG is not shown; what blocks is shown before it is one.
func showsInOrder(name []byte) bool {
	switch string(name) {
	case "SELECT", "CLIENT", "CONFIG":
		return false
	}
	return model.Known([][]byte{name}) && !model.Blocking(string(name))
}

// quoted appends a word as MONITOR has it.
func quoted(dst, word []byte) []byte {
	dst = append(dst, '"')
	for _, b := range word {
		if b > '"' && b != '\\' && b <= '~' {
			dst = append(dst, b)
			continue
		}
		switch at := bytes.IndexByte([]byte("\n\r\t\a\b\"\\"), b); {
		case at >= 0:
			dst = append(dst, '\\', "nrtab\"\\"[at])
		case b < ' ' || b > '~':
			dst = fmt.Appendf(dst, "\\x%02x", b)
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// told judges a message when the socket takes it.
func (j *Judge) told(c *conn, p []byte) {
	h := c.hears
	j.Counts.Told++
	j.check(Order)
	h.tracking.stable = c.stamp.stable
	var d *tiding
	if p[0] == '+' {
		d = h.line(p)
	} else if words := model.Words(nil, p); j.broken(h, words) {
		d = unjudged
	} else {
		d = h.message(words)
	}
	switch {
	case d == nil:
		j.Fail(Order, "ORDERED", "a message was sent twice, out of order, or without a cause", append([]string{"message: " + short(p)}, h.waits()...)...)
	case d == unjudged:
	case j.rules.Sure:
		j.check(CutRule)
		if d.lsn > c.stamp.stable {
			j.Fail(CutRule, "DURABLE", "a message tells of what a power cut could undo", "message: "+short(p),
				fmt.Sprintf("its cause ends at %d in the log, stable up to %d", d.lsn, c.stamp.stable))
		}
	}
}

// unjudged stands for a line that is of no unit.
var unjudged = &tiding{}

// line finds what a line of MONITOR tells of.
func (h *hearer) line(p []byte) *tiding {
	at := bytes.IndexByte(p, ']')
	words := bytes.TrimSuffix(p[at+1:], []byte("\r\n"))
	name, _, _ := bytes.Cut(words[2:], []byte{'"'})
	if !showsInOrder(name) {
		return unjudged
	}
	return h.next(func(d *tiding) bool { return d.kind == hearLine && bytes.Equal(d.text, words) })
}

// message finds what a message tells of.
func (h *hearer) message(words [][]byte) *tiding {
	if string(words[0]) == "invalidate" {
		if words[1] == nil {
			return h.next(func(d *tiding) bool { return d.kind == hearFlush })
		}
		if h.tracking.bcast {
			return h.broadcasted(words[1:])
		}
		key := model.KeyIndex(words[1])
		return h.either(func(d *tiding) bool { return d.kind == hearInvalid && d.key == key })
	}
	if kind := string(words[0]); kind == "message" || kind == "smessage" {
		if string(words[1]) == invalidateChannel {
			return h.redirected(words[2:])
		}
		return h.next(func(d *tiding) bool { return d.kind == hearMessage && bytes.Equal(d.text, words[2]) })
	}
	if len(words) < 4 {
		return nil
	}
	db, key, ok := eventOf(words[2])
	if !ok {
		return nil
	}
	gone := string(words[3]) == "expired" || string(words[3]) == "evicted"
	return h.either(func(d *tiding) bool {
		return d.db == db && d.key == key && (d.kind == hearEvent || d.kind == hearGone && gone)
	})
}

// eventOf reads "__keyspace@DB__:kN".
func eventOf(channel []byte) (db int, key int32, ok bool) {
	rest, ok := bytes.CutPrefix(channel, []byte("__keyspace@"))
	number, name, cut := bytes.Cut(rest, []byte("__:"))
	db, err := strconv.Atoi(string(number))
	key = model.KeyIndex(name)
	return db, key, ok && cut && err == nil && key >= 0
}

// next takes the oldest thing that is due, which must be the one meant.
func (h *hearer) next(meant func(d *tiding) bool) *tiding {
	at := h.oldest(meant)
	if at < 0 {
		return nil
	}
	d := &h.due[at]
	h.head = at
	if d.events--; d.events <= 0 {
		h.head++
	}
	return d
}

// oldest finds the oldest thing that is due if it is the one meant, else -1.
func (h *hearer) oldest(meant func(d *tiding) bool) int {
	for at := h.head; at < len(h.due); at++ {
		if meant(&h.due[at]) {
			return at
		}
		if !h.due[at].optional {
			break
		}
	}
	return -1
}

// either is next where it may also be what went by itself before that, or after
// what need not be told and has not been: a reply that came behind it was released.
func (h *hearer) either(meant func(d *tiding) bool) *tiding {
	i, at := slices.IndexFunc(h.floating, func(d tiding) bool { return meant(&d) && !d.optional }), h.oldest(meant)
	if i < 0 {
		i = slices.IndexFunc(h.floating, func(d tiding) bool { return meant(&d) })
	}
	if i < 0 || at >= 0 && (h.floating[i].optional || h.due[at].unit <= h.floating[i].unit && !h.passed(&h.due[at])) {
		return h.next(meant)
	}
	d := h.floating[i]
	h.floating = slices.Delete(h.floating, i, i+1)
	return &d
}

// overtook notes that the reply of a unit was released: what a unit before it tells
// stands before it in the output. When what goes by itself is told is not declared.
func (j *Judge) overtook(h *hearer, no int64) {
	h.replied = no
	late := func(d tiding) bool { return !d.optional && d.kind != hearGone && d.unit < no }
	for _, waiting := range [...][]tiding{h.due[h.head:], h.tracking.changed} {
		if at := slices.IndexFunc(waiting, late); at >= 0 {
			j.Fail(Order, "ORDERED", "a reply left before a message of an earlier unit", h.describe(waiting[at]))
			return
		}
	}
}

func (h *hearer) passed(d *tiding) bool { return d.optional && d.unit < h.replied }

// AllHeard reports whether everybody has been told everything.
func (j *Judge) AllHeard() bool {
	return !slices.ContainsFunc(j.hearers, func(h *hearer) bool { return len(h.waits()) > 0 })
}

// Unheard fails the run for what was never told.
func (j *Judge) Unheard() {
	for _, h := range j.hearers {
		if s := h.waits(); len(s) > 0 {
			j.Fail(Order, "ORDERED", "a message never came", s...)
		}
	}
}

// waits describes what is due.
func (h *hearer) waits() (s []string) {
	for _, d := range slices.Concat(h.due[h.head:], h.floating, h.tracking.changed) {
		if !d.optional && len(s) < 5 {
			s = append(s, h.describe(d))
		}
	}
	if h.relay != nil {
		s = append(s, h.relay.waits()...)
	}
	return s
}

func (h *hearer) describe(d tiding) string {
	return fmt.Sprintf("connection %d is to hear (kind %d): key k%d of database %d, %s, which ends at %d", h.conn, d.kind, d.key, d.db, short(d.text), d.lsn)
}
