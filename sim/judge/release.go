package judge

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/sim/ledger"
	"holdfast/sim/model"
)

// conn is one connection as the judge follows it.
type conn struct {
	id     uint64
	sent   [][][]byte // commands, in order
	next   int        // the first one not answered
	units  []pending  // declared and not released, from head on
	head   int
	buf    []byte // released bytes of an incomplete reply
	stamp  stamp
	multi  bool
	broken bool // EXEC must fail
	queued int  // index in sent of the first queued command
	mute   []muted
	vain   int    // blocked commands to be answered in vain
	wrote  uint64 // end of the newest write that was answered
	over   bool
	newest uint64  // the most of the log that what it has run needs
	hears  *hearer // nil: it is told nothing
}

// stamp is the world when a reply's first byte was released.
type stamp struct {
	set    bool
	stable uint64
	now    unit.Time
}

// Open begins a connection.
func (j *Judge) Open(id uint64) {
	n := len(j.conns)
	if n < cap(j.conns) {
		j.conns = j.conns[:n+1]
		c := &j.conns[n]
		*c = conn{id: id, sent: c.sent[:0], units: c.units[:0], buf: c.buf[:0], mute: c.mute[:0]}
	} else {
		j.conns = append(j.conns, conn{id: id})
	}
	j.index[id] = n
}

func (j *Judge) conn(id uint64) *conn {
	if i, ok := j.index[id]; ok {
		return &j.conns[i]
	}
	return nil
}

// Sent says that a client has sent a command. args must live to the run's end.
func (j *Judge) Sent(id uint64, args [][]byte) {
	c := j.conn(id)
	c.sent = append(c.sent, args)
	j.asks(args)
	j.halts(args)
}

// Muted says that a client has sent a command, unlike any other, that it wants no
// reply to: CLIENT REPLY OFF or SKIP came before it. What it does is judged like
// the rest.
func (j *Judge) Muted(id uint64, args [][]byte) {
	c := j.conn(id)
	c.mute = append(c.mute, muted{args, len(c.sent), 0})
}

// muted is a command that gets no reply.
type muted struct {
	args   [][]byte
	before int    // how many that get one were sent before it
	end    uint64 // where it ends in the log
}

// mutes notes that a unit of such a command has run, if it is of one.
func (c *conn) mutes(u *event.Unit, changed bool) bool {
	if u.Exec {
		return false
	}
	i := slices.IndexFunc(c.mute, func(m muted) bool { return sameCommands([][][]byte{m.args}, u.Commands) })
	if i >= 0 && changed {
		c.mute[i].end = uint64(u.End)
	}
	return i >= 0
}

// Unanswered returns how many commands of a connection have no released reply.
func (j *Judge) Unanswered(id uint64) int {
	c := j.conn(id)
	return len(c.sent) - c.next
}

// Closed says that the connection is over for the engine.
func (j *Judge) Closed(id uint64) {
	if c := j.conn(id); c != nil && !c.over {
		c.over = true
		j.deafen(c)
		j.Model.Unwatch(id)
		j.leaves(id)
		j.Model.Unmark(id)
		if slices.ContainsFunc(c.sent[c.next:], func(args [][]byte) bool { _, yes := halting(args); return yes }) {
			j.haltLost()
		}
	}
}

// Released judges bytes at the moment at which the network accepts them.
func (j *Judge) Released(id uint64, p []byte) {
	if j.fail != nil {
		return
	}
	c := j.conn(id)
	if c == nil || c.over {
		j.Fail(Order, "ORDERED", "bytes were released to a connection that is over")
		return
	}
	if len(c.buf) > 0 {
		c.buf = append(c.buf, p...)
		n := j.replies(c, c.buf)
		c.buf = c.buf[:copy(c.buf, c.buf[n:])]
		return
	}
	n := j.replies(c, p)
	c.buf = append(c.buf, p[n:]...)
}

