package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// faceFunc implements a command that is about the connection or the server
// rather than data. It writes its reply to w.
type faceFunc func(s *Server, c *conn, a command.Args, w *resp.Writer)

// faces maps full names ("client|id") to implementations. It is only read.
var faces = faceTable()

func faceTable() map[string]faceFunc {
	m := map[string]faceFunc{
		"multi":   faceMulti,
		"discard": faceDiscard,
		"watch":   faceWatch,
		"unwatch": faceUnwatch,
		"select":  faceSelect,
		"quit":    faceQuit,
		"auth":    faceAuth,
		"hello":   faceHello,
		"reset":   faceReset,

		"client|id":      faceClientID,
		"client|info":    faceClientInfo,
		"client|list":    faceClientList,
		"client|setname": faceClientSetName,
		"client|getname": faceClientGetName,
		"client|setinfo": faceClientSetInfo,
		"wait":           faceWait,
		"waitaof":        faceWaitAOF,

		"client|unblock":          faceClientUnblock,
		"client|kill":             faceClientKill,
		"client|pause":            faceClientPause,
		"client|unpause":          faceClientUnpause,
		"client|reply":            faceClientReply,
		"client|no-evict":         faceClientNoEvict,
		"client|no-touch":         faceClientNoTouch,
		"client|import-source":    faceClientImportSource,
		"client|help":             faceClientHelp,
		"command":                 faceCommand,
		"command|count":           faceCommandCount,
		"command|info":            faceCommandInfo,
		"command|docs":            faceCommandDocs,
		"command|getkeys":         faceCommandGetKeys,
		"command|getkeysandflags": faceCommandGetKeysAndFlags,
		"command|list":            faceCommandList,
		"command|help":            faceCommandHelp,

		"config|get":       faceConfigGet,
		"config|set":       faceConfigSet,
		"config|resetstat": faceConfigResetStat,
		"config|rewrite":   faceConfigRewrite,
		"config|help":      faceConfigHelp,

		"latency|doctor":    faceLatencyDoctor,
		"latency|graph":     faceLatencyGraph,
		"latency|help":      faceLatencyHelp,
		"latency|histogram": faceLatencyHistogram,
		"latency|history":   faceLatencyHistory,
		"latency|latest":    faceLatencyLatest,
		"latency|reset":     faceLatencyReset,
		"slowlog|get":       faceSlowlogGet,
		"slowlog|help":      faceSlowlogHelp,
		"slowlog|len":       faceSlowlogLen,
		"slowlog|reset":     faceSlowlogReset,

		"info":     faceInfo,
		"debug":    faceDebug,
		"shutdown": faceShutdown,
		"lastsave": faceLastSave,

		"save":         faceSave,
		"bgsave":       faceBgsave,
		"bgrewriteaof": faceRewrite,
	}
	addTelling(m)
	addAdmin(m)
	return m
}

// runFace runs such a command. Its reply keeps its place behind what is held,
// and one that shows data (DEBUG OBJECT) is held like a read's.
func (s *Server) runFace(c *conn, cmd *command.Command, a command.Args, raw []byte) step {
	f := s.face[cmd.Name]
	if f == nil {
		return s.refuse(c, "ERR "+cmd.Name+" is not supported")
	}
	start := s.begin(c)
	s.shown = tx.Result{}
	c.last = cmd.Name
	f(s, c, a, &s.w)
	if c.gone || c.park != parkNone {
		s.w.Buf = nil
		return stay // what was written, if anything, is not yet a reply
	}
	if s.w.Buf == nil {
		return advance // there is no reply
	}
	r := s.shown
	if r.Need > s.committed() {
		if s.failed() != nil {
			s.w.Buf = s.w.Buf[:start]
			s.w.Error(errLogFailed)
			r = tx.Result{}
		} else if s.reruns(c, r) {
			s.w.Buf = nil
			return s.parkCommit(c, r.Need)
		}
	}
	if r.Alive == 0 {
		raw = nil // only what shows data may be asked to run again
	}
	if len(s.monitors) > 0 {
		s.shows(c, cmd, a, s.host.Now(), r.Need)
	}
	s.finish(c, r, raw)
	if c.track != nil && c.multi == nil && !strings.HasPrefix(cmd.Name, "client|") {
		c.track.caching = false
	}
	return advance
}

// look gives f a unit to read data in: the EXEC's that runs, or one of its own,
// whose conditions the reply then has.
func (s *Server) look(c *conn, f func(t *tx.Tx)) {
	if s.inExec != nil {
		f(s.inExec)
		return
	}
	t := s.state.Begin(s.host.Now(), c.db)
	t.Source = c.source && s.cfg.ImportMode
	f(t)
	s.shown = t.Seal()
}

// faceInMulti runs such a command inside EXEC.
func (s *Server) faceInMulti(c *conn, t *tx.Tx, q queued) {
	f := s.face[q.cmd.Name]
	if f == nil {
		s.w.Error("ERR " + q.cmd.Name + " is not supported")
		return
	}
	s.tell(c) // what the commands before it did goes to those who listened then
	s.inExec = t
	c.last = q.cmd.Name
	f(s, c, q.args, &s.w)
	s.inExec = nil
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
	if n, ok := obj.ParseInt(a[1]); !ok {
		w.Error("ERR value is not an integer or out of range")
		return
	} else if n != int64(int32(n)) {
		w.Error("ERR value is out of range, value must between -2147483648 and 2147483647")
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
