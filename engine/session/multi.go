package session

import (
	"holdfast/engine/command"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// multi is an open MULTI: the commands queued so far, copied.
type multi struct {
	queue   []queued
	text    []byte   // the words of small commands; never grows
	words   [][]byte // parts of text; never grows
	size    int
	adds    int
	broken  bool // a command was refused: EXEC aborts
	writes  bool
	denyOOM bool
	follows bool // what a command adds depends on the values that are there
}

// What a multi has room for from the start, and how many are kept for others.
const (
	multiText  = 1024
	multiWords = 32
	multiSpare = 16
)

// takeMulti returns an empty multi; leaveMulti takes it back.
func (s *Server) takeMulti() *multi {
	if n := len(s.multis); n > 0 {
		m := s.multis[n-1]
		s.multis = s.multis[:n-1]
		return m
	}
	return &multi{text: make([]byte, 0, multiText), words: make([][]byte, 0, multiWords), size: multiText + multiWords*24}
}

// copied returns the words of a command, n bytes in all, in memory of m.
func (m *multi) copied(a command.Args, n int) command.Args {
	buf, args := m.text, m.words
	fits := n <= cap(buf)-len(buf) && len(a) <= cap(args)-len(args)
	if !fits {
		buf, args = make([]byte, 0, n), make([][]byte, 0, len(a))
	}
	first := len(args)
	for _, p := range a {
		at := len(buf)
		buf = append(buf, p...)
		args = append(args, buf[at:len(buf):len(buf)])
	}
	if fits {
		m.text, m.words = buf, args
	}
	return args[first:len(args):len(args)]
}

type queued struct {
	cmd  *command.Command
	args command.Args
}

func (m *multi) bytes() int {
	if m == nil {
		return 0
	}
	return m.size
}

// maxUnit bounds the log bytes of one EXEC, so that a unit always fits what
// the log can hold unwritten.
const maxUnit = 1 << 30

func isMultiControl(name string) bool {
	switch name {
	case "exec", "discard", "multi", "watch", "quit", "reset":
		return true
	}
	return false
}

// enqueue adds a command to the open MULTI.
func (s *Server) enqueue(c *conn, cmd *command.Command, a command.Args) step {
	m := c.multi
	if cmd.Is(command.NoMulti) {
		return s.refuse(c, "ERR Command not allowed inside a transaction")
	}
	if cmd.Is(command.DenyOOM) && s.cfg.MaxMemory > 0 && s.host.Used() > s.cfg.MaxMemory {
		if st, message := s.admitBytes(c, 0, true); message != "" {
			return s.refuse(c, message)
		} else if st == stay {
			return stay
		}
	}
	if cmd.Is(command.Write) {
		if s.failed() != nil {
			return s.refuse(c, errLogFailed)
		}
		m.writes = true
		m.denyOOM = m.denyOOM || cmd.Is(command.DenyOOM)
		m.adds += cmd.Footprint(a)
		if m.adds > maxUnit {
			return s.refuse(c, "ERR transaction is too large")
		}
	}
	n := 0
	for _, p := range a {
		n += len(p)
	}
	size := n + len(a)*24 + 64
	if s.queueTooLarge(m, size) {
		m.queue, m.size = nil, 0 // EXEC will abort anyway
		return s.refuse(c, "ERR transaction is too large")
	}
	m.queue = append(m.queue, queued{cmd, m.copied(a, n)})
	m.follows = m.follows || cmd.Flags&(command.Carries|command.Passes) != 0
	m.size += size
	s.current = nil // it has yet to run
	s.begin(c)
	s.w.Simple("QUEUED")
	s.finish(c, tx.Result{}, nil)
	return advance
}

// queueTooLarge bounds what may be queued, as tooLong bounds a single command:
// reads too take memory while they wait for EXEC.
func (s *Server) queueTooLarge(m *multi, more int) bool {
	if int64(m.size+more) > s.cfg.ClientQueryBufferLimit {
		return true
	}
	return s.crowded(int64(m.size), int64(more))
}

// exec runs the open MULTI as one unit at one instant.
func (s *Server) exec(c *conn, a command.Args) step {
	m := c.multi
	if m == nil {
		s.begin(c) // it has run, and failed
		s.w.Error("ERR EXEC without MULTI")
		s.showsExec(c, a, tx.Result{Now: s.host.Now()})
		s.finish(c, tx.Result{}, nil)
		return advance
	}
	if m.broken {
		return s.execAbort(c, a, "EXECABORT Transaction discarded because of previous errors.")
	}
	// The conflict is looked for first, so that an EXEC that will answer nil
	// neither fetches nor reserves.
	// Both see one instant: a watched key must not die in between.
	now := s.host.Now()
	t := s.state.Begin(now, c.db)
	t.Source = c.source && s.cfg.ImportMode
	t.Reads = true
	if t.Conflict(&c.watch) {
		return s.execNil(c, a, t)
	}
	s.wantAll(c)
	if st, message := s.read(c); message != "" {
		return s.execAbort(c, a, "EXECABORT Transaction discarded because of: "+message)
	} else if st == stay {
		return stay
	}
	if m.writes {
		if s.transferAhead(c) {
			return stay
		}
		if st, message := s.admitBytes(c, s.footprint(c.multi, c.db), m.denyOOM); message != "" {
			return s.execAbort(c, a, "EXECABORT Transaction discarded because of: "+message)
		} else if st == stay {
			return stay
		}
	}
	if c.watch.Dirty { // what made room may have evicted a watched key
		t = s.state.Begin(now, c.db)
		t.Reads = true
		t.Conflict(&c.watch)
		return s.execNil(c, a, t)
	}
	s.runQueue(c, a, now)
	return advance
}

// execAbort ends a MULTI that may not run.
func (s *Server) execAbort(c *conn, a command.Args, message string) step {
	start := s.begin(c)
	s.w.Error(message)
	r := s.state.Begin(s.host.Now(), c.db).Seal()
	s.observeExec(c, r, start, c.multi, true)
	s.leaveMulti(c)
	s.showsExec(c, a, r)
	s.finish(c, r, nil)
	return advance
}

func (s *Server) execNil(c *conn, a command.Args, t *tx.Tx) step {
	start := s.begin(c)
	s.w.NullArray()
	r := t.Seal()
	r.Alive = 0
	s.observeExec(c, r, start, c.multi, true)
	s.leaveMulti(c)
	s.excuse(t, &r, start)
	s.showsExec(c, a, r)
	s.finish(c, r, nil)
	return advance
}

// runQueue runs the queued commands; nothing can make it stop half-way.
func (s *Server) runQueue(c *conn, a command.Args, now unit.Time) {
	m := c.multi
	if s.untold() {
		s.deliver(c) // what happened before is no part of it
	}
	start := s.begin(c)
	t := s.state.Begin(now, c.db)
	t.Source = c.source && s.cfg.ImportMode
	t.NoTouch = c.noTouch
	t.Sync = true // a value that only became cold or known just now
	t.Reads = !m.writes
	t.Served = true
	s.w.Array(len(m.queue))
	for _, q := range m.queue {
		s.runOne(c, t, q, start)
		s.ranQueued(c, q, now)
	}
	s.closeLap(c)
	r := t.Seal()
	r.Alive = 0
	s.excuse(t, &r, start)
	s.observeExec(c, r, start, m, false)
	s.leaveMulti(c)
	s.outbox.need = r.Need
	s.showsExec(c, a, r)
	s.finish(c, r, nil)
	if s.reconfigured {
		s.reconfigured = false
		s.host.Reconfigured()
	}
}

// excuse puts an error in the place of an EXEC's reply, from start on, that could
// never leave.
func (s *Server) excuse(t *tx.Tx, r *tx.Result, start int) {
	if r.Need <= s.committed() {
		return
	}
	if why := s.barred(r); why != "" {
		s.w.Buf = s.w.Buf[:start]
		s.w.Error(why)
		r.Need = 0
		t.DropNews()
	}
}

// runOne runs one command of the queue and measures it like any other.
func (s *Server) runOne(c *conn, t *tx.Tx, q queued, start int) {
	if message := s.queuedProblem(q.cmd); message != "" {
		s.stat(q.cmd).rejected++
		s.countError([]byte("-"+message), nil)
		s.w.Error(message)
		return
	}
	brief, begun := quick(q.cmd, 0) && !s.exact(), int64(0)
	if !brief {
		begun = s.closeLap(c)
	}
	at := len(s.w.Buf)
	t.Counting = q.cmd.Is(command.ReadOnly)
	t.Quiet = false
	if q.cmd.Handler != nil && !c.pongs(q.cmd) {
		s.runQueued(t, q, start)
	} else {
		s.faceInMulti(c, t, q)
	}
	if len(s.w.Buf) > at && s.w.Buf[at] == '-' {
		s.countError(s.w.Buf[at:], q.cmd)
	}
	if brief {
		s.quickRan(c, q.cmd, q.args)
	} else {
		s.slowRan(c, q.cmd, q.args, begun)
	}
}

// ranQueued does what follows each command of an EXEC for those who listen.
func (s *Server) ranQueued(c *conn, q queued, now unit.Time) {
	if len(s.monitors) > 0 {
		s.shows(c, q.cmd, q.args, now, 0)
	}
	if c.track != nil {
		s.tell(c) // changes so far are older than this read
		s.remember(c, q.cmd, q.args)
	}
}

// runQueued runs one command of the table. All replies of the EXEC together,
// which starts at start, may be as large as one of a read alone.
func (s *Server) runQueued(t *tx.Tx, q queued, start int) {
	begin := len(s.w.Buf)
	if pure(q.cmd) {
		s.w.Max = start + s.replyMax()
	}
	q.cmd.Handler(t, q.args, &s.w)
	if s.w.Over {
		s.w.Buf = s.w.Buf[:begin]
		s.w.Error(errReplyTooLarge)
	}
	s.w.Max, s.w.Over = 0, false
}

// queuedProblem re-checks what may have changed since a command was queued.
func (s *Server) queuedProblem(cmd *command.Command) string {
	if cmd.Is(command.Write) && s.failed() != nil {
		return errLogFailed
	}
	return ""
}

// wantAll asks for every value the queue reads, following SELECTs in it.
func (s *Server) wantAll(c *conn) {
	c.fetch.Begin()
	db := c.db
	for _, q := range c.multi.queue {
		if q.cmd.Name == "select" {
			if n, ok := parseDB(q.args[1], s.cfg.Databases); ok {
				db = n
			}
			continue
		}
		if q.cmd.NeedsValues(q.args) {
			q.cmd.EachValue(q.args, func(key []byte) { s.tier.Want(&c.fetch, db, key) })
		}
	}
}

// leaveMulti ends MULTI and WATCH.
func (s *Server) leaveMulti(c *conn) {
	if m := c.multi; m != nil && len(s.multis) < multiSpare && cap(m.queue) <= multiWords {
		clear(m.queue)
		clear(m.words)
		*m = multi{queue: m.queue[:0], text: m.text[:0], words: m.words[:0], size: multiText + multiWords*24}
		s.multis = append(s.multis, m)
	}
	c.multi = nil
	s.state.Unwatch(&c.watch)
	if c.track != nil {
		c.track.caching = false
	}
}

// multiFace are MULTI, DISCARD, WATCH and UNWATCH.
func faceMulti(s *Server, c *conn, _ command.Args, w *resp.Writer) {
	if c.multi != nil {
		w.Error("ERR MULTI calls can not be nested")
		return
	}
	c.multi = s.takeMulti()
	w.OK()
}

func faceDiscard(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if c.multi == nil {
		w.Error("ERR DISCARD without MULTI")
		return
	}
	start := len(w.Buf)
	s.leaveMulti(c)
	w.OK()
	s.observeWatch(c, start, a)
}

func faceWatch(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if c.multi != nil {
		w.Error("ERR WATCH inside MULTI is not allowed")
		return
	}
	start := len(w.Buf)
	t := s.state.Begin(s.host.Now(), c.db)
	t.Source = c.source && s.cfg.ImportMode
	for _, key := range a[1:] {
		t.Watch(&c.watch, key)
	}
	w.OK()
	s.observe(c, t.Seal(), start, a)
}

func faceUnwatch(s *Server, c *conn, a command.Args, w *resp.Writer) {
	start := len(w.Buf)
	s.state.Unwatch(&c.watch)
	w.OK()
	if c.multi == nil { // else it is a part of the EXEC that runs
		s.observeWatch(c, start, a)
	}
}

// observeWatch tells the observer of a command that ended a WATCH: its place
// in the serial order decides what a later EXEC may answer.
func (s *Server) observeWatch(c *conn, start int, a command.Args) {
	s.observe(c, s.state.Begin(s.host.Now(), c.db).Seal(), start, a)
}
