package session

import (
	"slices"

	"holdfast/engine/command"
	"holdfast/engine/event"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// blocked is the wait of a connection whose command, the one at the head of its
// input, waits for a key to get elements or for the log (WAITAOF). It lasts
// until the command is answered. Meanwhile the connection may be parked for
// another reason: its turn has come and the value is cold, or replies before it
// have died while they were held, and run again.
type blocked struct {
	wait   tx.Wait
	c      *conn
	until  unit.Time // 0 for ever
	at     int       // place in Server.deadlines, plus one
	due    bool      // it has waited as long as it said
	within bool      // parked, for a fetch or for room, with the command begun

	stalled []*tx.Queue // it is the first of these and could not be served at once
	need    unit.LSN    // WAITAOF waits until so much is synced
	timeout func(w *resp.Writer)
}

// servesATurn bounds the woken commands that run in one turn; the rest follow
// in the next.
const servesATurn = 1000

// parkBlocked makes c wait as the unit t of its command a, which found nothing,
// has said. Where its turn had come, it has kept its place.
func (s *Server) parkBlocked(c *conn, t *tx.Tx, a command.Args) step {
	if s.woken != nil {
		c.park = parkBlock
		return stay
	}
	ms, want, keys := t.Blocking()
	b := s.block(c, t.Now(), ms, (*resp.Writer).NullArray)
	if b == nil {
		return stay
	}
	b.wait.Who, b.wait.Type = c, want
	s.state.Wait(&b.wait, c.db, keys)
	if s.obs.Blocked != nil {
		s.obs.Blocked(&event.Blocked{Conn: uint64(c.id), DB: c.db, Command: a, Now: t.Now()})
	}
	s.mark("client blocked")
	return stay
}

// block parks c until it is unblocked or ms milliseconds have passed, when
// timeout answers. It returns nil if c sends no more: nobody would notice that
// such a client has died, and what it then is given would be lost.
func (s *Server) block(c *conn, now unit.Time, ms int64, timeout func(w *resp.Writer)) *blocked {
	if c.ended || c.leaving {
		s.close(c)
		return nil
	}
	c.park = parkBlock
	b := &blocked{c: c, timeout: timeout}
	c.block = b
	if ms > 0 {
		b.until = now + unit.Time(min(ms, maxPauseMS))*1000
		s.deadlines.push(b)
	}
	s.tier.Release(&c.fetch)
	s.wantFlush(c) // it may own a buffer it does not need
	return b
}

// blockAgain is for a command that is at the head of the input again, because
// replies before it ran anew: it has kept its place.
func (s *Server) blockAgain(c *conn) step {
	if c.block.due {
		s.answerInVain(c, c.block.timeout)
		s.endBlock(c)
		return advance
	}
	c.park = parkBlock
	s.serveStalled(c)
	return stay
}

// runAgain puts commands whose replies died in the hold before c's input, to
// run next. If c is blocked it keeps its place.
func (s *Server) runAgain(c *conn) {
	c.in = append(s.takeRerun(), c.in...)
	c.parser.Reset()
	if c.block != nil {
		c.block.within = false
	}
	s.unpark(c)
}

// serveStalled has the queues served again that stopped at c.
func (s *Server) serveStalled(c *conn) {
	for _, q := range c.block.stalled {
		s.state.ServeAgain(q)
	}
	c.block.stalled = c.block.stalled[:0]
}

// serveBlocked runs the commands of those who wait for keys that have got
// elements: key after key as they were signalled, and for one key whoever waits
// longest first. Each is a unit of its own; one that gives elements to another
// key has that served after the keys before it.
func (s *Server) serveBlocked() {
	if s.serving || s.stopping || s.pauseUntil != 0 || s.sleepUntil != 0 {
		return
	}
	s.serving = true
	for s.state.Ready() && s.serves < servesATurn {
		s.serveQueue(s.state.NextReady())
	}
	s.serving = false
}

// serveQueue serves one key until it has nothing more to give.
func (s *Server) serveQueue(q *tx.Queue) {
	for p := q.First(); p != nil; {
		c := p.Wait.Who.(*conn)
		if s.state.Offers(q) == 0 {
			break
		}
		if s.state.Offers(q) != p.Wait.Type {
			p = p.Next()
			continue
		}
		if c.park != parkBlock {
			// It has the first claim and cannot make it now: all wait for it.
			c.block.stalled = append(c.block.stalled, q)
			return
		}
		if s.serves >= servesATurn {
			s.state.ServeAgain(q)
			return
		}
		s.serves++
		next := p.Next()
		done := s.serve(c, q)
		s.now = 0
		if !done {
			s.mark("first in a queue cannot be served at once")
			c.block.stalled = append(c.block.stalled, q)
			return
		}
		p = next
	}
	s.state.ServedAll(q)
}

// serve runs the command that c waits with, on the one key of q. It reports
// whether that came to an end: c was served, or closed, or waits as before
// because there is nothing for it.
func (s *Server) serve(c *conn, q *tx.Queue) bool {
	if c.out.Judged() && s.flushNow(c) {
		s.runAgain(c)
		return false
	}
	if c.gone {
		return true
	}
	n, ok := s.headCommand(c)
	if !ok {
		return true
	}
	cmd, _ := command.Resolve(s.cmd.Args)
	a := command.Args(s.cmd.Args)
	c.park, s.woken = parkNone, q.Key
	if cmd.Narrow != nil {
		a = cmd.Narrow(a, q.Key)
	}
	s.current = cmd
	begun := s.book.Now()
	st := s.runPlain(c, cmd, a, nil)
	if s.woken = nil; st == advance && s.current != nil {
		s.slowRan(c, cmd, a, begun)
	}
	s.current = nil
	if c.gone {
		return true
	}
	if st == stay && c.park != parkBlock {
		c.block.within = true
		return false
	}
	s.tier.Release(&c.fetch)
	if st == advance {
		s.mark("blocked client served")
		s.unblock(c, n)
	}
	return true
}

// headCommand cuts the command at the head of c's input into s.cmd and returns
// its size.
func (s *Server) headCommand(c *conn) (n int, ok bool) {
	var p resp.Parser
	n, err := p.Next(c.in, s.limits(c), &s.cmd)
	return n, err == nil && n > 0
}

// unblock ends c's wait: the first n bytes of its input, the command, are
// answered.
func (s *Server) unblock(c *conn, n int) {
	s.endBlock(c)
	if c.in = c.in[:copy(c.in, c.in[n:])]; len(c.in) == 0 {
		c.in = nil
	}
	c.parser.Reset()
	c.rounds = 0
	s.unpark(c)
	s.account(c)
}

// endBlock forgets what c waits for.
func (s *Server) endBlock(c *conn) {
	b := c.block
	if b == nil {
		return
	}
	s.state.Unwait(&b.wait)
	s.deadlines.remove(b)
	if b.need != 0 {
		s.syncing = slices.DeleteFunc(s.syncing, func(o *blocked) bool { return o == b })
	}
	s.serveStalled(c)
	c.block = nil
}

// answerBlocked answers the command that c waits with as if it had waited in
// vain. The reply needs nothing but its place behind those before it.
func (s *Server) answerBlocked(c *conn, write func(w *resp.Writer)) {
	if c.out.Judged() && s.flushNow(c) {
		s.runAgain(c)
		c.block.due, c.block.timeout = true, write
		return
	}
	if c.gone {
		return
	}
	n, ok := s.headCommand(c)
	if !ok {
		return
	}
	s.tier.Release(&c.fetch)
	s.answerInVain(c, write)
	s.unblock(c, n)
}

func (s *Server) answerInVain(c *conn, write func(w *resp.Writer)) {
	start := s.begin(c)
	write(&s.w)
	s.tellInVain(c, start)
	s.finish(c, tx.Result{}, nil)
}

func (s *Server) tellInVain(c *conn, start int) {
	if s.obs.Blocked != nil {
		s.obs.Blocked(&event.Blocked{Conn: uint64(c.id), DB: c.db, Now: s.host.Now(), InVain: true, Reply: s.w.Buf[start:]})
	}
}

// timeOut answers those who have waited as long as they said.
func (s *Server) timeOut(now unit.Time) {
	for {
		b := s.deadlines.first()
		if b == nil || b.until > now {
			return
		}
		s.deadlines.remove(b)
		if b.c.park == parkBlock || b.within {
			s.answerBlocked(b.c, b.timeout)
		} else {
			b.due = true // older commands of it run again first
		}
	}
}

// unblockNow ends c's wait for CLIENT UNBLOCK and reports whether there was one.
func (s *Server) unblockNow(c *conn, write func(w *resp.Writer)) bool {
	b := c.block
	if b == nil || b.due {
		return false
	}
	if c.park != parkBlock && !b.within {
		b.due, b.timeout = true, write
		return true
	}
	s.answerBlocked(c, write)
	return true
}

// bytes returns the memory that the wait takes.
func (b *blocked) bytes() int {
	if b == nil {
		return 0
	}
	return blockedBytes + b.wait.Bytes()
}

const blockedBytes = 192
