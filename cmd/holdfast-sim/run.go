package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"sort"
	"strings"
	"time"

	"holdfast/sim/campaign"
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
	guided := f.Bool("guided", false, "")
	asJSON := f.Bool("json", false, "")
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
		c.Each = func(r campaign.Result, _ *campaign.Totals) {
			fmt.Fprintf(out, "seed %d hash %016x\n", r.Token.Seed, r.Hash)
		}
	}
	show := newMeter(progress, *seeds).show
	var t *campaign.Totals
	var err error
	if *guided {
		g := campaign.Guided{From: *from, Seeds: *seeds, Profile: *profile, Settings: *set}
		t, err = g.Run(show)
	} else {
		t, err = c.Run(show)
	}
	fmt.Fprintln(progress)
	if err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	sum := c.Summarise(t, t.Elapsed.Seconds())
	if *asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(sum); err != nil {
			return err
		}
	} else if err := tellAll(out, progress, t, sum, *noShrink); err != nil {
		return err
	}
	if t.Failed > 0 || len(sum.TooQuiet()) > 0 {
		return errFound
	}
	return nil
}

// tellAll prints what a campaign found and covered.
func tellAll(out, progress io.Writer, t *campaign.Totals, sum *campaign.Summary, noShrink bool) error {
	tellFailures(out, t)
	tellCoverage(out, sum)
	if len(t.Failures) > 0 && !noShrink {
		if err := smaller(t.Failures[0].Token, shrinkBudget, out, progress); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "seeds: %d passed, %d failed\n", t.Runs-t.Failed, t.Failed)
	return nil
}

// meter shows progress: one line that changes on a terminal, else a plain line
// now and then.
type meter struct {
	out      io.Writer
	of       uint64
	start    time.Time
	last     time.Time
	terminal bool
}

func newMeter(out io.Writer, of uint64) *meter {
	m := &meter{out: out, of: of, start: time.Now(), last: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		m.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return m
}

func (m *meter) show(done, failed, events, virtual int64) {
	pause := 10 * time.Second
	if m.terminal {
		pause = 200 * time.Millisecond
	}
	now := time.Now()
	if now.Sub(m.last) < pause {
		return
	}
	m.last = now
	sec := now.Sub(m.start).Seconds()
	line := fmt.Sprintf("%d of %d seeds, %.0f seeds/s, %.0f events/s, %.0f virtual s/s, %d failed",
		done, m.of, float64(done)/sec, float64(events)/sec, float64(virtual)/1e9/sec, failed)
	if m.terminal {
		fmt.Fprintf(m.out, "\r%s ", line)
	} else {
		fmt.Fprintln(m.out, line)
	}
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

func tellFailures(out io.Writer, t *campaign.Totals) {
	for i := range t.Failures {
		if i == 5 {
			fmt.Fprintf(out, "... and %d more\n", t.Failed-5)
			break
		}
		tell(out, &t.Failures[i])
	}
	signatures := map[string]int64{}
	for i := range t.Failures {
		signatures[t.Failures[i].Failure.Signature()]++
	}
	for _, s := range byName(signatures) {
		fmt.Fprintf(out, "signature: %s (%d of the first %d)\n", s, signatures[s], len(t.Failures))
	}
	for _, s := range t.Diverged {
		fmt.Fprintf(out, "seed %d ran twice with two hashes: it is not deterministic\n", s)
	}
}

// tellCoverage prints what a campaign did, so that speed is not bought by
// doing less, and what it did not.
func tellCoverage(out io.Writer, s *campaign.Summary) {
	fmt.Fprint(out, "per run:")
	for _, name := range byName(s.PerRun) {
		fmt.Fprintf(out, " %s %.4g,", name, s.PerRun[name])
	}
	fmt.Fprint(out, "\nchecks that could have failed:")
	for _, name := range byName(s.Checks) {
		fmt.Fprintf(out, " %s %d,", name, s.Checks[name])
	}
	fmt.Fprint(out, "\nfaults observed:")
	for _, name := range byName(s.Faults) {
		fmt.Fprintf(out, " %s %d,", name, s.Faults[name])
	}
	fmt.Fprint(out, "\nrare states:")
	for _, name := range byName(s.Marks) {
		fmt.Fprintf(out, " %s %d,", name, s.Marks[name])
	}
	fmt.Fprintf(out, "\ncommands answered: %d of %d, not", len(s.Commands), len(s.Commands)+len(s.Unsent))
	for _, name := range s.Unsent {
		fmt.Fprintf(out, " %s,", name)
	}
	if len(s.Silent) > 0 {
		fmt.Fprintf(out, "\nsilent: %s", strings.Join(s.Silent, ", "))
	}
	fmt.Fprintf(out, "\n%.1f s, %.0f seeds/s, %.0f events/s, %.0f virtual s/s, hash of all histories %s\n",
		s.Seconds, s.SeedsPerSecond, s.EventsPerSecond, s.VirtualPerSecond, s.Hash)
	if len(s.TooQuiet()) > 0 {
		fmt.Fprintf(out, "FAILED: a campaign of %d runs left something silent that it must cause\n", s.Runs)
	}
}

// byName returns a map's keys in order.
func byName[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
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
