package campaign

import (
	"cmp"
	"math"
	"slices"
	"time"

	"holdfast/sim/tape"
)

// Guided is a campaign that breeds its runs from those in which the most came
// together that is rare (traits.go says what). Each site of the tape has the
// settings, rate and mix that it had in one of them, which is drawn anew for each
// site, and what happens then is drawn from nothing. Or a run repeats one of them
// up to something rare and is drawn anew from there. One in a few comes of nothing.
//
// What is rare is a matter of the campaign so far: what many runs have had since
// they were bred for it counts less, so no kind of run stays the best for long.
// The guide looks at what the engine says and the world does, never at the oracles.
//
// One worker; what runs next depends on what was found, so a failure's token is a
// recording, and not a seed.
type Guided struct {
	From, Seeds uint64
	Profile     string
	Settings    string
	Until       time.Time
	// Stop, if set, ends it at the first failure that it accepts.
	Stop func(*Result) bool
}

const (
	generation  = 16 // runs between two rankings
	parents     = 16 // the best, of which others come
	stocked     = 64 // what is ranked again
	freshEvery  = 4  // one run of so many comes of nothing
	repeatEvery = 4  // of the others, one of so many goes back to something rare
	changeEvery = 32 // one site of so many is like none of the parents'
)

// ancestor is a run that others can come of.
type ancestor struct {
	course tape.Course
	traits []int
	cuts   []int // choices made when something rare was first reached
	worth  int64
}

// guide chooses what to run.
type guide struct {
	names map[string]int // traits
	seen  []int          // runs that had each of them
	runs  int
	stock []*ancestor // the first are the best, as of the last ranking
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
	guide := guide{names: map[string]int{}, rand: g.From}
	for i := uint64(0); i < g.Seeds && (g.Until.IsZero() || time.Now().Before(g.Until)); i++ {
		tok := tape.Token{Seed: g.From + i, Profile: g.Profile, Settings: g.Settings}
		course := guide.next()
		r.traits = newTraits()
		r.tape.Guide(&course, p)
		res, err := r.run(tok, p.Name)
		if err != nil {
			return t, err
		}
		guide.keep(course, r.traits, &res)
		t.collect(r)
		if res.Failure != nil { // once more, for the record
			r.tape.Record(true)
			r.tape.Guide(&course, p)
			if res, err = r.run(tok, p.Name); err != nil {
				return t, err
			}
			r.tape.Record(false)
			res.Token.Recorded, res.Token.Outcomes = true, slices.Clone(r.Outcomes())
			newTotals().collect(r) // counted already
		}
		t.add(&res, false)
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

// next chooses what to run.
func (g *guide) next() tape.Course {
	if len(g.stock) < parents || g.runs%freshEvery == 0 {
		return g.fresh()
	}
	if a := g.parent(); len(a.cuts) > 0 && g.draw(repeatEvery) == 0 {
		return a.course.From(a.cuts[g.draw(len(a.cuts))], g.random())
	}
	c := g.fresh()
	for s := range c.Seeds {
		if g.draw(changeEvery) != 0 {
			c.Seeds[s] = g.parent().course.Seeds[s]
		}
	}
	return c
}

func (g *guide) fresh() tape.Course {
	c := tape.Course{Seeds: make([]uint64, len(tape.Sites())), Legs: []tape.Leg{{From: 0, Seed: g.random()}}}
	for s := range c.Seeds {
		c.Seeds[s] = g.random()
	}
	return c
}

func (g *guide) parent() *ancestor { return g.stock[g.draw(min(parents, len(g.stock)))] }

// keep counts what a run had, and takes it into the stock; not one that failed,
// for it ended early.
func (g *guide) keep(c tape.Course, t *traits, res *Result) {
	g.runs++
	a := &ancestor{course: c, cuts: t.cuts}
	for _, name := range t.all(res) {
		id, ok := g.names[name]
		if !ok {
			id = len(g.seen)
			g.names[name] = id
			g.seen = append(g.seen, 0)
		}
		g.seen[id]++
		a.traits = append(a.traits, id)
	}
	if res.Failure == nil {
		g.stock = append(g.stock, a)
	}
	if g.runs%generation == 0 {
		g.rank()
	}
}

// rank puts the best first and forgets the worst.
func (g *guide) rank() {
	bits := make([]int64, len(g.seen))
	for id, n := range g.seen {
		bits[id] = int64(1024 * math.Log2(float64(g.runs)/float64(n)))
	}
	for _, a := range g.stock {
		a.worth = 0
		for _, id := range a.traits {
			a.worth += bits[id]
		}
	}
	slices.SortStableFunc(g.stock, func(a, b *ancestor) int { return cmp.Compare(b.worth, a.worth) })
	clear(g.stock[min(stocked, len(g.stock)):])
	g.stock = g.stock[:min(stocked, len(g.stock))]
}

func (g *guide) draw(n int) int { return int(g.random() >> 33 % uint64(n)) }

func (g *guide) random() uint64 {
	g.rand += 0x9e3779b97f4a7c15
	x := g.rand
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
