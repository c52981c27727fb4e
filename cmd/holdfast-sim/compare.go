package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant/active"
)

// compareAt are how far the first seeds of repetitions lie apart.
const compareAt = 10_000_000

// compare hunts a mutant again and again, each time with other seeds, with plain
// seeds and with a guided campaign, and prints how many runs each needed.
func (h *hunt) compare(times int, most uint64, out io.Writer) error {
	var plain, guided []int
	var spent [2]time.Duration
	for i := range times {
		from := uint64(1 + (i+1)*compareAt)
		start := time.Now()
		n, err := h.plainRuns(from, most)
		if err != nil {
			return err
		}
		middle := time.Now()
		t, sig, err := h.guide(from, most, time.Time{})
		if err != nil {
			return err
		}
		spent[0], spent[1] = spent[0]+middle.Sub(start), spent[1]+time.Since(middle)
		plain, guided = append(plain, n), append(guided, int(t.Runs))
		if sig == "" {
			guided[i] = int(most)
		}
	}
	each := func(d time.Duration, runs []int) float64 {
		sum := 0
		for _, n := range runs {
			sum += n
		}
		return float64(d.Microseconds()) / 1000 / float64(sum)
	}
	ms := [2]float64{each(spent[0], plain), each(spent[1], guided)}
	slices.Sort(plain)
	slices.Sort(guided)
	a, b := plain[times/2], guided[times/2]
	fmt.Fprintf(out, "compared %-40s runs until caught, median of %d: uniform %d, guided %d, %.2f of them; uniform %v, %.1f ms each, guided %v, %.1f ms\n",
		h.m.Name, times, a, b, float64(b)/float64(a), plain, ms[0], guided, ms[1])
	return nil
}

// plainRuns returns how many seeds it takes, most if it takes more.
func (h *hunt) plainRuns(from, most uint64) (int, error) {
	for i := range most {
		if sig, err := h.try(from + i); sig != "" || err != nil {
			return int(i) + 1, err
		}
	}
	return int(most), nil
}

// guide hunts with a guided campaign and returns the signature if it caught the
// mutant.
func (h *hunt) guide(from, most uint64, until time.Time) (t *campaign.Totals, sig string, err error) {
	tok := h.token(from)
	g := campaign.Guided{From: from, Seeds: most, Profile: tok.Profile, Settings: tok.Settings, Until: until}
	var failed error
	g.Stop = func(res *campaign.Result) bool {
		sig, failed = h.judge(res.Token, res)
		active.Set(h.m.Name)
		return sig != "" || failed != nil
	}
	active.Set(h.m.Name)
	t, err = g.Run(nil)
	if err == nil {
		err = failed
	}
	return t, sig, err
}

// The target: five mutants that uniform draws need so many runs for, in a share
// of those.
const (
	deep        = 2000
	deepMutants = 5
	deepShare   = 0.2
)

// comparison sums up the lines of compare.
type comparison struct {
	share      []float64
	deep, good int // mutants that are deep, and those of them in deepShare
}

var comparedLine = regexp.MustCompile(`^compared .*: uniform (\d+), guided \d+, ([\d.]+) of them;`)

func (c *comparison) add(line string) {
	m := comparedLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	uniform, err := strconv.Atoi(m[1])
	share, err2 := strconv.ParseFloat(m[2], 64)
	if err != nil || err2 != nil {
		return
	}
	c.share = append(c.share, share)
	if uniform >= deep {
		if c.deep++; share <= deepShare {
			c.good++
		}
	}
}

func (c *comparison) print(out io.Writer) {
	n := len(c.share)
	if n == 0 {
		return
	}
	slices.Sort(c.share)
	fmt.Fprintf(out, "guided runs, of those that uniform draws need: median %.2f, from %.2f to %.2f\n", c.share[n/2], c.share[0], c.share[n-1])
	verdict := "missed"
	if c.good >= deepMutants {
		verdict = "reached"
	}
	fmt.Fprintf(out, "target %s: of %d deep mutants (uniform draws need %d runs or more) %d are caught in %.1f of the runs; wanted %d\n",
		verdict, c.deep, deep, c.good, deepShare, deepMutants)
}
