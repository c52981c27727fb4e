package judge

import (
	"fmt"

	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/sim/ledger"
	"holdfast/sim/model"
)

// Unit hears the engine declare one unit.
func (j *Judge) Unit(u *event.Unit) {
	if j.fail != nil {
		return
	}
	j.Counts.Units++
	if unwatching(u) { // may run while loading, before there is an engine time
		j.Model.Unwatch(u.Conn)
		if c := j.conn(u.Conn); c != nil {
			j.keep(c, u, &model.Verdict{}, j.tail)
		}
		return
	}
	if listening(u) {
		j.listens(u)
		return
	}
	if j.declared(u.Now); j.fail != nil {
		j.fail.Story = append(j.fail.Story, story(u)...)
		return
	}
	if u.End < u.Begin || uint64(u.Begin) < j.tail && j.logs() {
		j.Fail(Order, "ORDERED", "a unit's place in the log overlaps the one before it", story(u)...)
		return
	}
	c := j.conn(u.Conn)
	if c == nil || len(u.Commands) == 0 && !u.Exec {
		j.tail = max(j.tail, uint64(u.End))
		return // the engine's own
	}
	if j.woken(u); j.fail != nil {
		return
	}
	tail := j.tail
	v := j.Model.Exec(u)
	if j.convict(u); j.fail != nil {
		return
	}
	j.tail = max(j.tail, uint64(u.End))
	if v.Unknown {
		j.Counts.Unknown++
	}
	if !v.Refused && !v.Unknown {
		j.check(Envelope)
	}
	if v.Why != "" {
		if j.wrong(u, &v); j.fail != nil {
			return
		}
	}
	if v.Changed && j.logs() && u.End == u.Begin {
		j.Fail(Envelope, "DURABLE", "a change was not logged", story(u)...)
		return
	}
	j.ran(u, v.Changed)
	j.shown(u, c)
	j.enter(u)
	j.keep(c, u, &v, tail)
	if v.Aborted {
		j.Counts.Aborted++
	}
	if j.Twin == nil || v.Aborted || watching(u) {
		return
	}
	if v.Refused {
		u = j.served(u)
	}
	if u != nil {
		j.twin(u)
	}
}

func (j *Judge) twin(u *event.Unit) {
	j.check(Twin)
	if why := j.Twin(u); why != "" {
		j.Fail(Twin, "ORDERED", "the twin answers otherwise", append(story(u), why)...)
	}
}

// served returns what remains of a unit without the commands that answered
// that they could not be served; nil if nothing does.
func (j *Judge) served(u *event.Unit) *event.Unit {
	at, n := model.Elements(u.Reply)
	if !u.Exec || n != len(u.Commands) {
		return nil
	}
	rest := &j.rest
	*rest = *u
	rest.Commands = j.cmds.Room(n)
	var body []byte
	for _, args := range u.Commands {
		m := model.Skip(u.Reply[at:])
		if !model.Refusal(u.Reply[at : at+m]) {
			rest.Commands = append(rest.Commands, args)
			body = append(body, u.Reply[at:at+m]...)
		}
		at += m
	}
	rest.Reply = append(fmt.Appendf(nil, "*%d\r\n", len(rest.Commands)), body...)
	if len(rest.Commands) == 0 {
		return nil
	}
	return rest
}

// watching reports a command about the connection, which the twin is not told of.
func watching(u *event.Unit) bool {
	if u.Exec || len(u.Commands) == 0 {
		return false
	}
	switch string(u.Commands[0][0]) {
	case "WATCH", "UNWATCH", "DISCARD", "CLIENT":
		return true
	}
	return false
}

func unwatching(u *event.Unit) bool {
	if !watching(u) {
		return false
	}
	name := string(u.Commands[0][0])
	return name == "UNWATCH" || name == "DISCARD"
}

// wrong reports a reply that the model contradicts.
func (j *Judge) wrong(u *event.Unit, v *model.Verdict) {
	promise := "PUNCTUAL"
	if u.Exec {
		promise = "FROZEN"
	}
	s := story(u)
	if v.Command < len(u.Commands) && u.Exec {
		s = append(s, fmt.Sprintf("its command %d: %s", v.Command, command(u.Commands[v.Command])))
	}
	if v.Want != nil {
		s = append(s, "expected: "+short(v.Want), "answered: "+short(v.Got))
	}
	j.Fail(Envelope, promise, v.Why, append(append(s, j.about(u)...), j.last)...)
}

