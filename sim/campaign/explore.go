package campaign

import (
	"slices"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Explored is what became of a scope.
type Explored struct {
	Runs      int
	Deepest   int // choices in scope that one run made
	Histories int // distinct ones, as clients saw them
	Complete  bool
	Crashes   int64
	Seen      sched.Counts
	Failed    int
	Failures  []Result // the first few
}

// Explore runs every combination of the scope's choices, or the first max of
// them. Nothing varies before the first command is sent, and nothing after the
// first restart: the checker's reads there take their harmless course.
func (r *Runner) Explore(s Scope, limit int, stop func() bool) (Explored, error) {
	menus := s.menus()
	base := s.base()
	armed := false
	o := tape.NewOdometer(func(l tape.Label, _ uint32, n int) []int {
		menu := menus[l.Site()]
		if menu == nil {
			return nil
		}
		if !armed {
			armed = r.work.Sent() && r.judge.Counts.Units >= s.From
		}
		if !armed || r.world.Boots > 1 || r.world.Sched.IsCalm() {
			return nil
		}
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
	})
	tok := tape.Token{Profile: tape.Standard.Name, Settings: WithSetting("", "scope", s.Name)}
	var out Explored
	seen := map[uint64]bool{}
	r.said = map[uint64]uint64{}
	defer func() { r.said = nil }()
	r.tape.Record(true)
	for {
		armed = false
		clear(r.said)
		r.tape.Enumerate(o, base)
		res, err := r.run(tok, tok.Profile)
		if err != nil {
			return out, err
		}
		out.Runs++
		out.Deepest = max(out.Deepest, o.Depth())
		out.Crashes += int64(res.Crashes)
		out.Seen.Add(&res.Seen)
		seen[r.history()] = true
		if res.Failure != nil {
			if out.Failed++; len(out.Failures) < maxKept {
				res.Token.Recorded, res.Token.Outcomes = true, slices.Clone(r.Outcomes())
				out.Failures = append(out.Failures, res)
			}
		}
		if out.Complete = !o.Next(); out.Complete || out.Runs >= limit || stop != nil && stop() {
			out.Histories = len(seen)
			return out, nil
		}
	}
}

// hear notes what a connection is told.
func (r *Runner) hear(conn uint64, p []byte) {
	if r.said != nil {
		r.said[conn] = r.said[conn]*0x9e3779b97f4a7c15 + sched.Sum(p)
	}
}

// history sums up what all connections were told.
func (r *Runner) history() (h uint64) {
	for conn, said := range r.said {
		h ^= (conn + 1) * (said | 1) // in no order
	}
	return h
}