// replies judges every whole reply in p and returns the bytes they took.
func (j *Judge) replies(c *conn, p []byte) (used int) {
	for used < len(p) && j.fail == nil {
		if !c.stamp.set {
			c.stamp = stamp{set: true, now: j.Engine()}
			if j.rules.Sure {
				c.stamp.stable = j.world.Stable()
			}
		}
		n := model.Skip(p[used:])
		if n < 0 {
			j.Fail(Order, "ORDERED", "a reply is not in the protocol", "bytes: "+short(p[used:]))
			return len(p)
		}
		if n == 0 {
			return used
		}
		if c.hears != nil && model.Told(p[used:]) {
			j.told(c, p[used:used+n])
		} else {
			j.reply(c, p[used:used+n])
		}
		c.stamp = stamp{}
		used += n
	}
	return used
}

// reply pairs one reply with its command and, where there is one, its unit.
func (j *Judge) reply(c *conn, got []byte) {
	j.Counts.Replies++
	if c.next == len(c.sent) {
		j.check(Order)
		j.Fail(Order, "ORDERED", "a reply answers no command", "reply: "+short(got))
		return
	}
	args := c.sent[c.next]
	c.next++
	j.Answered(args[0])
	j.taint(c, args, got)
	if j.fail != nil {
		return
	}
	name := string(args[0])
	switch {
	case name == "MULTI":
		c.multi, c.broken, c.queued = isOK(got), false, c.next
	case name == "DISCARD":
		c.multi = false
		j.released(c, c.sent[c.next-1:c.next], args, got, false)
	case name == "EXEC":
		j.released(c, c.sent[c.queued:c.next-1], args, got, true)
		c.multi = false
	case c.multi:
		j.check(Order)
		if got[0] == '-' {
			c.broken = true
		} else if string(got) != "+QUEUED\r\n" {
			j.Fail(Order, "ORDERED", "a command inside MULTI was not queued", "command: "+command(args), "reply: "+short(got))
		}
	case name == "WAITAOF":
		j.waited(c, got)
	case regimeIn(args):
		j.answered(args, got)
	case name == "CLIENT" && string(args[1]) == "ID":
		j.number(c, got)
	case name == "CLIENT" && j.halt.asked > 0 && string(args[1]) == "PAUSE":
		j.halted(got)
	case !model.Known(args):
	default:
		j.released(c, c.sent[c.next-1:c.next], args, got, false)
	}
}

func isOK(p []byte) bool { return string(p) == "+OK\r\n" }

// released finds the unit that a reply belongs to and judges the release.
func (j *Judge) released(c *conn, cmds [][][]byte, args [][]byte, got []byte, exec bool) {
	var pd *pending
	if c.head < len(c.units) {
		pd = &c.units[c.head]
	}
	match := pd != nil && pd.u.Exec == exec && (pd.aborted || pd.refused && len(pd.u.Commands) == 0 || sameCommands(pd.u.Commands, cmds))
	if !match || !bytes.Equal(pd.u.Reply, got) {
		j.undeclared(c, pd, match, args, got, exec)
		return
	}
	if string(args[0]) == "CONFIG" && c.again(args) && pd.sure && j.rules.Sure && uint64(pd.u.End) > c.stamp.stable {
		return // the same once more is what the unit stands behind; this one has changed nothing
	}
	j.check(Order)
	c.pop()
	if c.hears != nil {
		j.overtook(c.hears, pd.no)
	}
	if pd.refused {
		j.refused(args, got)
		return
	}
	j.durable(c, pd)
	j.alive(c, pd)
}

// pop drops the oldest declared unit: its reply has left. What it points to
// stays readable until the next one is declared.
func (c *conn) pop() {
	c.head++
	if c.head == len(c.units) {
		c.units, c.head = c.units[:0], 0
	}
}

