package rules_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"holdfast/sim/rules"
)

// field returns a figure of every client that CLIENT LIST shows.
func field(s *rules.S, ctl *rules.Client, name string) (all []int) {
	for _, m := range regexp.MustCompile(` `+name+`=(\d+)`).FindAllStringSubmatch(ctl.Do("CLIENT", "LIST"), -1) {
		n, err := strconv.Atoi(m[1])
		s.Assert(err == nil, "%v", err)
		all = append(all, n)
	}
	return all
}

// unread counts the clients that are not read from.
func unread(ctl *rules.Client) int { return strings.Count(ctl.Do("CLIENT", "LIST"), " events= ") }

// many are clients that send more than anybody takes, and get all of it in the
// end. The bounds are DESIGN.md's: 1 MiB of replies and the one that passes it,
// 64 KiB of input and what one look into a socket may bring.
func many(s *rules.S, clients, gets int, first string, hold func(*rules.Client), release func()) {
	const limit = 24 << 20
	big, echo := strings.Repeat("v", 8<<10), strings.Repeat("e", 1000)
	ctl := s.Dial()
	ctl.Want("+OK", "SET", "big", big)
	var all []*rules.Client
	for range clients {
		c := s.Dial()
		all = append(all, c)
		hold(c)
		c.Raw(strings.Repeat("*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n", gets))
		c.Raw(strings.Repeat("*2\r\n$4\r\nECHO\r\n$1000\r\n"+echo+"\r\n", 100))
	}
	s.Until("all are read no more", func() bool {
		used := s.InfoInt("used_memory")
		s.Assert(used <= limit, "%d bytes are in use", used)
		return unread(ctl) == clients
	})
	for _, n := range field(s, ctl, "obl") {
		s.Assert(n <= 1<<20+len(big)+64, "%d bytes of replies wait for a client", n)
	}
	for _, n := range field(s, ctl, "qbuf") {
		s.Assert(n <= 64<<10+1100+256<<10, "%d bytes of input wait", n)
	}
	waiting := 0
	for _, name := range []string{"obl", "qbuf"} {
		for _, n := range field(s, ctl, name) {
			waiting += n
		}
	}
	s.Check(s.InfoInt("mem_clients_normal") >= int64(waiting), "%d bytes wait and %s count", waiting, s.Info("mem_clients_normal"))
	release()
	for _, c := range all {
		if first != "" {
			c.Expect(first)
		}
		for range gets {
			c.ExpectBulk(big)
		}
		for range 100 {
			c.ExpectBulk(echo)
		}
	}
	s.Until("the buffers are given back", func() bool { return s.InfoInt("mem_clients_normal") < 1<<20 })
	s.Check(unread(ctl) == 0, "a client that drained is not read from")
}

func TestWB26HeldRepliesStopReadingAndResume(t *testing.T) {
	rules.Check(t, rules.Rule{Settings: []string{"maxmemory", "24mb"}, Run: func(s *rules.S) {
		held := 0
		many(s, 2, 140, "+OK", func(c *rules.Client) {
			if held++; held == 1 {
				s.Pause()
			}
			c.Send("SET", "k"+strconv.Itoa(held), "v")
		}, s.Resume)
	}})
}

// Partial requests count as what they have declared. What does not fit beside
// the rest is refused; the first may finish.
func TestWB26PartialRequestsCount(t *testing.T) {
	rules.Check(t, rules.Rule{Settings: []string{"maxmemory", "24mb"}, Run: func(s *rules.S) {
		const declared = 900 << 10
		var all []*rules.Client
		ctl := s.Dial()
		arrives := func(c *rules.Client, n int) {
			s.Until("it has come, or was refused", func() bool {
				line := ctl.Do("CLIENT", "LIST", "ID", c.ID())
				return line == `""` || strings.Contains(line, " qbuf="+strconv.Itoa(n)+" ")
			})
		}
		for i := range 40 {
			c := s.Dial()
			begun := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + strconv.Itoa(declared) + "\r\n" + strings.Repeat("p", 100)
			if i%2 == 0 { // the length in a later piece than the first
				c.Raw(begun[:1])
				arrives(c, 1)
				c.Raw(begun[1:])
			} else {
				c.Raw(begun)
			}
			arrives(c, len(begun))
			all = append(all, c)
			used := s.InfoInt("used_memory")
			s.Assert(used <= 24<<20, "%d bytes are in use", used)
		}
		s.Until("those too many are closed", func() bool { return s.InfoInt("connected_clients") < 40 })
		s.Assert(s.InfoInt("mem_clients_normal") > 2*declared, "partial requests do not count: %s", s.Info("mem_clients_normal"))
		last := all[len(all)-1].Gone()
		s.Assert(strings.HasPrefix(last, "-OOM"), "refused with %q", last)
		all[0].Raw("p")
		s.Advance(100)
		all[0].Raw(strings.Repeat("p", declared-101) + "\r\n")
		all[0].Expect("+OK")
		for _, c := range all[1:] {
			c.Close()
		}
		s.Until("the buffers are given back", func() bool { return s.InfoInt("mem_clients_normal") < 1<<20 })
	}})
}

func TestWB26SlowReadersStopReadingAndResume(t *testing.T) {
	rules.Check(t, rules.Rule{Simulated: true, Settings: []string{"maxmemory", "24mb"}, Run: func(s *rules.S) {
		var slow []*rules.Client
		many(s, 2, 240, "", func(c *rules.Client) {
			c.StopReading(true)
			slow = append(slow, c)
		}, func() {
			for _, c := range slow {
				c.StopReading(false)
			}
		})
	}})
}
