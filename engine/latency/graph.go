package latency

import (
	"strconv"
	"strings"
)

// Last returns the newest sample.
func (e *Event) Last() Sample { return e.samples[(e.next+kept-1)%kept] }

// Summary describes the samples in one line, as LATENCY DOCTOR does.
func (e *Event) Summary() string {
	s := e.Samples()
	sum, spread := int64(0), int64(0)
	for _, one := range s {
		sum += one.MS
	}
	n := int64(len(s))
	mean := sum / n
	for _, one := range s {
		spread += max(one.MS-mean, mean-one.MS)
	}
	every := (s[n-1].Time - s[0].Time) / n
	text := func(v int64) string { return strconv.FormatInt(v, 10) }
	return text(n) + " latency spikes (average " + text(mean) + "ms, mean deviation " + text(spread/n) +
		"ms, period " + text(every) + " sec). Worst all time event " + text(e.Max) + "ms."
}

// The columns and rows of a graph.
const (
	graphWidth = 80
	graphRows  = 4
)

// Graph draws the samples as LATENCY GRAPH does: one column each, the newest
// 80, with how long ago it was below, in seconds, minutes, hours or days.
func (e *Event) Graph(now int64) string {
	s := e.Samples()
	s = s[max(0, len(s)-graphWidth):]
	low, high := s[0].MS, s[0].MS
	for _, one := range s {
		low, high = min(low, one.MS), max(high, one.MS)
	}
	var b strings.Builder
	b.WriteString(e.Name + " - high " + strconv.FormatInt(high, 10) + " ms, low " + strconv.FormatInt(low, 10) +
		" ms (all time high " + strconv.FormatInt(e.Max, 10) + " ms)\n" + strings.Repeat("-", graphWidth) + "\n")
	const shades = "_o#" // a third of a row each
	span := max(high-low, 1)
	for row := graphRows - 1; row >= 0; row-- {
		for _, one := range s {
			step := int((one.MS - low) * (graphRows*int64(len(shades)) - 1) / span)
			switch at := step - row*len(shades); {
			case at < 0:
				b.WriteByte(' ')
			case at >= len(shades):
				b.WriteByte('|')
			default:
				b.WriteByte(shades[at])
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	labels := make([]string, len(s))
	rows := 0
	for i, one := range s {
		labels[i] = ago(now - one.Time)
		rows = max(rows, len(labels[i]))
	}
	for row := range rows {
		for _, l := range labels {
			if row < len(l) {
				b.WriteByte(l[row])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func ago(s int64) string {
	s = max(s, 0)
	switch {
	case s < 60:
		return strconv.FormatInt(s, 10) + "s"
	case s < 3600:
		return strconv.FormatInt(s/60, 10) + "m"
	case s < 86400:
		return strconv.FormatInt(s/3600, 10) + "h"
	}
	return strconv.FormatInt(s/86400, 10) + "d"
}
