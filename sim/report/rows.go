package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"holdfast/sim/sched"
)

// Class says how a row is shown.
type Class string

// The classes.
const (
	Plain  Class = ""
	Minor  Class = "minor"  // folded away at first
	Fault  Class = "fault"  // something broke, or was broken
	Broken Class = "broken" // where the promise was
)

// Row is one line of the trace, in its lane.
type Row struct {
	Event int
	Time  string // virtual milliseconds
	Lane  int
	Text  string
	Class Class
	// Bars are what is under way in each lane: an operation of the disk from
	// its submission on, a request of a client until something is answered.
	Bars [][]Bar
}

// Bar is one segment of something under way.
type Bar struct {
	On, Begin, End bool
}

// Lanes are a run's columns.
type Lanes struct {
	Names  []string
	client map[int]int // client's number -> lane
	engine int
}

// The lanes behind the clients'.
const (
	laneEngine = iota
	laneLog
	laneDisk
	laneClock
	lanesFixed
)

var (
	reNet    = regexp.MustCompile(`^net: client (\d+)/conn (\d+\.\d+) (.*)$`)
	reClose  = regexp.MustCompile(`^net: the engine closes client (\d+)/conn (\d+\.\d+)$`)
	reSubmit = regexp.MustCompile(`^submit #(\d+) (.*), due in (\d+) us$`)
	reDone   = regexp.MustCompile(`^done   #(\d+) (.*): n (-?\d+), err (.*)$`)
	reConn   = regexp.MustCompile(`conn (\d+\.\d+)`)
)

// lanes finds the columns of a run. The checker is the client that follows the
// workload's.
func lanes(lines []sched.Line, clients int) *Lanes {
	var seen []int
	for _, l := range lines {
		if m := reNet.FindStringSubmatch(l.Text); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && !slices.Contains(seen, n) {
				seen = append(seen, n)
			}
		}
	}
	slices.Sort(seen)
	out := &Lanes{client: map[int]int{}}
	for _, n := range seen {
		out.client[n] = len(out.Names)
		name := fmt.Sprintf("client %d", n)
		if n == clients {
			name = "checker"
		}
		out.Names = append(out.Names, name)
	}
	out.engine = len(out.Names)
	out.Names = append(out.Names, "engine", "log", "disk", "clock")
	return out
}

// drawing makes rows of lines.
type drawing struct {
	lanes   *Lanes
	start   int64
	conns   map[string]int // "slot.generation" -> lane
	booting bool
	bars    [][]string // lane -> what holds each track, "" free
	rows    []Row
}

func draw(lines []sched.Line, l *Lanes) []Row {
	d := &drawing{lanes: l, conns: map[string]int{}, bars: make([][]string, len(l.Names))}
	if len(lines) > 0 {
		d.start = lines[0].At
	}
	for i := range lines {
		d.line(&lines[i])
	}
	return d.rows
}

func (d *drawing) line(l *sched.Line) {
	switch {
	case strings.HasPrefix(l.Text, "net: "):
		d.net(l)
	case strings.HasPrefix(l.Text, "disk: "):
		d.disk(l, strings.TrimPrefix(l.Text, "disk: "))
	case strings.HasPrefix(l.Text, "engine: "):
		d.add(l, d.lanes.engine+laneEngine, d.named(strings.TrimPrefix(l.Text, "engine: ")), Plain)
	case strings.HasPrefix(l.Text, "log: "):
		d.add(l, d.lanes.engine+laneLog, d.named(strings.TrimPrefix(l.Text, "log: ")), Plain)
	case strings.HasPrefix(l.Text, "wall clock"), strings.HasPrefix(l.Text, "preempted"):
		d.add(l, d.lanes.engine+laneClock, l.Text, Fault)
	case l.Text == "tick":
		d.add(l, d.lanes.engine+laneClock, l.Text, Minor)
	default: // the world's: boots and ends
		d.booting = d.booting || strings.HasPrefix(l.Text, "boot")
		class := Fault
		if strings.HasPrefix(l.Text, "boot") || strings.HasPrefix(l.Text, "clean stop") {
			class = Plain
		}
		d.add(l, d.lanes.engine+laneEngine, l.Text, class)
		if l.Text == "power cut" || l.Text == "kill" {
			d.bars = make([][]string, len(d.lanes.Names))
		}
	}
}

