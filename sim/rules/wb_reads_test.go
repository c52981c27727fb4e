package rules_test

import (
	"strings"
	"testing"

	"holdfast/sim/rules"
)

func TestWB04BytesBeforeAHoldPointLeave(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		s.Pause()
		a.Pipe("PING", "SET k v")
		a.Expect("+PONG")
		a.Held()
		b.Pipe("SET l v", "PING", "PING")
		b.Held()
		s.Resume()
		a.Expect("+OK")
		b.Expect("+OK", "+PONG", "+PONG")
	}})
}

func TestWB13AReadWaitsForWhatItTouchesAndNothingElse(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, free, waits := s.Dial(), s.Dial(), s.Dial()
		w.Want("+OK", "MSET", "clean", "1", "dirty", "1")
		s.Pause()
		w.Send("SET", "dirty", "2")
		w.Held()
		free.Want(`"1"`, "GET", "clean")
		free.Want(":1", "EXISTS", "clean")
		free.Want("+string", "TYPE", "clean")
		free.Want(":-1", "TTL", "clean")
		free.Want("nil", "GET", "never")
		free.Want("+OK", "SELECT", "1")
		free.Want("nil", "GET", "dirty")
		for _, read := range []string{"GET dirty", "EXISTS dirty", "TYPE dirty", "TTL dirty", "STRLEN dirty", "MGET clean dirty"} {
			c := s.Dial()
			c.Send(strings.Fields(read)...)
			c.Held()
		}
		waits.Send("GET", "dirty")
		waits.Held()
		s.Resume()
		w.Expect("+OK")
		waits.Expect(`"2"`)
	}})
}

func TestWB14AbsenceIsAFact(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		a.Want("+OK", "SET", "k", "v")
		s.Pause()
		a.Send("DEL", "k")
		a.Held()
		b.Send("GET", "k")
		b.Held()
		s.Resume()
		a.Expect(":1")
		b.Expect("nil")
		s.Restart(rules.PowerCut)
		s.Dial().Want("nil", "GET", "k")
	}})
}

func TestWB15WhatChangesNothingWaitsLikeARead(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w := s.Dial()
		w.Want("+OK", "SET", "text", "clean")
		s.Pause()
		w.Pipe("SET k 1", "HSET h f 1", "SELECT 1", "SET k other")
		w.Held()
		var held []*rules.Client
		for _, one := range []string{"SETNX k 2", "HGET k f", "GET h", "MSETNX k 2 z 2", "MOVE k 1", "RENAMENX text k", "COPY text k",
			"SET k 3 NX", "HSETNX h f 2", "INCR h", "EXPIRE absent 10"} {
			c := s.Dial()
			c.Send(strings.Fields(one)...)
			if one == "EXPIRE absent 10" {
				c.Expect(":0") // it touched nothing that is not durable
				continue
			}
			c.Held()
			held = append(held, c)
		}
		s.Resume()
		w.Expect("+OK", ":1", "+OK", "+OK")
		for i, want := range []string{":0", "-WRONGTYPE*", "-WRONGTYPE*", ":0", ":0", ":0", ":0", "nil", ":0", "-WRONGTYPE*"} {
			held[i].Expect(want)
		}
	}})
}
