package session

import (
	"bytes"
	"strconv"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
)

// slowlog holds the last commands that took too long. It shows arguments of
// writes that may not be durable yet: it is for administrators and holds
// nothing back.
type slowlog struct {
	entries []slowEntry // oldest first
	id      int64
	bytes   int64
}

type slowEntry struct {
	id, us     int64
	at         unit.Time
	args       [][]byte
	peer, name string
	size       int64
}

// What an entry keeps of its command, as in Redis.
const (
	slowArgs = 32
	slowLen  = 128
)

func (l *slowlog) add(e slowEntry, limit int64) {
	e.id = l.id
	l.id++
	e.size = int64(len(e.peer) + len(e.name) + 24*len(e.args) + 96)
	for _, p := range e.args {
		e.size += int64(len(p))
	}
	l.entries = append(l.entries, e)
	l.bytes += e.size
	l.trim(limit)
}

func (l *slowlog) trim(limit int64) {
	over := max(0, len(l.entries)-int(limit))
	for i := range over {
		l.bytes -= l.entries[i].size
	}
	if over > 0 {
		l.entries = append(l.entries[:0], l.entries[over:]...)
	}
}

// slow notes a command of c that took so many microseconds.
func (s *Server) slow(c *conn, cmd *command.Command, a command.Args, us int64) {
	if cmd.Is(command.SkipSlowlog) {
		return
	}
	s.slowlog.add(slowEntry{at: s.host.Now(), us: us, args: slowWords(cmd, a), peer: c.peer.Addr, name: c.name}, s.cfg.SlowlogMaxLen)
}

// slowWords copies the arguments, cut as Redis cuts them and without secrets.
func slowWords(cmd *command.Command, a command.Args) [][]byte {
	n := min(len(a), slowArgs)
	out := make([][]byte, 0, n)
	for i, p := range a[:n] {
		switch {
		case n < len(a) && i == n-1:
			out = append(out, []byte("... ("+strconv.Itoa(len(a)-n+1)+" more arguments)"))
		case secret(cmd, a, i):
			out = append(out, []byte("(redacted)"))
		case len(p) > slowLen:
			q := append(make([]byte, 0, slowLen+32), p[:slowLen]...)
			out = append(out, append(q, "... ("+strconv.Itoa(len(p)-slowLen)+" more bytes)"...))
		default:
			out = append(out, append([]byte(nil), p...))
		}
	}
	return out
}

// secret reports whether the i-th argument is a password.
func secret(cmd *command.Command, a command.Args, i int) bool {
	switch cmd.Name {
	case "auth":
		return i > 0
	case "hello":
		return i > 1 && bytes.EqualFold(a[i-1], []byte("auth")) || i > 2 && bytes.EqualFold(a[i-2], []byte("auth"))
	case "config|set":
		return i > 2 && i%2 == 1 && secretParameter(string(a[i-1]))
	}
	return false
}

// secretParameter reports whether CONFIG SET's value for a parameter is one;
// where the parameter has no effect it still is a secret somewhere else.
func secretParameter(name string) bool {
	switch strings.ToLower(name) {
	case "requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass":
		return true
	}
	return false
}

func faceSlowlogGet(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	n, ok := int64(10), true
	if len(a) > 3 {
		w.Error("ERR unknown subcommand or wrong number of arguments for '" + string(a[1]) + "'. Try SLOWLOG HELP.")
		return
	}
	if len(a) == 3 {
		if n, ok = obj.ParseInt(a[2]); !ok || n < -1 {
			w.Error("ERR count should be greater than or equal to -1")
			return
		}
	}
	all := s.slowlog.entries
	if n < 0 || n > int64(len(all)) {
		n = int64(len(all))
	}
	w.Array(int(n))
	for i := range int(n) {
		e := &all[len(all)-1-i]
		w.Array(6)
		w.Int(e.id)
		w.Int(seconds(e.at))
		w.Int(e.us)
		w.Array(len(e.args))
		for _, p := range e.args {
			w.Bulk(p)
		}
		w.BulkString(e.peer)
		w.BulkString(e.name)
	}
}

func faceSlowlogLen(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Int(int64(len(s.slowlog.entries)))
}

func faceSlowlogReset(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	s.slowlog = slowlog{id: s.slowlog.id}
	w.OK()
}

func faceSlowlogHelp(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	command.Help(w, "SLOWLOG",
		"GET [<count>]",
		"    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
		"    Entries are made of:",
		"    id, timestamp, time in microseconds, arguments array, client IP and port,",
		"    client name",
		"LEN", "    Return the length of the slowlog.",
		"RESET", "    Reset the slowlog.",
	)
}
