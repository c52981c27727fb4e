package campaign

import (
	"slices"

	"holdfast/sim/tape"
)

// Near runs the nth run next to a recorded one: for when the engine or the world has
// changed, and what was recorded no longer happens at the right moment. Commands and
// settings stay, but for one command that is drawn anew in one run of four; faults
// come a little sooner or later, and in every second run the schedule varies where
// the recording has it take its usual course. The token that comes back is the run.
func (r *Runner) Near(tok tape.Token, n int) (Result, error) {
	p, ok := tape.ProfileNamed(tok.Profile)
	if !ok {
		return Result{}, errNoProfile(tok.Profile)
	}
	g := guide{rand: uint64(n)}
	g.draw(2)
	list := slices.Clone(tok.Outcomes)
	for i := range list {
		if o := &list[i]; o.Label.Site().Placed() && o.Label.Moment() != 0 && g.draw(2) == 0 {
			o.Occurrence = uint32(max(int(o.Occurrence)+g.draw(12)-4, 0))
		}
	}
	var anew tape.Label
	if n%4 == 3 && len(list) > 0 {
		if l := list[g.draw(len(list))].Label; !l.Site().Placed() {
			anew = l
			list = slices.DeleteFunc(list, func(o tape.Outcome) bool { return o.Label.Beside(anew) })
		}
	}
	r.tape.Record(true)
	r.tape.Vary(list, uint64(n), p, n%2 == 0, anew)
	res, err := r.run(tok, p.Name)
	res.Token.Recorded, res.Token.Outcomes = true, slices.Clone(r.Outcomes())
	return res, err
}
