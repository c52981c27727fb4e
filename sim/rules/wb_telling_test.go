package rules_test

import (
	"testing"

	"holdfast/sim/rules"
)

func TestWB20NotificationsWaitAndKeepTheirOrder(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		s.Config("notify-keyspace-events", "KEA")
		w, l, l3 := s.Dial(), s.Dial(), s.Dial()
		l.Want(`["psubscribe" "__key*" :1]`, "PSUBSCRIBE", "__key*")
		l3.Do("HELLO", "3")
		l3.Want(`>["subscribe" "__keyevent@0__:del" :1]`, "SUBSCRIBE", "__keyevent@0__:del")
		w.Want("+OK", "SET", "k", "1")
		l.Expect(`["pmessage" "__key*" "__keyspace@0__:k" "set"]`, `["pmessage" "__key*" "__keyevent@0__:set" "k"]`)
		s.Pause()
		w.Pipe("SET k 2", "DEL k", "MSET a 1 b 2")
		w.Held()
		l.Held()
		l3.Held()
		l3.Send("PING") // a reply behind a message waits with it
		l3.Held()
		s.Resume()
		w.Expect("+OK", ":1", "+OK")
		for _, e := range [][2]string{{"k", "set"}, {"k", "del"}, {"a", "set"}, {"b", "set"}} {
			l.Expect(`["pmessage" "__key*" "__keyspace@0__:`+e[0]+`" "`+e[1]+`"]`, `["pmessage" "__key*" "__keyevent@0__:`+e[1]+`" "`+e[0]+`"]`)
		}
		l3.Expect(`>["message" "__keyevent@0__:del" "k"]`, "+PONG")
	}})
}

func TestWB20ExpiredEventWaitsForTheWriteThatExpires(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		s.Config("notify-keyspace-events", "Ex")
		w, l := s.Dial(), s.Dial()
		l.Want(`["subscribe" "__keyevent@0__:expired" :1]`, "SUBSCRIBE", "__keyevent@0__:expired")
		w.Want("+OK", "SET", "first", "1", "PX", "10000000000") // the ceiling of time is kept from here on
		s.Advance(5)
		s.Pause()
		w.Send("SET", "k", "1", "PX", "1")
		w.Held()
		s.Advance(30)
		l.Nothing()
		s.Resume()
		w.Expect("+OK")
		l.Expect(`["message" "__keyevent@0__:expired" "k"]`)
	}})
}

func TestWB20InvalidationsWaitAndNoneIsMissed(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, c, b := s.Dial(), s.Dial(), s.Dial()
		for _, k := range []*rules.Client{c, b} {
			k.Do("HELLO", "3")
		}
		c.Want("+OK", "CLIENT", "TRACKING", "ON")
		b.Want("+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "k")
		w.Want("+OK", "MSET", "k", "0", "l", "0")
		b.Expect(`>["invalidate" ["k"]]`)
		c.Want(`"0"`, "GET", "k")
		s.Pause()
		w.Send("SET", "k", "1")
		w.Held()
		c.Held()
		b.Held()
		held := s.InfoInt("reply_blocking_read_blocked_count")
		c.Send("MGET", "k", "l") // of the undurable value: held behind the message
		s.Until("the read has run", func() bool { return s.InfoInt("reply_blocking_read_blocked_count") > held })
		c.Nothing()
		w.Pipe("SET k 2", "SET l 2")
		w.Held()
		s.Resume()
		w.Expect("+OK", "+OK", "+OK")
		c.Expect(`>["invalidate" ["k"]]`, `["1" "0"]`, `>["invalidate" ["k"]]`, `>["invalidate" ["l"]]`)
		b.Expect(`>["invalidate" ["k"]]`, `>["invalidate" ["k"]]`)
	}})
}

func TestWB20FlushInvalidatesOnlyWhenDurable(t *testing.T) {
	for _, flush := range []string{"FLUSHALL", "FLUSHDB", "SWAPDB 0 1"} {
		rules.Check(t, rules.Rule{Run: func(s *rules.S) {
			w, c, r, old := s.Dial(), s.Dial(), s.Dial(), s.Dial()
			c.Do("HELLO", "3")
			c.Want("+OK", "CLIENT", "TRACKING", "ON")
			old.Want(`["subscribe" "__redis__:invalidate" :1]`, "SUBSCRIBE", "__redis__:invalidate")
			r.Want("+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", old.ID())
			w.Want("+OK", "SET", "k", "1")
			c.Want(`"1"`, "GET", "k")
			r.Want(`"1"`, "GET", "k")
			s.Pause()
			w.Pipe(flush)
			w.Held()
			c.Held()
			old.Held()
			s.Resume()
			w.Expect("+OK")
			c.Expect(`>["invalidate" nil]`)
			old.Expect(`["message" "__redis__:invalidate" nil]`)
		}})
	}
}

