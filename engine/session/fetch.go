package session

import (
	"holdfast/engine/command"
	"holdfast/engine/resp"
	"holdfast/engine/tier"
)

// prepare sees to all that a command needs before it runs: the values that it
// reads, and if it writes, room for what it adds.
func (s *Server) prepare(c *conn, cmd *command.Command, a command.Args) (step, string) {
	if cmd.NeedsValues(a) {
		if len(a) > manyKeys && s.valuesTooLarge(c, cmd, a) {
			return advance, errReplyTooLarge
		}
		c.fetch.Begin()
		if s.tier.Absents(c.db) {
			cmd.EachValue(a, func(key []byte) { s.tier.Want(&c.fetch, c.db, key) })
		}
		if st, message := s.read(c); message != "" || st == stay {
			return st, message
		}
	}
	switch {
	case cmd.Gives != nil:
		return s.admitTransfer(c, cmd, a)
	case cmd.Is(command.Write):
		return s.admit(c, cmd, a)
	case cmd.Is(command.Drains) && !s.cfg.ImportMode && s.drains(c):
		return stay, ""
	}
	return advance, ""
}

// read has the values read that c's command wanted; c parks until they are there.
func (s *Server) read(c *conn) (step, string) {
	if c.fetch.Wants() && s.tier.Ask(&c.fetch, s.instant()) == tier.Never {
		return advance, errValuesTooLarge
	}
	if c.fetch.Waiting() {
		return s.parkFetch(c), ""
	}
	return advance, ""
}

func (s *Server) parkFetch(c *conn) step {
	c.park, c.parked = parkFetch, s.book.Now()
	s.stats.Fetches++
	return stay
}

// valuesTooLarge reports whether the values that cmd reads, which all have to
// be resident at once, are more than a reply may be.
func (s *Server) valuesTooLarge(c *conn, cmd *command.Command, a command.Args) bool {
	n := 0
	cmd.EachValue(a, func(key []byte) { n += s.tier.Size(c.db, key) })
	return n > s.replyMax()
}

// lookAhead starts the fetches of commands further down the pipeline.
func (s *Server) lookAhead(c *conn, buf []byte) {
	if c.multi != nil {
		return
	}
	var p resp.Parser
	lim := s.limits(c)
	for range 32 {
		n, err := p.Next(buf, lim, &s.cmd)
		if n == 0 || err != nil {
			return
		}
		buf = buf[n:]
		a := command.Args(s.cmd.Args)
		if len(a) == 0 {
			continue
		}
		cmd, problem := command.Resolve(a)
		if problem != "" || cmd.Handler == nil {
			return // SELECT, MULTI and such change what keys mean
		}
		if cmd.NeedsValues(a) {
			cmd.EachValue(a, func(key []byte) { s.tier.Want(&c.fetch, c.db, key) })
		}
	}
}
