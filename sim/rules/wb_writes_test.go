package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/sim/rules"
)

func TestWB01OnByDefaultAndAtRunTime(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		s.Dial().Want(`["appendonly" "yes"]`, "CONFIG", "GET", "appendonly")
		s.Dial().Want(`["appendfsync" "always"]`, "CONFIG", "GET", "appendfsync")
		for _, policy := range []string{"always", "everysec", "always", "no", "everysec", "always"} {
			s.Config("appendfsync", policy)
			on := policy == "always"
			s.Check((s.Info("reply_blocking_enabled") == "1") == on, "reply_blocking_enabled under %s", policy)
			s.Pause()
			c := s.Dial()
			c.Send("SET", "k", policy)
			if on {
				c.Held()
				s.Resume()
			}
			c.Expect("+OK")
			s.Resume()
		}
	}})
}

func TestWB02ExecutedAtOnceAndReleasedByOneOffset(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		s.Pause()
		acked := s.InfoInt("reply_blocking_previous_acked_offset")
		a.Send("SET", "a", "1")
		a.Held()
		first := s.InfoInt("reply_blocking_primary_repl_offset")
		b.Pipe("INCR a", "INCR a")
		b.Held()
		s.Check(first > acked, "the write took no place in the log: %d, acked %d", first, acked)
		s.Check(s.InfoInt("reply_blocking_primary_repl_offset") > first, "the offset did not move")
		s.Check(s.InfoInt("reply_blocking_previous_acked_offset") == acked, "the acked offset moved in a pause")
		s.Check(s.InfoInt("reply_blocking_uncommitted_keys") == 1, "one key is undurable, not %s", s.Info("reply_blocking_uncommitted_keys"))
		s.Check(s.InfoInt("reply_blocking_clients_waiting_ack") == 2, "two clients wait, not %s", s.Info("reply_blocking_clients_waiting_ack"))
		s.Resume()
		a.Expect("+OK")
		b.Expect(":2", ":3")
		s.Until("all is acknowledged", func() bool {
			return s.InfoInt("reply_blocking_previous_acked_offset") == s.InfoInt("reply_blocking_primary_repl_offset")
		})
		s.Restart(rules.PowerCut)
		s.Dial().Want(`"3"`, "GET", "a")
	}})
}

func TestWB03ASettingReleasesNothing(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		s.Pause()
		a.Send("SET", "k", "1")
		a.Held()
		for _, policy := range []string{"everysec", "no", "always", "no", "everysec"} {
			s.Config("appendfsync", policy)
			a.Held()
		}
		s.Resume()
		a.Expect("+OK")
		// Back to always: what was not held becomes durable before it is told.
		s.Config("appendfsync", "no")
		a.Want("+OK", "SET", "l", "2")
		s.Config("appendfsync", "always")
		b.Want(`"2"`, "GET", "l")
		s.Restart(rules.PowerCut)
		c := s.Dial()
		c.Want(`"1"`, "GET", "k")
		c.Want(`"2"`, "GET", "l")
	}})
}

func TestWB06AUnitIsHeldOnce(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		s.Pause()
		a.Pipe("MULTI", "SET x 1", "HSET h f 1", "INCR x")
		a.Expect("+OK", "+QUEUED", "+QUEUED", "+QUEUED")
		a.Send("EXEC")
		a.Held()
		b.Pipe("MULTI", "SET y 1", "DISCARD", "PING")
		b.Expect("+OK", "+QUEUED", "+OK", "+PONG")
		s.Resume()
		a.Expect("[+OK :1 :2]")
		s.Restart(rules.PowerCut)
		c := s.Dial()
		c.Want(`["2" nil]`, "MGET", "x", "y")
		c.Want(`"1"`, "HGET", "h", "f")
		noScripts(s)
	}})
}

