package campaign

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"holdfast/sim/digest"
	"holdfast/sim/judge"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// walk is the graph of states that an exploration has found. A state is that of
// the whole world between two turns; an edge is what clients were told on the
// way from one to the next. As time passes there is no way back, so when a run
// meets a state that is not on its own path, all that follows from it is known.
type walk struct {
	odo   *tape.Odometer
	naive bool
	hash  *digest.Hasher
	forks forks
	token tape.Token
	out   *Explored
	known map[digest.Sum]int32
	nodes []node
	path  []visited // the states of this run, the first its beginning
	on    int       // the place in path that it is at
	kept  int       // path's length when the run began: it only repeats that far
	cut   bool
	cuts  int
	step  int  // states met in this run
	depth int  // choices made when the last was met
	first bool // this is the first run
	told  map[uint64]said
	ends  map[uint64]bool // naive: outcomes
	// enough reports that there have been runs enough, which halts the walk.
	enough func() bool
	found  func(*Result) bool
	halted bool
}

// node is a state: what follows it, and once that is known, what can come of it.
type node struct {
	edges []edge
	all   []string // what clients may yet be told
	runs  float64  // combinations of choices from here on
	done  bool
}

type edge struct {
	told string // see words
	to   int32
	ways int // combinations of choices that lead from one to the other
}

// visited is a state that a run came through.
type visited struct {
	node  int32
	depth int // choices made before it
	step  int // states that the run came through before it
}

// said sums up what one connection was told: a polynomial, so that what was told
// later can be added without knowing what was told before.
type said struct{ sum, scale uint64 }

const saidBase = 0x9e3779b97f4a7c15

func (s said) then(p []byte) said {
	return s.join(said{sched.Sum(p), saidBase})
}

func (s said) join(t said) said {
	if s.scale == 0 {
		return t
	}
	return said{s.sum*t.scale + t.sum, s.scale * t.scale}
}

// last is the number of the node behind all runs.
const last = 0

func newWalk(r *Runner, o *tape.Odometer, naive bool) *walk {
	return &walk{odo: o, naive: naive, hash: digest.New(stateRules(r)), forks: newForks(r), known: map[digest.Sum]int32{}, nodes: make([]node, 2),
		path: []visited{{node: 1}}, told: map[uint64]said{}, ends: map[uint64]bool{}, first: true}
}

// begin begins a run, in which the last digit of the odometer is new.
func (w *walk) begin() {
	depth := w.odo.Changed()
	for len(w.path) > 1 && w.path[len(w.path)-1].depth > depth {
		w.path = w.path[:len(w.path)-1]
	}
	w.on, w.kept, w.cut, w.step, w.depth = 0, len(w.path), false, 0, 0
	clear(w.told)
}

// hear notes what a connection is told.
func (w *walk) hear(conn uint64, p []byte) { w.told[conn] = w.told[conn].then(p) }

// turned looks at the world between two turns, and reports that the run may end
// here.
func (w *walk) turned(r *Runner) bool {
	depth := w.odo.Depth()
	if w.naive || w.cut || w.forks.active || depth == 0 || depth == w.depth && (r.world.Boots > 1 || r.world.Sched.IsCalm()) {
		return w.cut
	}
	w.meet(r)
	return w.cut
}

// meet notes a state. The same state is met on the way to what is new.
func (w *walk) meet(r *Runner) {
	w.step++
	w.depth = w.odo.Depth()
	if w.on+1 < w.kept {
		if w.path[w.on+1].step == w.step {
			w.on++
			clear(w.told)
		}
		return
	}
	if w.odo.Depth() <= w.odo.Changed() && !w.first {
		return
	}
	d := w.hash.Of(r)
	at, seen := w.known[d]
	if !seen {
		at = w.state()
		w.known[d] = at
	}
	w.edge(w.path[w.on].node, at, words(w.told))
	if seen {
		w.cut = true
		w.cuts++
		return
	}
	w.path = append(w.path, visited{at, w.odo.Depth(), w.step})
	w.on++
	clear(w.told)
}

