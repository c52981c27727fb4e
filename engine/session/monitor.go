package session

import (
	"slices"
	"strconv"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// faceMonitor makes c hear every command that runs. A second one says nothing,
// as in Redis.
func faceMonitor(s *Server, c *conn, a command.Args, w *resp.Writer) {
	switch {
	case s.inExec != nil:
		w.Error("ERR MONITOR isn't allowed for DENY BLOCKING client")
	case c.monitor:
		w.Buf = nil
	default:
		c.monitor = true
		s.monitors = append(s.monitors, c)
		start := len(w.Buf)
		w.OK()
		s.observeTelling(c, start, a)
	}
}

// demonitor ends c's MONITOR.
func (s *Server) demonitor(c *conn) {
	if c.monitor {
		c.monitor = false
		s.monitors = slices.DeleteFunc(s.monitors, func(o *conn) bool { return o == c })
	}
}

// touchesKeys reports what a monitoring connection may not run.
func touchesKeys(cmd *command.Command) bool {
	return cmd.Is(command.Write) || cmd.Is(command.ReadOnly) || cmd.Name == "publish" || cmd.Name == "spublish"
}

// showsRun shows a command of the table; one that was blocked has been shown.
func (s *Server) showsRun(c *conn, cmd *command.Command, a command.Args, r tx.Result) {
	if len(s.monitors) > 0 && s.woken == nil {
		s.shows(c, cmd, a, r.Now, r.Need)
	}
}

// showsExec shows an EXEC, behind the commands that it ran.
func (s *Server) showsExec(c *conn, a command.Args, r tx.Result) {
	if len(s.monitors) > 0 {
		s.shows(c, command.Lookup(a[0]), a, r.Now, r.Need)
	}
}

// shows tells the monitors of a command that c has run. The line waits for what
// the command's unit needs: its words may be what it wrote.
func (s *Server) shows(c *conn, cmd *command.Command, a command.Args, at unit.Time, need unit.LSN) {
	if cmd.Is(command.Admin) {
		return
	}
	o := &s.outbox
	w, from := o.compose()
	b := append(w.Buf, '+')
	b = strconv.AppendInt(b, int64(at)/1_000_000, 10)
	micros := strconv.AppendInt(nil, int64(at)%1_000_000+1_000_000, 10)
	b = append(append(b, '.'), micros[1:]...)
	b = strconv.AppendInt(append(b, " ["...), int64(c.db), 10)
	b = append(b, ' ')
	if c.peer.Unix {
		b = append(b, "unix:"...)
		b = append(b, strings.TrimSuffix(c.peer.Local, ":0")...)
	} else {
		b = append(b, c.peer.Addr...)
	}
	b = append(b, ']')
	secret := secrets(cmd, a)
	for i, word := range a {
		b = append(b, ' ')
		if i >= secret[0] && i < secret[1] {
			b = append(b, `"(redacted)"`...)
		} else {
			b = appendQuoted(b, word)
		}
	}
	w.Buf = append(b, '\r', '\n')
	o.composed()
	for _, m := range s.monitors {
		o.send(m, from, need, false)
	}
}

// secrets returns which words of a command, from the first up to the second,
// are not to be shown.
func secrets(cmd *command.Command, a command.Args) [2]int {
	switch cmd.Name {
	case "auth":
		return [2]int{1, len(a)}
	case "hello":
		for i := 2; i < len(a); i++ {
			if strings.EqualFold(string(a[i]), "auth") {
				return [2]int{i + 1, i + 3}
			}
		}
	}
	return [2]int{}
}

// appendQuoted appends a word as MONITOR shows it.
func appendQuoted(b, word []byte) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range word {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ' && c <= '~':
			b = append(b, c)
		default:
			if at := strings.IndexByte("\n\r\t\a\b", c); at >= 0 {
				b = append(b, '\\', "nrtab"[at])
				continue
			}
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		}
	}
	return append(b, '"')
}
