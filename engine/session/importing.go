package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// setSource marks a connection as an import source, or not.
func (s *Server) setSource(c *conn, on bool) {
	if c.source == on {
		return
	}
	c.source = on
	if on {
		s.sources++
	} else {
		s.sources--
	}
	s.alone = 0
}

// faceClientImportSource marks the connection. The mark outlives the mode,
// without effect.
func faceClientImportSource(s *Server, c *conn, a command.Args, w *resp.Writer) {
	start := len(w.Buf)
	switch off := strings.EqualFold(string(a[2]), "off"); {
	case s.loading: // the log has yet to say what the mode is
		w.Error(errLoading)
		return
	case !s.cfg.ImportMode && !off:
		w.Error("ERR Server is not in import mode")
		return
	case off:
		s.setSource(c, false)
	case strings.EqualFold(string(a[2]), "on"):
		s.setSource(c, true)
	default:
		w.Error("ERR syntax error")
		return
	}
	w.OK()
	if s.inExec == nil { // else it is a part of the EXEC that runs
		s.look(c, func(*tx.Tx) {})
		s.observe(c, s.shown, start, a)
	}
}

const errLoading = "LOADING Holdfast is loading the dataset in memory"

// switchBytes is more than a switch of import mode adds to the log.
const switchBytes = 512

// admitSwitch makes sure that import mode can be switched: before it begins all
// that is due goes. An EXEC cannot wait: it removes that itself, and takes of what
// the log keeps for such records.
func (s *Server) admitSwitch(c *conn, on bool) (step, string) {
	switch {
	case s.loading: // the log has yet to say what the mode is
		return advance, errLoading
	case s.failed() != nil:
		return advance, errLogFailed
	case s.inExec != nil:
		return advance, ""
	case on && s.drains(c):
		return stay, ""
	case !s.state.Logging():
		return advance, ""
	}
	return s.admitLog(c, switchBytes, wal.Deletes)
}

// switchImport makes a change of import-mode part of the serial order and of the
// log. The reply of the CONFIG SET that made it begins at start.
func (s *Server) switchImport(c *conn, start int, a command.Args) {
	if !s.cfg.ImportMode {
		s.alone = 0
	}
	s.look(c, (*tx.Tx).SwitchImport)
	if s.inExec == nil {
		s.observe(c, s.shown, start, a)
	}
}

// aloneUS is how long import mode may be on without a source before the operator
// is told, and then again.
const aloneUS = 60_000_000

// warnAlone tells the operator of an import mode that nobody uses: nothing expires
// and nothing is evicted meanwhile.
func (s *Server) warnAlone(now unit.Time) {
	switch {
	case !s.cfg.ImportMode || s.sources > 0:
		s.alone = 0
	case s.alone == 0:
		s.alone = now
	case now-s.alone >= aloneUS:
		s.alone = now
		if s.obs.Warn != nil {
			s.obs.Warn("import-mode is on and no import source is connected: no key expires or is evicted until it is off")
		}
	}
}

// nextAlone returns when warnAlone has something to do; 0 never.
func (s *Server) nextAlone() unit.Time {
	if !s.cfg.ImportMode || s.sources > 0 {
		return 0
	}
	if s.alone == 0 {
		return 1 // it has yet to note since when
	}
	return s.alone + aloneUS
}
