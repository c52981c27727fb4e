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
	for i := range times {
		from := uint64(1 + (i+1)*compareAt)
		n, err := h.plainRuns(from, most)
		if err != nil {
			return err
		}
		m, err := h.guidedRuns(from, most)
		if err != nil {
			return err
		}
		plain, guided = append(plain, n), append(guided, m)
	}
	slices.Sort(plain)
	slices.Sort(guided)
	a, b := plain[times/2], guided[times/2]
	fmt.Fprintf(out, "compared %-40s runs until caught, median of %d: uniform %d, guided %d, %.2f of them; uniform %v, guided %v\n",
		h.m.Name, times, a, b, float64(b)/float64(a), plain, guided)
	return nil
}

func (h *hunt) plainRuns(from, most uint64) (int, error) {
	for i := range most {
		if sig, err := h.try(from + i); sig != "" || err != nil {
			return int(i) + 1, err
		}
	}
	return int(most), nil
}

func (h *hunt) guidedRuns(from, most uint64) (int, error) {
	t, _, err := h.guide(from, most, time.Time{})
	if err != nil {
		return 0, err
	}
	return int(t.Runs), nil
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

// comparison sums up the lines of compare.
type comparison struct{ share []float64 }

var comparedLine = regexp.MustCompile(`^compared .* guided \d+, ([\d.]+) of them;`)

func (c *comparison) add(line string) {
	if m := comparedLine.FindStringSubmatch(line); m != nil {
		if v, err := strconv.ParseFloat(m[1], 64); err == nil {
			c.share = append(c.share, v)
		}
	}
}

func (c *comparison) print(out io.Writer) {
	if n := len(c.share); n > 0 {
		slices.Sort(c.share)
		fmt.Fprintf(out, "guided runs, of those that uniform draws need: median %.2f, from %.2f to %.2f\n", c.share[n/2], c.share[0], c.share[n-1])
	}
}
