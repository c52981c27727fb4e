//go:build linux

// Command bench measures this server beside redis-server, and valkey-server
// where there is one, on the same machine, in one run, interleaved: A B A B, so
// that what disturbs one disturbs both. It prints ratios, and only those that
// the rounds support.
//
//	go run ./bench                        # the matrix and the special cases
//	go run ./bench --quick                # a part of it, five minutes at most
//	go run ./bench --only 'GET 50c p16'   # cases whose name has these words
//	go run ./bench --only memory,expiry
//	go run ./bench --command GET --conns 1,10,100 --pipeline 1,16
//	go run ./bench --list
//	go run ./bench --html page.html --json figures.json --doc docs/performance.md
//
// It builds the server, starts all of them on free loopback ports with data in
// a temporary folder, drives them with a client of its own, and reads the CPU
// clock of each. Files: point.go has the matrix, load.go the client, machine.go
// looks how quiet the machine is, result.go decides what the rounds support,
// special.go lists the cases that are no point of the matrix. Linux only; needs
// redis-server on PATH, and fio for the case beside it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// options bound a run.
type options struct {
	quick   bool
	rounds  int
	seconds float64
	json    string
	html    string
	render  string
	doc     string
	redis   string
	valkey  string
	server  string // measured instead of a fresh build
	only    string
	list    bool
	axes    axes
	keys    int // volatile keys of the expiry cases
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "fewer cases and shorter rounds: five minutes at most")
	flag.IntVar(&o.rounds, "rounds", 0, "interleaved rounds per case (7, quick 3)")
	flag.Float64Var(&o.seconds, "seconds", 0, "how long each round lasts (0.5, quick 0.25)")
	flag.StringVar(&o.json, "json", "", "write everything that was measured to this file")
	flag.StringVar(&o.html, "html", "", "write one page with tables and plots to this file")
	flag.StringVar(&o.doc, "doc", "", "put the tables between the marks in this document, docs/performance.md")
	flag.StringVar(&o.render, "render", "", "measure nothing: make the page from this JSON file")
	flag.StringVar(&o.redis, "redis", "redis-server", "the server to compare with")
	flag.StringVar(&o.valkey, "valkey", "valkey-server", "another one, if it is on PATH")
	flag.StringVar(&o.server, "server", "", "measure this program; by default the server is built")
	flag.StringVar(&o.only, "only", "", "run only cases that have these words in their name; commas divide alternatives")
	flag.BoolVar(&o.list, "list", false, "print the names of the cases that would run")
	flag.StringVar(&o.axes.commands, "command", "", "points with these commands, in place of the matrix; the other axes too are lists")
	flag.StringVar(&o.axes.values, "value", "", "points with these sizes of the value: 64,1KB")
	flag.StringVar(&o.axes.conns, "conns", "", "points with so many connections")
	flag.StringVar(&o.axes.pipelines, "pipeline", "", "points with such pipelines")
	flag.StringVar(&o.axes.keys, "keys", "", "points with so many keys: 1k,5M")
	flag.StringVar(&o.axes.policies, "policy", "", "points with these fsync policies: off (no log), no, everysec, always, or ours:theirs")
	flag.IntVar(&o.keys, "volatile", 0, "keys with deadlines in the cases of expiry (1 million)")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) defaults() {
	rounds, seconds := 7, 0.5
	if o.quick {
		rounds, seconds = 3, 0.25
	}
	if o.rounds == 0 {
		o.rounds = rounds
	}
	if o.seconds == 0 {
		o.seconds = seconds
	}
	if o.keys == 0 {
		o.keys = 1_000_000
	}
}

func (o options) run() error {
	o.defaults()
	if o.render != "" {
		return o.renderAgain()
	}
	points, specials, err := o.cases()
	if err != nil {
		return err
	}
	if o.list {
		for _, p := range points {
			fmt.Println(p)
		}
		for _, s := range specials {
			fmt.Printf("%-14s %s\n", s.name, s.about)
		}
		return nil
	}
	scratch, err := os.MkdirTemp("", "holdfast-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{o: o, scratch: scratch, gauge: newGauge()}
	if o.quick {
		b.until = time.Now().Add(quickBudget)
	}
	if err := b.prepare(); err != nil {
		return err
	}
	debug.SetGCPercent(400)
	err = b.measure(points, specials)
	b.report.Noise = noiseOf(b.report.Results)
	fmt.Println("\nthe machine:", b.report.Noise)
	for _, name := range b.report.NotRun {
		fmt.Println("not run:", name)
	}
	if fault := o.write(&b.report); err == nil {
		err = fault
	}
	return err
}

// quickBudget is when a quick run begins nothing more.
const quickBudget = 4 * time.Minute

// cases chooses what runs.
func (o options) cases() (points []point, specials []special, err error) {
	if o.axes.any() {
		all, err := o.axes.points()
		if err != nil {
			return nil, nil, err
		}
		for _, p := range all {
			if chosen(o.only, p.String()) {
				points = append(points, p)
			}
		}
		return points, nil, nil
	}
	for _, p := range matrix(o.quick) {
		if chosen(o.only, p.String()) {
			points = append(points, p)
		}
	}
	for _, s := range specialCases {
		if chosen(o.only, s.name) && (o.only != "" || !o.quick || s.quick) {
			specials = append(specials, s)
		}
	}
	if len(points)+len(specials) == 0 {
		return nil, nil, fmt.Errorf("no case has all of %q in its name: see --list", o.only)
	}
	return points, specials, nil
}

// write puts the report where it was asked for.
func (o options) write(r *report) error {
	if o.json != "" {
		text, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.doc != "" {
		if err := r.rewrite(o.doc); err != nil {
			return err
		}
	}
	if o.html == "" {
		return nil
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	return os.WriteFile(o.html, page, 0o644)
}

// renderAgain judges the rounds of an earlier run and makes its page anew.
func (o options) renderAgain() error {
	text, err := os.ReadFile(o.render)
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: %w", o.render, err)
	}
	for _, one := range r.Results {
		one.judge()
	}
	r.print()
	return o.write(&r)
}

// subject is a program under measurement.
type subject struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	program string
	ours    bool
}

// prepare builds the server and finds the others.
func (b *bench) prepare() error {
	ours := b.o.server
	if ours == "" {
		ours = filepath.Join(b.scratch, "holdfast")
		if out, err := exec.Command("go", "build", "-o", ours, "holdfast/cmd/holdfast").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	if _, err := exec.LookPath(b.o.redis); err != nil {
		return fmt.Errorf("%w; on Debian: apt-get install redis-server", err)
	}
	b.subjects = []subject{{"holdfast", version(ours), ours, true}, {"redis", version(b.o.redis), b.o.redis, false}}
	if path, err := exec.LookPath(b.o.valkey); err == nil {
		b.subjects = append(b.subjects, subject{"valkey", version(path), path, false})
	}
	b.report = report{Machine: thisMachine(), Subjects: b.subjects, Rounds: b.o.rounds, Seconds: b.o.seconds}
	fmt.Println(b.report.Machine)
	for _, s := range b.subjects {
		fmt.Printf("%s: %s\n", s.Name, s.Version)
	}
	return nil
}

func version(program string) string {
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return program
	}
	f := strings.Fields(string(out))
	for i, word := range f {
		if v, ok := strings.CutPrefix(word, "v="); ok {
			return strings.Join(f[:min(i, 1)], " ") + " " + v
		}
	}
	return strings.Join(f[:min(2, len(f))], " ")
}
