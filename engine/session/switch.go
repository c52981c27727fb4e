package session

import (
	"strings"

	"holdfast/engine/config"
	"holdfast/engine/resp"
	"holdfast/engine/wal"
)

// Attach gives the sessions a log that was opened at run time.
func (s *Server) Attach(l *wal.Log) { s.log = l }

// switched deals with a CONFIG SET of appendonly while it changes: the one that
// asked for that is answered when it is over, others run again then. It reports
// whether that was all.
func (s *Server) switched(c *conn, pairs []string, w *resp.Writer) bool {
	if c.switched {
		why := c.unswitched
		c.switched, c.unswitched = false, ""
		switch {
		case why != "" && s.failed() != nil:
			w.Error(errLogFailed)
		case why != "":
			w.Error("ERR CONFIG SET failed (possibly related to argument 'appendonly') - " + why)
		default:
			w.OK()
		}
		return true
	}
	asked := false
	for i := 0; i < len(pairs); i += 2 {
		asked = asked || strings.EqualFold(pairs[i], "appendonly")
	}
	switch {
	case !asked:
		return false
	case s.failed() != nil: // a change that failed may have come about: only a restart tells
		w.Error(errLogFailed)
		return true
	case s.changing && s.inExec == nil:
		c.park = parkSwitch
		s.settling = append(s.settling, c)
		return true
	}
	return false
}

// switchLog begins a change of appendonly, whose end answers c. False: it was
// refused, and nothing is set.
func (s *Server) switchLog(c *conn, before *config.Config, w *resp.Writer) bool {
	why := "not inside a transaction"
	switch {
	case s.inExec != nil:
	case s.cfg.ImportMode != before.ImportMode:
		why = "not together with import-mode"
	default:
		err := s.host.SwitchLog(s.cfg.AppendOnly)
		if err == nil {
			s.changing, s.switcher = true, c
			c.park = parkSwitch
			s.settling = append(s.settling, c)
			return true
		}
		why = err.Error()
	}
	*s.cfg = *before
	w.Error("ERR CONFIG SET failed (possibly related to argument 'appendonly') - " + why)
	return false
}

// Switched ends a change of appendonly.
func (s *Server) Switched(err error) {
	waiting := s.settling
	s.settling, s.changing = nil, false
	for _, c := range waiting {
		if c.gone || c.park != parkSwitch {
			continue
		}
		if c == s.switcher {
			c.switched = true
			if err != nil {
				c.unswitched = err.Error()
			}
		}
		s.unpark(c)
	}
	s.switcher = nil
	s.synced()
}
