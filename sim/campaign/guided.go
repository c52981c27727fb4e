package campaign

import (
	"slices"
	"sort"
	"time"

	"holdfast/sim/tape"
)

// Guided is a campaign that goes back to where it was rare: the prefix of a run
// that reached a seldom mark is replayed, and drawn anew from there. Half of
// the runs are fresh seeds. One worker; what runs next depends on what was
// found, so a run is its token, which is a recording, and not a seed.
type Guided struct {
	From, Seeds uint64
	Profile     string
	Settings    string
	Until       time.Time
	// Stop, if set, ends it at the first failure that it accepts.
	Stop func(*Result) bool
}

// bounds of what is kept.
const (
	prefixesPerMark = 12
	seldomOf        = 8 // the so many most seldom marks are gone back to
)

// prefix is a run up to a mark.
type prefix struct {
	outcomes []tape.Outcome
	cut      int // choices
	used     int
}

// Run runs it.
func (g *Guided) Run(progress func(done, failed, events, virtual int64)) (*Totals, error) {
	p, ok := tape.ProfileNamed(g.Profile)
	if !ok {
		return nil, errNoProfile(g.Profile)
	}
	t := newTotals()
	start := time.Now()
	r := NewRunner()
	r.tape.Record(true)
	r.markedAt = map[string]int{}
	kept := map[string][]*prefix{}
	for i := uint64(0); i < g.Seeds && (g.Until.IsZero() || time.Now().Before(g.Until)); i++ {
		clear(r.markedAt)
		tok := tape.Token{Seed: g.From + i, Profile: g.Profile, Settings: g.Settings}
		if from := pickPrefix(kept, t.Marks, i); i%2 == 1 && from != nil {
			from.used++
			r.tape.Resume(from.outcomes, from.cut, g.From+i, p)
		} else {
			r.tape.Seed(g.From+i, p)
		}
		res, err := r.run(tok, p.Name)
		if err != nil {
			return t, err
		}
		if res.Failure != nil {
			res.Token.Recorded, res.Token.Outcomes = true, slices.Clone(r.Outcomes())
		}
		t.add(&res, false)
		for name := range r.marks {
			keepPrefix(kept, name, r)
		}
		t.collect(r)
		if progress != nil && t.Runs%64 == 0 {
			progress(t.Runs, t.Failed, t.Events, t.Virtual)
		}
		if res.Failure != nil && g.Stop != nil && g.Stop(&res) {
			break
		}
	}
	t.Elapsed = time.Since(start)
	return t, nil
}

// keepPrefix notes the run just made as a way to a mark, in place of the one
// that was used most.
func keepPrefix(kept map[string][]*prefix, mark string, r *Runner) {
	cut := r.markedAt[mark]
	outcomes := r.Outcomes()
	end := sort.Search(len(outcomes), func(i int) bool { return int(outcomes[i].Order) >= cut })
	list := kept[mark]
	at := len(list)
	if at == prefixesPerMark {
		at = 0
		for i := range list {
			if list[i].used > list[at].used {
				at = i
			}
		}
		if list[at].used == 0 {
			return
		}
	} else {
		list = append(list, nil)
	}
	list[at] = &prefix{outcomes: slices.Clone(outcomes[:end]), cut: cut}
	kept[mark] = list
}

// pickPrefix chooses among the most seldom marks in turn, there the prefix that
// was used least.
func pickPrefix(kept map[string][]*prefix, seen map[string]int64, turn uint64) *prefix {
	names := make([]string, 0, len(kept))
	for name := range kept {
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil
	}
	sort.Slice(names, func(i, j int) bool {
		if seen[names[i]] != seen[names[j]] {
			return seen[names[i]] < seen[names[j]]
		}
		return names[i] < names[j]
	})
	list := kept[names[int(turn/2)%min(len(names), seldomOf)]]
	best := list[0]
	for _, p := range list[1:] {
		if p.used < best.used {
			best = p
		}
	}
	return best
}
