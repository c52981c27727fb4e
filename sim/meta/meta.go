package meta

import (
	"fmt"

	"holdfast/engine/config"
	"holdfast/sim/sched"
)

// Outcome is what a pair of runs came to.
type Outcome struct {
	What   string // constant; "" if nothing differs
	Story  []string
	Checks int64 // comparisons that could have failed
	Hash   uint64
	Events int
	Turns  int
	Boots  int
	Seen   sched.Counts
	Ended  int   // processes that ended at a rest
	Asked  int64 // commands sent
	// First is the first side's trace; the second's is still the world's.
	First []sched.Line
}

// Run draws a script and two variants, plays both, and compares.
func Run(o Options, sh Shape, base *config.Config) (out Outcome) {
	script := Draw(o.Tape, sh)
	for i := range script {
		for _, args := range script[i].Commands {
			o.Sent(args[0])
			out.Asked++
		}
	}
	var sides [2]side
	for i := range sides {
		s := &sides[i]
		s.Options, s.no, s.variant = o, i, Vary(o.Tape, i, base)
		first := s.variant.String()
		s.run(script, sh.Clients)
		w := o.World
		out.Hash = out.Hash*0x9e3779b97f4a7c15 ^ w.Hash()
		out.Events += w.Sched.Events()
		out.Turns += w.Turns
		out.Boots += w.Boots
		out.Ended += w.Crashes
		out.Seen.Add(w.Seen())
		if i == 0 {
			lines, _ := w.Sched.Lines()
			out.First = append(out.First, lines...)
		}
		out.Story = append(out.Story, fmt.Sprintf("side %d: %s", i, first))
		if s.wrong != "" {
			out.What = s.wrong
			return out
		}
	}
	what, where, checks := compare(script, &sides[0].told, &sides[1].told)
	out.Checks = checks
	if what != "" {
		out.What, out.Story = "under other settings, "+what, append(out.Story, where)
	}
	return out
}
