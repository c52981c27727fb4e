package sched

import "fmt"

// Line is one entry of a trace.
type Line struct {
	At    int64 // virtual time
	Event int   // events that had happened
	Text  string
}

// Trace keeps the last lines of a run, if asked to.
type Trace struct {
	on    bool
	limit int
	lines []Line
	first int // ring start once full
	lost  int
}

func (t *Trace) reset() { t.lines, t.first, t.lost = t.lines[:0], 0, 0 }

// TraceTo turns tracing on, keeping the last limit lines; 0 turns it off.
func (s *Sched) TraceTo(limit int) { s.trace.on, s.trace.limit = limit > 0, limit }

// Tracing reports whether Tracef keeps anything: ask before formatting.
func (s *Sched) Tracing() bool { return s.trace.on }

// Tracef adds a line to the trace.
func (s *Sched) Tracef(format string, args ...any) {
	t := &s.trace
	if !t.on {
		return
	}
	line := Line{At: s.now, Event: s.events, Text: fmt.Sprintf(format, args...)}
	if len(t.lines) < t.limit {
		t.lines = append(t.lines, line)
		return
	}
	t.lines[t.first] = line
	t.first = (t.first + 1) % len(t.lines)
	t.lost++
}

// Lines returns the trace, oldest first, and how many older lines were lost.
func (s *Sched) Lines() ([]Line, int) {
	t := &s.trace
	out := append([]Line(nil), t.lines[t.first:]...)
	return append(out, t.lines[:t.first]...), t.lost
}

// String prints the line with its virtual time in seconds.
func (l Line) String() string {
	return fmt.Sprintf("%6d %14.6f  %s", l.Event, float64(l.At)/float64(Second), l.Text)
}

// Diverge returns the first event after which two logs of hashes differ, or -1
// if they agree as far as both go.
func Diverge(a, b []uint64) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}
