package session

import (
	"holdfast/engine/command"
	"holdfast/engine/event"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// maxReruns bounds how often one flush lets replies that died in the hold run
// again; beyond it they become errors.
const maxReruns = 8

// wantFlush has c's output offered at the end of the turn.
func (s *Server) wantFlush(c *conn) {
	if !c.flush && !c.gone {
		c.flush = true
		s.flushes = append(s.flushes, c)
	}
}

// Flush ends a turn: every connection with output is offered to its socket.
// Replies that died while they were held run again.
func (s *Server) Flush() {
	s.turn++
	if s.untold() {
		s.deliver(nil) // what expired and was evicted, and what a command that waits did
	}
	for len(s.flushes) > 0 {
		batch := s.flushes
		s.flushes = s.spareFlushes[:0]
		for _, c := range batch {
			c.flush = false
			if c.gone {
				continue
			}
			if s.flushNow(c) {
				s.runAgain(c)
			}
			s.afterFlush(c)
		}
		s.spareFlushes = batch[:0]
		s.Run()
	}
	s.serves = 0
}

// afterFlush lets a connection that drained go on, or closes it.
func (s *Server) afterFlush(c *conn) {
	if c.gone {
		return
	}
	if c.closing && c.out.Len() == 0 {
		s.close(c)
		return
	}
	if c.ended && c.answered() {
		s.close(c)
		return
	}
	if s.limited(c) && s.overLimit(c, s.host.Now()) {
		s.close(c)
		return
	}
	if len(c.in) > 0 && s.canRun(c) {
		s.unpark(c)
	}
	s.throttle(c)
	s.account(c)
}

// flushNow offers c's output to the socket as far as it may leave. It reports
// whether commands must run again because a reply died; takeRerun has them.
func (s *Server) flushNow(c *conn) (rerun bool) {
	if c.gone || c.blocked {
		return false
	}
	for {
		now := unit.Time(0)
		if c.out.Judged() {
			// The moment of release, not of execution; no unit may lie before it.
			now, s.now = s.host.Now(), 0
		}
		p, stale := c.out.Free(s.committed(), now)
		if len(p) > 0 {
			n := s.net.Send(c.id, p)
			s.stats.NetOut += uint64(n)
			whole := n == len(p)
			s.held(c.out.Taken(n))
			if !whole {
				c.blocked = true
				return false
			}
		}
		if !stale {
			break
		}
		s.mark("reply died while held")
		if c.reruns < maxReruns && s.voidStale(c) {
			return true
		}
		s.failStale(c)
	}
	if need, held := c.out.Next(); held && s.failed() != nil && need > s.committed() {
		// What it waits for will not come; the outcome is unknown.
		s.stats.DroppedHeld++
		s.close(c)
	} else if held {
		s.waits.Push(need, c)
	} else {
		c.reruns = 0
		s.spare(c)
	}
	return false
}

// held records replies that waited for the log and have left: so many, the
// oldest of which was executed at since.
func (s *Server) held(since int64, n int) {
	if n == 0 {
		return
	}
	took := max(s.book.Now()-since, 0)
	s.book.Hold.RecordN(took, uint64(n))
	s.book.Slow("hold", took)
}

// voidStale takes back the reply that died and all behind it, if their
// commands can run again.
func (s *Server) voidStale(c *conn) bool {
	raw, units, ok := c.out.Rerun()
	if !ok {
		return false
	}
	c.reruns++
	s.stats.Reruns++
	if c.out.Len() > 0 {
		s.wantFlush(c) // messages between the replies stay, and are first now
	}
	s.rerun = append([]byte(nil), raw...)
	if s.obs.Withdrawn != nil {
		s.obs.Withdrawn(&event.Withdrawn{Conn: uint64(c.id), Units: units})
	}
	return true
}

const errStale = "-TRYAGAIN a value expired while its reply waited for the disk\r\n"

// failStale puts an error in place of a reply that died in the hold and cannot
// run again: a write followed it.
func (s *Server) failStale(c *conn) {
	s.stats.Stale++
	if s.obs.Withdrawn != nil {
		s.obs.Withdrawn(&event.Withdrawn{Conn: uint64(c.id), Units: c.out.Behind(), Failed: true, Reply: []byte(errStale)})
	}
	c.out.Fail([]byte(errStale))
}

// takeRerun returns the commands that flushNow found must run again.
func (s *Server) takeRerun() []byte {
	raw := s.rerun
	s.rerun = nil
	return raw
}

// takeBuffer returns an empty output buffer; spare takes one back from a
// connection whose output is empty, so that idle ones own none.
func (s *Server) takeBuffer() []byte {
	if n := len(s.buffers); n > 0 {
		b := s.buffers[n-1]
		s.buffers = s.buffers[:n-1]
		return b
	}
	return make([]byte, 0, 4096)
}

func (s *Server) spare(c *conn) {
	b := c.out.Buf
	if b == nil || len(b) > 0 {
		return
	}
	c.out.Buf = nil
	if cap(b) <= keepBuffer && len(s.buffers) < 256 {
		s.buffers = append(s.buffers, b[:0])
	}
}

// observe tells the observer of a unit whose reply starts at start of s.w.Buf.
func (s *Server) observe(c *conn, r tx.Result, start int, a command.Args) {
	if s.obs.Unit == nil {
		return
	}
	u := &s.unit
	if s.woken != nil {
		a = s.cmd.Args // whole
	}
	u.Commands = append(u.Commands[:0], a)
	u.Exec = false
	s.report(c, r, start)
}

// observeExec tells the observer of an EXEC; aborted ones ran nothing.
func (s *Server) observeExec(c *conn, r tx.Result, start int, m *multi, aborted bool) {
	if s.obs.Unit == nil {
		return
	}
	u := &s.unit
	u.Commands = u.Commands[:0]
	if !aborted {
		for _, q := range m.queue {
			u.Commands = append(u.Commands, q.args)
		}
	}
	u.Exec = true
	s.report(c, r, start)
}

func (s *Server) report(c *conn, r tx.Result, start int) {
	if s.loading {
		return // before there is data, engine time and an order of units
	}
	u := &s.unit
	u.Conn, u.DB, u.Proto, u.Now = uint64(c.id), c.db, c.proto, r.Now
	u.Reply, u.Begin, u.End, u.Need, u.Source = s.w.Buf[start:], r.Begin, r.End, r.Need, c.source
	u.Woken = s.woken
	s.obs.Unit(u)
	s.declared = true
}

func (s *Server) mark(name string) {
	if s.obs.Mark != nil {
		s.obs.Mark(name)
	}
}
