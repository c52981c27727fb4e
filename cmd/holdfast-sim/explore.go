package main

import (
	"fmt"
	"io"
	"time"

	"holdfast/sim/campaign"
)

// explore walks scopes to their end.
func explore(args []string, out, progress io.Writer) error {
	f := flags("explore")
	limit := f.Int("max", 2_000_000, "")
	budget := f.Duration("budget", 5*time.Minute, "")
	mutant := f.String("mutant", "", "")
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
	failed, complete := 0, 0
	for _, s := range chosen {
		start := time.Now()
		stop := func() bool { return time.Since(start) > *budget }
		e, err := campaign.NewRunner().Explore(s, *limit, stop)
		if err != nil {
			return err
		}
		failed += e.Failed
		state := "NOT COMPLETE"
		if e.Complete {
			state = "complete"
			complete++
		}
		fmt.Fprintf(out, "%-20s %s: %d runs, %d histories as clients saw them, up to %d choices, %d crashes, %d failed, %.1f s\n",
			s.Name, state, e.Runs, e.Histories, e.Deepest, e.Crashes, e.Failed, time.Since(start).Seconds())
		for i := range e.Failures {
			if i == 3 {
				break
			}
			e.Failures[i].Token.Settings = withMutant(e.Failures[i].Token.Settings, *mutant)
			tell(out, &e.Failures[i])
		}
	}
	fmt.Fprintf(out, "scopes: %d of %d complete, %d runs failed\n", complete, len(chosen), failed)
	if failed > 0 {
		return errFound
	}
	return nil
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
