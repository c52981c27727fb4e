package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"holdfast/sim/campaign"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// About is what the caller knows of the mutant a run had, if any.
type About struct {
	Mutant string
	Source string // where the bug was published
	Why    string
}

// Bounds of a page.
const (
	maxLines      = 20_000 // of trace kept
	maxRows       = 800    // drawn: the last ones
	maxPage       = 500 << 10
	maxDecisions  = 400 // listed: the first ones
	maxNeighbours = 250 // decisions tried
	maxBeside     = 60  // rows of each run side by side
	before        = 5   // of them, those that do not differ
)

// Page is what the template shows.
type Page struct {
	About
	Signature, Promise, Meaning string
	Failed                      bool
	Story                       []Line
	Token                       string
	Profile, Settings           string
	Numbers                     string
	Decisions                   []Decision
	More                        int // decisions that are not listed
	Lanes                       []string
	Rows                        []Row
	Cut                         int // rows that are not drawn
	Beside                      *Beside
}

// Line is a line of the story; Odd is where it differs from what was expected.
type Line struct{ Head, Odd, Tail string }

// Decision is an outcome other than zero.
type Decision struct {
	What  string
	Value uint32
	Group string
	Fault bool
}

// Beside is the nearest run that passes.
type Beside struct {
	Decision    Decision
	Event       int
	Left, Right []BesideRow
	Why         string
}

// BesideRow is a row of one run beside another.
type BesideRow struct {
	Row
	Name string // the lane's
	Same bool
}

// meanings say the promises in a line.
var meanings = map[string]string{
	"DURABLE":    "Nothing that a power cut could still undo is told to a client.",
	"ALIVE":      "No value reaches a client after its deadline.",
	"FROZEN":     "One command, or one EXEC, sees one instant.",
	"PUNCTUAL":   "An expired key is gone at its deadline: not early, not late, never back.",
	"KEPT":       "After any crash every acknowledged write is there, and every unit whole or not at all.",
	"ORDERED":    "Histories are strictly serialisable; replies leave in the order of the commands.",
	"BOUNDED":    "Everything waits within bounds; every client is answered or closed.",
	"PORTS":      "The contracts of clock, disk and network are kept.",
	"REPLAYABLE": "A seed gives one history, to the byte.",
}

// Make runs what the token says and returns the page.
func Make(tok tape.Token, about About) ([]byte, error) {
	r := campaign.NewRunner()
	r.Trace, r.Hashes = maxLines, true
	r.Record(true)
	res, err := r.Run(tok)
	if err != nil {
		return nil, err
	}
	outcomes := append([]tape.Outcome(nil), r.Outcomes()...)
	lines, lost := r.Lines()
	l := lanes(lines, r.Clients())
	p := &Page{About: about, Failed: res.Failure != nil, Token: tok.Encode(), Profile: tok.Profile, Settings: tok.Settings,
		Lanes: l.Names, Rows: draw(lines, l), Cut: lost}
	p.Numbers = fmt.Sprintf("%d decisions, %d commands answered, %d events, %d starts, %d crashes", len(outcomes), res.Answered, res.Events, res.Boots, res.Crashes)
	if res.Failure != nil {
		p.Signature, p.Promise, p.Meaning = res.Failure.What, res.Failure.Promise, meanings[res.Failure.Promise]
		p.Story = story(res.Failure.Story)
		p.mark(l, res.Failure.Story)
		hashes := append([]uint64(nil), r.EventHashes()...)
		p.Beside = neighbour(tok, outcomes, hashes, lines)
	}
	for _, o := range outcomes[:min(len(outcomes), maxDecisions)] {
		p.Decisions = append(p.Decisions, decision(o))
	}
	p.More = len(outcomes) - len(p.Decisions)
	var b bytes.Buffer
	for most := maxRows; ; most /= 2 {
		if n := len(p.Rows) - most; n > 0 {
			p.Rows, p.Cut = p.Rows[n:], p.Cut+n
		}
		b.Reset()
		if err := page.Execute(&b, p); err != nil || b.Len() <= maxPage || most < 50 {
			return b.Bytes(), err
		}
	}
}

