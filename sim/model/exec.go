package model

import (
	"slices"

	"holdfast/engine/event"
	"holdfast/engine/unit"
)

// Verdict is what the model thinks of one unit's reply.
type Verdict struct {
	// Why is empty when the reply is right, else a short constant.
	Why string
	// Command is the index of the wrong one among the unit's commands.
	Command int
	// Want is the reply expected of it, for the story; Got what it answered.
	Want, Got []byte
	// Changed reports that the unit changed data.
	Changed bool
	// Refused reports that at least one command answered that it could not
	// serve (overload, a failed log, damage): it is taken to have done nothing.
	Refused bool
	// Unknown reports a command the model does not speak.
	Unknown bool
	// Aborted reports an EXEC that a watched key made nil.
	Aborted bool
	// AbortLSN is where the earliest write ends that made it nil.
	AbortLSN uint64
	// Values reports that a reply carried values that were read.
	Values bool
}

// ctx is the one execution in progress.
type ctx struct {
	m     *Model
	db    int
	now   unit.Time
	proto int
	cut   uint64
	lsn   uint64
	dry   bool

	by      uint64 // whose unit it is
	args    [][]byte
	wrote   bool   // the unit has records
	out     []byte // the expected reply of this command
	mode    mode
	group   int // raw elements that belong together
	want    int // how many groups, for the sampling modes
	changed bool
	unknown bool
	values  bool

	marked  bool     // the client of this unit is an import source
	source  bool     // and the mode is on
	imports switched // the mode
	dumped  *Value   // what DUMP must have dumped

	scratch []byte
	a, b    [][]byte
	refs    []Ref
	expired unit.Deadline
}

// Exec runs a declared unit on the newest state, at the unit's instant, and
// judges its reply.
func (m *Model) Exec(u *event.Unit) Verdict {
	c := &m.ctx
	c.cut, c.dry = ^uint64(0), false
	c.begin(m, u)
	return c.run(u)
}

// ExecAt judges the same reply against the state at a cut, changing nothing.
// marked is what Marked said when the unit ran.
func (m *Model) ExecAt(u *event.Unit, cut uint64, marked bool) Verdict {
	c := &m.ctx
	c.cut, c.dry, c.marked = cut, true, marked
	c.begin(m, u)
	return c.run(u)
}

func (c *ctx) begin(m *Model, u *event.Unit) {
	c.m, c.db, c.now, c.proto, c.lsn, c.wrote = m, u.DB, u.Now, u.Proto, uint64(u.End), u.End > u.Begin
	c.by, c.changed, c.unknown, c.values = u.Conn, false, false, false
	c.imports = m.switchedAt(c.cut)
	if !c.dry {
		c.marked = slices.Contains(m.sources, u.Conn)
	}
	c.source = c.imports.on && c.marked
	if !c.dry {
		c.refs, c.expired = c.refs[:0], 0
	}
}

func (c *ctx) run(u *event.Unit) Verdict {
	if u.Exec {
		return c.exec(u)
	}
	if len(u.Commands) != 1 {
		return Verdict{Why: "a unit that is no EXEC has several commands"}
	}
	v := c.one(u.Conn, Narrow(u.Commands[0], u.Woken), u.Reply)
	v.Changed, v.Values = c.changed, c.values
	return v
}