// refused judges an error that says the server cannot serve now: it needs a
// cause.
func (j *Judge) refused(args [][]byte, got []byte) {
	j.Counts.Refused++
	excused := true
	switch p := string(got[:min(len(got), 24)]); {
	case strings.HasPrefix(p, "-MISCONF"):
		excused = j.world.Troubled()
	case strings.HasPrefix(p, "-ERR no space left"):
		excused = j.rules.Capped || j.world.Troubled()
	case strings.HasPrefix(p, "-ERR cannot read the va"), strings.HasPrefix(p, "-ERR the value is dama"):
		excused = j.rules.Damage || j.world.Troubled()
	case strings.HasPrefix(p, "-OOM"):
		excused = j.rules.Limited
		j.Counts.Short++
	default:
		return
	}
	j.check(Order)
	if !excused {
		j.Fail(Order, "BOUNDED", "a command was refused without a cause", "command: "+command(args), "reply: "+short(got))
	}
}

// sessionReply says which that connections may give without a unit.
func sessionReply(args [][]byte, got []byte) bool {
	switch string(args[0]) {
	case "SELECT", "DISCARD", "UNWATCH":
		return isOK(got) || bytes.HasPrefix(got, []byte("-ERR DISCARD without MULTI"))
	case "CONFIG": // it has changed nothing
		return isOK(got)
	case "CLIENT":
		return bytes.HasPrefix(got, []byte("-ERR Server is not in import mode"))
	case "PING":
		return string(got) == "+PONG\r\n"
	case "ECHO":
		return string(got) == fmt.Sprintf("$%d\r\n%s\r\n", len(args[1]), args[1])
	case "EXEC":
		return bytes.HasPrefix(got, []byte("-ERR EXEC without MULTI"))
	}
	return false
}

// vainReply says which those may give who wait for nothing.
func vainReply(got []byte) bool {
	switch string(got) {
	case "*-1\r\n", "_\r\n", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n":
		return true
	}
	return false
}

// undeclared judges a reply that no declared unit stands behind: only refusals
// and answers about the connection itself may be.
func (j *Judge) undeclared(c *conn, pd *pending, match bool, args [][]byte, got []byte, exec bool) {
	if model.Refusal(got) {
		j.refused(args, got)
		if match && pd.aborted {
			c.pop() // the nil of an EXEC that a failed log turned into an error
		}
		return
	}
	if sessionReply(args, got) && (!match || string(args[0]) == "CLIENT" && c.again(args)) {
		return
	}
	if c.vain > 0 && !match && model.Blocking(string(args[0])) && vainReply(got) {
		c.vain--
		return
	}
	j.check(Order)
	s := []string{"command: " + command(args), "released: " + short(got)}
	if pd == nil {
		j.Fail(Order, "ORDERED", "a reply was released that no unit declared", s...)
		return
	}
	s = append(s, "the connection's oldest declared unit:")
	s = append(s, story(&pd.u)...)
	if match {
		j.Fail(Order, "ORDERED", "a reply was released that differs from the declared one", s...)
		return
	}
	j.Fail(Order, "ORDERED", "replies leave in another order than commands came", s...)
}

// again reports whether the client has sent the same once more: the unit that
// matches may be of that.
func (c *conn) again(args [][]byte) bool {
	for _, sent := range c.sent[c.next:] {
		if sameCommands([][][]byte{sent}, [][][]byte{args}) {
			return true
		}
	}
	return false
}

func sameCommands(a, b [][][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for k := range a[i] {
			if !bytes.Equal(a[i][k], b[i][k]) {
				return false
			}
		}
	}
	return true
}

