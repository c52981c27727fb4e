package session

import "slices"

// drains has the keys removed that are due, for a command that must not find any,
// and reports whether there are so many that c has to wait for later turns.
func (s *Server) drains(c *conn) bool {
	now := s.instant()
	s.state.Expire(now)
	if c.drain == 0 {
		c.drain = now
	}
	if !s.state.Owing(c.drain) {
		c.drain = 0 // what has become due since is little
		return false
	}
	c.park = parkDrain
	s.draining = append(s.draining, c)
	s.mark("a command waits for expiry")
	return true
}

// drained lets those go on for whom expiry has caught up.
func (s *Server) drained() {
	s.draining = slices.DeleteFunc(s.draining, func(c *conn) bool {
		if !c.gone && s.state.Owing(c.drain) {
			return false
		}
		s.unpark(c)
		return true
	})
}
