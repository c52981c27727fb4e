package tape

import "slices"

// Course is a run that is put together from what other runs had: how a guided
// campaign goes on from one.
type Course struct {
	// Seeds has for each site, in the order of Sites, the seed whose rate and mix
	// it has. What is drawn before Planned comes of it too.
	Seeds []uint64
	Legs  []Leg // the first from 0 on
}

// Leg says whose draws a run has from a choice on, up to the next leg's.
type Leg struct {
	From int
	Seed uint64
}

// From returns a course that is the same up to a choice, and has another's draws
// from there on.
func (c Course) From(choice int, seed uint64) Course {
	legs := slices.Clone(c.Legs)
	legs = slices.DeleteFunc(legs, func(l Leg) bool { return l.From > 0 && l.From >= choice })
	return Course{Seeds: c.Seeds, Legs: append(legs, Leg{choice, seed})}
}

// Guide makes the tape draw a course. The same course is the same run; one with
// another last leg is the same up to there.
func (t *Tape) Guide(c *Course, p *Profile) {
	t.begin(guided)
	t.gen.resetEach(c.Seeds, p)
	t.legs, t.planning = c.Legs, true
}

// Planned ends what a run draws before it begins.
func (t *Tape) Planned() {
	if t.planning {
		t.planning = false
		t.leg()
	}
}

func (t *Tape) leg() {
	t.gen.begin(t.legs[0].Seed)
	t.legs = t.legs[1:]
}

// steer draws along the course.
func (t *Tape) steer(l Label, n int) int {
	if t.planning {
		t.gen.state = hash2(t.gen.seeds[l.Site()], uint64(l))
	} else if len(t.legs) > 0 && t.count > t.legs[0].From {
		t.leg()
	}
	return t.gen.draw(l.Site(), n)
}
