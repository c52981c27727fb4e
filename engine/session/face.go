package session

import (
	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// faceFunc implements a command that is about the connection or the server
// rather than data. It writes its reply to w.
type faceFunc func(s *Server, c *conn, a command.Args, w *resp.Writer)

// faceTable maps full names ("client|id") to implementations.
func faceTable() map[string]faceFunc {
	return map[string]faceFunc{
		"multi":   faceMulti,
		"discard": faceDiscard,
		"watch":   faceWatch,
		"unwatch": faceUnwatch,
		"select":  faceSelect,
		"quit":    faceQuit,
	}
}

// runFace runs such a command. Its reply keeps its place behind what is held.
func (s *Server) runFace(c *conn, cmd *command.Command, a command.Args) step {
	f := s.face[cmd.Name]
	if f == nil {
		return s.refuse(c, "ERR "+cmd.Name+" is not supported")
	}
	start := s.begin(c)
	f(s, c, a, &s.w)
	if c.gone {
		return stay
	}
	if s.w.Buf == nil {
		return advance // it answered by itself
	}
	if len(s.w.Buf) > start && s.w.Buf[start] == '-' {
		s.stats.Errors++
		if c.multi != nil {
			c.multi.broken = true
		}
	}
	c.last = cmd.Name
	s.finish(c, tx.Result{}, nil)
	return advance
}

// faceInMulti runs such a command inside EXEC.
func (s *Server) faceInMulti(c *conn, t *tx.Tx, q queued) {
	f := s.face[q.cmd.Name]
	if f == nil {
		s.w.Error("ERR " + q.cmd.Name + " is not supported")
		return
	}
	f(s, c, q.args, &s.w)
	t.Select(c.db)
}

func parseDB(p []byte, n int) (int, bool) {
	v, ok := obj.ParseInt(p)
	if !ok || v < 0 || v >= int64(n) {
		return 0, false
	}
	return int(v), true
}

func faceSelect(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if _, ok := obj.ParseInt(a[1]); !ok {
		w.Error("ERR invalid DB index")
		return
	}
	n, ok := parseDB(a[1], s.cfg.Databases)
	if !ok {
		w.Error("ERR DB index is out of range")
		return
	}
	c.db = n
	w.OK()
}

func faceQuit(s *Server, c *conn, _ command.Args, w *resp.Writer) {
	w.OK()
	c.closing = true
}
