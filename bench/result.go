//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// report is everything that one run measured.
type report struct {
	Machine  machine   `json:"machine"`
	Subjects []subject `json:"subjects"`
	Rounds   int       `json:"rounds"`
	Seconds  float64   `json:"seconds_per_round"`
	Noise    noise     `json:"noise"`
	Results  []*result `json:"results"`
	NotRun   []string  `json:"not_run,omitempty"`
}

// result is one case: what each subject showed in each round.
type result struct {
	Case     string    `json:"case"`
	Group    string    `json:"group"`
	Point    *point    `json:"point,omitempty"`
	Subjects []string  `json:"subjects"` // the first is ours
	Metrics  []*metric `json:"metrics"`
	Notes    []string  `json:"notes,omitempty"`
	Samples  []sample  `json:"machine_rounds,omitempty"` // of the machine, one a round and subject
}

// metric is one figure of a case.
type metric struct {
	Name   string      `json:"name"`
	Unit   string      `json:"unit"`
	More   bool        `json:"more_is_better"`
	Alone  bool        `json:"no_ratio,omitempty"` // a figure to know, not to compare
	Rounds [][]float64 `json:"rounds"`             // of each subject
	Ratios []ratio     `json:"ratios,omitempty"`   // ours to each other subject
}

// ratio is ours to theirs, round by round.
type ratio struct {
	To      string  `json:"to"`
	Min     float64 `json:"min"`
	Median  float64 `json:"median"`
	Max     float64 `json:"max"`
	Doubt   string  `json:"doubt,omitempty"`         // why it carries a question mark
	Refused string  `json:"not_supported,omitempty"` // why it is not printed
}

// spread is the least, the middle and the largest of some values.
func spread(values []float64) (low, middle, high float64) {
	v := slices.Clone(values)
	slices.Sort(v)
	n := len(v)
	if n == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	return v[0], (v[(n-1)/2] + v[n/2]) / 2, v[n-1]
}

func median(values []float64) float64 {
	_, m, _ := spread(values)
	return m
}

// record adds one round: a value for each subject, in their order. A round in
// which one has none is left out, so that the rounds of all stay side by side.
func (r *result) record(name, unit string, more bool, values ...float64) *metric {
	i := slices.IndexFunc(r.Metrics, func(m *metric) bool { return m.Name == name })
	if i < 0 {
		i = len(r.Metrics)
		r.Metrics = append(r.Metrics, &metric{Name: name, Unit: unit, More: more, Rounds: make([][]float64, len(r.Subjects))})
	}
	m := r.Metrics[i]
	if !slices.ContainsFunc(values, math.IsNaN) {
		for k, v := range values {
			m.Rounds[k] = append(m.Rounds[k], v)
		}
	}
	return m
}

func (r *result) metric(name string) *metric {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// How far apart rounds may lie. The least and the largest of n rounds enclose
// the true median with probability 1-2^(1-n), so a range of twice its width says
// hardly more than the order of magnitude. Tails swing more than means.
const (
	doubted      = 1.3
	refused      = 2.0
	tailDoubted  = 1.6
	tailRefused  = 3.0
	fewestRounds = 3

	crowded  = 0.25 // cores that others used, in the median round
	occupied = 0.75
)

// judge works out the ratios and whether the rounds support them.
func (r *result) judge() {
	crowd := r.crowd()
	for _, m := range r.Metrics {
		if m.Alone {
			continue
		}
		m.Ratios = nil
		for k := 1; k < len(m.Rounds); k++ {
			m.Ratios = append(m.Ratios, r.ratio(m, k, crowd))
		}
	}
}

// crowd is how many cores others used in the median round.
func (r *result) crowd() float64 {
	if len(r.Samples) == 0 {
		return 0
	}
	others := make([]float64, 0, len(r.Samples))
	for _, s := range r.Samples {
		others = append(others, s.Others)
	}
	return median(others)
}

func (r *result) ratio(m *metric, k int, crowd float64) ratio {
	out := ratio{To: r.Subjects[k]}
	a, b := m.Rounds[0], m.Rounds[k]
	var all []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			all = append(all, a[i]/b[i])
		}
	}
	if len(all) == 0 {
		out.Refused = "too few answers in a round"
		return out
	}
	out.Min, out.Median, out.Max = spread(all)
	yes, no := doubted, refused
	if m.Name == "p99" || m.Name == "p99.9" {
		yes, no = tailDoubted, tailRefused
	}
	single := m.Unit == "B" // what is counted and not timed needs no rounds
	switch far := out.Max / max(out.Min, 1e-9); {
	case far > no:
		out.Refused = fmt.Sprintf("rounds differ by %.1f", far)
	case !single && m.Unit != "us" && crowd > occupied:
		out.Refused = fmt.Sprintf("other work took %.1f cores", crowd)
	case !single && len(all) < fewestRounds:
		out.Doubt = fmt.Sprintf("%d rounds", len(all))
	case far > yes:
		out.Doubt = fmt.Sprintf("rounds differ by %.1f", far)
	case !single && m.Unit != "us" && crowd > crowded:
		out.Doubt = fmt.Sprintf("other work took %.1f cores", crowd)
	}
	if m.Name == "throughput" && out.Refused == "" {
		out.Doubt = r.saturated(out.Doubt)
	}
	return out
}

