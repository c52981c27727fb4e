package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/hold"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// step says what became of the command at the head of the input.
type step uint8

const (
	advance step = iota // it ran, or was refused: the next one follows
	stay                // the connection parked; it starts again later
	rewind              // older commands must run again first
)

// process runs commands from buf until they are used up or c cannot run. It
// returns the input that is left; own says that it is not a part of buf.
// Fetched values stay pinned while the commands that want them wait.
func (s *Server) process(c *conn, buf []byte) (rest []byte, own bool) {
	rest, own = s.runAll(c, buf)
	if s.lap.n > 0 {
		s.closeLap(c)
	}
	s.line.drop(c)
	s.now, s.ample, s.lap.begun, s.current = 0, 0, 0, nil
	if c.park != parkFetch && c.park != parkCommit && c.park != parkTransfer && !c.gone {
		s.tier.Release(&c.fetch)
	}
	return rest, own
}

func (s *Server) runAll(c *conn, buf []byte) (rest []byte, own bool) {
	for len(buf) > 0 && s.canRun(c) {
		p, n, err := s.next(c, buf)
		if err != nil {
			s.refuseProtocol(c, err)
			return nil, own
		}
		if n == 0 {
			if s.tooLong(c) {
				return nil, own
			}
			return buf, own // the parser goes on from here when more has come
		}
		if len(p.Args) == 0 {
			buf = buf[n:]
			continue
		}
		brief, begun := quick(p.cmd, n) && !s.exact(), int64(0)
		if !brief {
			begun = s.closeLap(c)
		}
		switch s.dispatch(c, p.cmd, command.Args(p.Args), buf[:n]) {
		case advance:
			buf = buf[n:]
			c.rounds = 0
			if c.transfer != nil {
				s.endTransfer(c)
			}
			switch {
			case !brief:
				s.now = 0
				if s.current != nil {
					s.slowRan(c, s.current, p.Args, begun)
				}
				s.lap.begun = 0
			case s.current != nil:
				s.quickRan(c, s.current, p.Args)
			}
			if s.state.Ready() {
				s.closeLap(c)
				s.serveBlocked()
				s.lap.begun = 0
			}
		case stay:
			s.line.at-- // it starts again
			if c.park == parkFetch {
				s.lookAhead(c, buf[n:])
				s.tier.AskAhead(&c.fetch, s.instant())
				s.tier.Renew(&c.fetch)
			}
			return buf, own
		case rewind:
			s.line.at--
			buf, own = s.rewound(c, buf), true
		}
		if c.out.Len() >= flushEvery {
			if s.lap.n > 0 {
				s.lap.long = true
				s.closeLap(c)
			}
			if s.flushNow(c) {
				buf, own = s.rewound(c, buf), true
			}
		}
	}
	return buf, own
}

// rewound returns the input with the commands that must run again before it.
func (s *Server) rewound(c *conn, buf []byte) []byte {
	if s.lap.n > 0 {
		s.closeLap(c)
	}
	s.line.drop(c)
	c.parser.Reset()
	return append(s.takeRerun(), buf...)
}

func (s *Server) limits(c *conn) resp.Limits {
	if !s.authed(c) {
		return resp.UnauthenticatedLimits()
	}
	l := resp.DefaultLimits()
	l.MaxBulk = s.cfg.ProtoMaxBulkLen
	return l
}

// refuseProtocol answers input that is not the protocol and closes, once what
// was answered before has left.
func (s *Server) refuseProtocol(c *conn, err error) {
	s.current = nil
	s.begin(c)
	s.w.Error("ERR " + err.Error())
	s.finish(c, tx.Result{}, nil)
	c.closing = true
	s.wantFlush(c)
}

// crowded reports whether a client's buffer may not become so long, by that
// much more, for want of memory. A short one may where clients hold little, so
// that a plain command is refused on its own and its connection goes on.
func (s *Server) crowded(size, more int64) bool {
	limit := s.cfg.MaxMemory
	if limit <= 0 || size <= 32<<10 || s.host.Used()+more <= limit {
		return false
	}
	return size > 1<<20 || s.bytes+more > limit/4
}