// about tells what the model has of the keys that a unit names.
func (j *Judge) about(u *event.Unit) (s []string) {
	for _, args := range u.Commands {
		for _, a := range args[1:] {
			if k := model.KeyIndex(a); k >= 0 && len(s) < 6 {
				s = append(s, "model: "+j.Model.Describe(u.DB, k))
			}
		}
	}
	return s
}

// enter tells the ledger which writes this unit has executed.
func (j *Judge) enter(u *event.Unit) {
	for _, args := range u.Commands {
		for _, a := range args[1:] {
			if len(a) < ledger.MarkLen {
				continue
			}
			j.Ledger.Each(a, func(id ledger.ID) {
				r := j.Ledger.Get(id)
				r.State, r.End, r.Now, r.Logged = ledger.Executed, u.End, u.Now, u.End > u.Begin
			})
		}
	}
}

// pureReads are the commands whose replies show values and do nothing else.
func pureRead(name string) bool {
	switch name {
	case "DUMP", "GET", "MGET", "GETRANGE", "HGET", "HMGET", "HGETALL", "HKEYS", "HVALS", "HRANDFIELD", "HSCAN", "LRANGE", "LINDEX", "LPOS":
		return true
	}
	return false
}

// keep copies the unit until its reply is released.
func (j *Judge) keep(c *conn, u *event.Unit, v *model.Verdict, tail uint64) {
	n := len(c.units)
	if n < cap(c.units) {
		c.units = c.units[:n+1]
	} else {
		c.units = append(c.units, pending{})
	}
	p := &c.units[n]
	*p = pending{u: *u, no: j.Counts.Units, tail: tail, changed: v.Changed, refused: v.Refused, aborted: v.Aborted, abort: v.AbortLSN,
		values: v.Values, expired: j.Model.Expired(), sure: j.Sure()}
	p.source = j.Model.Marked()
	p.u.Reply = j.bytes.Copy(u.Reply)
	if u.Woken != nil {
		p.u.Woken = j.bytes.Copy(u.Woken)
	}
	p.u.Commands = j.cmds.Make(len(u.Commands))
	for i, args := range u.Commands {
		p.u.Commands[i] = j.args.Make(len(args))
		for k, a := range args {
			p.u.Commands[i][k] = j.bytes.Copy(a)
		}
	}
	if unwatching(u) {
		p.expired = 0 // it looked at nothing
	}
	if v.Changed && j.Replay != nil {
		j.history = append(j.history, p.u)
		if v.Refused {
			if u := j.served(&p.u); u != nil {
				j.history[len(j.history)-1] = *u
			}
		}
	}
	p.pure = !u.Exec && !v.Changed && pureRead(string(u.Commands[0][0]))
	if p.pure {
		p.nrefs = copy(p.refs[:], j.Model.Refs())
	}
	if c.mutes(u, v.Changed) {
		c.units = c.units[:n]
	}
}

// Withdrawn hears that a connection's newest units are void.
func (j *Judge) Withdrawn(w *event.Withdrawn) {
	if j.fail != nil {
		return
	}
	c := j.conn(w.Conn)
	if c == nil {
		return
	}
	j.Counts.Reruns++
	j.check(Order)
	void := w.Units
	if w.Failed {
		void++ // the unit itself; those behind it stand
	}
	if len(c.units)-c.head < void {
		j.Fail(Order, "ORDERED", "a reply was withdrawn that had left, or never was")
		return
	}
	if w.Failed {
		p := &c.units[len(c.units)-void]
		p.u.Reply, p.refused = j.bytes.Copy(w.Reply), true
		return
	}
	for range void {
		p := &c.units[len(c.units)-1]
		if p.changed {
			j.Fail(Order, "ORDERED", "a write is to run a second time", story(&p.u)...)
			return
		}
		c.units = c.units[:len(c.units)-1]
	}
}

