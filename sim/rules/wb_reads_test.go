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

func TestWB05HoldPointsSurviveLongReplies(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a := s.Dial()
		big := strings.Repeat("0123456789", 10<<10)
		a.Want("+OK", "SET", "big", big)
		s.Pause()
		a.Pipe("GET big", "PING", "SET k v", "GET big", "PING")
		a.Expect(`"`+big+`"`, "+PONG")
		a.Held()
		s.Resume()
		a.Expect("+OK", `"`+big+`"`, "+PONG")
	}})
}

func TestWB16WhatRevealsTheKeyspaceWaitsForItsNewestChange(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, sw := s.Dial(), s.Dial()
		w.Want("+OK", "SET", "a", "1")
		sw.Want("+OK", "SELECT", "1")
		sw.Want("+OK", "SET", "other", "1")
		whole := map[string]string{"KEYS *": "[*", "SCAN 0": "[*", "SCAN 0 COUNT 1": "[*", "RANDOMKEY": `"*`, "DBSIZE": ":2"}
		for _, write := range []string{"SET b 1", "SET a 2", "SET c 1 PX 100000"} {
			s.Pause()
			w.Pipe(write)
			w.Held()
			held := map[string]*rules.Client{}
			for _, read := range []string{"KEYS *", "SCAN 0", "SCAN 0 COUNT 1", "RANDOMKEY", "DBSIZE"} {
				free := s.Dial()
				free.Want("+OK", "SELECT", "1")
				free.Pipe(read)
				free.Expect(strings.Replace(whole[read], ":2", ":1", 1))
				c := s.Dial()
				c.Pipe(read)
				c.Held()
				held[read] = c
			}
			s.Resume()
			w.Expect("+OK")
			for _, read := range []string{"KEYS *", "SCAN 0", "SCAN 0 COUNT 1", "RANDOMKEY"} {
				held[read].Expect(whole[read])
			}
			held["DBSIZE"].Expect(":*")
		}
	}})
}

func TestWB17AnExecAbortedByAnUndurableChangeWaits(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		a.Want("+OK", "SET", "k", "1")
		a.Want("+OK", "WATCH", "k")
		s.Pause()
		b.Send("SET", "k", "2")
		b.Held()
		a.Pipe("MULTI", "SET mine 1", "EXEC")
		a.Expect("+OK", "+QUEUED")
		a.Held()
		s.Resume()
		b.Expect("+OK")
		a.Expect("nil array")
		s.Restart(rules.PowerCut)
		s.Dial().Want(`["2" nil]`, "MGET", "k", "mine")
	}})
}

func TestWB18WhatTellsNothingOfDataIsNotHeld(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, c := s.Dial(), s.Dial()
		s.Pause()
		w.Send("SET", "k", "v")
		w.Held()
		for _, one := range []string{"PING", "PING hello", "ECHO hi", "TIME", "LASTSAVE", "INFO", "INFO debug", "CONFIG GET maxmemory",
			"CONFIG SET timeout 0", "CONFIG RESETSTAT", "CLIENT ID", "CLIENT LIST", "CLIENT HELP", "OBJECT HELP", "CONFIG HELP", "COMMAND HELP",
			"COMMAND COUNT", "CLIENT SETNAME me", "CLIENT GETNAME", "SELECT 0", "DEBUG HELP", "UNWATCH"} {
			c.Pipe(one)
			got := c.Reply()
			s.Check(got[0] != '-', "%s answered %s", one, got)
		}
		w.Nothing()
		s.Resume()
		w.Expect("+OK")
	}})
}

func TestWB19AnExpiryWaitsForTheWriteThatSetIt(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b, clock := s.Dial(), s.Dial(), s.Dial()
		a.Want("+OK", "SET", "k", "old")
		s.Pause()
		a.Send("SET", "k", "new", "PX", "5")
		a.Held()
		start := clock.Do("TIME")
		s.Until("the deadline passes", func() bool { return seconds(clock.Do("TIME"))-seconds(start) >= 2 })
		b.Send("GET", "k")
		b.Held()
		s.Resume()
		a.Expect("+OK")
		b.Expect("nil")
		s.Restart(rules.PowerCut)
		s.Dial().Want("nil", "GET", "k")
	}})
}

// seconds reads TIME's reply.
func seconds(reply string) int64 {
	n := int64(0)
	for _, c := range reply[2:strings.IndexByte(reply, ' ')] {
		if c >= '0' && c <= '9' {
			n = n*10 + int64(c-'0')
		}
	}
	return n
}

func TestWB23WithoutAReplyTheKeyIsUndurableAllTheSame(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		off, skip, a, b := s.Dial(), s.Dial(), s.Dial(), s.Dial()
		s.Pause()
		off.Pipe("CLIENT REPLY OFF", "SET k 1", "GET k", "CLIENT REPLY ON")
		off.Expect("+OK")
		skip.Pipe("CLIENT REPLY SKIP", "SET l 1", "PING")
		skip.Expect("+PONG")
		a.Send("GET", "k")
		a.Held()
		b.Send("GET", "l")
		b.Held()
		s.Resume()
		a.Expect(`"1"`)
		b.Expect(`"1"`)
		off.Want("+PONG", "PING")
		skip.Want("+PONG", "PING")
	}})
}

func TestWB24AClientThatLeavesWhileHeld(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, b := s.Dial(), s.Dial()
		dropped := s.InfoInt("replies_dropped_held")
		s.Pause()
		a.Send("SET", "k", "v")
		a.Held()
		a.Close()
		s.Until("the reply is dropped", func() bool { return s.InfoInt("replies_dropped_held") == dropped+1 })
		s.Check(s.Info("reply_blocking_clients_waiting_ack") == "0", "a client that left still waits")
		b.Send("GET", "k")
		b.Held()
		s.Resume()
		b.Expect(`"v"`)
		s.Until("nothing is undurable", func() bool { return s.Info("reply_blocking_uncommitted_keys") == "0" })
		s.Restart(rules.PowerCut)
		s.Dial().Want(`"v"`, "GET", "k")
	}})
}

// There is no replication: nobody can be sent anything undurable. An export of
// a value is held like a read of it.
func TestWB25NothingUndurableLeavesForAReplicaOrAnExport(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		c := s.Dial()
		for _, one := range []string{"REPLICAOF 127.0.0.1 1", "SLAVEOF 127.0.0.1 1", "PSYNC ? -1", "SYNC", "REPLCONF capa eof",
			"MIGRATE 127.0.0.1 1 k 0 1"} {
			c.Pipe(one)
			c.Expect("-ERR *")
		}
		s.Check(s.Info("role") == "master" && s.Info("connected_slaves") == "0", "INFO replication")
		w, d := s.Dial(), s.Dial()
		s.Pause()
		w.Send("SET", "k", "v")
		w.Held()
		if known := c.Do("COMMAND", "INFO", "dump"); !strings.Contains(known, "nil") {
			d.Send("DUMP", "k")
			d.Held()
		}
		s.Resume()
		w.Expect("+OK")
	}})
}
