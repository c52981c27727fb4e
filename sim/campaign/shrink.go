package campaign

import (
	"fmt"
	"slices"
	"strings"

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
//   - fewer commands, each client's own number, and fewer clients;
//   - single commands taken out of the middle, those behind them moved up;
//   - all outcomes of one site to zero, then halves, quarters, single ones;
//   - what stays, lowered.
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
	s.set = WithoutSetting(tok.Settings, "commands")
	start := candidate{list: slices.Clone(r.Outcomes()), each: r.plan.shape.Each}
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
		s.commands()
		s.clients()
		s.sites()
		s.outcomes()
		s.lower()
		again = s.cur.size() < size
	}
	return Shrunk{Result: s.best, Before: before, Runs: s.runs}, nil
}

// candidate is a run to try.
type candidate struct {
	list []tape.Outcome
	each []int // commands of each client; nil: as drawn
}

func (c candidate) size() int {
	n := 2 * len(c.list)
	for _, k := range c.each {
		n += 1 + k
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
		t.Settings = WithSetting(s.set, "commands", b.String())
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
	res.Token = s.token(c)
	s.best = res
	if s.Progress != nil {
		s.Progress(s.runs, len(c.list))
	}
	return true
}

// commands gives each client fewer commands: first from the end, then single
// ones and runs of them from the middle.
func (s *shrinker) commands() {
	for c := 0; c < len(s.cur.each); c++ {
		for size := max(s.cur.each[c], 1); size >= 1; size /= 2 {
			for at := s.cur.each[c] - size; at > -size; at -= size {
				lo, hi := max(at, 0), min(at+size, s.cur.each[c])
				if lo >= hi || s.over() {
					continue
				}
				s.try(s.cur.withoutCommands(c, lo, hi))
			}
		}
	}
}

// withoutCommands takes commands [lo, hi) of client c out.
func (c candidate) withoutCommands(client, lo, hi int) candidate {
	out := candidate{each: slices.Clone(c.each)}
	out.each[client] -= hi - lo
	for _, o := range c.list {
		site := o.Label.Site()
		if a, b := o.Label.Indices(); a == client && perCommand(site) {
			if b >= lo && b < hi {
				continue
			}
			if b >= hi {
				o.Label = site.At2(a, b-(hi-lo))
			}
		}
		out.list = append(out.list, o)
	}
	return out
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
	out := candidate{each: slices.Delete(slices.Clone(c.each), client, client+1)}
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
			s.try(candidate{list, s.cur.each})
		}
	}
}

// outcomes turns runs of outcomes to zero, long ones first.
func (s *shrinker) outcomes() {
	for size := max(len(s.cur.list)/2, 1); size >= 1; size /= 2 {
		for at := len(s.cur.list) - size; at > -size && !s.over(); at -= size {
			lo, hi := max(at, 0), min(at+size, len(s.cur.list))
			if lo >= hi {
				continue
			}
			s.try(candidate{slices.Concat(s.cur.list[:lo], s.cur.list[hi:]), s.cur.each})
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
	return s.try(candidate{list, s.cur.each})
}

// WithSetting returns a token's settings with one of them set.
func WithSetting(set, name, value string) string {
	set = WithoutSetting(set, name)
	if set != "" {
		set += ","
	}
	return set + name + "=" + value
}

// WithoutSetting returns a token's settings without one of them.
func WithoutSetting(set, name string) string {
	kept := slices.DeleteFunc(strings.Split(set, ","), func(kv string) bool {
		return kv == "" || strings.HasPrefix(kv, name+"=")
	})
	return strings.Join(kept, ",")
}

// Setting returns the value of one entry of a token's settings, "" if none.
func Setting(set, name string) string {
	for _, kv := range strings.Split(set, ",") {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v
		}
	}
	return ""
}