func TestWB20MonitorLinesWaitAndKeepTheirOrder(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, m := s.Dial(), s.Dial()
		w.Want("+OK", "SET", "k", "0")
		m.Want("+OK", "MONITOR")
		w.Want(`"0"`, "GET", "k")
		line(s, m, `"GET" "k"`)
		s.Pause()
		w.Pipe("SET k 1", "MULTI", "INCR n", "GET n", "eXeC", "PING")
		w.Held()
		m.Held()
		s.Resume()
		w.Expect("+OK", "+OK", "+QUEUED", "+QUEUED", `[:1 "1"]`, "+PONG")
		for _, words := range []string{`"SET" "k" "1"`, `"MULTI"`, `"INCR" "n"`, `"GET" "n"`, `"eXeC"`, `"PING"`} {
			line(s, m, words)
		}
	}})
}

// line demands the next line of MONITOR, whatever its time and address.
func line(s *rules.S, m *rules.Client, words string) {
	got := m.Reply()
	s.Assert(len(got) > len(words) && got[0] == '+' && got[len(got)-len(words)-2:] == "] "+words, "MONITOR said %s, not %s", got, words)
}

func TestWB21PublishWaitsForItsConnectionsWritesAndReads(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, reader, free, l := s.Dial(), s.Dial(), s.Dial(), s.Dial()
		w.Want("+OK", "SET", "k", "1")
		l.Want(`["subscribe" "ch" :1]`, "SUBSCRIBE", "ch")
		l.Want(`["ssubscribe" "sh" :1]`, "SSUBSCRIBE", "sh")
		s.Pause()
		free.Want(":1", "PUBLISH", "ch", "free")
		l.Expect(`["message" "ch" "free"]`)
		w.Pipe("SET k 2", "PUBLISH ch written", "SPUBLISH sh written")
		w.Held()
		told := func(n int64) { // published, each by a pipeline that may come in parts
			s.Until("messages wait", func() bool { return s.InfoInt("messages_waited_for_log") >= n })
		}
		told(2)
		reader.Pipe("GET k", "PUBLISH ch read")
		told(3)
		free.Want(":1", "PUBLISH", "ch", "behind") // in the order of publication
		l.Nothing()
		s.Resume()
		w.Expect("+OK", ":1", ":1")
		reader.Expect(`"2"`, ":1")
		l.Expect(`["message" "ch" "written"]`, `["smessage" "sh" "written"]`, `["message" "ch" "read"]`, `["message" "ch" "behind"]`)
	}})
}

func TestWB21PublishInExecIsPartOfTheUnit(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		s.Config("notify-keyspace-events", "E$")
		w, l := s.Dial(), s.Dial()
		l.Want(`["psubscribe" "*" :1]`, "PSUBSCRIBE", "*")
		s.Pause()
		w.Pipe("MULTI", "PUBLISH ch before", "SET k 1", "PUBLISH ch after", "EXEC")
		w.Expect("+OK", "+QUEUED", "+QUEUED", "+QUEUED")
		w.Held()
		l.Held()
		s.Resume()
		w.Expect("[:1 +OK :1]")
		l.Expect(`["pmessage" "*" "ch" "before"]`, `["pmessage" "*" "__keyevent@0__:set" "k"]`, `["pmessage" "*" "ch" "after"]`)
	}})
}

func TestWB21UnansweredWritesCountToo(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		w, l := s.Dial(), s.Dial()
		l.Want(`["subscribe" "ch" :1]`, "SUBSCRIBE", "ch")
		s.Pause()
		w.Pipe("CLIENT REPLY OFF", "SET k 1", "PUBLISH ch m", "CLIENT REPLY ON")
		l.Held()
		s.Resume()
		w.Expect("+OK")
		l.Expect(`["message" "ch" "m"]`)
	}})
}

// What a connection wrote while replies were not held is no less undurable when it
// publishes under always.
func TestWB20AMessageWaitsOverAChangeOfPolicy(t *testing.T) {
	for _, policy := range []string{"everysec", "no"} {
		t.Run(policy, func(t *testing.T) {
			rules.Check(t, rules.Rule{Run: func(s *rules.S) {
				w, l := s.Dial(), s.Dial()
				l.Want(`["subscribe" "news" :1]`, "SUBSCRIBE", "news")
				s.Config("appendfsync", policy)
				s.Pause()
				w.Want("+OK", "SET", "k", "1")
				s.Config("appendfsync", "always")
				w.Send("PUBLISH", "news", "k is 1")
				l.Held()
				s.Resume()
				w.Expect(":1")
				l.Expect(`["message" "news" "k is 1"]`)
				s.Restart(rules.PowerCut)
				s.Dial().Want(`"1"`, "GET", "k")
			}})
		})
	}
}
