package main

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant/active"
)

// exploreMutants puts back the bugs that scopes name, and demands that each is
// caught by exploring the scope, in the way its file says.
func exploreMutants(scopes []campaign.Scope, limit int, budget time.Duration, out, progress io.Writer) error {
	var names []string
	for _, s := range scopes {
		names = append(names, s.Mutants...)
	}
	slices.Sort(names)
	root, _, chosen, err := bank(slices.Compact(names))
	if err != nil {
		return err
	}
	tried, caught, with := 0, 0, 0
	err = withBuild(root, chosen, progress, func(bin string) error {
		for _, s := range scopes {
			before := caught
			for _, name := range s.Mutants {
				tried++
				cmd := exec.Command(bin, "walk", s.Name, name, "--max", fmt.Sprint(limit), "--budget", budget.String())
				cmd.Dir = root
				text, err := cmd.CombinedOutput()
				fmt.Fprintf(out, "%-22s %s\n", s.Name, strings.TrimRight(string(text), "\n"))
				if err == nil {
					caught++
				}
			}
			if caught > before {
				with++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "explored mutants: caught %d of %d, in %d of %d scopes\n", caught, tried, with, len(scopes))
	if caught < tried {
		return errFound
	}
	return nil
}

// walkMutant walks a scope until its mutant fails in the way that it must, and
// makes sure that it is the mutant that fails.
func walkMutant(args []string, out io.Writer) error {
	f := flags("walk")
	limit := f.Int("max", 2_000_000, "")
	budget := f.Duration("budget", 5*time.Minute, "")
	names, err := parseMixed(f.Parse, f.Args, args)
	if err != nil {
		return err
	}
	if len(names) != 2 {
		return fmt.Errorf("%w: walk SCOPE MUTANT", errUsage)
	}
	s, ok := campaign.ScopeNamed(names[0])
	_, _, chosen, err := bank(names[1:])
	if err != nil {
		return err
	}
	if !ok || !active.Set(chosen[0].Name) {
		return fmt.Errorf("%w: no scope %q, or no mutant %q in this build", errUsage, names[0], names[1])
	}
	start, h := time.Now(), &hunt{m: &chosen[0], r: campaign.NewRunner(), others: map[string]int{}}
	caught := ""
	opt := campaign.ExploreOptions{Limit: *limit, Stop: func() bool { return time.Since(start) > *budget }}
	opt.Found = func(res *campaign.Result) bool {
		caught = h.blamed(res)
		return caught != ""
	}
	e, err := campaign.NewRunner().Explore(s, opt)
	if err != nil {
		return err
	}
	if caught == "" {
		return h.survived(int64(e.Runs), out)
	}
	h.caught(int64(e.Runs), start, caught, out)
	return nil
}

// blamed returns the signature of a failed run if it is the mutant's: replayed,
// it fails in the same way, and not without the mutant.
func (h *hunt) blamed(res *campaign.Result) string {
	sig := res.Failure.Signature()
	defer active.Set(h.m.Name)
	for _, name := range []string{h.m.Name, ""} {
		active.Set(name)
		again, err := h.r.Run(res.Token)
		if err != nil || (again.Failure != nil) != (name != "") || again.Failure != nil && again.Failure.Signature() != sig {
			h.others["(not when replayed) "+sig]++
			return ""
		}
	}
	if !h.m.Catches(sig) {
		h.others[sig]++
		return ""
	}
	return sig
}
