package session

import (
	"bytes"
	"slices"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/latency"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// cmdStat is what INFO and LATENCY say of one command.
type cmdStat struct {
	calls, rejected, failed uint64
	ns                      uint64
	times                   latency.Histogram
}

// errStat counts the error replies that begin with one word.
type errStat struct {
	prefix string
	n      uint64
}

// maxErrStats bounds the words that are told apart.
const maxErrStats = 128

// lap is the quick commands that ran since the clock was last read. Its end is
// read once for all of them, and each is charged the same share.
type lap struct {
	begun int64 // ns; 0 until the clock is read
	n     int
	long  bool // the last has a long reply: it is charged for all
	ran   [aheadMax]ranCommand
}

type ranCommand struct {
	cmd  *command.Command
	args command.Args // valid until the pipeline is cut anew
}

// closeLap charges the commands of the lap and begins the next; it returns
// the reading between them.
func (s *Server) closeLap(c *conn) int64 {
	l := &s.lap
	if l.n == 0 && l.begun != 0 {
		return l.begun
	}
	now := s.book.Now()
	if l.n > 0 {
		took := max(now-l.begun, 0)
		each, last := took/int64(l.n), int64(0)
		if l.long {
			each, last = 0, took
		}
		for i := range l.ran[:l.n] {
			r := &l.ran[i]
			if i == l.n-1 {
				each += last
			}
			s.charge(c, r.cmd, r.args, each)
		}
		s.slowEvent(l.ran[0].cmd, took)
		l.n, l.long = 0, false
	}
	l.begun = now
	return now
}

// quickRan notes a quick command that has just run.
func (s *Server) quickRan(c *conn, cmd *command.Command, a command.Args) {
	l := &s.lap
	l.ran[l.n] = ranCommand{cmd, a}
	if l.n++; l.n == len(l.ran) {
		s.closeLap(c)
	}
}

// slowRan charges a command that was measured alone from begun on.
func (s *Server) slowRan(c *conn, cmd *command.Command, a command.Args, begun int64) {
	if s.since != 0 {
		begun, s.since = s.since, 0
	}
	took := max(s.book.Now()-begun, 0)
	s.lap.begun = 0
	s.charge(c, cmd, a, took)
	s.slowEvent(cmd, took)
}

// stat returns what is counted of a command.
func (s *Server) stat(cmd *command.Command) *cmdStat {
	if st := s.cmds[cmd.ID]; st != nil {
		return st
	}
	st := &cmdStat{}
	s.cmds[cmd.ID] = st
	return st
}

func (s *Server) charge(c *conn, cmd *command.Command, a command.Args, ns int64) {
	st := s.stat(cmd)
	st.calls++
	st.ns += uint64(ns)
	s.stats.Commands++
	if s.cfg.LatencyTracking {
		st.times.Record(ns)
	}
	if limit := s.cfg.SlowlogSlowerThan; limit >= 0 && ns >= limit*1000 {
		s.slow(c, cmd, a, ns/1000)
	}
}

// exact reports whether quick commands too are measured one by one: somebody
// looks for what takes less than a millisecond.
func (s *Server) exact() bool { return uint64(s.cfg.SlowlogSlowerThan) < 1000 }

func (s *Server) slowEvent(cmd *command.Command, ns int64) {
	name := "command"
	if cmd.Is(command.Fast) {
		name = "fast-command"
	}
	s.book.Slow(name, ns)
}

// rejected counts a command that was refused before it ran.
func (s *Server) rejected() {
	if s.current != nil {
		s.stat(s.current).rejected++
		s.current = nil
	}
}

// countError counts an error reply by its first word. cmd, if not nil, is the
// command that ran and failed.
func (s *Server) countError(reply []byte, cmd *command.Command) {
	s.stats.Errors++
	if cmd != nil {
		s.stat(cmd).failed++
	}
	word := reply[1:]
	if i := bytes.IndexAny(word, " \r"); i >= 0 {
		word = word[:i]
	}
	for i := range s.errs {
		if e := &s.errs[i]; e.prefix == string(word) {
			e.n++
			return
		}
	}
	if len(s.errs) < maxErrStats {
		i, _ := slices.BinarySearchFunc(s.errs, string(word), func(e errStat, w string) int { return strings.Compare(e.prefix, w) })
		s.errs = slices.Insert(s.errs, i, errStat{string(word), 1})
	}
}

// resetStats is CONFIG RESETSTAT.
func (s *Server) resetStats() {
	s.stats, s.errs, s.rates = Stats{}, nil, rates{}
	clear(s.cmds)
	s.book.Reset()
	*s.state.Counts() = tx.Counts{}
}

// A rate is the mean of the last sixteen samples, about a tenth of a second
// each; while nothing happens none are taken, and the next covers that time.
const (
	rateSamples = 16
	rateEvery   = unit.Time(100_000)
)

// rates are INFO's instantaneous figures, per second.
type rates struct {
	at           unit.Time
	ops, in, out uint64 // totals at that time
	next         int
	sample       [rateSamples][3]uint64
}

// Sample takes the totals into the rates when it is time to, and reports
// whether it was.
func (s *Server) Sample(now unit.Time) bool {
	r := &s.rates
	took := now - r.at
	if took < rateEvery {
		return false
	}
	v := [3]uint64{s.stats.Commands - r.ops, s.stats.NetIn - r.in, s.stats.NetOut - r.out}
	for i := range v {
		v[i] = v[i] * 1_000_000 / uint64(took)
	}
	for range min(took/rateEvery, rateSamples) {
		r.sample[r.next] = v
		r.next = (r.next + 1) % rateSamples
	}
	r.at, r.ops, r.in, r.out = now, s.stats.Commands, s.stats.NetIn, s.stats.NetOut
	return true
}

// rate returns the i-th of operations, bytes in and bytes out per second.
func (s *Server) rate(i int) uint64 {
	sum := uint64(0)
	for _, v := range s.rates.sample {
		sum += v[i]
	}
	return sum / rateSamples
}