// Gone hears that expiry or eviction removed a key.
func (j *Judge) Gone(g *event.Gone) {
	if j.fail != nil {
		return
	}
	k := model.KeyIndex(g.Key)
	if k < 0 {
		return
	}
	j.toldGone(g, k)
	if g.Evicted {
		j.Counts.Evicted++
		j.check(Envelope)
		if !j.rules.Evicts || !j.Model.Remove(g.DB, k, max(uint64(g.End), j.tail+1), g.Now) {
			j.Fail(Envelope, "BOUNDED", "a key was evicted that must not be", fmt.Sprintf("key k%d of database %d", k, g.DB))
		} else if j.rules.Volatile && g.Deadline == 0 {
			j.Fail(Envelope, "BOUNDED", "a policy for keys with deadlines evicted another", fmt.Sprintf("key k%d of database %d", k, g.DB))
		}
		return
	}
	j.Counts.Expired++
	j.check(Punctual)
	if on, _ := j.Model.Importing(); on {
		if j.suspect == nil { // a write in place of a dead key, else nothing may
			j.suspect = &Failure{Oracle: Punctual, Promise: "PUNCTUAL", What: "a key expired in import mode", Story: []string{
				fmt.Sprintf("key k%d of database %d, deadline %d ms, at %d us", k, g.DB, g.Deadline, g.Now)}}
			j.suspectGone, j.suspectImport = *g, true
			j.suspectGone.Key = j.bytes.Copy(g.Key)
		}
		return
	}
	if why := j.Model.Gone(g.DB, k, g.Deadline, g.Now); why != "" && j.suspect == nil {
		j.suspect = &Failure{Oracle: Punctual, Promise: "PUNCTUAL", What: why, Story: []string{
			fmt.Sprintf("key k%d of database %d, deadline %d ms, at %d us", k, g.DB, g.Deadline, g.Now),
			"model: " + j.Model.Describe(g.DB, k)}}
		j.suspectGone = *g
		j.suspectGone.Key = j.bytes.Copy(g.Key)
	}
}

// convict decides about a removal that did not fit the model. A count or a write
// inside an EXEC removes what is dead in the middle of a unit that is not declared
// yet: behind its SWAPDB or EXPIRE, the key is elsewhere or has another deadline
// than the model knows until then.
func (j *Judge) convict(u *event.Unit) {
	s, g := j.suspect, &j.suspectGone
	if s == nil {
		return
	}
	j.suspect = nil
	if j.suspectImport {
		j.suspectImport = false
		if u != nil && j.writesTo(u, model.KeyIndex(g.Key)) {
			return
		}
	}
	if u != nil && u.Exec && explains(u) {
		j.Model.Gone(g.DB, model.KeyIndex(g.Key), g.Deadline, g.Now)
		return
	}
	if j.fail == nil {
		j.fail = s
	}
}

// writesTo reports whether a unit names a key and is no read.
func (j *Judge) writesTo(u *event.Unit, key int32) bool {
	for _, args := range u.Commands {
		if !pureRead(string(args[0])) && names(args, key) {
			return true
		}
	}
	return false
}

// explains reports whether a unit counts keys, which removes the dead ones, or
// exchanges databases, behind which a write removes a dead key under another
// number.
func explains(u *event.Unit) bool {
	for _, args := range u.Commands {
		switch string(args[0]) {
		case "DBSIZE", "SWAPDB":
			return true
		}
	}
	return false
}

