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

// waiter is one command that waits for a key.
type waiter struct {
	conn  uint64
	db    int
	keys  [][]byte
	until unit.Time // 0 for ever
	// since is when a key of it was first seen to have elements, in world time;
	// 0 when none has.
	since int64
}

// starvedNS is how long a key may have elements while somebody waits for it:
// they may be on disk, or a woken writer may wait for room.
const starvedNS = 100_000_000

// compactNS is how much longer where the log is full: as long as compaction may take.
const compactNS = 6_000_000_000

// Blocked hears that a command begins to wait, or will be answered in vain.
func (j *Judge) Blocked(b *event.Blocked) {
	if j.fail != nil {
		return
	}
	if j.declared(b.Now); j.fail != nil {
		return
	}
	i := slices.IndexFunc(j.waiters, func(w waiter) bool { return w.conn == b.Conn })
	if b.InVain {
		if i >= 0 { // WAIT and WAITAOF wait for no key
			j.inVain(&j.waiters[i], b)
			j.waiters = slices.Delete(j.waiters, i, i+1)
			if c := j.conn(b.Conn); c != nil && !model.Refusal(b.Reply) {
				c.vain++
			}
		}
		return
	}
	j.check(Order)
	if i >= 0 {
		j.Fail(Order, "ORDERED", "a connection waits with two commands at once", "command: "+command(b.Command))
		return
	}
	w := waiter{conn: b.Conn, db: b.DB}
	keys, timeout := model.WaitsFor(b.Command)
	for _, key := range keys {
		w.keys = append(w.keys, j.bytes.Copy(key))
	}
	if s, err := strconv.ParseFloat(string(timeout), 64); err == nil && s > 0 {
		w.until = b.Now + unit.Time(s*1e6)
	}
	j.waiters = append(j.waiters, w)
}

// inVain judges an answer to a command that has waited for nothing.
func (j *Judge) inVain(w *waiter, b *event.Blocked) {
	j.check(Order)
	if b.Reply[0] == '-' || j.unblocks {
		return // CLIENT UNBLOCK
	}
	if w.until == 0 || b.Now < w.until {
		j.Fail(Order, "ORDERED", "a blocked client was answered before its timeout",
			fmt.Sprintf("at %d us, its timeout is at %d", b.Now, w.until))
	}
}

// Unblocks says that clients use CLIENT UNBLOCK from now on: waits may end early.
func (j *Judge) Unblocks() { j.unblocks = true }

// woken judges who it is that a key which got elements was given to.
func (j *Judge) woken(u *event.Unit) {
	if u.Exec || len(u.Commands) == 0 || !model.Blocking(string(u.Commands[0][0])) {
		return
	}
	j.check(Order)
	mine := slices.IndexFunc(j.waiters, func(w waiter) bool { return w.conn == u.Conn })
	if (mine >= 0) != (u.Woken != nil) {
		j.Fail(Order, "ORDERED", "a blocking command ran out of its turn", story(u)...)
		return
	}
	if mine < 0 {
		return
	}
	importing, _ := j.Model.Importing()
	for _, w := range j.waiters[:mine] {
		if importing && u.Source && !j.Model.Source(w.conn) {
			continue // it may not see what has elements for the source: a dead key
		}
		if w.db == u.DB && w.waitsFor(u.Woken) {
			j.Fail(Order, "ORDERED", "a blocked client was served before one that waits longer", append(story(u),
				fmt.Sprintf("connection %d waits longer for %s", w.conn, u.Woken))...)
			return
		}
	}
	j.waiters = slices.Delete(j.waiters, mine, mine+1)
	j.Counts.Woken++
}

func (w *waiter) waitsFor(key []byte) bool {
	return slices.ContainsFunc(w.keys, func(k []byte) bool { return bytes.Equal(k, key) })
}

// leaves forgets what a connection that is over waits for.
func (j *Judge) leaves(conn uint64) {
	j.waiters = slices.DeleteFunc(j.waiters, func(w waiter) bool { return w.conn == conn })
}

// Starved checks, at the end of a turn, that nobody is left waiting for a key
// that has elements. free says that nothing keeps the engine.
func (j *Judge) Starved(free bool) {
	if j.fail != nil || !j.serving || !j.time.known {
		return
	}
	now, mono, limit := j.Engine(), j.world.Mono(), int64(starvedNS)
	if j.rules.Capped {
		limit += compactNS
	}
	for i := range j.waiters {
		w := &j.waiters[i]
		has := slices.ContainsFunc(w.keys, func(key []byte) bool { return j.Model.Offers(w.db, key, now) })
		if !has {
			w.since = 0
			continue
		}
		if w.since == 0 || j.mayHalt() { // a pause holds back who serves them
			w.since = mono
		}
		if !free {
			continue
		}
		j.check(Order)
		if mono-w.since > limit {
			j.Fail(Order, "ORDERED", "a client stays blocked though its key has elements",
				fmt.Sprintf("connection %d waits for %s of database %d", w.conn, command(w.keys), w.db))
			return
		}
	}
}

// waited judges an answer of WAITAOF: what it says is durable must be.
func (j *Judge) waited(c *conn, got []byte) {
	if !j.rules.Logged || !j.regime.kept || j.rules.Damage || !bytes.HasPrefix(got, []byte("*2\r\n:1\r\n")) {
		return
	}
	j.check(CutRule)
	for _, m := range c.mute {
		if m.before < c.next {
			c.wrote = max(c.wrote, m.end)
		}
	}
	if d := j.world.Stable(); c.wrote > d {
		j.Fail(CutRule, "DURABLE", "WAITAOF answered before the connection's writes were stable",
			fmt.Sprintf("its newest write ends at %d, stable up to %d", c.wrote, d))
	}
}