// durable is the cut rule.
func (j *Judge) durable(c *conn, pd *pending) {
	if pd.changed {
		c.wrote = max(c.wrote, uint64(pd.u.End))
	}
	if !pd.sure || !j.rules.Sure {
		return
	}
	d, u := c.stamp.stable, &pd.u
	if u.End > u.Begin {
		j.check(CutRule)
		if uint64(u.End) > d {
			what := "a write's reply left before the write was stable"
			if !pd.changed {
				what = "a reply left before its own records were stable"
			}
			j.Fail(CutRule, "DURABLE", what, append(story(u), fmt.Sprintf("stable up to %d", d))...)
		}
		if j.regime.kept { // else appendonly no is on its way, and may void what was told before
			j.acked = max(j.acked, uint64(u.End))
		}
	} else if pd.aborted {
		j.check(CutRule)
		if pd.abort > d {
			j.Fail(CutRule, "DURABLE", "EXEC's nil reveals a write that a power cut could undo", append(story(u),
				fmt.Sprintf("the write ends at %d, stable up to %d", pd.abort, d))...)
		}
	} else if pd.tail > d {
		j.check(CutRule)
		if v := j.Model.ExecAt(u, d, pd.source); v.Why != "" {
			j.Fail(CutRule, "DURABLE", "a reply reveals what a power cut could undo", append(story(u),
				fmt.Sprintf("stable up to %d; the log's tail was %d when it ran", d, pd.tail),
				"after a power cut now: "+v.Why+": "+short(v.Want))...)
		}
	}
	if u.End > u.Begin || u.Need > 0 {
		j.Counts.Held++
	}
	if pd.expired > j.revealed {
		j.revealed = pd.expired
		j.revealedBy = fmt.Sprintf("%s at %d", command(u.Commands[0]), u.Now)
	}
}

// alive judges the values that a pure read shows.
func (j *Judge) alive(c *conn, pd *pending) {
	if pd.values {
		j.Counts.Values++
	}
	if !pd.pure || !pd.values || pd.nrefs == 0 {
		return
	}
	j.check(Alive)
	for _, r := range pd.refs[:pd.nrefs] {
		if model.Dead(r.Deadline, c.stamp.now) && !j.Model.Settled(r) {
			j.Fail(Alive, "ALIVE", "a value was released after its deadline", append(story(&pd.u),
				fmt.Sprintf("key k%d, deadline %d ms; engine time at its first byte was at least %d us", r.Key, r.Deadline, c.stamp.now))...)
			return
		}
	}
}

// sure reports whether the unit whose reply leaves next has to be durable.
func (c *conn) sure() bool { return c.head < len(c.units) && c.units[c.head].sure }

// taint looks for marks in released bytes and asks the ledger about them.
func (j *Judge) taint(c *conn, args [][]byte, got []byte) {
	if len(got) < ledger.MarkLen || bytes.IndexByte(got, '~') < 0 {
		return
	}
	if string(args[0]) == "ECHO" {
		return
	}
	j.Ledger.Each(got, func(id ledger.ID) {
		j.check(Taint)
		r := j.Ledger.Get(id)
		s := func() []string {
			return []string{"command: " + command(args), "reply: " + short(got),
				fmt.Sprintf("it shows write %d of key k%d, which ends at %d in the log; stable up to %d", id, r.Key, r.End, c.stamp.stable)}
		}
		switch {
		case r.State == ledger.Sent:
			j.Fail(Taint, "ORDERED", "a value of a write that was never declared", s()...)
		case r.State == ledger.Lost:
			j.Fail(Taint, "KEPT", "a value of a write that a crash undid", s()...)
		case j.rules.Sure && c.sure() && r.Logged && uint64(r.End) > c.stamp.stable:
			j.Fail(Taint, "DURABLE", "a value whose write is not stable", s()...)
		case !j.Ledger.Travels && !c.multi && !names(args, r.Key):
			j.Fail(Taint, "KEPT", "a value of another key", s()...)
		}
	})
}

// names reports whether a command names the key.
func names(args [][]byte, key int32) bool {
	if string(args[0]) == "EXEC" {
		return true
	}
	for _, a := range args[1:] {
		if model.KeyIndex(a) == key {
			return true
		}
	}
	return false
}
