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
}

// Explore runs every combination of the scope's choices, or the first few of
// them. Nothing varies before the first command is sent, and nothing after the
// first restart: the checker's reads there take their harmless course.
//
// A run ends where it comes to a state of the world that another run has been
// in, for what can follow was, or will be, seen there.
func (r *Runner) Explore(s Scope, opt ExploreOptions) (Explored, error) {
	armed := false
	o := tape.NewOdometer(r.inScope(s.menus(), s.From, &armed))
	tok := tape.Token{Profile: tape.Standard.Name, Settings: WithSetting("", "scope", s.Name)}
	out := Explored{Outcomes: map[uint64]bool{}}
	r.walk = newWalk(r, o, opt.Naive)
	defer func() { r.walk = nil }()
	base := s.base()
	r.tape.Record(true)
	for {
		armed = false
		r.walk.begin()
		r.tape.Enumerate(o, base)
		res, err := r.run(tok, tok.Profile)
		if err != nil {
			return out, err
		}
		r.walk.end(res.Failure)
		out.Runs++
		out.Deepest = max(out.Deepest, o.Depth())
		out.Crashes += int64(res.Crashes)
		out.Events += int64(res.Events)
		out.Seen.Add(&res.Seen)
		if res.Failure != nil {
			if out.Failed++; len(out.Failures) < maxKept {
				res.Token.Recorded, res.Token.Outcomes = true, slices.Clone(r.Outcomes())
				out.Failures = append(out.Failures, res)
			}
		}
		if out.Complete = !o.Next(); out.Complete || opt.Limit > 0 && out.Runs >= opt.Limit || opt.Stop != nil && opt.Stop() {
			r.walk.sumUp(&out)
			return out, nil
		}
	}
}

// inScope returns what to try at each choice.
func (r *Runner) inScope(menus [][]Vary, from int64, armed *bool) func(tape.Label, uint32, int) []int {
	return func(l tape.Label, _ uint32, n int) []int {
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
		a, _ := l.Indices()
		for i := range menu {
			if menu[i].A < 0 || menu[i].A == a {
				list := menu[i].Outcomes
				for len(list) > 0 && list[len(list)-1] >= n {
					list = list[:len(list)-1]
				}
				if len(list) > 1 && r.world.Engine() == nil {
					r.walk.crashing(r, l)
				}
				return list
			}
		}
		return nil
	}
}
