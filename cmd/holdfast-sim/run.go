package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"sort"

	"holdfast/sim/campaign"
	"holdfast/sim/judge"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// flags returns a flag set whose errors are one line.
func flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

func parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	return nil
}

func run(args []string, out, progress io.Writer) error {
	f := flags("run")
	seeds := f.Uint64("seeds", 1000, "")
	from := f.Uint64("from", 1, "")
	profile := f.String("profile", "standard", "")
	set := f.String("set", "", "")
	workers := f.Int("workers", runtime.GOMAXPROCS(0), "")
	twice := f.Bool("twice", false, "")
	hashes := f.Bool("hashes", false, "")
	noTwin := f.Bool("no-twin", false, "")
	mutant := f.String("mutant", "", "")
	noShrink := f.Bool("no-shrink", false, "")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%w: run takes no argument %q", errUsage, f.Arg(0))
	}
	if _, ok := tape.ProfileNamed(*profile); !ok {
		return fmt.Errorf("%w: no profile %q (%s)", errUsage, *profile, profileNames())
	}
	if *mutant != "" {
		if done, err := asMutant(*mutant, append([]string{"run"}, args...), out, progress); done {
			return err
		}
		*workers = 1 // the twin switches it off and on
		*set = withMutant(*set, *mutant)
	}
	c := campaign.Campaign{From: *from, Seeds: *seeds, Profile: *profile, Settings: *set, Workers: *workers, Twice: *twice, NoTwin: *noTwin}
	if *hashes {
		c.Each = func(r campaign.Result) { fmt.Fprintf(out, "seed %d hash %016x\n", r.Token.Seed, r.Hash) }
	}
	t, err := c.Run(func(done, failed int64) {
		fmt.Fprintf(progress, "\r%d of %d seeds, %d failed ", done, *seeds, failed)
	})
	fmt.Fprintln(progress)
	if err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	summary(out, t)
	if len(t.Failures) > 0 && !*noShrink {
		if err := smaller(t.Failures[0].Token, shrinkBudget, out, progress); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "seeds: %d passed, %d failed\n", t.Runs-t.Failed, t.Failed)
	if t.Failed > 0 {
		return errFound
	}
	return nil
}

func profileNames() (s string) {
	for i, p := range tape.Profiles() {
		if i > 0 {
			s += ", "
		}
		s += p.Name
	}
	return s
}

// summary prints what a campaign found and covered.
func summary(out io.Writer, t *campaign.Totals) {
	for i := range t.Failures {
		if i == 5 {
			fmt.Fprintf(out, "... and %d more\n", t.Failed-5)
			break
		}
		tell(out, &t.Failures[i])
	}
	signatures := map[string]int{}
	var names []string
	for i := range t.Failures {
		s := t.Failures[i].Failure.Signature()
		if signatures[s]++; signatures[s] == 1 {
			names = append(names, s)
		}
	}
	sort.Strings(names)
	for _, s := range names {
		fmt.Fprintf(out, "signature: %s (%d of the first %d)\n", s, signatures[s], len(t.Failures))
	}
	for _, s := range t.Diverged {
		fmt.Fprintf(out, "seed %d ran twice with two hashes: it is not deterministic\n", s)
	}
	n := float64(max(t.Runs, 1))
	fmt.Fprintf(out, "per run: %.0f commands answered, %.0f events, %.1f crashes, %.1f boots, %.0f choices; %.0f %% of runs crashed\n",
		float64(t.Answered)/n, float64(t.Events)/n, float64(t.Crashes)/n, float64(t.Boots)/n, float64(t.Choices)/n, 100*float64(t.WithCrash)/n)
	c := &t.Counts
	fmt.Fprintf(out, "per run: %.0f units, %.0f replies released, %.0f with values, %.0f held, %.1f refused, %.2f withdrawn, %.1f expired, %.2f aborted\n",
		float64(c.Units)/n, float64(c.Replies)/n, float64(c.Values)/n, float64(c.Held)/n, float64(c.Refused)/n,
		float64(c.Reruns)/n, float64(c.Expired)/n, float64(c.Aborted)/n)
	fmt.Fprint(out, "checks that could have failed:")
	for o := range judge.NumOracles {
		fmt.Fprintf(out, " %s %d", o, c.Checks[o])
	}
	fmt.Fprintln(out)
	fmt.Fprint(out, "faults observed:")
	for e := range sched.NumEffects {
		if t.Seen[e] > 0 {
			fmt.Fprintf(out, " %s %d,", e, t.Seen[e])
		}
	}
	fmt.Fprintln(out)
	marks := make([]string, 0, len(t.Marks))
	for m := range t.Marks {
		marks = append(marks, m)
	}
	sort.Strings(marks)
	for i, m := range marks {
		if i == 0 {
			fmt.Fprint(out, "rare states:")
		}
		fmt.Fprintf(out, " %s %d,", m, t.Marks[m])
	}
	fmt.Fprintf(out, "\n%.1f s, %.0f seeds/s, %.0f events/s\n", t.Elapsed.Seconds(), n/t.Elapsed.Seconds(), float64(t.Events)/t.Elapsed.Seconds())
}

// tell prints one failure.
func tell(out io.Writer, r *campaign.Result) {
	fmt.Fprintf(out, "seed %d: %s\n", r.Token.Seed, r.Failure.Signature())
	for _, line := range r.Failure.Story {
		fmt.Fprintf(out, "    %s\n", line)
	}
	fmt.Fprintf(out, "    replay: holdfast-sim replay %s\n", r.Token.Encode())
}

// withToken parses a command line of one token and flags and calls fn with the
// token, in a build that has the mutant which the token names.
func withToken(name string, f *flag.FlagSet, args []string, out, progress io.Writer, fn func(tape.Token) error) error {
	rest, err := parseMixed(f.Parse, f.Args, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("%w: holdfast-sim %s TOKEN", errUsage, name)
	}
	tok, err := tape.DecodeToken(rest[0])
	if err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	if _, ok := tape.ProfileNamed(tok.Profile); !ok {
		return fmt.Errorf("%w: the token names no profile of this program: %q (%s)", errUsage, tok.Profile, profileNames())
	}
	if tok.Unknown > 0 {
		fmt.Fprintf(progress, "%d outcomes of the token are for choices that this program does not make: the run may differ\n", tok.Unknown)
	}
	if m := campaign.Setting(tok.Settings, "mutant"); m != "" {
		if done, err := asMutant(m, append([]string{name}, args...), out, progress); done {
			return err
		}
	}
	return fn(tok)
}

// replay prints one run as prose.
func replay(args []string, out, progress io.Writer) error {
	f := flags("replay")
	last := f.Int("last", 4000, "")
	return withToken("replay", f, args, out, progress, func(tok tape.Token) error {
		r := campaign.NewRunner()
		r.Trace = *last
		res, err := r.Run(tok)
		if err != nil {
			return fmt.Errorf("%w: %v", errUsage, err)
		}
		lines, lost := r.Lines()
		if lost > 0 {
			fmt.Fprintf(out, "(%d earlier lines are not shown; --last N shows more)\n", lost)
		}
		for _, l := range lines {
			fmt.Fprintln(out, l)
		}
		fmt.Fprintf(out, "hash %016x, %d events, %d boots, %d crashes, %d commands answered\n", res.Hash, res.Events, res.Boots, res.Crashes, res.Answered)
		if res.Failure == nil {
			fmt.Fprintln(out, "the run passed")
			return nil
		}
		tell(out, &res)
		return errFound
	})
}
