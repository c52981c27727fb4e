package campaign

import (
	"slices"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Explored is what became of a scope.
type Explored struct {
	Runs    int
	Deepest int // choices in scope that one run made
	States  int // distinct ones, at the ends of turns that chose something
	Cut     int // runs that came to a state that another had come to
	// Combinations is how many runs it takes without recognising states.
	Combinations float64
	Histories    int // distinct ones, as clients saw them
	// Outcomes are the histories, each with what failed in it.
	Outcomes map[uint64]bool
	Complete bool
	Crashes  int64
	Events   int64
	Seen     sched.Counts
	Failed   int
	Failures []Result // the first few
}

// ExploreOptions bound a walk.
type ExploreOptions struct {
	// Naive makes it take every combination, without recognising states.
	Naive bool
	Limit int         // runs; 0: no limit
	Stop  func() bool // asked before each run
	// Found, if set, is asked of each failed run; true ends the walk.
	Found func(*Result) bool
}

// Explore runs every combination of the scope's choices, or the first few of
// them. Nothing varies before the first command is sent, and nothing after the
// first restart: the checker's reads there take their harmless course.
//
// A run ends where it comes to a state of the world that another run has been
// in, for what can follow was, or will be, seen there. Crashes are runs of their
// own, see forks.
func (r *Runner) Explore(s Scope, opt ExploreOptions) (Explored, error) {
	armed := false
	o := tape.NewOdometer(r.inScope(s.menus(), s.From, &armed))
	out := Explored{Outcomes: map[uint64]bool{}}
	w := newWalk(r, o, opt.Naive)
	w.token, w.out, w.found = tape.Token{Profile: tape.Standard.Name, Settings: WithSetting("", "scope", s.Name)}, &out, opt.Found
	w.enough = func() bool { return opt.Limit > 0 && out.Runs >= opt.Limit || opt.Stop != nil && opt.Stop() }
	r.walk = w
	defer func() { r.walk = nil }()
	base := s.base()
	r.tape.Record(true)
	for {
		armed = false
		w.begin()
		r.tape.Enumerate(o, base)
		res, err := r.run(w.token, w.token.Profile)
		if err != nil {
			return out, err
		}
		w.end(res.Failure)
		w.count(&res, o.Depth(), func() []tape.Outcome { return slices.Clone(r.Outcomes()) })
		if out.Complete = !w.halted && !o.Next(); out.Complete || w.halted {
			w.sumUp(&out)
			return out, nil
		}
	}
}

// count counts a run that made so many choices in scope.
func (w *walk) count(res *Result, depth int, outcomes func() []tape.Outcome) {
	e := w.out
	e.Runs++
	e.Deepest = max(e.Deepest, depth)
	e.Crashes += int64(res.Crashes)
	e.Events += int64(res.Events)
	e.Seen.Add(&res.Seen)
	w.halted = w.halted || w.enough()
	if res.Failure == nil {
		return
	}
	e.Failed++
	f := *res
	f.Token.Recorded, f.Token.Outcomes = true, outcomes()
	if len(e.Failures) < maxKept {
		e.Failures = append(e.Failures, f)
	}
	w.halted = w.halted || w.found != nil && w.found(&f)
}

// inScope returns what to try at each choice.
func (r *Runner) inScope(menus [][]Vary, from int64, armed *bool) func(tape.Label, uint32, int) []int {
	crash, _ := tape.SiteNamed("crash")
	return func(l tape.Label, occ uint32, n int) []int {
		menu := menus[l.Site()]
		if menu == nil {
			return nil
		}
		if !*armed {
			*armed = r.work.Sent() && r.judge.Counts.Units >= from
		}
		if !*armed || r.world.Boots > 1 || r.world.Sched.IsCalm() {
			return nil
		}
		list := outcomes(menu, l, n)
		switch {
		case len(list) <= 1 || r.walk.naive:
		case r.walk.forks.active:
			return r.walk.forks.pick(l, list)
		case l.Site() == crash:
			r.walk.fork(r, l, occ, list)
			return nil // and then it goes on without
		}
		return list
	}
}

// outcomes returns those to try of a choice of n.
func outcomes(menu []Vary, l tape.Label, n int) []int {
	a, _ := l.Indices()
	for i := range menu {
		if menu[i].A < 0 || menu[i].A == a {
			list := menu[i].Outcomes
			for len(list) > 0 && list[len(list)-1] >= n {
				list = list[:len(list)-1]
			}
			return list
		}
	}
	return nil
}