func (c *ctx) exec(u *event.Unit) Verdict {
	got := u.Reply
	if isNull(got) {
		v := Verdict{Aborted: true}
		if c.dry {
			return v // see Verdict.AbortLSN
		}
		var ok bool
		if v.AbortLSN, ok = c.mayAbort(u.Conn); !ok {
			v.Why = "EXEC answered nil though no watched key changed"
		}
		c.m.Unwatch(u.Conn)
		return v
	}
	if isError(got) {
		if !c.dry {
			c.m.Unwatch(u.Conn)
		}
		for _, args := range u.Commands {
			c.heard(Heard{Args: args, DB: c.db, Refused: true})
		}
		return Verdict{Refused: true}
	}
	if !c.dry {
		if c.mustAbort(u.Conn) {
			return Verdict{Why: "EXEC ran though a watched key had changed", Got: got}
		}
		c.m.Unwatch(u.Conn)
	}
	n, at := header(got, '*')
	if n != len(u.Commands) {
		return Verdict{Why: "EXEC's reply has another number of elements than commands", Got: got}
	}
	sum := Verdict{}
	for i, args := range u.Commands {
		m := Skip(got[at:])
		if m <= 0 {
			return Verdict{Why: "EXEC's reply is malformed", Command: i, Got: got}
		}
		v := c.one(u.Conn, args, got[at:at+m])
		sum.Refused = sum.Refused || v.Refused
		sum.Unknown = sum.Unknown || v.Unknown
		if v.Why != "" {
			sum.Why, sum.Command, sum.Want, sum.Got = v.Why, i, v.Want, v.Got
			break
		}
		at += m
	}
	sum.Changed, sum.Values = c.changed, c.values
	return sum
}

// one runs one command and compares its reply.
func (c *ctx) one(conn uint64, args [][]byte, got []byte) Verdict {
	if Refusal(got) {
		c.heard(Heard{Args: args, DB: c.db, Refused: true})
		return Verdict{Refused: true, Got: got}
	}
	c.out, c.mode, c.group, c.want, c.unknown = c.out[:0], exact, 1, 0, false
	c.args = args
	c.dispatch(conn, args)
	if c.unknown {
		return Verdict{Unknown: true}
	}
	if why := c.compare(got); why != "" {
		return Verdict{Why: why, Want: c.out, Got: got}
	}
	c.heard(Heard{Args: args, DB: c.db})
	return Verdict{}
}

// Refusal reports whether a reply says that the server could not serve the
// command now, which tells nothing of the data.
func Refusal(got []byte) bool {
	if !isError(got) {
		return false
	}
	for _, p := range refusals {
		if len(got) > len(p) && string(got[:len(p)]) == p {
			return true
		}
	}
	return false
}

// refusals are the beginnings of error replies that depend on the server's
// condition and not on the data.
var refusals = []string{
	"-LOADING", "-OOM", "-MISCONF", "-ERR no space left for the log", "-BUSY ", "-IOERR", "-NOSPACE", "-DAMAGED", "-NOAUTH", "-READONLY", "-TRYAGAIN",
	"-ERR cannot read the value", "-ERR the value is damaged", "-EXECABORT", "-ERR server is shutting down", "-ERR the command needs more memory",
}

// mayAbort reports whether anything since WATCH may have failed this EXEC, and
// the end of the earliest write that did.
func (c *ctx) mayAbort(conn uint64) (lsn uint64, ok bool) {
	m := c.m
	lsn = ^uint64(0)
	for i := range m.watch {
		w := &m.watch[i]
		if w.conn != conn {
			continue
		}
		for k := len(m.maps) - 1; k > 0 && m.maps[k].seq > w.seq; k-- {
			if m.maps[k].inc[w.db] != w.inc {
				lsn, ok = min(lsn, m.maps[k].lsn), true
			}
		}
		e, n := m.spaces[w.inc].find(w.key, ^uint64(0))
		kept := n >= 0 && c.shows(&e.vers[n]) // for a source, whatever its deadline
		for ; n >= 0 && e.vers[n].seq > w.seq; n-- {
			lsn, ok = min(lsn, e.vers[n].lsn), true
		}
		if w.touched {
			lsn, ok = min(lsn, w.touchedLSN), true
		}
		if w.live && dead(w.deadline, c.now) && !kept {
			lsn, ok = 0, true
		}
	}
	return lsn, ok
}

// mustAbort reports whether a watched key visibly changed since WATCH.
func (c *ctx) mustAbort(conn uint64) bool {
	m := c.m
	newest := ^uint64(0)
	for i := range m.watch {
		w := &m.watch[i]
		if w.conn != conn || w.marked != c.marked { // what it sees has changed, not the key
			continue
		}
		if w.touched {
			return true
		}
		inc := m.inc(w.db, newest)
		v := c.at(inc, w.key)
		if w.live != (v != nil) {
			return true
		}
		if v == nil {
			continue
		}
		_, n := m.spaces[inc].find(w.key, newest)
		if inc != w.inc || int32(n) != w.ver {
			return true
		}
	}
	return false
}

