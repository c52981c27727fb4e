package campaign

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/sim/client"
	"holdfast/sim/judge"
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
//   - commands taken out, of one client or of all at a time, those behind them
//     moved up, pipelines and transactions made shorter by what they lose; what
//     happened meanwhile goes too, or happens after the command before;
//   - clients without commands;
//   - all outcomes of one site to zero, then halves, quarters, single ones;
//   - planned ends of the process made into ends at a moment;
//   - commands that only let time pass, replaced by a pause, or by a run that goes
//     on when all has been sent;
//   - what stays, lowered and made to happen sooner;
//   - settings under which the log and memory fill sooner, if that saves commands.
//
// It ends when nothing of this helps, so what it has made small stays as it is. The
// result does not depend on the machine unless Stop does.
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
	s.cur = candidate{list: slices.Clone(r.Outcomes()), total: int(r.plan.total)}
	for i := range r.plan.shape.Clients {
		s.cur.each = append(s.cur.each, r.plan.shape.Commands)
		if r.plan.shape.Each != nil {
			s.cur.each[i] = r.plan.shape.Each[i]
		}
	}
	if r.plan.shape.Script != nil {
		s.cur.each = nil // as the scope says
	}
	before := len(s.cur.list)
	if !s.fails(&s.cur) { // the setting cannot be pinned: shrink outcomes alone
		s.cur.each = nil
		s.fails(&s.cur)
	}
	for kept := -1; kept != s.kept && !s.over(); {
		kept = s.kept
		s.unsent()
		s.sends(16)
		s.sites()
		s.ends()
		s.sends(1)
		s.clients()
		s.outcomes(16)
		s.commands()
		s.outcomes(0)
		s.lower()
		s.waits()
		s.sooner()
		s.hasten()
	}
	return Shrunk{Result: s.best, Before: before, Runs: s.runs}, nil
}

// candidate is a run to try.
type candidate struct {
	list []tape.Outcome
	each []int // commands of each client; nil: as drawn
	// total is the number of commands by which the times of planned ends are reckoned.
	total int
}

// less compares two candidates: by decisions and commands, then by how far all is
// from harmless and early.
func (c *candidate) less(d *candidate) bool {
	a, b := c.size(), d.size()
	return a < b || a == b && c.far() < d.far()
}

func (c *candidate) size() int {
	n := 2 * len(c.list)
	for _, k := range c.each {
		n += 1 + 4*k
	}
	return n
}

func (c *candidate) far() (n uint64) {
	for _, o := range c.list {
		n += uint64(o.Value) + uint64(o.Occurrence)
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
	kept int // candidates that were smaller
	view view
}

// view is what the run of the current candidate tells of itself.
type view struct {
	drawn   [][]client.Drawn
	moments []tape.Moment
	asked   tape.Asked
	ends    [2]tape.Outcome // that do what the planned ends did; value 0: it did not come
}

func (s *shrinker) over() bool { return s.runs >= s.Runs || s.Stop != nil && s.Stop() }

func (s *shrinker) token(c *candidate) tape.Token {
	t := s.best.Token
	t.Recorded, t.Outcomes, t.Settings = true, c.list, s.set
	if c.each == nil {
		return t
	}
	var b strings.Builder
	for i, n := range c.each {
		if i > 0 {
			b.WriteByte('/')
		}
		fmt.Fprint(&b, n)
	}
	t.Settings = WithSetting(s.set, "commands", b.String())
	if slices.ContainsFunc(c.list, func(o tape.Outcome) bool { return o.Label.Site() == siteWhen }) {
		t.Settings = WithSetting(t.Settings, "total", fmt.Sprint(c.total))
	}
	return t
}

// try keeps a candidate if it is smaller and fails in the same way.
func (s *shrinker) try(c candidate) bool {
	if s.over() || !c.less(&s.cur) {
		return false
	}
	s.runs++
	if !s.fails(&c) {
		return false
	}
	s.kept++
	if s.Progress != nil {
		s.Progress(s.runs, len(c.list))
	}
	return true
}

// fails runs a candidate and, if it fails in the same way, makes it the current
// one, without what the run did not use. Most do not, so they run without the twin
// first, where that is not who complains, not for much longer than it took, and with
// little patience.
func (s *shrinker) fails(c *candidate) bool {
	tok := s.token(c)
	if s.kept > 0 {
		s.r.NoTwin, s.r.limit = !strings.HasPrefix(s.want, judge.Twin.String()), 2*s.best.Events+slack
		s.r.hasty = s.best.Events > maxDrain/2
		_, same := s.same(tok)
		if s.r.NoTwin, s.r.limit, s.r.hasty = false, 0, false; !same {
			return false
		}
	}
	res, same := s.same(tok)
	if !same {
		return false
	}
	if used := s.r.Outcomes(); len(used) <= len(c.list) {
		c.list = slices.Clone(used)
	}
	s.look(c)
	s.cur = *c
	res.Token = s.token(c)
	s.best = res
	return true
}

// slack is how many events more a candidate may take than twice as many.
const slack = 2000

// same runs a token and says whether it fails in the same way.
func (s *shrinker) same(tok tape.Token) (Result, bool) {
	res, err := s.r.Run(tok)
	return res, err == nil && res.Failure != nil && res.Failure.Signature() == s.want
}

// look notes what the run just made tells of itself.
func (s *shrinker) look(c *candidate) {
	v := view{moments: slices.Clone(s.r.tape.Moments())}
	s.r.tape.Asked(&v.asked)
	for i := range s.r.plan.crashes {
		v.ends[i] = s.r.plan.crashes[i].as
	}
	for i, n := range c.each {
		var list []client.Drawn
		if s.best.Meta {
			for k := range n {
				list = append(list, client.Drawn{Send: k, Multi: k})
			}
		} else {
			list = slices.Clone(s.r.work.Drawn(i))
		}
		v.drawn = append(v.drawn, list)
	}
	s.view = v
}
