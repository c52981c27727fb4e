package rules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"holdfast/sim/rules"
	"holdfast/vfs"
)

// The real disk cannot be made to fail.
func TestWB27AFailedSyncIsNeverRetriedAndNeverIgnored(t *testing.T) {
	rules.Check(t, rules.Rule{Simulated: true, Sound: true, Run: func(s *rules.S) {
		w, r := s.Dial(), s.Dial()
		w.Want("+OK", "MSET", "clean", "1", "dirty", "1")
		s.Pause()
		w.Send("SET", "dirty", "2")
		w.Held()
		failed := 0
		s.FailDisk(func(op *vfs.Op) error {
			if op.Kind != vfs.WriteDurable && op.Kind != vfs.Sync {
				return nil
			}
			failed++
			return vfs.ErrIO
		})
		w2 := s.Dial()
		w2.Send("SET", "other", "1")
		fate := w2.Fate() // closed if it had run, refused if quiet has had the log written before
		s.Assert(fate == "" || strings.HasPrefix(fate, "-MISCONF"), "a held reply was released by a failure: %s", fate)
		s.Assert(w.Gone() == "", "a held reply was released by a failure")
		s.Assert(failed > 0, "nothing failed")
		r.Want("-MISCONF*", "GET", "dirty")
		if fate == "" {
			r.Want("-MISCONF*", "GET", "other")
		}
		r.Want("-MISCONF*", "SET", "clean", "2")
		r.Want("-MISCONF*", "DEL", "clean")
		r.Want(`"1"`, "GET", "clean")
		r.Want("+PONG", "PING")
		s.Assert(s.Info("aof_last_write_status") == "err", "INFO says that all is well")
		s.Assert(s.Info("log_error") != "", "INFO does not name the error")
		before := failed
		s.Advance(5000)
		s.Assert(failed == before, "the log was written %d times after it had failed", failed-before)
		s.Restart(rules.PowerCut)
		c := s.Dial()
		c.Want(`"1"`, "GET", "clean")
		c.Want("+OK", "SET", "clean", "3")
	}})
}

// A full disk is no failure of the disk: the simulated one is filled before the
// log is full, the real program is given a small log.
func TestWB27NoSpaceIsBackPressureAndHeals(t *testing.T) {
	rules.Check(t, rules.Rule{Simulated: true, Sound: true, Run: func(s *rules.S) {
		c := s.Dial()
		c.Want("+OK", "SET", "old", "1")
		full := 0
		s.FailDisk(func(op *vfs.Op) error {
			if op.Kind == vfs.Create || op.Kind == vfs.Allocate {
				full++
				return vfs.ErrNoSpace
			}
			return nil
		})
		value, n := strings.Repeat("x", 4000), 0
		refused := ""
		for ; n < 2000 && refused == ""; n++ {
			if got := c.Do("SET", fmt.Sprint("k", n), value); got != "+OK" {
				refused = got
			}
		}
		s.Assert(strings.HasPrefix(refused, "-ERR no space left"), "a full disk answered %q after %d values", refused, n)
		c.Want(`"1"`, "GET", "old")
		c.Want(":1|:0|-ERR no space left*", "DEL", "k0") // the reserve is not there yet when the disk fills at once
		s.Assert(full > 0 && s.Info("log_error") == "", "a full disk was taken for a failed one: %s", s.Info("log_error"))
		s.FailDisk(nil)
		s.Until("there is space again", func() bool { return c.Do("SET", "new", "1") == "+OK" })
		s.Restart(rules.PowerCut)
		c = s.Dial()
		c.Want(`["1" "1"]`, "MGET", "old", "new")
		if n > 2 {
			c.Want(`"`+value+`"`, "GET", fmt.Sprint("k", n-2))
		}
	}})
}