// full is the share of a core beyond which the client is what limits.
const full = 0.95

// saturated says so when the load client had no time left.
func (r *result) saturated(doubt string) string {
	c := r.metric("client")
	if c == nil || len(c.Rounds[0]) == 0 {
		return doubt
	}
	if median(c.Rounds[0]) > full {
		return "the client was saturated: at least this"
	}
	return doubt
}

// String is the ratio as the table shows it.
func (x ratio) String() string {
	if x.Refused != "" {
		return "not supported: " + x.Refused
	}
	mark := ""
	if x.Doubt != "" {
		mark = " ?"
	}
	return fmt.Sprintf("%.2f / %.2f / %.2f%s", x.Min, x.Median, x.Max, mark)
}

// print shows one case in the terminal: a line, or one for each metric where
// there are others than those of the matrix.
func (r *result) print() {
	if r.Point != nil {
		r.printPoint()
		return
	}
	fmt.Printf("%s\n", r.Case)
	for _, m := range r.Metrics {
		fmt.Printf("  %-44s", m.Name)
		for k, rounds := range m.Rounds {
			if len(rounds) > 0 {
				fmt.Printf("  %s %s", r.Subjects[k], figure(median(rounds), m.Unit))
			}
		}
		for _, x := range m.Ratios {
			fmt.Printf("   %s", x)
		}
		fmt.Println()
	}
	for _, n := range r.Notes {
		fmt.Println("  " + n)
	}
}

// The columns of a point's line.
var shown = []string{"throughput", "CPU per operation", "p50", "p99", "p99.9"}

func header() {
	fmt.Printf("%-36s", "ours to theirs, min / median / max")
	for _, name := range shown {
		fmt.Printf("  %-24s", name)
	}
	fmt.Println()
}

func (r *result) printPoint() {
	for k := 1; k < len(r.Subjects); k++ {
		name := r.Case
		if len(r.Subjects) > 2 {
			name += " : " + r.Subjects[k]
		}
		fmt.Printf("%-36s", name)
		for _, column := range shown {
			cell := ""
			if m := r.metric(column); m != nil && k-1 < len(m.Ratios) {
				x := m.Ratios[k-1]
				if cell = x.String(); x.Refused != "" {
					cell = "- " + x.Refused
				}
			}
			fmt.Printf("  %-24s", cell)
		}
		if t, c := r.metric("throughput"), r.metric("CPU per operation"); t != nil && c != nil {
			fmt.Printf("  %s, %s", figure(median(t.Rounds[0]), t.Unit), figure(median(c.Rounds[0]), c.Unit))
		}
		fmt.Println()
	}
	for _, n := range r.Notes {
		fmt.Println("  " + n)
	}
}

// figure writes a value with its unit, three digits.
func figure(v float64, unit string) string {
	switch {
	case unit == "/s" && v >= 1e6:
		return fmt.Sprintf("%.2f M/s", v/1e6)
	case unit == "/s" && v >= 1e4:
		return fmt.Sprintf("%.0f k/s", v/1e3)
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f %s", v, unit)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f %s", v, unit)
	case v == 0 || math.Abs(v) >= 0.1:
		return fmt.Sprintf("%.2f %s", v, unit)
	}
	return fmt.Sprintf("%.3f %s", v, unit)
}
