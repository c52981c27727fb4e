package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant"
	"holdfast/sim/mutant/active"
	"holdfast/sim/tape"
)

func mutants(args []string, out, progress io.Writer) error {
	f := flags("mutants")
	guided := f.Bool("guided", false, "")
	smaller := f.Bool("shrink", false, "")
	compare := f.Int("compare", 0, "")
	budget := f.Duration("budget", 60*time.Second, "")
	workers := f.Int("workers", runtime.GOMAXPROCS(0), "")
	rules := f.Bool("rules", false, "")
	asMatrix := f.Bool("matrix", false, "")
	needs := f.Bool("needs", false, "")
	fault := f.String("fault", "", "")
	profile := f.String("profile", "", "")
	set := f.String("set", "", "")
	seeds := f.Uint64("seeds", 0, "")
	survey := f.Uint64("survey", 2000, "")
	file := f.String("o", "", "")
	tokens := f.String("tokens", "", "")
	names, err := parseMixed(f.Parse, f.Args, args)
	if err != nil {
		return err
	}
	root, all, chosen, err := bank(names)
	if err != nil {
		return err
	}
	if *tokens != "" {
		return tryTokens(root, all, *tokens, out, progress)
	}
	if *rules {
		return ruleMutants(root, all, chosen, len(names) == 0, int(cmp.Or(*seeds, 400)), out, progress)
	}
	chosen = slices.DeleteFunc(slices.Clone(chosen), func(m mutant.Mutant) bool { return m.OnlyRules() })
	if *needs || *fault != "" {
		o := needsOptions{fault: mutant.Need{Fault: *fault, Profile: *profile, Set: *set}, seeds: cmp.Or(*seeds, 500), budget: *budget, workers: *workers}
		return proveNeeds(root, all, chosen, len(names) == 0, o, out, progress)
	}
	if *asMatrix {
		o := matrixOptions{seeds: cmp.Or(*seeds, 10_000), survey: *survey, budget: *budget, workers: *workers, file: *file}
		return withBuild(root, all, progress, func(bin string) error { return makeMatrix(root, bin, chosen, o, out) })
	}
	var caught int
	var small []string
	err = withBuild(root, all, progress, func(bin string) error {
		if err := sameHistories(root, bin, out); err != nil {
			return err
		}
		caught, small = catchAll(root, bin, chosen, *workers, out, "--budget", budget.String(), fmt.Sprintf("--guided=%v", *guided), fmt.Sprintf("--shrink=%v", *smaller), "--compare", fmt.Sprint(*compare))
		return nil
	})
	if err != nil {
		return err
	}
	if *smaller && *file != "" {
		if err := writeTokens(*file, small); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "mutants: caught %d of %d\n", caught, len(chosen))
	if caught < len(chosen) {
		return errFound
	}
	return nil
}

// parseMixed lets names stand before, between and after flags.
func parseMixed(parse func([]string) error, rest func() []string, args []string) (names []string, err error) {
	for {
		if err := parse(args); err != nil {
			return nil, fmt.Errorf("%w: %v", errUsage, err)
		}
		if args = rest(); len(args) == 0 {
			return names, nil
		}
		names, args = append(names, args[0]), args[1:]
	}
}

// sameSeeds is how many histories are compared with the plain build's.
const sameSeeds = 200

