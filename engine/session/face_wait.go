package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
)

// milliseconds reads the timeout of WAIT and WAITAOF, 0 for ever.
func milliseconds(p []byte) (ms int64, problem string) {
	ms, ok := obj.ParseInt(p)
	switch {
	case !ok:
		return 0, "ERR timeout is not an integer or out of range"
	case ms < 0:
		return 0, "ERR timeout is negative"
	}
	return ms, ""
}

// faceWait answers how many replicas have what the connection wrote. There are
// none: who waits for some waits in vain.
func faceWait(s *Server, c *conn, a command.Args, w *resp.Writer) {
	n, ok := obj.ParseInt(a[1])
	if !ok {
		w.Error("ERR value is not an integer or out of range")
		return
	}
	ms, problem := milliseconds(a[2])
	if problem != "" {
		w.Error(problem)
		return
	}
	none := func(w *resp.Writer) { w.Int(0) }
	if n <= 0 || s.inExec != nil {
		none(w)
		return
	}
	s.block(c, s.host.Now(), ms, none)
}

// faceWaitAOF answers whether all that the connection wrote is durable, and on
// how many replicas it is. It has the log synced, whatever appendfsync says.
func faceWaitAOF(s *Server, c *conn, a command.Args, w *resp.Writer) {
	local, ok := obj.ParseInt(a[1])
	replicas, okReplicas := obj.ParseInt(a[2])
	ms, problem := milliseconds(a[3])
	switch {
	case !ok:
		problem = "ERR value is not an integer or out of range"
	case local < 0 || local > 1:
		problem = "ERR value is out of range, value must between 0 and 1"
	case !okReplicas:
		problem = "ERR value is not an integer or out of range"
	case replicas < 0:
		problem = "ERR value is out of range, must be positive"
	case problem == "" && local > 0 && !s.state.Logging():
		problem = errNoLog
	case problem == "" && local > 0 && s.failed() != nil && !s.durable(c.wrote):
		problem = errLogFailed
	}
	if problem != "" {
		w.Error(problem)
		return
	}
	need := c.wrote
	answer := func(w *resp.Writer) {
		w.Array(2)
		durable := int64(0)
		// What an EXEC has written itself is durable once its reply may leave.
		if s.durable(need) && (s.inExec == nil || !s.inExec.Wrote() || s.state.Holding()) {
			durable = 1
		}
		w.Int(durable)
		w.Int(0)
	}
	if s.inExec != nil || replicas == 0 && (local == 0 || s.durable(need)) {
		answer(w)
		return
	}
	if b := s.block(c, s.host.Now(), ms, answer); b != nil && local > 0 && replicas == 0 {
		b.need = need
		s.syncing = append(s.syncing, b)
		s.log.Sync(need)
	}
}

// durable reports whether the log is synced up to lsn.
func (s *Server) durable(lsn unit.LSN) bool {
	return s.state.Logging() && s.log.Kept() && s.log.Synced() >= lsn
}

const errNoLog = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."

// synced answers those whose WAITAOF is fulfilled, or cannot be any more.
func (s *Server) synced() {
	for _, b := range append([]*blocked(nil), s.syncing...) {
		switch {
		case b.c.block != b:
		case s.durable(b.need):
			s.unblockNow(b.c, b.timeout)
		case !s.state.Logging():
			s.unblockNow(b.c, func(w *resp.Writer) { w.Error(errNoLog) })
		case s.failed() != nil:
			s.unblockNow(b.c, func(w *resp.Writer) { w.Error(errLogFailed) })
		}
	}
}

// faceClientUnblock ends another connection's wait.
func faceClientUnblock(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	fails := false
	switch {
	case len(a) == 3 || len(a) == 4 && strings.EqualFold(string(a[3]), "timeout"):
	case len(a) == 4 && strings.EqualFold(string(a[3]), "error"):
		fails = true
	case len(a) == 4:
		w.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		return
	default:
		w.Error("ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.")
		return
	}
	n, ok := obj.ParseInt(a[2])
	if !ok {
		w.Error("ERR value is not an integer or out of range")
		return
	}
	c := s.byNumber(n)
	if c == nil || c.block == nil {
		w.Int(0)
		return
	}
	end := c.block.timeout
	if fails {
		end = func(w *resp.Writer) { w.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK") }
	}
	// The answer to this command goes on in the writer that c's needs too.
	mine := *w
	done := s.unblockNow(c, end)
	*w = mine
	if done {
		w.Int(1)
	} else {
		w.Int(0)
	}
}
