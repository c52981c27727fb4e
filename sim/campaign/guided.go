package campaign

import (
	"slices"
	"sort"
	"strings"
	"time"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Guided is a campaign that goes back to where it was rare. What is rare is a
// pair: a mark of the engine together with another one, with a fault that had an
// effect, or with a setting. The run that had it is made again up to its
// settings, or up to the mark or part of the way there, with the same faults and
// commands favoured, and drawn anew from there. A quarter of the runs are fresh
// seeds. One worker; what runs next depends on what was found, so a run is its
// token, which is a recording, and not a seed.
type Guided struct {
	From, Seeds uint64
	Profile     string
	Settings    string
	Until       time.Time
	// Stop, if set, ends it at the first failure that it accepts.
	Stop func(*Result) bool
}

const (
	fresh       = 50 // runs before anything is gone back to
	freshEvery  = 4
	storiesKept = 2  // of each pair
	contest     = 16 // pairs that are compared; the one seen least is gone back to
)

// story is a run that can be gone back to.
type story struct {
	outcomes []tape.Outcome
	swarm    uint64 // the seed whose rates and mixes it had
	planned  int    // choices made before it began
}

// lead is a pair and the newest runs that had it.
type lead struct {
	key     [2]int
	seen    int
	stories []*story
	at      []int // choices made when each had come to the mark
	turn    int
}

// guide chooses what to go back to.
type guide struct {
	names map[string]int // features
	leads []*lead
	index map[[2]int]*lead
	rand  uint64
}

// Run runs it.
func (g *Guided) Run(progress func(done, failed, events, virtual int64)) (*Totals, error) {
	p, ok := tape.ProfileNamed(g.Profile)
	if !ok {
		return nil, errNoProfile(g.Profile)
	}
	t := newTotals()
	start := time.Now()
	r := NewRunner()
	r.tape.Record(true)
	r.markedAt = map[string]int{}
	guide := guide{names: map[string]int{}, index: map[[2]int]*lead{}, rand: g.From}
	for i := uint64(0); i < g.Seeds && (g.Until.IsZero() || time.Now().Before(g.Until)); i++ {
		clear(r.markedAt)
		tok := tape.Token{Seed: g.From + i, Profile: g.Profile, Settings: g.Settings}
		swarm := tok.Seed
		if from, cut := guide.pick(); from != nil && i >= fresh && i%freshEvery != 0 {
			swarm = from.swarm
			r.tape.Resume(from.outcomes, cut, swarm, tok.Seed, p)
		} else {
			r.tape.Seed(tok.Seed, p)
		}
		res, err := r.run(tok, p.Name)
		if err != nil {
			return t, err
		}
		if res.Failure != nil {
			res.Token.Recorded, res.Token.Outcomes = true, slices.Clone(r.Outcomes())
		}
		t.add(&res, false)
		guide.keep(r, &res, swarm)
		t.collect(r)
		if progress != nil && t.Runs%64 == 0 {
			progress(t.Runs, t.Failed, t.Events, t.Virtual)
		}
		if res.Failure != nil && g.Stop != nil && g.Stop(&res) {
			break
		}
	}
	t.Elapsed = time.Since(start)
	return t, nil
}

func (g *guide) feature(name string) int {
	n, ok := g.names[name]
	if !ok {
		n = len(g.names)
		g.names[name] = n
	}
	return n
}

// keep notes the run just made under each of its pairs.
func (g *guide) keep(r *Runner, res *Result, swarm uint64) {
	marks := make([]string, 0, len(r.markedAt))
	for name := range r.markedAt {
		marks = append(marks, name)
	}
	sort.Strings(marks)
	others := slices.Clone(marks)
	for e, n := range res.Seen {
		if n > 0 {
			others = append(others, sched.Effect(e).String())
		}
	}
	for _, o := range r.Outcomes() {
		if int(o.Order) >= r.planned {
			break
		}
		if name := o.Label.String(); strings.HasPrefix(name, "run/") && !strings.HasSuffix(name, "time") {
			others = append(others, name+" "+string('0'+rune(o.Value)))
		}
	}
	made := &story{swarm: swarm, planned: r.planned}
	for _, m := range marks {
		a := g.feature(m)
		for _, o := range others {
			g.note([2]int{a, g.feature(o)}, made, r.markedAt[m], r)
		}
	}
}

func (g *guide) note(key [2]int, made *story, at int, r *Runner) {
	l := g.index[key]
	if l == nil {
		l = &lead{key: key}
		g.index[key] = l
		g.leads = append(g.leads, l)
	}
	if l.seen++; len(l.stories) == storiesKept {
		return
	}
	if made.outcomes == nil { // no further than the last mark
		last := r.planned
		for _, at := range r.markedAt {
			last = max(last, at)
		}
		list := r.Outcomes()
		end := sort.Search(len(list), func(i int) bool { return int(list[i].Order) >= last })
		made.outcomes = slices.Clone(list[:end])
	}
	l.stories, l.at = append(l.stories, made), append(l.at, at)
}

func (g *guide) draw(n int) int {
	g.rand = g.rand*0x5851f42d4c957f2d + 0x14057b7ef767814f
	return int((g.rand >> 33) % uint64(n))
}

// pick chooses a run and how much of it to repeat.
func (g *guide) pick() (*story, int) {
	if len(g.leads) == 0 {
		return nil, 0
	}
	var l *lead
	for range contest {
		if other := g.leads[g.draw(len(g.leads))]; l == nil || other.seen < l.seen {
			l = other
		}
	}
	l.turn++
	s, at := l.stories[l.turn%len(l.stories)], l.at[l.turn%len(l.stories)]
	at = max(at, s.planned)
	switch g.draw(8) {
	case 0, 1:
		return s, at
	case 2:
		return s, s.planned + (at-s.planned)/2
	case 3:
		return s, s.planned + (at-s.planned)*3/4
	}
	return s, s.planned
}