// sameHistories demands that the build with mutants, none of them active, has
// the histories of the plain build, to the byte.
func sameHistories(root, bin string, out io.Writer) error {
	var plain bytes.Buffer
	args := []string{"run", "--hashes", "--workers", "1", "--seeds", fmt.Sprint(sameSeeds)}
	if err := run(args[1:], &plain, io.Discard); err != nil && !errors.Is(err, errFound) {
		return err
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = root
	text, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if a, b := hashLines(plain.String()), hashLines(string(text)); a != b || strings.Count(a, "\n") != sameSeeds {
		return fmt.Errorf("the build with mutants has other histories than the plain build, with none active")
	}
	fmt.Fprintf(out, "%d histories equal the plain build's\n", sameSeeds)
	return nil
}

func hashLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, "seed ") && strings.Contains(line, " hash ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// catchAll runs one process for each mutant and prints their verdicts in order. It
// returns what shrink said.
func catchAll(root, bin string, list []mutant.Mutant, workers int, out io.Writer, flags ...string) (caught int, shrunk []string) {
	type verdict struct {
		line string
		ok   bool
	}
	done := make([]chan verdict, len(list))
	for i := range list {
		done[i] = make(chan verdict, 1)
	}
	go inTurn(len(list), workers, func(i int) {
		cmd := exec.Command(bin, append([]string{"catch", list[i].Name}, flags...)...)
		cmd.Dir = root
		text, err := cmd.CombinedOutput()
		done[i] <- verdict{strings.TrimRight(string(text), "\n"), err == nil}
	})
	var t tally
	var small sizes
	var both comparison
	for i := range list {
		v := <-done[i]
		fmt.Fprintln(out, v.line)
		if v.ok {
			caught++
			if _, small, ok := strings.Cut(v.line, "\nshrunk "); ok {
				shrunk = append(shrunk, "shrunk "+small)
			}
			for line := range strings.Lines(v.line) {
				t.add(line)
				small.add(line)
				both.add(line)
			}
		}
	}
	t.print(out)
	small.print(out)
	both.print(out)
	return caught, shrunk
}

// tally sums up the lines of what was caught.
type tally struct {
	runs   []int
	oracle map[string]int64
}

var caughtLine = regexp.MustCompile(`^caught .* after (\d+) runs, .* s: ([a-z]+)/`)

func (t *tally) add(line string) {
	m := caughtLine.FindStringSubmatch(line)
	if m == nil { // two runs differ: no oracle
		return
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return
	}
	t.runs = append(t.runs, n)
	if t.oracle == nil {
		t.oracle = map[string]int64{}
	}
	t.oracle[m[2]]++
}

func (t *tally) print(out io.Writer) {
	if len(t.runs) == 0 {
		return
	}
	slices.Sort(t.runs)
	fmt.Fprintf(out, "runs until caught: median %d, most %d\ncaught by:", t.runs[len(t.runs)/2], t.runs[len(t.runs)-1])
	for _, o := range byName(t.oracle) {
		fmt.Fprintf(out, " %s %d,", o, t.oracle[o])
	}
	fmt.Fprintln(out)
}

// catch runs seeds with one mutant until it fails in the way it must.
func catch(args []string, out io.Writer) error {
	f := flags("catch")
	budget := f.Duration("budget", 60*time.Second, "")
	from := f.Uint64("from", 1, "")
	guided := f.Bool("guided", false, "")
	without := f.String("without", "", "")
	seeds := f.Uint64("seeds", 1<<40, "")
	smaller := f.Bool("shrink", false, "")
	compare := f.Int("compare", 0, "")
	profile := f.String("profile", "", "")
	set := f.String("set", "", "")
	h, err := newHunt(f.Parse, f.Args, args)
	if err != nil {
		return err
	}
	if *profile != "" {
		h.m.Profile, h.m.Set = *profile, *set
	}
	if *without != "" {
		k, err := campaign.FaultKindNamed(*without)
		if err != nil {
			return fmt.Errorf("%w: %v", errUsage, err)
		}
		h.r.Forbid(&k)
	}
	if *compare > 0 {
		return h.compare(*compare, min(*seeds, 40_000), out)
	}
	start := time.Now()
	if *guided {
		return h.guided(*from, start.Add(*budget), out)
	}
	seed := *from
	for ; seed-*from < *seeds && time.Since(start) < *budget; seed++ {
		sig, err := h.try(seed)
		if err != nil {
			return err
		}
		if sig != "" {
			h.caught(int64(seed-*from+1), start, sig, out)
			if *smaller && !h.m.Twice() {
				return h.shrink(seed, out)
			}
			return nil
		}
	}
	return h.survived(int64(seed-*from), out)
}

// caught prints a verdict; tally reads it.
func (h *hunt) caught(runs int64, start time.Time, sig string, out io.Writer) {
	fmt.Fprintf(out, "caught   %-40s after %d runs, %.1f s: %s\n", h.m.Name, runs, time.Since(start).Seconds(), sig)
}

// survived prints the other verdict; the matrix reads it.
func (h *hunt) survived(runs int64, out io.Writer) error {
	fmt.Fprintf(out, "SURVIVED %-40s %d runs%s\n", h.m.Name, runs, h.seen())
	return errFound
}

// hunt is the search for one mutant.
type hunt struct {
	m      *mutant.Mutant
	r      *campaign.Runner
	others map[string]int
}

// try runs one seed and returns the signature if the mutant was caught by it.
func (h *hunt) try(seed uint64) (string, error) {
	tok := h.token(seed)
	active.Set(h.m.Name)
	res, err := h.r.Run(tok)
	if err != nil {
		return "", err
	}
	return h.judge(tok, &res)
}

// guided hunts with a guided campaign, for comparison with plain seeds.
func (h *hunt) guided(from uint64, until time.Time, out io.Writer) error {
	start := time.Now()
	t, sig, err := h.guide(from, 1<<40, until)
	switch {
	case err != nil:
		return err
	case sig == "":
		return h.survived(t.Runs, out)
	}
	h.caught(t.Runs, start, sig, out)
	return nil
}

// judge decides whether a run has caught the mutant.
func (h *hunt) judge(tok tape.Token, res *campaign.Result) (string, error) {
	if h.m.Twice() {
		again, err := h.r.Run(tok)
		if err == nil && again.Hash != res.Hash {
			return "two runs of one seed differ", nil
		}
		return "", err
	}
	if res.Failure == nil {
		return "", nil
	}
	sig := res.Failure.Signature()
	if !h.m.Catches(sig) {
		h.others[sig]++
		return "", nil
	}
	active.Set("") // it must be the mutant's doing
	plain, err := h.r.Run(tok)
	if err != nil || plain.Failure != nil {
		return "", err
	}
	return sig, nil
}

// seen tells which other failures the mutant produced.
func (h *hunt) seen() (s string) {
	names := make([]string, 0, len(h.others))
	for sig := range h.others {
		names = append(names, sig)
	}
	slices.Sort(names)
	for _, sig := range names {
		s += fmt.Sprintf("; %d times %s", h.others[sig], sig)
	}
	return s
}
