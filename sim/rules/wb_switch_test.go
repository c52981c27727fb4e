package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/sim/rules"
)

func TestWB01AppendOnlyAtRunTime(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		k := s.Dial()
		k.Want("+OK", "SET", "k", "1")
		s.Config("appendonly", "no")
		s.Check(s.Info("reply_blocking_enabled") == "0" && s.Info("aof_enabled") == "0", "on after appendonly no")
		s.Pause()
		k.Want("+OK", "SET", "k", "2")
		s.Resume()
		s.Config("appendonly", "yes")
		s.Check(s.Info("reply_blocking_enabled") == "1" && s.Info("aof_enabled") == "1", "off after appendonly yes")
		s.Pause()
		k.Send("SET", "l", "3")
		k.Held()
		s.Resume()
		k.Expect("+OK")
		s.Restart(rules.PowerCut)
		s.Dial().Want(`["2" "3"]`, "MGET", "k", "l")
	}})
}

func TestWB03SwitchingOffReleasesNothingAndLeavesNothing(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b, admin := s.Dial(), s.Dial(), s.Dial()
		s.Pause()
		a.Send("SET", "k", "1")
		a.Held()
		admin.Send("CONFIG", "SET", "appendonly", "no")
		b.Send("GET", "k")
		b.Held()
		a.Held()
		admin.Nothing()
		s.Resume()
		a.Expect("+OK")
		b.Expect(`"1"`)
		admin.Expect("+OK")
		a.Want("+OK", "SET", "k", "2")
		s.Restart(rules.PowerCut)
		s.Dial().Want(":0", "DBSIZE")
	}})
}

func TestWB03SwitchedOffByACrashOnlyOnceItIsAnswered(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, admin := s.Dial(), s.Dial()
		a.Want("+OK", "SET", "k", "1")
		s.Pause()
		admin.Send("CONFIG", "SET", "appendonly", "no")
		a.Send("SET", "k", "2") // it is not logged, and not told
		s.Advance(1)
		a.Nothing()
		s.Restart(rules.PowerCut)
		s.Dial().Want(`"1"|"2"|nil`, "GET", "k") // 2 if it came first, nil if the switch was over
	}})
}

func TestWB03SwitchingUnderLoad(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		admin, setup := s.Dial(), s.Dial()
		for i := range 40 {
			setup.Want("+OK", "SET", fmt.Sprint("filler", i), strings.Repeat("x", i*40))
		}
		writers := []*rules.Client{s.Dial(), s.Dial(), s.Dial()}
		count := 0
		for _, set := range []string{"appendfsync everysec", "appendonly no", "appendfsync always", "appendonly yes", "appendfsync no",
			"appendonly no", "appendonly yes", "appendfsync always"} {
			name, value, _ := strings.Cut(set, " ")
			for i, w := range writers {
				for range 10 {
					w.Send("INCR", fmt.Sprint("n", i))
				}
			}
			admin.Send("CONFIG", "SET", name, value)
			for range 10 {
				count++
				for _, w := range writers {
					w.Expect(fmt.Sprint(":", count))
				}
			}
			admin.Expect("+OK")
		}
		for i, w := range writers {
			w.Want(fmt.Sprint(":", count+1), "INCR", fmt.Sprint("n", i))
		}
		s.Restart(rules.PowerCut)
		c := s.Dial()
		for i := range writers {
			c.Want(fmt.Sprintf(`"%d"`, count+1), "GET", fmt.Sprint("n", i))
		}
		for i := range 40 {
			c.Want(fmt.Sprintf(`"%s"`, strings.Repeat("x", i*40)), "GET", fmt.Sprint("filler", i))
		}
	}})
}

// What appendfsync no has let through undurable is undurable under always too,
// for the nil of an EXEC as for every reader.
func TestWB17AnAbortedExecWaitsOverAChangeOfPolicy(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		s.Config("appendfsync", "no")
		a.Want("+OK", "WATCH", "k")
		b.Want("+OK", "SET", "k", "1")
		s.Pause()
		s.Config("appendfsync", "always")
		a.Pipe("MULTI", "EXEC")
		a.Expect("+OK")
		a.Held()
		b.Send("GET", "k")
		b.Held()
		s.Resume()
		a.Expect("nil array")
		b.Expect(`"1"`)
		s.Restart(rules.PowerCut)
		s.Dial().Want(`"1"`, "GET", "k")
	}})
}
