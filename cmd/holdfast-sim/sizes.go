package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant/active"
	"holdfast/sim/report"
)

// shrink makes the failure that a seed found as small as it gets, and measures
// what is left of it and whether that stays as it is when it is shrunk again.
func (h *hunt) shrink(seed uint64, out io.Writer) error {
	tok := h.token(seed)
	tok.Settings = withMutant(tok.Settings, h.m.Name)
	active.Set(h.m.Name)
	start := cpuTime()
	small, err := shrunk(tok, shrinkBudget, io.Discard)
	if err != nil || small.Failure == nil {
		return fmt.Errorf("the failure does not repeat: %v", err)
	}
	took := cpuTime() - start
	start = cpuTime()
	again, err := campaign.NewRunner().Run(small.Token)
	if err != nil || again.Failure == nil || again.Hash != small.Hash {
		return fmt.Errorf("the shrunk run does not repeat: %v", err)
	}
	replay := cpuTime() - start
	page, err := report.Make(small.Token, about(small.Token))
	if err != nil {
		return err
	}
	twice, err := shrunk(small.Token, shrinkBudget, io.Discard)
	if err != nil {
		return err
	}
	stable := "the same"
	if twice.Token.Encode() != small.Token.Encode() {
		stable = fmt.Sprintf("another with %d", len(twice.Token.Outcomes))
	}
	text := small.Token.Encode()
	fmt.Fprintf(out, "shrunk   %-40s %d decisions, %d commands, %d faults, %.1f s, token %d bytes, replay %d ms, page %d KB, shrunk again %s\n         %s\n",
		h.m.Name, len(small.Token.Outcomes), small.Commands, small.Faults(), took.Seconds(), len(text), replay.Milliseconds(), len(page)>>10, stable, text)
	return nil
}

// sizes sums up the lines of shrink.
type sizes struct {
	figure [numFigures][]float64
	same   int
}

// numFigures is how many figures such a line has, in the order of figureNames.
const numFigures = 7

var figureNames = [numFigures]string{"decisions", "commands", "faults", "CPU seconds", "bytes of token", "ms of replay", "KB of page"}

var shrunkLine = regexp.MustCompile(`^shrunk .* (\d+) decisions, (\d+) commands, (\d+) faults, ([\d.]+) s, token (\d+) bytes, replay (\d+) ms, page (\d+) KB, shrunk again (the same)?`)

func (s *sizes) add(line string) {
	m := shrunkLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	for i := range s.figure {
		v, err := strconv.ParseFloat(m[1+i], 64)
		if err != nil {
			return
		}
		s.figure[i] = append(s.figure[i], v)
	}
	if m[1+numFigures] != "" {
		s.same++
	}
}

func (s *sizes) print(out io.Writer) {
	n := len(s.figure[0])
	if n == 0 {
		return
	}
	fmt.Fprintf(out, "of %d shrunk failures:\n", n)
	for i, list := range s.figure {
		slices.Sort(list)
		fmt.Fprintf(out, "    %-15s median %g, of ten nine at most %g, most %g\n", figureNames[i], list[n/2], list[n*9/10], list[n-1])
	}
	fmt.Fprintf(out, "    targets: medians of 12 decisions, 6 commands and 2 faults in 10 s, tokens of 2 KB, replay in 1 s, pages of 500 KB\n")
	fmt.Fprintf(out, "    the same when shrunk again: %d\n", s.same)
}