// noScripts shows that there are no scripts and functions to which a rule could
// apply: they are refused, and touch nothing.
func noScripts(s *rules.S) {
	c := s.Dial()
	c.Want("+OK", "SET", "before", "1")
	for _, one := range []string{"EVAL return_1 0", "EVALSHA abc 0", "EVAL_RO return_1 0", "SCRIPT LOAD return_1", "FCALL f 0",
		"FCALL_RO f 0", "FUNCTION LOAD x", "FUNCTION DELETE x", "FUNCTION FLUSH", "FUNCTION RESTORE x", "FUNCTION LIST"} {
		c.Send(strings.Fields(one)...)
		c.Expect("-ERR *")
	}
	c.Want(":1", "DEL", "before")
}

func TestWB07ATouchedKeyIsUndurableForEveryoneAtOnce(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w := s.Dial()
		w.Want("+OK", "MSET", "x", "0", "y", "0", "z", "0")
		s.Pause()
		w.Pipe("MULTI", "SET x 1", "DEL y", "EXEC")
		w.Expect("+OK", "+QUEUED", "+QUEUED")
		w.Held()
		x, y, z := s.Dial(), s.Dial(), s.Dial()
		x.Send("GET", "x")
		x.Held()
		y.Send("EXISTS", "y")
		y.Held()
		z.Want(`"0"`, "GET", "z")
		s.Resume()
		w.Expect("[+OK :1]")
		x.Expect(`"1"`)
		y.Expect(":0")
	}})
}

// There are no scripts, so none can fail half-way.
func TestWB08ScriptsAreRefused(t *testing.T) {
	rules.Check(t, rules.Rule{Run: noScripts})
}

func TestWB09AFlushMakesTheWholeDatabaseUndurable(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		for _, one := range []struct{ write, held, free, want string }{
			{"FLUSHDB", "0", "1 2", "+OK"},
			{"FLUSHALL", "0 1 2", "", "+OK"},
			{"SWAPDB 0 1", "0 1", "2", "+OK"},
			{"EXEC", "0 1 2", "", "[+OK]"},
		} {
			w := s.Dial()
			for _, db := range []string{"0", "1", "2"} {
				w.Want("+OK", "SELECT", db)
				w.Want("+OK", "SET", "k", db)
			}
			w.Want("+OK", "SELECT", "0")
			s.Pause()
			if one.write == "EXEC" {
				w.Pipe("MULTI", "FLUSHALL")
				w.Expect("+OK", "+QUEUED")
			}
			w.Pipe(one.write)
			w.Held()
			var held []*rules.Client
			for _, db := range strings.Fields(one.held) {
				for _, read := range []string{"GET k", "EXISTS never", "DBSIZE"} {
					c := s.Dial()
					c.Want("+OK", "SELECT", db)
					c.Pipe(read)
					c.Held()
					held = append(held, c)
				}
			}
			for _, db := range strings.Fields(one.free) {
				c := s.Dial()
				c.Want("+OK", "SELECT", db)
				c.Want(`"`+db+`"`, "GET", "k")
			}
			s.Resume()
			w.Expect(one.want)
			for _, c := range held {
				c.Reply()
			}
		}
		s.Restart(rules.PowerCut)
		s.Dial().Want(":0", "DBSIZE")
	}})
}

func TestWB10CopyAndMoveTouchTheDestination(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w := s.Dial()
		w.Want("+OK", "MSET", "a", "1", "b", "2", "c", "3")
		in := func(db string, read ...string) *rules.Client {
			c := s.Dial()
			c.Want("+OK", "SELECT", db)
			c.Send(read...)
			return c
		}
		s.Pause()
		w.Send("COPY", "a", "copy", "DB", "1")
		w.Held()
		copied := in("1", "GET", "copy")
		copied.Held()
		in("1", "GET", "other").Expect("nil")
		s.Dial().Want(`"1"`, "GET", "a")
		m := s.Dial()
		m.Send("MOVE", "b", "2")
		m.Held()
		moved, left := in("2", "GET", "b"), in("0", "GET", "b")
		moved.Held()
		left.Held()
		for _, one := range []string{"MOVE c 99", "MOVE c -1", "COPY c x DB 99", "SELECT 99", "SWAPDB 0 99"} {
			c := s.Dial()
			c.Pipe(one)
			c.Expect("-ERR *")
		}
		s.Resume()
		w.Expect(":1")
		m.Expect(":1")
		copied.Expect(`"1"`)
		moved.Expect(`"2"`)
		left.Expect("nil")
	}})
}

