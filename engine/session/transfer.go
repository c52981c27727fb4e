package session

import (
	"holdfast/engine/command"
	"holdfast/engine/tier"
)

// A command that gives a large value to another key has it imaged under that key
// first, part by part, while its connection is parked; it runs in the turn in which
// all but the last part is written. What comes between has it write the value whole.

// admitTransfer is admit for such commands.
func (s *Server) admitTransfer(c *conn, cmd *command.Command, a command.Args) (step, string) {
	if s.splits(c, c.db, cmd, a) {
		if s.failed() != nil {
			return advance, errLogFailed
		}
		if cmd.Is(command.DenyOOM) {
			if st, message := s.admitMemory(c, cmd.Footprint(a)+s.carried(c, cmd, a)); message != "" || st == stay {
				return st, message
			}
		}
		if s.beginTransfer(c, c.db, cmd, a) {
			return stay, ""
		}
	}
	if c.transfer == nil {
		return s.admit(c, cmd, a)
	}
	queued := s.busy
	s.busy = false // its room was claimed
	st, message := s.admit(c, cmd, a)
	if s.busy = s.busy || queued; st == stay {
		s.tier.End(c.transfer) // compaction may wait for the image, and c for compaction
	}
	return st, message
}

// transferAhead begins that for the first command of an EXEC that gives a large
// value away, and reports whether c waits for it.
func (s *Server) transferAhead(c *conn) bool {
	if !c.multi.follows {
		return false
	}
	db := c.db
	for _, q := range c.multi.queue {
		if q.cmd.Name == "select" {
			if n, ok := parseDB(q.args[1], s.cfg.Databases); ok {
				db = n
			}
		}
		if q.cmd.Gives != nil && s.splits(c, db, q.cmd, q.args) {
			return s.beginTransfer(c, db, q.cmd, q.args)
		}
	}
	return false
}

// splits reports whether the value that a command gives away is to be imaged first.
func (s *Server) splits(c *conn, db int, cmd *command.Command, a command.Args) bool {
	if c.transfer != nil || !s.state.Logging() || !s.tier.Splits(db, a[1]) {
		return false
	}
	g, ok := cmd.Gives(a, db, s.cfg.Databases)
	return ok && !(g.Fresh && s.tier.Exists(g.DB, g.Key))
}

func (s *Server) beginTransfer(c *conn, db int, cmd *command.Command, a command.Args) bool {
	g, _ := cmd.Gives(a, db, s.cfg.Databases)
	x := &tier.Transfer{Wake: func() { s.unpark(c) }}
	if !s.tier.Begin(x, db, a[1], g.DB, g.Key, !g.Moves) {
		return false
	}
	c.transfer, c.park = x, parkTransfer
	return true
}

// restOfTransfer returns what the command adds to the log for the value, if its
// image is ready but for that.
func (s *Server) restOfTransfer(c *conn, cmd *command.Command, a command.Args) (n int, ok bool) {
	g, _ := cmd.Gives(a, c.db, s.cfg.Databases)
	return s.tier.Rest(c.transfer, c.db, g.DB)
}

// endTransfer follows the command.
func (s *Server) endTransfer(c *conn) {
	s.tier.End(c.transfer)
	c.transfer = nil
}
