package campaign

import (
	"strings"

	"holdfast/engine/event"
	"holdfast/sim/judge"
	"holdfast/sim/sched"
)

// traits is what a guided run has come to, by name: marks of the engine, its
// warnings, errors that it answered and commands that it carried out, faults that
// had an effect, what oracles had to look at.
type traits struct {
	names map[string]bool
	cuts  []int // choices made when a mark, a warning or an error first came
}

func newTraits() *traits { return &traits{names: map[string]bool{}} }

// rare notes a mark, a warning or an error.
func (r *Runner) rare(name string) {
	if t := r.traits; !t.names[name] {
		t.names[name] = true
		t.cuts = append(t.cuts, r.tape.Count())
	}
}

// ran notes what a unit did.
func (r *Runner) ran(u *event.Unit) {
	if len(u.Reply) > 0 && u.Reply[0] == '-' {
		r.rare(stem(string(u.Reply[:min(len(u.Reply), 40)])))
		return
	}
	for _, args := range u.Commands {
		r.traits.names[string(args[0])] = true
	}
}

// stem is a line without what differs from one time to the next.
func stem(line string) string {
	if i := strings.IndexAny(line, "0123456789'\"\r:"); i > 0 {
		return line[:i]
	}
	return line
}

// all returns the traits of a run that has ended.
func (t *traits) all(res *Result) (list []string) {
	for name := range t.names {
		list = append(list, name)
	}
	add := func(name string, n int64) {
		if n > 0 {
			list = append(list, name)
		}
	}
	for e, n := range res.Seen {
		add(sched.Effect(e).String(), n)
	}
	c := &res.Counts
	for o, n := range c.Checks {
		add(judge.Oracle(o).String(), n)
	}
	add("refused for memory", c.Short)
	add("held", c.Held)
	add("run again", c.Reruns)
	add("expired", c.Expired)
	add("aborted", c.Aborted)
	add("told", c.Told)
	return list
}