// Watch notes that conn watches key from now on.
func (m *Model) watchKey(c *ctx, conn uint64, key int32) {
	for i := range m.watch {
		if w := &m.watch[i]; w.conn == conn && w.db == c.db && w.key == key {
			return
		}
	}
	inc := m.inc(c.db, ^uint64(0))
	_, n := m.spaces[inc].find(key, ^uint64(0))
	w := watched{marked: c.marked, conn: conn, db: c.db, key: key, seq: m.seq, inc: inc, ver: int32(n)}
	if v := c.at(inc, key); v != nil {
		w.live, w.deadline = true, v.Deadline
	}
	m.watch = append(m.watch, w)
}

// touched notes that key was written as it was: its watchers' EXECs fail, which
// tells that it is there.
func (c *ctx) touched(key int32) {
	for i := range c.m.watch {
		if w := &c.m.watch[i]; !c.dry && w.db == c.db && w.key == key && !w.touched {
			w.touched, w.touchedLSN = true, c.m.Wrote(c.db, key)
		}
	}
}

// Unwatch forgets what conn watches.
func (m *Model) Unwatch(conn uint64) {
	kept := m.watch[:0]
	for _, w := range m.watch {
		if w.conn != conn {
			kept = append(kept, w)
		}
	}
	m.watch = kept
}

// Watching returns how many keys are watched.
func (m *Model) Watching() int { return len(m.watch) }

// get returns the live value of a key in the selected database.
func (c *ctx) get(key []byte) *Value { return c.getIn(c.db, key) }

func (c *ctx) getIn(db int, key []byte) *Value {
	k := KeyIndex(key)
	if k < 0 || db < 0 || db >= Databases {
		return nil
	}
	inc := c.m.inc(db, c.cut)
	e, i := c.m.spaces[inc].find(k, c.cut)
	if i < 0 || e.vers[i].val.Type == None {
		return nil
	}
	v := &e.vers[i].val
	if !c.shows(&e.vers[i]) {
		if !c.dry {
			c.expired = max(c.expired, v.Deadline)
		}
		return nil
	}
	if v.Deadline != 0 && !c.dry && !c.source {
		c.refs = append(c.refs, Ref{inc, k, int32(i), v.Deadline, e.vers[i].seq})
	}
	return v
}

func (c *ctx) put(key []byte, v Value) { c.putIn(c.db, key, v) }

func (c *ctx) putIn(db int, key []byte, v Value) {
	k := KeyIndex(key)
	if k < 0 {
		c.unknown = true
		return
	}
	inc := c.m.inc(db, c.cut)
	stillborn := v.Type != None && dead(v.Deadline, c.now) && !c.imports.on
	if stillborn {
		v = Value{} // as good as a deletion
	}
	if v.Type == None && c.at(inc, k) == nil && !c.kept(inc, k) {
		if stillborn {
			c.heard(Heard{DB: db, Key: k, Events: c.events(true, false)})
		}
		return // nothing was there and nothing is
	}
	c.heard(Heard{DB: db, Key: k, Changed: true, Events: c.events(stillborn, v.Type == None)})
	c.changed = true
	if !c.dry {
		c.m.put(inc, k, c.lsn, c.now, v)
	}
}

func (c *ctx) del(key []byte) { c.put(key, Value{}) }

// str returns the string at key. ok is false when the reply is an error.
func (c *ctx) str(key []byte) (v *Value, ok bool) {
	v = c.get(key)
	if v != nil && v.Type != String {
		c.wrongType()
		return nil, false
	}
	return v, true
}

// hash returns the hash at key. ok is false when the reply is an error.
func (c *ctx) hash(key []byte) (v *Value, ok bool) {
	v = c.get(key)
	if v != nil && v.Type != Hash {
		c.wrongType()
		return nil, false
	}
	return v, true
}
