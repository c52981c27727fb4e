package session

import (
	"strconv"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/net"
)

func faceDebug(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if mode := s.cfg.EnableDebugCommand; mode == "no" || mode == "local" && !local(c.peer) {
		w.Error(`ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`)
		return
	}
	sub := strings.ToLower(string(a[1]))
	switch {
	case sub == "object" && (len(a) == 3 || len(a) == 4):
		s.look(c, func(t *tx.Tx) { debugObject(t, a[2], w) })
	case sub == "sleep" && len(a) == 3:
		s.debugSleep(c, a[2], w)
	case sub == "set-active-expire" && len(a) == 3:
		n, ok := obj.ParseInt(a[2])
		if !ok {
			w.Error("ERR value is not an integer or out of range")
			return
		}
		s.state.PauseExpiry(n == 0)
		w.OK()
	case (sub == "reply-blocking-pause" || sub == "reply-blocking-resume") && len(a) == 3:
		s.debugReplies(sub == "reply-blocking-pause", a[2], w)
	case sub == "help" && len(a) == 2:
		debugHelp(w)
	case sub == "object" || sub == "sleep" || sub == "set-active-expire" || sub == "help" ||
		sub == "reply-blocking-pause" || sub == "reply-blocking-resume":
		w.Error("ERR unknown subcommand or wrong number of arguments for '" + string(a[1]) + "'. Try DEBUG HELP.")
	default:
		w.Error("ERR DEBUG " + strings.ToUpper(clip(sub, 128)) + " is not supported. Try DEBUG HELP.")
	}
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

// local reports whether a peer is on this machine.
func local(p net.Peer) bool {
	return p.Unix || strings.HasPrefix(p.Addr, "127.") || strings.HasPrefix(p.Addr, "[::1]:") ||
		strings.HasPrefix(p.Addr, "::1:") || strings.HasPrefix(p.Addr, "[::ffff:127.")
}

// debugObject describes a key without reading its value: a cold one stays
// cold. The encoding of a cold value is what its size tells.
func debugObject(t *tx.Tx, key []byte, w *resp.Writer) {
	t.NoTouch = true
	idle, _ := t.Hotness(key)
	e := t.Lookup(key)
	if e.Type == obj.TypeNone {
		w.Error("ERR no such key")
		return
	}
	encoding, length := "raw", e.Len
	switch {
	case e.Type == obj.TypeHash && e.Resident:
		if h, err := t.Hash(key); err == nil {
			encoding, length = h.Encoding(), len(h.AppendImage(nil))
		}
	case e.Type == obj.TypeList && e.Resident:
		if l, err := t.List(key); err == nil {
			encoding, length = l.Encoding(), len(l.AppendImage(nil))
		}
	case e.Type == obj.TypeList:
		encoding, length = "quicklist", int(e.Span)
	case e.Type == obj.TypeHash:
		encoding, length = "listpack", int(e.Span)
		if e.Len > t.Config().HashMaxListpackEntries || int(e.Span) > 2*t.Config().HashMaxListpackEntries*(t.Config().HashMaxListpackValue+2) {
			encoding = "hashtable"
		}
	case e.Resident:
		if v, _, err := t.String(key); err == nil {
			encoding = command.StringEncoding(v)
		}
	case e.Len <= 44:
		encoding = "embstr"
	}
	b := append(make([]byte, 0, 160), "Value at:0x0 refcount:1 encoding:"...)
	b = strconv.AppendInt(append(append(b, encoding...), " serializedlength:"...), int64(length), 10)
	b = strconv.AppendInt(append(b, " lru:0 lru_seconds_idle:"...), idle, 10)
	if e.Deadline != 0 {
		left := max(int64(e.Deadline)-t.NowMS(), 0)
		b = append(strconv.AppendInt(append(b, " ttl:"...), left, 10), "ms"...)
	}
	if e.Span > 0 {
		b = strconv.AppendInt(append(b, " spill_len:"...), int64(e.Span), 10)
	}
	w.Simple(string(b))
}

// debugSleep holds everything back for a time. The command parks first and
// answers when it runs again.
func (s *Server) debugSleep(c *conn, arg []byte, w *resp.Writer) {
	if c.slept {
		c.slept, s.since = false, c.parked
		w.OK()
		return
	}
	f, ok := obj.ParseFloat(arg)
	if !ok || f < 0 || f > 1e6 {
		w.Error("ERR value is not a valid float")
		return
	}
	s.sleepUntil = s.host.Now() + unit.Time(f*1e6)
	if s.inExec != nil { // a unit cannot wait; what follows it does
		w.OK()
		return
	}
	c.slept, c.park, c.parked = true, parkPause, s.book.Now()
	s.paused = append(s.paused, c)
}

// debugReplies makes the committed offset stand still, or go on: what waits for
// it waits, while the log is written and synced as ever.
func (s *Server) debugReplies(pause bool, what []byte, w *resp.Writer) {
	if !strings.EqualFold(string(what), "aof") {
		w.Error("ERR syntax error")
		return
	}
	if s.log != nil {
		s.log.Freeze(pause)
	}
	w.OK()
}

func debugHelp(w *resp.Writer) {
	command.Help(w, "DEBUG",
		"OBJECT <key>", "    Describe <key> without reading its value.",
		"REPLY-BLOCKING-PAUSE aof", "    Release no reply that waits for the log until RESUME.",
		"REPLY-BLOCKING-RESUME aof", "    Release what is durable again.",
		"SET-ACTIVE-EXPIRE (0|1)", "    Switch the removal of keys at their deadline off or on.",
		"SLEEP <seconds>", "    Hold all commands back for <seconds>, a decimal number.",
	)
}