// Recovered hears that the engine serves what it found on the disk. floor is
// the stable cut at the crash, attested what the log vouched for then. It reports
// whether the history goes on.
func (j *Judge) Recovered(r *event.Recovered, floor, attested uint64) (logged bool) {
	if j.fail != nil {
		return true
	}
	cut := uint64(r.Tail)
	j.last = fmt.Sprintf("last recovery: up to %d of %d declared, head %d, %d keys; stable before it up to %d, acknowledged up to %d",
		r.Tail, j.tail, r.Head, r.Keys, floor, j.acked)
	if !r.Fresh {
		j.Counts.Restarts++
	}
	j.serving, j.failed = true, false
	was := j.regime.kept
	logged = j.restarted(r.Void, r.Keys)
	if left := j.left; was && logged && left != 0 && !j.rules.Damage {
		j.check(Recovery)
		if cut < left {
			j.Fail(Recovery, "KEPT", "a clean stop lost what had been answered", fmt.Sprintf("declared up to %d, recovered up to %d", left, cut))
		}
	}
	j.left = 0
	if !logged {
		j.Model.Reset()
		j.Model.Import(j.rules.Import)
	} else {
		if was {
			j.recovered(cut, floor, attested)
		}
		j.Model.Truncate(cut)
		if r.Fresh && j.regime.plain { // not even what was never logged
			logged = false
			j.Model.Reset()
			j.Model.Import(j.rules.Import)
		}
	}
	j.Ledger.Cut(unit.LSN(cut), logged)
	j.again(cut, logged)
	j.tail = 0
	j.due, j.waiters = j.due[:0], j.waiters[:0]
	j.halt.reads, j.halt.writes = 0, 0
	j.Model.Survivors(r.Now)
	j.time = timeline{start: int64(r.Now)}
	if logged && !j.rules.Damage {
		j.check(Time)
		if last := j.Model.LastRun(); r.Now < last {
			j.Fail(Time, "PUNCTUAL", "engine time went back over a restart", fmt.Sprintf("a recovered unit ran at %d us, restarted at %d", last, r.Now))
		}
	}
	if j.rules.Sure && j.revealed != 0 {
		j.check(Punctual)
		if !model.Dead(j.revealed, r.Now) {
			j.Fail(Punctual, "PUNCTUAL", "engine time went back over an expiry that a client saw",
				fmt.Sprintf("deadline %d ms, restarted at %d us", j.revealed, r.Now), j.last, j.revealedBy)
		}
	}
	return logged
}

// Left hears that the engine has stopped in good order: all that it has declared is
// durable, whatever the policy.
func (j *Judge) Left() { j.left = j.tail }

// again gives the twin the state that was recovered.
func (j *Judge) again(cut uint64, logged bool) {
	kept := j.history[:0]
	if j.Replay == nil {
		return
	}
	j.Replay(nil)
	for i := range j.history {
		if u := j.history[i]; logged && uint64(u.End) <= cut {
			j.Replay(&u)
			kept = append(kept, u)
		}
	}
	j.history = kept
}

// recovered checks how much of the log came back.
func (j *Judge) recovered(cut, floor, attested uint64) {
	if !j.rules.Sure {
		return
	}
	switch {
	case !j.rules.Damage, j.rules.Flaws == 0 && j.rules.Misreads == 1: // one read that went astray is looked at again
	case j.rules.Flaws == 1 && j.rules.Misreads == 0:
		// One flaw: all that was vouched for is there, or the engine would have
		// said that it is not. Two may hide each other.
		j.check(Recovery)
		if cut < attested {
			j.Fail(Recovery, "KEPT", "damage was taken for the log's end", fmt.Sprintf("the log vouched for %d, recovered up to %d", attested, cut))
		}
		return
	default:
		return
	}
	j.check(Recovery)
	if cut < j.acked {
		j.Fail(Recovery, "KEPT", "an acknowledged write was lost", fmt.Sprintf("acknowledged up to %d, recovered up to %d", j.acked, cut))
		return
	}
	if cut < floor {
		j.Fail(Recovery, "KEPT", "a stable part of the log was not recovered", fmt.Sprintf("stable up to %d, recovered up to %d", floor, cut))
	}
}

// Ticked checks, after a tick that began at now, that nothing is left that had
// died long before.
func (j *Judge) Ticked(now unit.Time) {
	if j.fail != nil || !j.serving || !j.time.known {
		return
	}
	importing, since := j.Model.Importing()
	if importing {
		return
	}
	for len(j.due) > 0 {
		r := j.due[0]
		if !j.Model.Waits(r) {
			j.due.pop()
			continue
		}
		j.check(Punctual)
		if int64(now)/1000-max(int64(r.Deadline), since.MS()) > lateMS {
			j.Fail(Punctual, "PUNCTUAL", "an expired key was not removed in time",
				fmt.Sprintf("key k%d, deadline %d ms, engine time is at least %d us", r.Key, r.Deadline, now))
		}
		return
	}
}

// lateMS is how long an expired key may stay.
const lateMS = 10

// NextDeadline returns the earliest deadline of a live key.
func (j *Judge) NextDeadline() (ms int64, ok bool) {
	for len(j.due) > 0 {
		if r := j.due[0]; j.Model.Waits(r) {
			return int64(r.Deadline), true
		}
		j.due.pop()
	}
	return 0, false
}
