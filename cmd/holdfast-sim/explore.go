package main

import (
	"fmt"
	"io"
	"maps"
	"time"

	"holdfast/sim/campaign"
)

// explore walks scopes to their end.
func explore(args []string, out, progress io.Writer) error {
	f := flags("explore")
	limit := f.Int("max", 2_000_000, "")
	budget := f.Duration("budget", 5*time.Minute, "")
	mutant := f.String("mutant", "", "")
	naive := f.Bool("naive", false, "")
	all := f.Bool("mutants", false, "")
	names, err := parseMixed(f.Parse, f.Args, args)
	if err != nil {
		return err
	}
	if *mutant != "" {
		if done, err := asMutant(*mutant, append([]string{"explore"}, args...), out, progress); done {
			return err
		}
	}
	var chosen []campaign.Scope
	for _, name := range names {
		s, ok := campaign.ScopeNamed(name)
		if !ok {
			return fmt.Errorf("%w: no scope %q (%s)", errUsage, name, scopeNames())
		}
		chosen = append(chosen, s)
	}
	if len(names) == 0 {
		chosen = campaign.Scopes()
	}
	if *all {
		return exploreMutants(chosen, *limit, *budget, out, progress)
	}
	var t tour
	for _, s := range chosen {
		e, took, err := t.explore(s, campaign.ExploreOptions{Limit: *limit}, *budget)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-22s %s: %.4g combinations in %d runs (%.1f times fewer), %d states, %d outcomes, up to %d choices, %d crashes, %d failed, %.1f s\n",
			s.Name, whole(e), e.Combinations, e.Runs, fewer(e), e.States, len(e.Outcomes), e.Deepest, e.Crashes, e.Failed, took)
		for i := range e.Failures {
			if i == 3 {
				break
			}
			e.Failures[i].Token.Settings = withMutant(e.Failures[i].Token.Settings, *mutant)
			tell(out, &e.Failures[i])
		}
		if *naive {
			if err := t.compare(s, e, campaign.ExploreOptions{Limit: *limit, Naive: true}, *budget, out); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(out, "scopes: %d of %d complete, %d runs failed, %d take %d times fewer runs and at most %v (the aim: %d scopes)\n",
		t.complete, len(chosen), t.failed, t.reach, aimFewer, aimTime, aimScopes)
	if t.failed+t.differ > 0 {
		return errFound
	}
	return nil
}

// What exploration is to reach.
const (
	aimScopes = 6
	aimFewer  = 10
	aimTime   = 5 * time.Minute
)

// tour is a walk over several scopes.
type tour struct{ failed, complete, differ, reach int }

func (t *tour) explore(s campaign.Scope, opt campaign.ExploreOptions, budget time.Duration) (campaign.Explored, float64, error) {
	start := time.Now()
	opt.Stop = func() bool { return time.Since(start) > budget }
	e, err := campaign.NewRunner().Explore(s, opt)
	if !opt.Naive {
		t.failed += e.Failed
		if e.Complete {
			t.complete++
			if fewer(e) >= aimFewer && time.Since(start) <= aimTime {
				t.reach++
			}
		}
	}
	return e, time.Since(start).Seconds(), err
}

// compare takes the walk that recognises no states, and demands the same
// outcomes and as many combinations.
func (t *tour) compare(s campaign.Scope, e campaign.Explored, opt campaign.ExploreOptions, budget time.Duration, out io.Writer) error {
	n, took, err := t.explore(s, opt, budget)
	if err != nil {
		return err
	}
	verdict := "the same outcomes and combinations"
	switch {
	case !n.Complete || !e.Complete:
		verdict = "nothing to compare, a walk was cut short"
	case !maps.Equal(n.Outcomes, e.Outcomes) || n.Combinations != e.Combinations:
		verdict = fmt.Sprintf("OTHERS: %.0f combinations, %d outcomes", n.Combinations, len(n.Outcomes))
		t.differ++
	}
	fmt.Fprintf(out, "    naive: %d runs, %.1f s: %s\n", n.Runs, took, verdict)
	return nil
}

// fewer is how many times as many runs it takes without recognising states.
func fewer(e campaign.Explored) float64 { return e.Combinations / float64(max(e.Runs, 1)) }

func whole(e campaign.Explored) string {
	if e.Complete {
		return "complete"
	}
	return "NOT COMPLETE"
}

func withMutant(set, name string) string {
	if name == "" {
		return set
	}
	return campaign.WithSetting(set, "mutant", name)
}

func scopeNames() (s string) {
	for i, sc := range campaign.Scopes() {
		if i > 0 {
			s += ", "
		}
		s += sc.Name
	}
	return s
}
