package session

import (
	"holdfast/engine/config"
	"holdfast/engine/unit"
)

// The classes of client-output-buffer-limit.
const (
	classNormal = 0
	classPubSub = 2
)

// limitOf returns the limit of c's class.
func (s *Server) limitOf(c *conn) *config.OutputLimit {
	if c.subs != nil {
		return &s.cfg.ClientOutputLimits[classPubSub]
	}
	return &s.cfg.ClientOutputLimits[classNormal]
}

// limited reports whether there is a limit for c to overstep.
func (s *Server) limited(c *conn) bool {
	l := s.limitOf(c)
	return l.Hard > 0 || l.Soft > 0
}

// overLimit reports whether so many reply bytes wait for c, or have for so
// long, that client-output-buffer-limit says to disconnect it. Without one,
// the default, a client that does not read is just not read from.
func (s *Server) overLimit(c *conn, now unit.Time) bool {
	limit, waiting := s.limitOf(c), int64(c.out.Len())
	if limit.Hard > 0 && waiting > limit.Hard {
		return true
	}
	if limit.Soft <= 0 || waiting <= limit.Soft {
		c.overSince = 0
		return false
	}
	if c.overSince == 0 {
		c.overSince = now
	}
	return now-c.overSince > unit.Time(limit.SoftS)*1_000_000
}

// closeIdle closes, once a second, connections without input for `timeout`
// seconds, and those over their output limit for too long.
func (s *Server) closeIdle(now unit.Time) {
	if !s.policesIdle() || now < s.idleCheck+1_000_000 {
		return
	}
	s.idleCheck = now
	limit := unit.Time(s.cfg.TimeoutS) * 1_000_000
	for _, c := range s.conns.slots {
		if c == nil || c.gone {
			continue
		}
		idle := limit > 0 && c.park == parkNone && c.out.Len() == 0 && now-c.used > limit && c.subs == nil && !c.monitor
		if idle || s.overLimit(c, now) {
			s.close(c)
		}
	}
}

func (s *Server) policesIdle() bool {
	return s.cfg.TimeoutS > 0 || s.cfg.ClientOutputLimits[classNormal].Soft > 0 ||
		s.subscribers > 0 && s.cfg.ClientOutputLimits[classPubSub].Soft > 0
}

// nextIdle returns when closeIdle is to be called again: once a second.
func (s *Server) nextIdle() unit.Time {
	if !s.policesIdle() || s.conns.live == 0 {
		return 0
	}
	return s.idleCheck + 1_000_000
}
