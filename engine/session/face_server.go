package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
)

func faceCommand(_ *Server, _ *conn, _ command.Args, w *resp.Writer) { command.WriteCommands(w) }

func faceCommandCount(_ *Server, _ *conn, _ command.Args, w *resp.Writer) { command.WriteCount(w) }

func faceCommandInfo(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	command.WriteInfo(w, a[2:])
}

func faceCommandDocs(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	command.WriteDocs(w, a[2:])
}

func faceCommandGetKeys(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	command.WriteKeys(w, a[2:], false)
}

func faceCommandGetKeysAndFlags(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	command.WriteKeys(w, a[2:], true)
}

func faceCommandList(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	command.WriteList(w, a[2:])
}

func faceCommandHelp(_ *Server, _ *conn, _ command.Args, w *resp.Writer) { command.WriteHelp(w) }

func faceConfigGet(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	patterns := make([]string, 0, len(a)-2)
	for _, p := range a[2:] {
		patterns = append(patterns, string(p))
	}
	found := s.cfg.Get(patterns...)
	w.Map(len(found))
	for _, one := range found {
		w.BulkString(one.Name)
		w.BulkString(one.Value)
	}
}

func faceConfigSet(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if len(a)%2 != 0 {
		w.Error("ERR syntax error")
		return
	}
	pairs := make([]string, 0, len(a)-2)
	for _, p := range a[2:] {
		pairs = append(pairs, string(p))
	}
	if s.switched(c, pairs, w) {
		return
	}
	start, was := len(w.Buf), *s.cfg
	if err := s.cfg.SetAll(pairs...); err != nil {
		w.Error(configReply(err))
		return
	}
	if s.cfg.AppendOnly != was.AppendOnly && !s.switchLog(c, &was, w) {
		return
	}
	if s.cfg.ImportMode != was.ImportMode {
		will := *s.cfg
		*s.cfg = was
		if st, message := s.admitSwitch(c, will.ImportMode); message != "" {
			w.Error(message)
			return
		} else if st == stay {
			return
		}
		*s.cfg = will
		defer s.switchImport(c, start, a)
	}
	s.listen()
	if s.inExec == nil {
		s.host.Reconfigured()
	} else {
		s.reconfigured = true // once the unit has ended: it is of one durability
	}
	w.OK()
}

func configReply(err error) string {
	if e, ok := err.(interface{ Reply() string }); ok {
		return e.Reply()
	}
	return "ERR " + err.Error()
}

func faceConfigResetStat(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	s.resetStats()
	w.OK()
}

func faceConfigRewrite(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	if s.cfg.ConfigFile == "" {
		w.Error("ERR The server is running without a config file")
		return
	}
	w.Error("ERR CONFIG REWRITE is not supported: edit " + s.cfg.ConfigFile)
}

func faceConfigHelp(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	command.Help(w, "CONFIG",
		"GET <pattern> [<pattern> ...]", "    Answer the parameters that match, and their values.",
		"SET <directive> <value> [<directive> <value> ...]", "    Set parameters: all of them, or none and an error.",
		"RESETSTAT", "    Start the statistics of INFO from zero.",
		"REWRITE", "    Not supported: the file stays as it is.",
	)
}

// faceShutdown begins a clean stop, with SAVE once a backup is made. There is no
// reply: the connection closes when the server has ended.
// One that is given up answers an error, and the server goes on.
func faceShutdown(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if c.slept {
		c.slept = false
		w.Error("ERR Errors trying to SHUTDOWN. Check logs.")
		return
	}
	var save, nosave, abort, force, other bool
	for _, p := range a[1:] {
		switch strings.ToLower(string(p)) {
		case "save":
			save = true
		case "nosave":
			nosave = true
		case "now":
			other = true
		case "force":
			force, other = true, true
		case "abort":
			abort = true
		default:
			w.Error("ERR syntax error")
			return
		}
	}
	switch {
	case save && nosave, abort && (save || nosave || other):
		w.Error("ERR syntax error")
		return
	case abort:
		if s.host.AbortShutdown() {
			w.OK()
		} else {
			w.Error("ERR No shutdown in progress.")
		}
		return
	}
	if save {
		if over, why := s.save(c, "shutdown"); !over {
			return
		} else if why != "" {
			w.Error("ERR Errors trying to SHUTDOWN. Check logs.")
			return
		}
	}
	c.park = parkStop
	s.shutdown = append(s.shutdown, c)
	s.host.Shutdown(force)
}
