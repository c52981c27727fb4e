package campaign

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/sim/client"
	"holdfast/sim/tape"
)

// Shrunk is a failure made smaller.
type Shrunk struct {
	Result
	Before int // outcomes other than zero in the run as it was
	Runs   int // candidates that were tried
}

// Faults counts the decisions that break something.
func (s *Shrunk) Faults() (n int) {
	for _, o := range s.Token.Outcomes {
		if o.Label.Site().Group() >= tape.DiskFault || strings.HasPrefix(o.Label.String(), "run/crash") {
			n++
		}
	}
	return n
}

// ShrinkOptions bound a search. The zero value tries 20,000 candidates.
type ShrinkOptions struct {
	Runs     int
	Stop     func() bool               // asked before each candidate
	Progress func(runs, decisions int) // told after each success
}

// Shrink looks for a smaller run with the same signature. Zero is the benign
// outcome everywhere, so less is calmer. It works on everything at once,
// because all of it is one list of outcomes:
//
//   - what happened between two sends left out;
//   - fewer clients, and fewer commands of each, from the end;
//   - commands taken out of the middle, those behind them moved up, and the
//     pipeline or transaction that they were in made shorter;
//   - all outcomes of one site to zero, then halves, quarters, single ones;
//   - what stays, lowered;
//   - commands that only let time pass, replaced by one that waits.
//
// The result does not depend on the machine unless Stop does.
func Shrink(tok tape.Token, o ShrinkOptions) (Shrunk, error) {
	r := NewRunner()
	r.tape.Record(true)
	res, err := r.Run(tok)
	if err != nil || res.Failure == nil {
		return Shrunk{Result: res}, err
	}
	if o.Runs <= 0 {
		o.Runs = 20_000
	}
	s := &shrinker{r: r, want: res.Failure.Signature(), best: res, ShrinkOptions: o}
	s.set = WithoutSetting(WithoutSetting(tok.Settings, "commands"), "total")
	start := candidate{list: slices.Clone(r.Outcomes()), each: r.plan.shape.Each, total: int(r.plan.total)}
	if start.each == nil {
		for range r.plan.shape.Clients {
			start.each = append(start.each, r.plan.shape.Commands)
		}
	}
	before := len(start.list)
	s.cur = start
	s.best.Token = s.token(start)
	if !s.try(start) { // the setting cannot be pinned: shrink outcomes alone
		s.cur.each = nil
		s.best.Token = s.token(s.cur)
	}
	for again := true; again && !s.over(); {
		size := s.cur.size()
		s.unsent()
		s.middles()
		s.pipelines(8) // shorter runs first: they are faster to try
		s.clients()
		s.sites()
		s.instants()
		s.outcomes(16)
		s.pipelines(0)
		s.commands()
		s.groups()
		s.outcomes(0)
		s.lower()
		s.waits()
		again = s.cur.size() < size
	}
	return Shrunk{Result: s.best, Before: before, Runs: s.runs}, nil
}

// candidate is a run to try.
type candidate struct {
	list []tape.Outcome
	each []int // commands of each client; nil: as drawn
	// total is the number of commands by which the time of a crash is reckoned.
	total int
}

func (c candidate) size() int {
	n := 2 * len(c.list)
	for _, k := range c.each {
		n += 1 + 2*k
	}
	for _, o := range c.list {
		if o.Value > 1 {
			n++
		}
	}
	return n
}

type shrinker struct {
	ShrinkOptions
	r    *Runner
	want string
	set  string // the settings but for commands
	best Result
	cur  candidate
	runs int
	// begun has for each client where its sends began.
	begun [][]client.Start
}

func (s *shrinker) over() bool { return s.runs >= s.Runs || s.Stop != nil && s.Stop() }

func (s *shrinker) token(c candidate) tape.Token {
	t := s.best.Token
	t.Recorded, t.Outcomes, t.Settings = true, c.list, s.set
	if c.each != nil {
		var b strings.Builder
		for i, n := range c.each {
			if i > 0 {
				b.WriteByte('/')
			}
			fmt.Fprint(&b, n)
		}
		t.Settings = WithSetting(WithSetting(s.set, "commands", b.String()), "total", fmt.Sprint(c.total))
	}
	return t
}