// state makes a node for a state.
func (w *walk) state() int32 {
	w.nodes = append(w.nodes, node{})
	return int32(len(w.nodes) - 1)
}

// edge notes a way from one state to another, on which clients are told
// something.
func (w *walk) edge(at, to int32, told string) {
	from := &w.nodes[at]
	i := slices.IndexFunc(from.edges, func(e edge) bool { return e.to == to && e.told == told })
	if i < 0 {
		i = len(from.edges)
		from.edges = append(from.edges, edge{told: told, to: to})
	}
	from.edges[i].ways++
}

// end ends a run.
func (w *walk) end(f *judge.Failure) {
	w.first = false
	switch {
	case w.cut:
	case w.naive:
		w.ending(f)
		w.ends[outcome(w.told)] = true
	default:
		w.edge(w.path[w.on].node, last, w.ending(f))
	}
}

// ending is what connections were told since the last state, up to the end.
func (w *walk) ending(f *judge.Failure) string {
	if f != nil {
		h := fnv.New64a()
		h.Write([]byte(f.Signature()))
		w.told[^uint64(0)] = said{h.Sum64(), saidBase}
	}
	return words(w.told)
}

// words is what connections were told, as a string: of each its number, sum and
// scale, in order.
func words(told map[uint64]said) string {
	conns := make([]uint64, 0, len(told))
	for c := range told {
		conns = append(conns, c)
	}
	slices.Sort(conns)
	var b []byte
	for _, c := range conns {
		for _, x := range [...]uint64{c, told[c].sum, told[c].scale} {
			b = binary.LittleEndian.AppendUint64(b, x)
		}
	}
	return string(b)
}

// joined is what connections were told first and then.
func joined(first, then string) string {
	if first == "" {
		return then
	}
	told := map[uint64]said{}
	for _, s := range [...]string{first, then} {
		eachWord(s, func(conn uint64, what said) { told[conn] = told[conn].join(what) })
	}
	return words(told)
}

// eachWord reads words.
func eachWord(s string, fn func(conn uint64, what said)) {
	for p := []byte(s); len(p) > 0; p = p[24:] {
		fn(binary.LittleEndian.Uint64(p), said{binary.LittleEndian.Uint64(p[8:]), binary.LittleEndian.Uint64(p[16:])})
	}
}

// outcome sums up what all connections were told.
func outcome(told map[uint64]said) (h uint64) {
	for conn, s := range told {
		h ^= (conn + 1) * (s.sum | 1) // in no order
	}
	return h
}

// follow returns what clients can be told from a state on.
func (w *walk) follow(at int32) []string {
	n := &w.nodes[at]
	if n.done {
		return n.all
	}
	all := map[string]bool{}
	if at == last {
		all[""] = true
		n.runs = 1
	}
	for _, e := range n.edges {
		w.follow(e.to)
		n.runs += float64(e.ways) * w.nodes[e.to].runs
		for _, then := range w.follow(e.to) {
			all[joined(e.told, then)] = true
		}
	}
	for s := range all {
		n.all = append(n.all, s)
	}
	n.done = true
	return n.all
}

// sumUp tells what the walk has found.
func (w *walk) sumUp(out *Explored) {
	out.States, out.Cut = len(w.nodes)-2, w.cuts
	if w.naive {
		out.Outcomes, out.Histories, out.Combinations = w.ends, len(w.ends), float64(out.Runs)
		return
	}
	for _, s := range w.follow(1) {
		told := map[uint64]said{}
		eachWord(s, func(conn uint64, what said) { told[conn] = what })
		w.ends[outcome(told)] = true
	}
	out.Outcomes, out.Histories, out.Combinations = w.ends, len(w.ends), w.nodes[1].runs
}