// mark ends the rows with what broke.
func (p *Page) mark(l *Lanes, story []string) {
	if len(p.Rows) == 0 {
		return
	}
	last := &p.Rows[len(p.Rows)-1]
	end := Row{Event: last.Event, Time: last.Time, Lane: last.Lane, Class: Broken, Text: p.Promise + ": " + p.Signature}
	end.Bars = make([][]Bar, len(l.Names))
	for _, s := range story {
		if strings.HasPrefix(s, "command:") {
			end.Text += " (" + s + ")"
			break
		}
	}
	p.Rows = append(p.Rows, end)
}

func decision(o tape.Outcome) Decision {
	g := o.Label.Site().Group()
	return Decision{What: fmt.Sprintf("%v, time %d", o.Label, o.Occurrence+1), Value: o.Value, Group: g.String(),
		Fault: g >= tape.DiskFault || strings.HasPrefix(o.Label.String(), "run/crash")}
}

// story marks in each "answered" what differs from "expected".
func story(lines []string) (out []Line) {
	expected := ""
	for _, s := range lines {
		if rest, ok := strings.CutPrefix(s, "expected: "); ok {
			expected = rest
		}
	}
	for _, s := range lines {
		rest, ok := strings.CutPrefix(s, "answered: ")
		if !ok || expected == "" {
			out = append(out, Line{Head: s})
			continue
		}
		i, k := 0, 0
		for i < len(rest) && i < len(expected) && rest[i] == expected[i] {
			i++
		}
		for k < len(rest)-i && k < len(expected)-i && rest[len(rest)-1-k] == expected[len(expected)-1-k] {
			k++
		}
		out = append(out, Line{"answered: " + rest[:i], rest[i : len(rest)-k], rest[len(rest)-k:]})
	}
	return out
}

// neighbour looks for a decision without which the run passes, the one that
// changes the latest event.
func neighbour(tok tape.Token, outcomes []tape.Outcome, hashes []uint64, lines []sched.Line) *Beside {
	r := campaign.NewRunner()
	r.Hashes = true
	best, at := -1, -1
	first := max(0, len(outcomes)-maxNeighbours)
	for i := len(outcomes) - 1; i >= first; i-- {
		res, err := r.Run(without(tok, outcomes, i))
		if err != nil || res.Failure != nil {
			continue
		}
		d := sched.Diverge(hashes, r.EventHashes())
		if d < 0 {
			d = min(len(hashes), len(r.EventHashes()))
		}
		if d > at {
			best, at = i, d
		}
	}
	if best < 0 {
		return nil
	}
	r.Trace = maxLines
	if _, err := r.Run(without(tok, outcomes, best)); err != nil {
		return nil
	}
	other, _ := r.Lines()
	b := &Beside{Decision: decision(outcomes[best]), Event: at}
	b.Left, b.Right = beside(lines, at, r.Clients()), beside(other, at, r.Clients())
	same := 0
	for same < len(b.Left) && same < len(b.Right) && b.Left[same].Text == b.Right[same].Text && b.Left[same].Time == b.Right[same].Time {
		b.Left[same].Same, b.Right[same].Same = true, true
		same++
	}
	return b
}

func without(tok tape.Token, outcomes []tape.Outcome, i int) tape.Token {
	tok.Recorded = true
	tok.Outcomes = append(append([]tape.Outcome(nil), outcomes[:i]...), outcomes[i+1:]...)
	return tok
}

// beside returns the rows around an event that matter.
func beside(lines []sched.Line, event, clients int) (out []BesideRow) {
	l := lanes(lines, clients)
	rows := draw(lines, l)
	at := 0
	for at < len(rows) && rows[at].Event <= event {
		at++
	}
	for i, n := at, 0; i > 0 && n < before; i-- {
		if rows[i-1].Class != Minor {
			n++
		}
		at = i - 1
	}
	for _, r := range rows[at:] {
		if r.Class != Minor && len(out) < maxBeside {
			out = append(out, BesideRow{Row: r, Name: l.Names[r.Lane]})
		}
	}
	return out
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"lane": func(r Row, i int) bool { return r.Lane == i },
	"seq": func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	},
}).Parse(pageText))