// inputCrowded reports whether a command may not be received although memory
// lasts: half of it is for commands, so that those which are there can run.
func (s *Server) inputCrowded(size, more int64) bool {
	limit := s.cfg.MaxMemory
	return limit > 0 && size > 32<<10 && s.input+more > limit/2
}

// tooLong closes a connection whose partial command is beyond what it may
// declare, or beyond the memory there is.
func (s *Server) tooLong(c *conn) bool {
	need := int64(c.parser.Need())
	if need > s.cfg.ClientQueryBufferLimit {
		s.close(c)
		return true
	}
	if more := need - int64(cap(c.in)); s.crowded(need, more) || s.inputCrowded(need, more) {
		s.begin(c)
		s.w.Error("OOM command not allowed when used memory > 'maxmemory'.")
		s.finish(c, tx.Result{}, nil)
		c.closing = true
		s.wantFlush(c)
		return true
	}
	return false
}

// dispatch runs one command, or queues it, or parks the connection. cmd is nil
// if it has yet to be found in the table.
func (s *Server) dispatch(c *conn, cmd *command.Command, a command.Args, raw []byte) step {
	problem := ""
	if cmd == nil {
		cmd, problem = command.Resolve(a)
	}
	s.current = cmd
	if problem != "" {
		if cmd == nil && isHTTP(a[0]) {
			// A browser was made to speak to us: its next lines are not its own.
			c.closing = true
			s.wantFlush(c)
			return stay
		}
		return s.refuse(c, problem)
	}
	if c.block != nil && !pure(cmd) {
		return s.blockAgain(c)
	}
	if !s.authed(c) && !cmd.Is(command.NoAuth) {
		return s.refuse(c, "NOAUTH Authentication required.")
	}
	if s.stopping && !cmd.Is(command.NoAuth) && !goesOn(cmd.Name) {
		return s.refuse(c, "ERR server is shutting down")
	}
	// WATCH and TIME need the data and engine time, which begin together.
	if s.loading && (!cmd.Is(command.Loading) || cmd.Name == "watch" || cmd.Name == "time") {
		if s.why != "" {
			return s.refuse(c, "LOADING Holdfast cannot serve yet: "+s.why)
		}
		return s.refuse(c, errLoading)
	}
	if s.holdsBack(c, cmd) {
		c.park = parkPause
		s.paused = append(s.paused, c)
		return stay
	}
	if c.subs != nil && c.proto == 2 && !onlySubscribes(cmd) {
		return s.refuse(c, "ERR Can't execute '"+cmd.Name+
			"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	}
	if c.monitor && touchesKeys(cmd) {
		return s.refuse(c, "ERR Replica can't interact with the keyspace")
	}
	// What waits to be judged must not have a write run behind it: a write
	// cannot be run again.
	if c.out.Judged() && !pure(cmd) && s.flushNow(c) {
		return rewind
	}
	if c.multi != nil && !isMultiControl(cmd.Name) {
		return s.enqueue(c, cmd, a)
	}
	if cmd.Name == "exec" {
		return s.exec(c, a)
	}
	if cmd.Handler == nil || c.pongs(cmd) {
		return s.runFace(c, cmd, a, raw)
	}
	return s.runPlain(c, cmd, a, raw)
}

// goesOn reports whether a command runs while the server stops, for what a client
// makes of the refusals that follow depends on it.
func goesOn(name string) bool {
	switch name {
	case "shutdown", "client|reply", "discard":
		return true
	}
	return false
}

// holdsBack reports whether a pause keeps cmd from running now. It is Redis's
// rule, but that CLIENT UNPAUSE and PAUSE always get through.
func (s *Server) holdsBack(c *conn, cmd *command.Command) bool {
	if s.sleepUntil != 0 {
		return true
	}
	if s.pauseUntil == 0 || cmd.Name == "client|unpause" || cmd.Name == "client|pause" {
		return false
	}
	if s.pauseAll || cmd.Is(command.Write) { // in a MULTI too, as Redis does
		return true
	}
	return cmd.Name == "exec" && c.multi != nil && c.multi.writes
}

// begin starts a reply of c.
func (s *Server) begin(c *conn) int {
	if c.out.Buf == nil {
		c.out.Buf = s.takeBuffer()
	}
	s.w.Buf, s.w.Proto, s.w.Max, s.w.Over = c.out.Buf, c.proto, 0, false
	return len(c.out.Buf)
}

// refuse answers an error that no unit stands behind.
func (s *Server) refuse(c *conn, message string) step {
	if s.current != nil && s.current.Name == "exec" { // refused before it ran, it ends the MULTI
		message = "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(message, "ERR ")
		s.leaveMulti(c)
	}
	s.rejected()
	if c.multi != nil {
		c.multi.broken = true
	} else if c.track != nil {
		c.track.caching = false
	}
	start := s.begin(c)
	s.w.Error(message)
	if s.woken != nil {
		s.tellInVain(c, start)
	}
	s.finish(c, tx.Result{}, nil)
	return advance
}

// runPlain runs a command of the table as one unit.
func (s *Server) runPlain(c *conn, cmd *command.Command, a command.Args, raw []byte) step {
	if st, message := s.prepare(c, cmd, a); message != "" {
		return s.refuse(c, message)
	} else if st == stay {
		return stay
	}
	start := s.begin(c)
	if pure(cmd) {
		s.w.Max = start + s.replyMax()
	}
	t := s.beginTx(c, cmd)
	outcome := cmd.Handler(t, a, &s.w)
	if outcome == command.Cold {
		for _, key := range t.Wanted() {
			s.tier.Want(&c.fetch, c.db, key)
		}
		t.Seal() // it may have logged a ceiling
		t.DropNews()
		if st, message := s.read(c); message != "" {
			return s.refuse(c, message)
		} else if st == stay {
			return stay
		}
		s.w.Buf = s.w.Buf[:start]
		t = s.beginTx(c, cmd)
		t.Sync = true // became resident and cold again: read it here
		outcome = cmd.Handler(t, a, &s.w)
	}
	r := t.Seal()
	if outcome == command.Block {
		s.w.Buf = nil // its reply is for where it may not wait
		s.showsRun(c, cmd, a, r)
		return s.parkBlocked(c, t, a)
	}
	if s.w.Over {
		s.w.Buf = s.w.Buf[:start]
		s.w.Error(errReplyTooLarge)
	}
	if !pure(cmd) {
		r.Alive, raw = 0, nil
	} else if c.track != nil && c.track.caching {
		raw = nil // run again it would be no exception
	}
	if r.Need > s.committed() {
		if why := s.barred(&r); why != "" {
			s.w.Buf = s.w.Buf[:start]
			s.w.Error(why)
			r.Need, r.Alive = 0, 0
			t.DropNews()
		} else if r.Busy {
			t.DropNews()
			return s.parkRoom(c)
		} else if s.reruns(c, r) {
			t.DropNews()
			return s.parkCommit(c, r.Need)
		}
	}
	s.observe(c, r, start, a)
	c.last = cmd.Name
	s.showsRun(c, cmd, a, r)
	s.finish(c, r, raw)
	s.remember(c, cmd, a)
	return advance
}

const (
	manyKeys          = 64 // arguments beyond which the sizes of values are summed up first
	errValuesTooLarge = "OOM the values that the command reads do not fit into 'maxmemory'"
	errReplyTooLarge  = "OOM the reply does not fit into 'maxmemory' beside the data"
)

// replyMax bounds one reply of a command that only reads. Where clients hold
// much already, such as replies that nobody takes, only short ones are made.
func (s *Server) replyMax() int {
	limit := s.cfg.MaxMemory
	if limit <= 0 {
		return 1 << 40
	}
	n := max(outputBound, limit/2)
	if s.bytes > limit/4 {
		n = max(32<<10, min(n, limit/2-s.bytes))
	}
	return int(n)
}

// pure reports whether cmd can run again: it changes neither data nor its
// connection.
func pure(cmd *command.Command) bool { return cmd.Handler != nil && !cmd.Is(command.Write) }

// barred says why what a unit needs will not be committed; "": it may be.
func (s *Server) barred(r *tx.Result) string {
	switch {
	case s.failed() != nil:
		return errLogFailed
	case r.Full:
		return errLogFull
	}
	return ""
}

const errLogFailed = "MISCONF the log cannot be written; data that is not durable cannot be read or changed until a restart"

func (s *Server) beginTx(c *conn, cmd *command.Command) *tx.Tx {
	t := s.state.Begin(s.instant(), c.db)
	t.Source = c.source && s.cfg.ImportMode
	t.NoTouch = c.noTouch
	t.Counting = cmd.Is(command.ReadOnly)
	t.Reads = pure(cmd)
	t.Served = s.woken != nil
	return t
}

// reruns decides whether a read that would be held parks instead, to run again
// when what it read is committed: one of its keys could die during the hold.
func (s *Server) reruns(c *conn, r tx.Result) bool {
	if r.Alive == 0 || c.rounds >= maxRounds {
		return false
	}
	return int64(r.Alive)-s.host.Now().MS() < int64(s.cfg.HoldMarginMS)
}

// fetched ends that wait.
func (s *Server) fetched(c *conn) {
	if c.parked != 0 {
		s.book.Took("tier-fetch", &s.book.Fetch, s.book.Now()-c.parked)
		c.parked = 0
	}
	s.unpark(c)
}

func (s *Server) parkCommit(c *conn, need unit.LSN) step {
	c.park, c.need = parkCommit, need
	c.rounds++
	s.stats.HeldReads++
	s.waits.Push(need, c)
	s.mark("read parked until committed")
	return stay
}

func (s *Server) parkRoom(c *conn) step {
	c.park = parkRoom
	s.stats.Throttled++
	s.tier.Release(&c.fetch) // a waiting writer must not pin what it waits for
	if s.log != nil {
		s.log.Hasten() // its room may come from what is not written yet
	}
	s.room = append(s.room, c)
	s.mark("writer parked for room")
	return stay
}

// finish ends the reply that begin started: it puts the unit's conditions on
// it and has it flushed at the end of the turn.
func (s *Server) finish(c *conn, r tx.Result, raw []byte) {
	start := len(c.out.Buf)
	c.out.Buf = s.w.Buf
	s.w.Buf = nil
	if len(c.out.Buf) > start && c.out.Buf[start] == '-' {
		s.countError(c.out.Buf[start:], s.current)
	}
	if c.replies != replyOn {
		s.suppress(c, start)
	}
	if r.Changed {
		c.wrote = r.End
	}
	need, at := r.Need, int64(0)
	if need <= s.committed() {
		need = 0
	} else if at = s.host.Sampled(); r.Changed {
		s.stats.HeldWrites++
	} else {
		s.stats.HeldReads++
	}
	c.newest = max(c.newest, r.Need)
	if need != 0 || r.Alive != 0 || c.out.Judged() {
		c.out.Add(hold.Unit{Start: start, Need: need, Alive: r.Alive, Raw: raw, Turn: s.turn, Silent: !s.declared, At: at})
	}
	s.declared = false
	s.wantFlush(c)
	if s.untold() {
		s.deliver(c)
	}
}

// suppress drops a reply under CLIENT REPLY OFF or SKIP.
func (s *Server) suppress(c *conn, start int) {
	if c.replies == replySkipNext {
		c.replies = replySkip
		return
	}
	c.out.Buf = c.out.Buf[:start]
	if c.replies == replySkip {
		c.replies = replyOn
	}
}
