package session

import (
	"crypto/subtle"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
)

// ServerVersion is the Redis version whose behaviour we follow, and the one
// that clients ask for to know what they may use.
const ServerVersion = "7.0.15"

const errWrongPass = "WRONGPASS invalid username-password pair or user is disabled."

// allowed reports whether the pair names the one user there is. Without a
// password set, any is right, as with Redis's "nopass".
func (s *Server) allowed(user, password []byte) bool {
	if string(user) != "default" {
		return false
	}
	want := []byte(s.cfg.RequirePass)
	return len(want) == 0 || subtle.ConstantTimeCompare(want, password) == 1
}

// authed reports whether c may run commands. Taking the password away lets
// everyone in.
func (s *Server) authed(c *conn) bool { return c.authed || s.cfg.RequirePass == "" }

func faceAuth(s *Server, c *conn, a command.Args, w *resp.Writer) {
	user, password := []byte("default"), a[len(a)-1]
	switch {
	case len(a) > 3:
		w.Error("ERR syntax error")
		return
	case len(a) == 3:
		user = a[1]
	case s.cfg.RequirePass == "":
		w.Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
		return
	}
	if !s.allowed(user, password) {
		w.Error(errWrongPass)
		return
	}
	c.authed = true
	w.OK()
}

func faceHello(s *Server, c *conn, a command.Args, w *resp.Writer) {
	proto := c.proto
	if len(a) > 1 {
		n, ok := obj.ParseInt(a[1])
		if !ok {
			w.Error("ERR Protocol version is not an integer or out of range")
			return
		}
		if n < 2 || n > 3 {
			w.Error("NOPROTO unsupported protocol version")
			return
		}
		proto = int(n)
	}
	h, problem := helloOptions(a)
	if problem != "" {
		w.Error(problem)
		return
	}
	if h.user != nil {
		if !s.allowed(h.user, h.password) {
			w.Error(errWrongPass)
			return
		}
		c.authed = true
	}
	if !s.authed(c) {
		w.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
		return
	}
	if h.named {
		c.name = string(h.name)
	}
	c.proto, w.Proto = proto, proto
	w.Map(7)
	pair := func(k, v string) {
		w.BulkString(k)
		w.BulkString(v)
	}
	pair("server", "redis")
	pair("version", ServerVersion)
	w.BulkString("proto")
	w.Int(int64(c.proto))
	w.BulkString("id")
	w.Int(int64(c.num))
	pair("mode", "standalone")
	pair("role", "master")
	w.BulkString("modules")
	w.Array(0)
}

type hello struct {
	user, password, name []byte
	named                bool
}

func helloOptions(a command.Args) (h hello, problem string) {
	for i := 2; i < len(a); i++ {
		more := len(a) - 1 - i
		switch option := string(a[i]); {
		case strings.EqualFold(option, "auth") && more >= 2:
			h.user, h.password = a[i+1], a[i+2]
			i += 2
		case strings.EqualFold(option, "setname") && more >= 1:
			if !goodName(a[i+1]) {
				return h, errBadName
			}
			h.name, h.named = a[i+1], true
			i++
		default:
			return h, "ERR Syntax error in HELLO option '" + option + "'"
		}
	}
	return h, ""
}

func faceReset(s *Server, c *conn, a command.Args, w *resp.Writer) {
	start := len(w.Buf)
	s.leaveMulti(c)
	s.leaveTelling(c)
	c.db, c.name, c.proto, c.replies = 0, "", 2, replyOn
	c.noEvict, c.noTouch = false, false
	s.setSource(c, false)
	c.authed = s.cfg.RequirePass == ""
	w.Proto = c.proto
	w.Simple("RESET")
	s.observeWatch(c, start, a)
}

// isHTTP recognises the first words of lines that a web page can have a
// browser send, in any case.
func isHTTP(name []byte) bool {
	return strings.EqualFold(string(name), "post") || strings.EqualFold(string(name), "host:")
}
