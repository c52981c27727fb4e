package session

import (
	"strconv"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
)

const errBadName = "ERR Client names cannot contain spaces, newlines or special characters."

// goodName reports whether a client may bear the name: it must not break the
// lines of CLIENT LIST.
func goodName(p []byte) bool {
	for _, b := range p {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

func faceClientID(_ *Server, c *conn, _ command.Args, w *resp.Writer) { w.Int(int64(c.num)) }

func faceClientGetName(_ *Server, c *conn, _ command.Args, w *resp.Writer) {
	if c.name == "" {
		w.Null()
		return
	}
	w.BulkString(c.name)
}

func faceClientSetName(_ *Server, c *conn, a command.Args, w *resp.Writer) {
	if !goodName(a[2]) {
		w.Error(errBadName)
		return
	}
	c.name = string(a[2])
	w.OK()
}

func faceClientSetInfo(_ *Server, c *conn, a command.Args, w *resp.Writer) {
	at, name := 0, "lib-name"
	switch {
	case strings.EqualFold(string(a[2]), "lib-name"):
	case strings.EqualFold(string(a[2]), "lib-ver"):
		at, name = 1, "lib-ver"
	default:
		w.Error("ERR Unrecognized option '" + string(a[2]) + "'")
		return
	}
	if !goodName(a[3]) {
		w.Error("ERR " + name + " cannot contain spaces, newlines or special characters.")
		return
	}
	c.lib[at] = string(a[3])
	w.OK()
}

func faceClientReply(s *Server, c *conn, a command.Args, w *resp.Writer) {
	mode := string(a[2])
	switch {
	case strings.EqualFold(mode, "on"):
		c.replies = replyOn
		w.OK()
	case s.inExec != nil && (strings.EqualFold(mode, "off") || strings.EqualFold(mode, "skip")):
		// EXEC's array must have all its elements.
		w.Error("ERR CLIENT REPLY OFF and SKIP are not allowed inside a transaction")
	case strings.EqualFold(mode, "off"):
		c.replies = replyOff
	case strings.EqualFold(mode, "skip"):
		if c.replies == replyOn {
			c.replies = replySkipNext
		}
	default:
		w.Error("ERR syntax error")
	}
}

func onOff(p []byte, flag *bool, w *resp.Writer) {
	switch {
	case strings.EqualFold(string(p), "on"):
		*flag = true
	case strings.EqualFold(string(p), "off"):
		*flag = false
	default:
		w.Error("ERR syntax error")
		return
	}
	w.OK()
}

func faceClientNoEvict(_ *Server, c *conn, a command.Args, w *resp.Writer) {
	onOff(a[2], &c.noEvict, w)
}

func faceClientNoTouch(_ *Server, c *conn, a command.Args, w *resp.Writer) {
	onOff(a[2], &c.noTouch, w)
}

func faceClientPause(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	all := true
	switch {
	case len(a) > 4:
		w.Error("ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.")
		return
	case len(a) == 4 && strings.EqualFold(string(a[3]), "write"):
		all = false
	case len(a) == 4 && !strings.EqualFold(string(a[3]), "all"):
		w.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
		return
	}
	ms, ok := obj.ParseInt(a[2])
	now := s.host.Now()
	switch {
	case !ok:
		w.Error("ERR timeout is not an integer or out of range")
		return
	case ms < 0:
		w.Error("ERR timeout is negative")
		return
	}
	// A pause is never cut short or made weaker by another.
	s.pauseAll = all || s.pauseUntil != 0 && s.pauseAll
	s.pauseUntil = max(s.pauseUntil, now+unit.Time(min(ms, maxPauseMS))*1000)
	w.OK()
}

// maxPauseMS bounds a pause: a century, which leaves time arithmetic sound.
const maxPauseMS = 100 * 366 * 86400 * 1000

func faceClientUnpause(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	s.pauseUntil = 0
	if s.sleepUntil == 0 {
		s.unpause()
	}
	w.OK()
}

func faceClientInfo(s *Server, c *conn, _ command.Args, w *resp.Writer) {
	w.Verbatim("txt", string(s.describe(nil, c)))
}

func faceClientList(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	var out []byte
	put := func(c *conn) { out = s.describe(out, c) }
	switch {
	case len(a) == 2:
		s.eachConn(put)
	case len(a) == 4 && strings.EqualFold(string(a[2]), "type"):
		kind, ok := clientType(a[3])
		if !ok {
			w.Error("ERR Unknown client type '" + string(a[3]) + "'")
			return
		}
		s.eachConn(func(c *conn) {
			if c.kind() == kind {
				put(c)
			}
		})
	case len(a) > 3 && strings.EqualFold(string(a[2]), "id"):
		for _, p := range a[3:] {
			n, ok := obj.ParseInt(p)
			if !ok {
				w.Error("ERR Invalid client ID")
				return
			}
			if c := s.byNumber(n); c != nil {
				put(c)
			}
		}
	default:
		w.Error("ERR syntax error")
		return
	}
	w.Verbatim("txt", string(out))
}

// eachConn calls fn with every connection, oldest first.
func (s *Server) eachConn(fn func(c *conn)) {
	for _, c := range s.conns.byAge() {
		if !c.gone {
			fn(c)
		}
	}
}

func (s *Server) byNumber(n int64) *conn {
	for _, c := range s.conns.slots {
		if c != nil && int64(c.num) == n {
			return c
		}
	}
	return nil
}

// kind is what CLIENT LIST TYPE calls c.
func (c *conn) kind() string {
	if c.subs != nil {
		return "pubsub"
	}
	return "normal"
}

// clientType reads a word of CLIENT LIST TYPE.
func clientType(p []byte) (name string, ok bool) {
	name = strings.ToLower(string(p))
	switch name {
	case "normal", "master", "pubsub", "replica":
		return name, true
	case "slave":
		return "replica", true
	}
	return "", false
}

// describe appends c's line of CLIENT LIST.
func (s *Server) describe(b []byte, c *conn) []byte {
	now := s.host.Now()
	text := func(name, v string) { b = append(append(append(append(b, ' '), name...), '='), v...) }
	num := func(name string, n int64) {
		b = strconv.AppendInt(append(append(append(b, ' '), name...), '='), n, 10)
	}
	b = strconv.AppendUint(append(b, "id="...), c.num, 10)
	text("addr", c.peer.Addr)
	text("laddr", c.peer.Local)
	num("fd", int64(c.peer.FD))
	text("name", c.name)
	num("age", seconds(now-c.born))
	num("idle", seconds(now-c.used))
	text("flags", s.flags(c))
	num("db", int64(c.db))
	num("sub", int64(c.subs.count(toChannel)))
	num("psub", int64(c.subs.count(toPattern)))
	num("ssub", int64(c.subs.count(toShard)))
	queued := int64(-1)
	if c.multi != nil {
		queued = int64(len(c.multi.queue))
	}
	num("multi", queued)
	num("qbuf", int64(len(c.in)))
	num("qbuf-free", int64(cap(c.in)-len(c.in)))
	num("argv-mem", 0)
	num("multi-mem", int64(c.multi.bytes()))
	num("rbs", int64(cap(c.out.Buf)))
	num("rbp", int64(cap(c.out.Buf)))
	num("obl", int64(c.out.Len()))
	num("oll", 0)
	num("omem", int64(c.out.Bytes()))
	num("tot-mem", int64(c.counted)+connBytes)
	events := "r"
	switch {
	case c.paused:
		events = ""
	case c.blocked:
		events = "rw"
	}
	text("events", events)
	cmd := c.last
	if cmd == "" {
		cmd = "NULL"
	}
	text("cmd", cmd)
	text("user", "default")
	num("redir", c.redirection())
	num("resp", int64(c.proto))
	text("lib-name", c.lib[0])
	text("lib-ver", c.lib[1])
	return append(b, '\n')
}

// connBytes is about what a connection takes beside its buffers.
const connBytes = 1024

func seconds(t unit.Time) int64 { return int64(max(t, 0)) / 1_000_000 }

// flags are the letters of CLIENT LIST.
func (s *Server) flags(c *conn) string {
	var b []byte
	put := func(on bool, letter byte) {
		if on {
			b = append(b, letter)
		}
	}
	put(c.monitor, 'O')
	put(c.subs != nil, 'P')
	put(c.multi != nil, 'x')
	put(c.block != nil, 'b')
	if t := c.track; t != nil {
		put(true, 't')
		put(t.broken, 'R')
		put(t.bcast, 'B')
	}
	put(s.awaitsAck(c), 'h')
	put(c.watch.Dirty, 'd')
	put(c.closing, 'c')
	put(c.peer.Unix, 'U')
	put(c.noEvict, 'e')
	put(c.noTouch, 'T')
	put(c.source, 'I')
	put(len(b) == 0, 'N')
	return string(b)
}

func faceClientHelp(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	command.Help(w, "CLIENT",
		"CACHING (YES|NO)", "    Track, or do not track, what the next command reads.",
		"GETNAME", "    Answer the name of the connection.",
		"GETREDIR", "    Answer to which connection invalidations go: 0 to this one, -1 there are none.",
		"ID", "    Answer the number of the connection.",
		"IMPORT-SOURCE (ON|OFF)", "    Mark the connection as the one that imports data.",
		"INFO", "    Describe the connection.",
		"KILL <ip:port>", "    Close the connection from there.",
		"KILL <option> <value> [<option> <value> ...]", "    Close connections. Options are:",
		"    * ADDR (<ip:port>|<unixsocket>:0)", "    * LADDR (<ip:port>|<unixsocket>:0)",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "    * USER <username>", "    * ID <client-id>", "    * SKIPME (YES|NO)",
		"LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|ID <client-id> ...]", "    Describe connections.",
		"NO-EVICT (ON|OFF)", "    Spare the connection when clients must be dropped.",
		"NO-TOUCH (ON|OFF)", "    Keep the connection's commands from making keys hot.",
		"PAUSE <timeout> [WRITE|ALL]", "    Hold commands back for <timeout> milliseconds.",
		"REPLY (ON|OFF|SKIP)", "    Choose whether the connection is answered.",
		"SETINFO (LIB-NAME|LIB-VER) <value>", "    Name the client's library, or its version.",
		"SETNAME <name>", "    Name the connection.",
		"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]",
		"    Have the connection told when keys change that it has read.",
		"TRACKINGINFO", "    Describe the connection's tracking.",
		"UNBLOCK <client-id> [TIMEOUT|ERROR]", "    Have a blocked client go on without what it waits for.",
		"UNPAUSE", "    End a PAUSE.",
	)
}
