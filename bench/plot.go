//go:build linux

package main

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// The cell of a ratio: a logarithmic axis from 1/8 to 8 with 1 in the middle.
const (
	cellWidth  = 92.0
	cellHeight = 16.0
	cellReach  = 8.0
)

func cellX(v float64) float64 {
	v = min(max(v, 1/cellReach), cellReach)
	return cellWidth / 2 * (1 + math.Log(v)/math.Log(cellReach))
}

// cell draws one ratio: a bar from the least to the largest round, a dot at the
// median.
func cell(x ratio, more bool) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="cell" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, cellWidth, cellHeight, cellWidth, cellHeight)
	for _, v := range []float64{0.25, 0.5, 2, 4} {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="3" y2="13"/>`, cellX(v), cellX(v))
	}
	fmt.Fprintf(&b, `<line class="one" x1="%.1f" x2="%.1f" y1="0" y2="16"/>`, cellWidth/2, cellWidth/2)
	if x.Refused == "" && x.Median > 0 {
		class := side(x, more)
		fmt.Fprintf(&b, `<g class="%s"><line class="reach" x1="%.1f" x2="%.1f" y1="8" y2="8"/><circle cx="%.1f" cy="8" r="4"/></g>`,
			class, cellX(x.Min), cellX(x.Max)+0.1, cellX(x.Median))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// cellScale is what the marks of a cell stand for.
var cellScale = func() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="cell" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, cellWidth, cellHeight, cellWidth, cellHeight)
	for _, v := range []float64{0.25, 0.5, 1, 2, 4} {
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="13" text-anchor="middle">%s</text>`, cellX(v), map[float64]string{0.25: "¼", 0.5: "½", 1: "1", 2: "2", 4: "4"}[v])
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}()

// side says who is ahead, if all rounds agree.
func side(x ratio, more bool) string {
	low, high := x.Min, x.Max
	if !more {
		low, high = 1/max(x.Max, 1e-9), 1/max(x.Min, 1e-9)
	}
	switch {
	case x.Refused != "":
		return "none"
	case low > 1:
		return "ahead"
	case high < 1:
		return "behind"
	}
	return "even"
}

// line is one curve of a chart.
type line struct {
	name, class string
	x, y        []float64
}

// The size of a chart, and of what stands around its curves.
const (
	chartWidth  = 330.0
	chartHeight = 210.0
	chartLeft   = 46.0
	chartRight  = 78.0
	chartTop    = 12.0
	chartBottom = 34.0
)

// axis places values on a logarithmic scale.
type axis struct{ low, high, from, to float64 }

func (a axis) at(v float64) float64 {
	if a.high == a.low {
		return (a.from + a.to) / 2
	}
	return a.from + (a.to-a.from)*math.Log(v/a.low)/math.Log(a.high/a.low)
}

// chart draws curves over one axis of the matrix, both scales logarithmic.
func chart(lines []line, xName, yUnit string, xText func(float64) string) template.HTML {
	var xs, ys []float64
	for _, l := range lines {
		xs, ys = append(xs, l.x...), append(ys, l.y...)
	}
	slices.Sort(xs)
	xs = slices.Compact(xs)
	low, _, high := spread(ys)
	x := axis{xs[0], xs[len(xs)-1], chartLeft, chartWidth - chartRight}
	y := axis{low * 0.8, high * 1.2, chartHeight - chartBottom, chartTop}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, chartWidth, chartHeight, chartWidth, chartHeight)
	for _, v := range ticks(y.low, y.high) {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text class="tick" x="%.1f" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, chartWidth-chartRight, y.at(v), y.at(v), chartLeft-5, y.at(v)+4, short(v))
	}
	for _, v := range xs {
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x.at(v), chartHeight-chartBottom+15, xText(v))
	}
	fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, (chartLeft+chartWidth-chartRight)/2, chartHeight-3, template.HTMLEscapeString(xName))
	type end struct {
		y float64
		l line
	}
	var ends []end
	for _, l := range lines {
		var path strings.Builder
		for i := range l.x {
			fmt.Fprintf(&path, "%.1f,%.1f ", x.at(l.x[i]), y.at(l.y[i]))
			fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="2.5"><title>%s: %s</title></circle>`, l.class, x.at(l.x[i]), y.at(l.y[i]),
				template.HTMLEscapeString(l.name), figure(l.y[i], yUnit))
		}
		fmt.Fprintf(&b, `<polyline class="%s" points="%s"/>`, l.class, path.String())
		ends = append(ends, end{y: y.at(l.y[len(l.y)-1]), l: l})
	}
	slices.SortFunc(ends, func(a, b end) int { return int(10 * (a.y - b.y)) })
	under := chartTop - 20
	for _, e := range ends { // names at the right end, moved apart
		under = max(e.y+4, under+13)
		fmt.Fprintf(&b, `<text class="name %s" x="%.1f" y="%.1f">%s</text>`, e.l.class, chartWidth-chartRight+7, under, template.HTMLEscapeString(e.l.name))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// ticks are the 1, 2 and 5 of each power of ten within a range, or fewer.
func ticks(low, high float64) (out []float64) {
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, e); v >= low && v <= high {
				out = append(out, v)
			}
		}
	}
	if len(out) < 2 {
		return []float64{low, high}
	}
	return out
}

func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.3gk", v/1e3)
	}
	return fmt.Sprintf("%.3g", v)
}

// strip draws what other work used in each round of the run.
func strip(results []*result) template.HTML {
	var all []sample
	for _, r := range results {
		all = append(all, r.Samples...)
	}
	if len(all) == 0 {
		return ""
	}
	const width, height = 960.0, 60.0
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="strip" viewBox="0 0 %.0f %.0f" preserveAspectRatio="none">`, width, height+2)
	for _, cores := range []float64{crowded, occupied} {
		fmt.Fprintf(&b, `<line class="grid" x1="0" x2="%.0f" y1="%.1f" y2="%.1f"/>`, width, height*(1-cores/2), height*(1-cores/2))
	}
	each := width / float64(len(all))
	for i, s := range all {
		class := "even"
		if s.Others > occupied {
			class = "behind"
		} else if s.Others > crowded {
			class = "warn"
		}
		h := max(1, height*min(s.Others, 2)/2)
		fmt.Fprintf(&b, `<rect class="%s" x="%.2f" y="%.1f" width="%.2f" height="%.1f"/>`, class, float64(i)*each, height-h, max(each*0.8, 0.4), h)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}