// Where not even a record of time fits, what would tell that a key has died answers
// an error and does not wait for as long as the disk is full. The simulated disk
// can be full for an hour.
func TestWB27NoRoomForTimeIsAnErrorToo(t *testing.T) {
	rules.Check(t, rules.Rule{Simulated: true, Sound: true, Run: func(s *rules.S) {
		c, value := s.Dial(), strings.Repeat("x", 4000)
		c.Want("+OK", "SET", "dies", "1", "EX", "7200")
		c.Want("+OK", "SET", "lives", "1")
		full := func(op *vfs.Op) error {
			if op.Kind == vfs.Create || op.Kind == vfs.Allocate {
				return vfs.ErrNoSpace
			}
			return nil
		}
		s.FailDisk(full)
		for n := 0; n < 2000 && c.Do("SET", fmt.Sprint("k", n), value) == "+OK"; n++ {
		}
		for range 10 { // each start takes a segment
			if s.Info("log_spare_segments") == "0" {
				break
			}
			s.Restart(rules.PowerCut)
			s.FailDisk(full)
		}
		s.Advance(7_200_000)
		c = s.Dial()
		got := c.Do("GET", "dies")
		if got == "nil" {
			return // compaction has made room
		}
		s.Assert(strings.HasPrefix(got, "-ERR no space left"), "a full disk answered %q", got)
		c.Want("-ERR no space left*", "EXISTS", "dies", "lives")
		c.Want("-ERR no space left*", "DBSIZE")
		c.Want(`"1"`, "GET", "lives")
		c.Want("+OK", "MULTI")
		c.Want("+QUEUED", "GET", "dies")
		c.Want("-ERR no space left*", "EXEC")
		s.FailDisk(nil)
		s.Until("there is space again", func() bool { return c.Do("SET", "lives", "2") == "+OK" })
		c.Want("nil", "GET", "dies")
		c.Want(":1", "EXISTS", "dies", "lives")
	}})
}

// Costs stay flat: what runs at every commit may look at what it releases and
// no more. No test may assert a time, so this one reads the source: none of the
// functions on that way walks over connections, databases or the whole ring.
func TestWB28NothingWalksOverAllAtACommit(t *testing.T) {
	for file, funcs := range map[string][]string{
		"../../engine/session/server.go": {"Committed"},
		"../../engine/tx/state.go":       {"Committed"},
		"../../engine/tx/ring.go":        {"prune", "drop"},
		"../../engine/tx/timekeeper.go":  {"committed"},
		"../../engine/hold/queue.go":     {"Pop"},
		"../../engine/hold/hold.go":      {"Free", "Taken", "pop"},
	} {
		src, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, d := range src.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !slices.Contains(funcs, fn.Name.Name) {
				continue
			}
			seen++
			ast.Inspect(fn, func(n ast.Node) bool {
				if r, ok := n.(*ast.RangeStmt); ok {
					t.Errorf("%s: %s ranges over something at every commit (%v)", file, fn.Name.Name, r.X)
				}
				return true
			})
		}
		if seen != len(funcs) {
			t.Errorf("%s has %d of %v", file, seen, funcs)
		}
	}
	rules.Check(t, rules.Rule{Sound: true, Run: func(s *rules.S) {
		var held []*rules.Client
		s.Pause()
		for i := range 40 { // 40 wait, for 200 keys
			c := s.Dial()
			for k := range 5 {
				c.Send("SET", fmt.Sprint("k", i, ":", k), "v")
			}
			held = append(held, c)
		}
		for _, c := range held {
			c.Held()
		}
		s.Check(s.Info("reply_blocking_uncommitted_keys") == "200", "%s keys are undurable", s.Info("reply_blocking_uncommitted_keys"))
		s.Check(s.Info("reply_blocking_clients_waiting_ack") == "40", "%s clients wait", s.Info("reply_blocking_clients_waiting_ack"))
		s.Resume()
		for _, c := range held {
			c.Expect("+OK", "+OK", "+OK", "+OK", "+OK")
		}
		s.Until("the ring is empty", func() bool { return s.Info("reply_blocking_uncommitted_keys") == "0" })
	}})
}