// try keeps a candidate if it fails in the same way.
func (s *shrinker) try(c candidate) bool {
	if s.over() {
		return false
	}
	s.runs++
	res, err := s.r.Run(s.token(c))
	if err != nil || res.Failure == nil || res.Failure.Signature() != s.want {
		return false
	}
	// What the run really used, so that outcomes of places it no longer
	// reaches fall away.
	if used := s.r.Outcomes(); len(used) <= len(c.list) {
		c.list = slices.Clone(used)
	}
	s.cur = c
	s.begun = s.begun[:0]
	for i := range c.each {
		s.begun = append(s.begun, slices.Clone(s.r.work.Starts(i)))
	}
	res.Token = s.token(c)
	s.best = res
	if s.Progress != nil {
		s.Progress(s.runs, len(c.list))
	}
	return true
}

// clients takes whole clients out.
func (s *shrinker) clients() {
	for c := len(s.cur.each) - 1; c >= 0 && len(s.cur.each) > 1; c-- {
		if !s.try(s.cur.withoutClient(c)) && s.cur.each[c] == 0 {
			// Those behind it may depend on their number: leave it, idle.
			continue
		}
	}
}

func (c candidate) withoutClient(client int) candidate {
	out := candidate{each: slices.Delete(slices.Clone(c.each), client, client+1), total: c.total}
	for _, o := range c.list {
		site := o.Label.Site()
		if a, b := o.Label.Indices(); perClient(site) {
			if a == client {
				continue
			}
			if a > client {
				o.Label = site.At2(a-1, b)
			}
		}
		out.list = append(out.list, o)
	}
	return out
}

func perClient(s tape.Site) bool  { return strings.HasPrefix(s.String(), "client #/") }
func perCommand(s tape.Site) bool { return strings.HasPrefix(s.String(), "client #/command #/") }

// sites turns everything one site chose to zero.
func (s *shrinker) sites() {
	var seen []tape.Site
	for _, o := range s.cur.list {
		if !slices.Contains(seen, o.Label.Site()) {
			seen = append(seen, o.Label.Site())
		}
	}
	for _, site := range seen {
		list := slices.DeleteFunc(slices.Clone(s.cur.list), func(o tape.Outcome) bool { return o.Label.Site() == site })
		if len(list) < len(s.cur.list) {
			s.try(candidate{list, s.cur.each, s.cur.total})
		}
	}
}

// least is the shortest run of n to look at.
func least(n, part int) int {
	if part == 0 {
		return 1
	}
	return max(n/part, 1)
}

// outcomes turns runs of outcomes to zero, long ones first, down to a part of all.
func (s *shrinker) outcomes(part int) {
	for size, least := max(len(s.cur.list)/2, 1), least(len(s.cur.list), part); size >= least; size /= 2 {
		for at := len(s.cur.list) - size; at > -size && !s.over(); at -= size {
			lo, hi := max(at, 0), min(at+size, len(s.cur.list))
			if lo >= hi {
				continue
			}
			s.try(candidate{slices.Concat(s.cur.list[:lo], s.cur.list[hi:]), s.cur.each, s.cur.total})
		}
	}
}

// lower tries the least outcome for each that is left, then halves.
func (s *shrinker) lower() {
	for i := 0; i < len(s.cur.list); i++ {
		for i < len(s.cur.list) && s.cur.list[i].Value > 1 {
			if s.lowerTo(i, 1) || s.lowerTo(i, s.cur.list[i].Value/2) || s.lowerTo(i, s.cur.list[i].Value-1) {
				continue
			}
			break
		}
	}
}

func (s *shrinker) lowerTo(i int, v uint32) bool {
	list := slices.Clone(s.cur.list)
	list[i].Value = v
	return s.try(candidate{list, s.cur.each, s.cur.total})
}
