//go:build linux

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// view is what the page shows.
type view struct {
	Report   *report
	Quiet    string // what to think of the noise
	Busy     bool
	Strip    template.HTML
	Verdicts []verdict
	Reached  int
	Others   []string // the subjects that ours is compared with
	Columns  []viewColumn
	Scale    template.HTML
	Tables   []viewTable
	Charts   []viewChart
	Specials []viewSpecial
}

type viewColumn struct{ Name, Better string }

type viewTable struct {
	Title string
	Rows  []viewRow
}

type viewRow struct {
	Case, To string
	Cells    []viewCell
	Ours     string
}

type viewCell struct {
	Plot  template.HTML
	Text  string
	Class string
	All   string // least, median and largest
	Why   string // and what is doubtful
}

type viewChart struct {
	Title string
	Plot  template.HTML
}

type viewSpecial struct {
	Title string
	Rows  []viewMetric
	Notes []string
}

type viewMetric struct {
	Name  string
	Bars  []viewBar
	Ratio viewCell
}

type viewBar struct {
	Subject, Text, Range string
	Percent              float64
	Ours                 bool
}

// page renders the report: everything in one file, nothing from elsewhere.
func (r *report) page() ([]byte, error) {
	v := view{Report: r, Strip: strip(r.Results), Verdicts: r.verdicts(), Scale: cellScale}
	for _, s := range r.Subjects[1:] {
		v.Others = append(v.Others, s.Name)
	}
	for _, one := range v.Verdicts {
		if one.Mark == "reached" {
			v.Reached++
		}
	}
	switch n := r.Noise; {
	case n.Rounds == 0:
		v.Quiet = "unknown"
	case n.OthersMedian > occupied || n.StealWorst > 0.1:
		v.Quiet, v.Busy = "busy: believe the CPU per operation, little else", true
	case n.OthersMedian > crowded || n.SpinMedian > 1.15:
		v.Quiet, v.Busy = "not quiet: latencies and throughput are doubtful", true
	default:
		v.Quiet = "quiet"
	}
	for _, name := range shown {
		better := "less is better"
		if name == "throughput" {
			better = "more is better"
		}
		v.Columns = append(v.Columns, viewColumn{name, better})
	}
	v.Tables, v.Charts = r.tables(), r.charts()
	for _, one := range r.Results {
		if one.Point == nil {
			v.Specials = append(v.Specials, one.special())
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// print shows a report that was read from a file.
func (r *report) print() {
	header()
	for _, one := range r.Results {
		one.print()
	}
	for _, v := range r.verdicts() {
		fmt.Printf("%-8s %-52s %s, wanted %s\n", v.Mark, v.What, v.Measured, v.Wanted)
	}
	fmt.Println("\nthe machine:", r.Noise)
}

// tables divides the matrix by what is alike: policy, keys and value.
func (r *report) tables() (out []viewTable) {
	for _, one := range r.Results {
		p := one.Point
		if p == nil {
			continue
		}
		title := fmt.Sprintf("%s keys, values of %s, %s", countText(p.Keys), bytesText(p.Value), policyText(p.Policy))
		i := slices.IndexFunc(out, func(t viewTable) bool { return t.Title == title })
		if i < 0 {
			out = append(out, viewTable{Title: title})
			i = len(out) - 1
		}
		for k, to := range one.Subjects[1:] {
			row := viewRow{Case: fmt.Sprintf("%s, %d conn., pipeline %d", p.Command, p.Conns, p.Pipeline), To: to}
			for _, name := range shown {
				row.Cells = append(row.Cells, cellOf(one.metric(name), k))
			}
			if t, c := one.metric("throughput"), one.metric("CPU per operation"); t != nil && c != nil {
				row.Ours = figure(median(t.Rounds[0]), t.Unit) + ", " + figure(median(c.Rounds[0]), c.Unit)
			}
			out[i].Rows = append(out[i].Rows, row)
		}
	}
	return out
}

func policyText(p string) string {
	mine, theirs, apart := strings.Cut(p, ":")
	switch {
	case apart:
		return "ours appendfsync " + mine + ", theirs " + theirs
	case p == "off":
		return "no log"
	}
	return "appendfsync " + p
}

func cellOf(m *metric, k int) viewCell {
	if m == nil || k >= len(m.Ratios) {
		return viewCell{Text: "", Class: "none"}
	}
	x := m.Ratios[k]
	c := viewCell{Plot: cell(x, m.More), Class: side(x, m.More), All: x.String(), Why: x.String()}
	switch {
	case x.Refused != "":
		c.Plot, c.Text = "", x.Refused
	case x.Doubt != "":
		c.Text, c.Why = fmt.Sprintf("%.2f ?", x.Median), x.String()+": "+x.Doubt
	default:
		c.Text = fmt.Sprintf("%.2f", x.Median)
	}
	return c
}

// special shows a case that is no point of the matrix, with a bar for each
// subject.
func (r *result) special() viewSpecial {
	v := viewSpecial{Title: r.Case, Notes: r.Notes}
	for _, m := range r.Metrics {
		row := viewMetric{Name: m.Name}
		most := 0.0
		for _, rounds := range m.Rounds {
			if len(rounds) > 0 {
				most = max(most, median(rounds))
			}
		}
		for k, rounds := range m.Rounds {
			if len(rounds) == 0 {
				continue
			}
			low, middle, high := spread(rounds)
			b := viewBar{Subject: r.Subjects[k], Text: figure(middle, m.Unit), Ours: k == 0}
			if most > 0 && len(r.Subjects) > 1 {
				b.Percent = 100 * middle / most
			}
			if len(rounds) > 1 {
				b.Range = figure(low, "") + "to " + strings.TrimSpace(figure(high, ""))
			}
			row.Bars = append(row.Bars, b)
		}
		if len(m.Ratios) > 0 {
			row.Ratio = cellOf(m, 0)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// charts shows how cost grows along each axis, where at least two points
// differ in that alone.
func (r *report) charts() (out []viewChart) {
	type along struct {
		name string
		of   func(p *point) *int
		text func(v float64) string
	}
	number := func(v float64) string { return short(v) }
	size := func(v float64) string { return bytesText(int(v)) }
	for _, a := range []along{
		{"commands in a pipeline", func(p *point) *int { return &p.Pipeline }, number},
		{"connections", func(p *point) *int { return &p.Conns }, number},
		{"keys", func(p *point) *int { return &p.Keys }, number},
		{"bytes of a value", func(p *point) *int { return &p.Value }, size},
	} {
		for _, name := range shown[:2] {
			for _, pipeline := range []int{1, 16} {
				base := centre
				base.Pipeline = pipeline
				if *a.of(&base) == pipeline && a.name == "commands in a pipeline" && pipeline == 16 {
					continue // the same curve
				}
				if c, ok := r.chart(base, a.of, name, a.name, a.text); ok {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

func (r *report) chart(base point, of func(p *point) *int, metric, axis string, text func(float64) string) (viewChart, bool) {
	var lines []line
	unit, enough := "", false
	for _, command := range commands[:2] {
		for k, s := range r.Subjects {
			l := line{name: s.Name + " " + command, class: fmt.Sprintf("s%d %s", k, strings.ToLower(command))}
			for _, one := range r.Results {
				if one.Point == nil {
					continue
				}
				p, here := *one.Point, base
				here.Command = command
				*of(&here) = *of(&p)
				m := one.metric(metric)
				if p != here || m == nil || len(m.Rounds) <= k || len(m.Rounds[k]) == 0 {
					continue
				}
				unit = m.Unit
				l.x, l.y = append(l.x, float64(*of(&p))), append(l.y, median(m.Rounds[k]))
			}
			if len(l.x) > 0 {
				l.sort()
				lines = append(lines, l)
				enough = enough || len(l.x) > 1
			}
		}
	}
	if !enough {
		return viewChart{}, false
	}
	title := "Throughput, operations a second"
	if unit == "us" {
		title = "CPU of the server per operation, us"
	}
	if axis != "commands in a pipeline" {
		title += fmt.Sprintf(" (pipeline %d)", base.Pipeline)
	}
	return viewChart{title, chart(lines, axis, unit, text)}, true
}

func (l *line) sort() {
	order := make([]int, len(l.x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(l.x[a] - l.x[b]) })
	x, y := make([]float64, len(order)), make([]float64, len(order))
	for i, k := range order {
		x[i], y[i] = l.x[k], l.y[k]
	}
	l.x, l.y = x, y
}
