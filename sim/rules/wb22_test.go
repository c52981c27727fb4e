package rules_test

import (
	"strings"
	"testing"

	"holdfast/sim/rules"
)

// blocks sends a command and waits until n clients are blocked.
func blocks(s *rules.S, c *rules.Client, n int64, args ...string) {
	c.Send(args...)
	s.Until("a client is blocked", func() bool { return s.InfoInt("blocked_clients") == n })
}

func TestWB22AWokenClientIsHeldToItsOwnPop(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		first, second, moves, last, pusher, free := s.Dial(), s.Dial(), s.Dial(), s.Dial(), s.Dial(), s.Dial()
		blocks(s, first, 1, "BLPOP", "never", "k", "0")
		blocks(s, second, 2, "BRPOP", "k", "0")
		blocks(s, moves, 3, "BLMOVE", "k", "l", "LEFT", "RIGHT", "0")
		blocks(s, last, 4, "BLMPOP", "0", "1", "l", "LEFT")
		s.Pause()
		pusher.Send("RPUSH", "k", "1", "2", "3")
		pusher.Held()
		for _, c := range []*rules.Client{first, second, moves, last} {
			c.Held()
		}
		s.Check(s.InfoInt("blocked_clients") == 0, "somebody is still blocked")
		free.Send("EXISTS", "k", "l")
		free.Held()
		s.Resume()
		pusher.Expect(":3")
		first.Expect(`["k" "1"]`)
		second.Expect(`["k" "3"]`)
		moves.Expect(`"2"`)
		last.Expect(`["l" ["2"]]`)
		free.Expect(":0")
		s.Restart(rules.PowerCut)
		s.Dial().Want(":0", "EXISTS", "k", "l")
	}})
}

// The push and each pop are units of their own: what a power cut leaves is one
// of the states between them, and nobody was told of any.
func TestWB22APowerCutFindsNoHalfServedClient(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		waits, moves, pusher := s.Dial(), s.Dial(), s.Dial()
		blocks(s, waits, 1, "BLPOP", "k", "0")
		blocks(s, moves, 2, "BLMOVE", "k", "l", "LEFT", "LEFT", "0")
		s.Pause()
		pusher.Send("RPUSH", "k", "1", "2")
		pusher.Held()
		waits.Held()
		moves.Held()
		s.Restart(rules.PowerCut)
		c := s.Dial()
		state := c.Do("LRANGE", "k", "0", "-1") + c.Do("LRANGE", "l", "0", "-1")
		switch state {
		case `[][]`, `["1" "2"][]`, `["2"][]`, `[]["2"]`:
		default:
			s.Check(!strings.Contains(state, "-ERR cannot read the value"), "%s", state)
			s.Assert(false, "a power cut left %s", state)
		}
	}})
}

func TestWB22ATimeoutNeedsOnlyItsPlace(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, behind, free, unblocked := s.Dial(), s.Dial(), s.Dial(), s.Dial()
		s.Pause()
		w.Send("RPUSH", "k", "1")
		w.Held()
		free.Want("nil array", "BLPOP", "other", "0.02")
		free.Want("nil array", "BLMOVE", "other", "k", "LEFT", "LEFT", "0.001")
		free.Want(":0", "WAIT", "1", "5")
		id := unblocked.Do("CLIENT", "ID")[1:]
		blocks(s, unblocked, 1, "BRPOP", "other", "0")
		free.Want(":1", "CLIENT", "UNBLOCK", id, "ERROR")
		unblocked.Expect("-UNBLOCKED*")
		behind.Pipe("SET mine 1", "BLPOP other 0.01", "PING")
		behind.Held()
		s.Resume()
		w.Expect(":1")
		behind.Expect("+OK", "nil array", "+PONG")
	}})
}

func TestWB22WaitAOF(t *testing.T) {
	for _, policy := range []string{"always", "everysec", "no"} {
		rules.Check(t, rules.Rule{Settings: []string{"appendfsync", policy}, Run: func(s *rules.S) {
			c := s.Dial()
			c.Want("+OK", "SET", "k", "v")
			c.Want("[:1 :0]", "WAITAOF", "1", "0", "0")
			s.Restart(rules.PowerCut)
			s.Dial().Want(`"v"`, "GET", "k")
		}})
	}
}
