package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
)

// killFilter says which connections CLIENT KILL means; empty fields match all.
type killFilter struct {
	id          uint64
	addr, laddr string
	kind        string
	skipMe      bool
}

func (f *killFilter) matches(c, me *conn) bool {
	return !(f.id != 0 && f.id != c.num || f.addr != "" && f.addr != c.peer.Addr ||
		f.laddr != "" && f.laddr != c.peer.Local || f.kind != "" && f.kind != c.kind() || f.skipMe && c == me)
}

func faceClientKill(s *Server, me *conn, a command.Args, w *resp.Writer) {
	if len(a) == 3 { // the old form: an address, and the caller may mean itself
		if s.kill(killFilter{addr: string(a[2])}, me) == 0 {
			w.Error("ERR No such client")
			return
		}
		w.OK()
		return
	}
	f, problem := parseKill(a[2:])
	if problem != "" {
		w.Error(problem)
		return
	}
	w.Int(int64(s.kill(f, me)))
}

func parseKill(a command.Args) (f killFilter, problem string) {
	f.skipMe = true
	for len(a) > 0 {
		if len(a) < 2 {
			return f, "ERR syntax error"
		}
		option, value := strings.ToLower(string(a[0])), string(a[1])
		a = a[2:]
		switch option {
		case "id":
			n, ok := obj.ParseInt([]byte(value))
			if !ok || n < 1 {
				return f, "ERR client-id should be greater than 0"
			}
			f.id = uint64(n)
		case "type":
			kind, ok := clientType([]byte(value))
			if !ok {
				return f, "ERR Unknown client type '" + value + "'"
			}
			f.kind = kind
		case "addr":
			f.addr = value
		case "laddr":
			f.laddr = value
		case "user":
			if value != "default" {
				return f, "ERR No such user '" + value + "'"
			}
		case "skipme":
			switch strings.ToLower(value) {
			case "yes":
				f.skipMe = true
			case "no":
				f.skipMe = false
			default:
				return f, "ERR syntax error"
			}
		default:
			return f, "ERR syntax error"
		}
	}
	return f, ""
}

// kill closes the connections that f means and returns how many. The caller's
// own closes once it has its answer.
func (s *Server) kill(f killFilter, me *conn) int {
	n := 0
	s.eachConn(func(c *conn) {
		if !f.matches(c, me) {
			return
		}
		n++
		if c == me {
			c.closing = true
			return
		}
		s.close(c)
	})
	return n
}