// There is no function library.
func TestWB11FunctionsAreRefused(t *testing.T) {
	rules.Check(t, rules.Rule{Run: noScripts})
}

func TestWB12ExpiryAndEvictionAreBackgroundWrites(t *testing.T) {
	rules.Check(t, rules.Rule{Settings: []string{"maxmemory-policy", "allkeys-random"}, Run: func(s *rules.S) {
		c := s.Dial()
		c.Want("+OK", "SET", "dying", "v", "PX", "3")
		s.Until("the key expires", func() bool { return c.Do("EXISTS", "dying") == ":0" })
		s.Restart(rules.PowerCut)
		c = s.Dial()
		c.Want("nil", "GET", "dying")

		// An absence that eviction has made and a client was told of stays.
		c.Want("+OK", "CONFIG", "SET", "maxmemory", fmt.Sprint(s.InfoInt("used_memory")+400_000))
		n := 0
		for ; n < 20_000 && s.InfoInt("evicted_keys") == 0; n += 200 {
			for i := range 200 {
				c.Send("SET", fmt.Sprintf("key:%06d", n+i), "0123456789")
			}
			for range 200 {
				c.Expect("+OK|-OOM*")
			}
		}
		gone := ""
		for i := 0; i < n && gone == ""; i++ {
			if key := fmt.Sprintf("key:%06d", i); c.Do("EXISTS", key) == ":0" {
				gone = key
			}
		}
		if gone == "" {
			return // refused for want of room before anything had to go
		}
		s.Restart(rules.PowerCut)
		s.Dial().Want(":0", "EXISTS", gone)
	}})
}

// What goes to make room for an EXEC goes before it: where that is a watched key the
// EXEC fails.
func TestWB12AnEvictionForAnExecComesBeforeIt(t *testing.T) {
	rules.Check(t, rules.Rule{Settings: []string{"maxmemory-policy", "allkeys-random", "appendonly", "no"}, Run: func(s *rules.S) {
		c, value := s.Dial(), strings.Repeat("x", 5000)
		c.Want("+OK", "CONFIG", "SET", "maxmemory", fmt.Sprint(s.InfoInt("used_memory")+1_000_000))
		keys, fill := []string{}, 0
		for i := range 100 {
			keys = append(keys, fmt.Sprint("key:", i))
		}
		for round := range 12 { // with more and more room at first
			for n := 0; n < 1000 && s.InfoInt("evicted_keys") == int64(fill); n++ {
				c.Want("+OK", "SET", keys[n%100], value[:4000+n])
				c.Want("+OK", "SET", fmt.Sprint("more:", n), value)
			}
			c.Do(append([]string{"DEL"}, keys[:2*round]...)...)
			c.Want("+OK", append([]string{"WATCH"}, keys...)...)
			all := append([]string{"EXISTS"}, keys...)
			before := c.Do(all...)
			c.Want("+OK", "MULTI")
			for n := range 8 {
				c.Want("+QUEUED|-OOM*", "APPEND", fmt.Sprint("more:", n), value)
			}
			if got := c.Do("EXEC"); got != "nil array" && !strings.HasPrefix(got, "-") {
				s.Assert(c.Do(all...) == before, "EXEC answered %s though a watched key went to make room for it", got)
			}
			fill = int(s.InfoInt("evicted_keys"))
		}
		s.Check(fill > 0, "nothing was evicted")
	}})
}