// named puts the client's name in place of its connection.
func (d *drawing) named(s string) string {
	return reConn.ReplaceAllStringFunc(s, func(m string) string {
		if lane, ok := d.conns[strings.TrimPrefix(m, "conn ")]; ok {
			return d.lanes.Names[lane]
		}
		return m
	})
}

func (d *drawing) net(l *sched.Line) {
	if m := reClose.FindStringSubmatch(l.Text); m != nil {
		d.add(l, d.conns[m[2]], "the engine closes the connection", Plain)
		return
	}
	m := reNet.FindStringSubmatch(l.Text)
	if m == nil {
		d.add(l, d.lanes.engine, l.Text, Plain)
		return
	}
	n, _ := strconv.Atoi(m[1])
	lane := d.lanes.client[n]
	d.conns[m[2]] = lane
	what, bytes, _ := strings.Cut(m[3], " bytes: ")
	switch {
	case strings.HasPrefix(what, "delivers "):
		d.begin(lane, "request")
		d.add(l, lane, "→ "+bytes, Plain)
	case strings.HasPrefix(what, "released "):
		class := Plain
		if strings.HasPrefix(bytes, "-LOADING") {
			class = Minor
		}
		d.add(l, lane, "← "+bytes, class)
		d.end(lane, "request")
	case strings.HasPrefix(what, "reads "), what == "opened", strings.Contains(what, "refused"):
		d.booting = d.booting && what != "opened"
		d.add(l, lane, what, Minor)
	default:
		d.add(l, lane, what, Fault)
	}
}

// staging are operations that only set the stage.
var staging = []string{"list", "open", "create", "allocate", "sync directory", "write "}

func (d *drawing) disk(l *sched.Line, text string) {
	lane := d.lanes.engine + laneDisk
	class := func(what string) Class {
		for _, s := range staging {
			if strings.HasPrefix(what, s) && !strings.HasPrefix(what, "write durable") {
				return Minor
			}
		}
		if d.booting {
			return Minor
		}
		return Plain
	}
	if m := reSubmit.FindStringSubmatch(text); m != nil {
		d.begin(lane, m[1])
		d.add(l, lane, strings.TrimSpace(m[2])+", "+m[3]+" us", class(m[2]))
		return
	}
	if m := reDone.FindStringSubmatch(text); m != nil {
		c := class(m[2])
		s := "done: " + strings.TrimSpace(m[2])
		if m[4] != "<nil>" {
			c, s = Fault, s+": "+m[4]
		}
		d.add(l, lane, s, c)
		d.end(lane, m[1])
		return
	}
	c := Fault
	if strings.HasSuffix(text, ": whole") {
		c = Minor
	}
	d.add(l, lane, text, c)
}

// begin takes a track of the lane; the next row shows its beginning.
func (d *drawing) begin(lane int, what string) {
	if slices.Contains(d.bars[lane], what) {
		return
	}
	i := slices.Index(d.bars[lane], "")
	if i < 0 {
		d.bars[lane] = append(d.bars[lane], "")
		i = len(d.bars[lane]) - 1
	}
	d.bars[lane][i] = "+" + what
}

// end frees a track: the row just added shows its end.
func (d *drawing) end(lane int, what string) {
	if i := slices.Index(d.bars[lane], what); i >= 0 {
		d.bars[lane][i] = ""
		d.rows[len(d.rows)-1].Bars[lane][i].End = true
	}
}

func (d *drawing) add(l *sched.Line, lane int, text string, class Class) {
	r := Row{Event: l.Event, Time: fmt.Sprintf("%.3f", float64(l.At-d.start)/float64(sched.Millisecond)), Lane: lane, Text: text, Class: class}
	r.Bars = make([][]Bar, len(d.bars))
	for i, tracks := range d.bars {
		r.Bars[i] = make([]Bar, len(tracks))
		for k, what := range tracks {
			if what == "" {
				continue
			}
			r.Bars[i][k].On = true
			if what[0] == '+' {
				r.Bars[i][k].Begin = true
				tracks[k] = what[1:]
			}
		}
	}
	d.rows = append(d.rows, r)
}
