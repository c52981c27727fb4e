package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
)

// faceLastSave answers when the last backup was made. Without one that is when
// serving began, as with a server that has just read its file.
func faceLastSave(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Int(seconds(s.host.LastSave()))
}

// faceBgsave begins a backup and does not wait for it. SCHEDULE puts off what
// would have to wait for a rewrite; here nothing has to.
func faceBgsave(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	if len(a) > 2 || len(a) == 2 && !strings.EqualFold(string(a[1]), "schedule") {
		w.Error("ERR syntax error")
		return
	}
	if why := s.host.Backup(); why != "" {
		w.Error(why)
		return
	}
	w.Simple("Background saving started")
}

// faceSave makes a backup and answers when it is there. Only this connection
// waits.
func faceSave(s *Server, c *conn, _ command.Args, w *resp.Writer) {
	over, why := s.save(c, "save")
	switch {
	case !over:
	case why != "":
		w.Error(why)
	default:
		w.OK()
	}
}

// inProgress is what Host.Backup says while one runs.
const inProgress = "ERR Background save already in progress"

// save parks c until the backup that it begins is over. The command then runs
// again and hears what came of it. SHUTDOWN first waits for one that runs.
func (s *Server) save(c *conn, name string) (over bool, why string) {
	if c.saved {
		why, c.saved, c.unsaved = c.unsaved, false, ""
		return true, why
	}
	if why = s.host.Backup(); why == inProgress && name == "shutdown" {
		c.again = true // that one may not have all that was written by now
	} else if why != "" {
		return true, why
	}
	c.park = parkSave
	s.saving = append(s.saving, c)
	return false, ""
}

// Saved tells whoever waits that the backup is over; why is an error's reply, ""
// if it is whole.
func (s *Server) Saved(why string) {
	waiting := s.saving
	s.saving = nil
	for _, c := range waiting {
		if !c.gone && c.park == parkSave {
			c.saved, c.unsaved, c.again = !c.again, why, false
			s.unpark(c)
		}
	}
}

// faceRewrite compacts the log, which is what rewriting it comes to.
func faceRewrite(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	if why := s.host.Rewrite(); why != "" {
		w.Error(why)
		return
	}
	w.Simple("Background append only file rewriting started")
}
