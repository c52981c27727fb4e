package session

import (
	"holdfast/engine/command"
	"holdfast/engine/tier"
)

// admitTransfer is admit for a command that gives a value to another key. One that
// is large is imaged under that key first, part by part, while c is parked; the
// command then runs in the turn in which all but the last part is written. What
// comes between has it write the value whole.
func (s *Server) admitTransfer(c *conn, cmd *command.Command, a command.Args) (step, string) {
	st, message := s.admit(c, cmd, a)
	switch {
	case message != "":
	case st == stay && c.transfer != nil:
		s.tier.End(c.transfer) // compaction may wait for the image, and c for compaction
	case st == advance && c.transfer == nil && s.beginTransfer(c, cmd, a):
		return stay, ""
	}
	return st, message
}

func (s *Server) beginTransfer(c *conn, cmd *command.Command, a command.Args) bool {
	if !s.state.Logging() || !s.tier.Splits(c.db, a[1]) {
		return false
	}
	g, ok := cmd.Gives(a, c.db, s.cfg.Databases)
	if !ok || g.Fresh && s.tier.Exists(g.DB, g.Key) {
		return false
	}
	x := &tier.Transfer{Wake: func() { s.unpark(c) }}
	if !s.tier.Begin(x, c.db, a[1], g.DB, g.Key, !g.Moves) {
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
