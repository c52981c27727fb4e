package campaign

import (
	"fmt"
	"strings"

	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/sim/wire"
)

// What the engine tells, passed on to the judge, and to the trace if there is
// one. A trace line's first word says whose it is.

func (r *Runner) unit(u *event.Unit) {
	if r.world.Sched.Tracing() {
		r.world.Sched.Tracef("engine: conn %d.%d %s → %s", uint32(u.Conn), u.Conn>>32, spellCommands(u), wire.Spell(u.Reply))
		if u.End > u.Begin || u.Need > 0 {
			r.world.Sched.Tracef("log: conn %d.%d wrote [%d, %d), its reply needs %d", uint32(u.Conn), u.Conn>>32, u.Begin, u.End, u.Need)
		}
	}
	if r.Heard != nil {
		r.Heard(u)
	}
	if r.traits != nil {
		r.ran(u)
	}
	r.judge.Unit(u)
}

func (r *Runner) withdrawn(w *event.Withdrawn) {
	if r.world.Sched.Tracing() {
		what := "the reply becomes an error"
		if !w.Failed {
			what = fmt.Sprintf("%d replies are void, their reads run again", w.Units)
		}
		r.world.Sched.Tracef("engine: conn %d.%d %s", uint32(w.Conn), w.Conn>>32, what)
	}
	r.judge.Withdrawn(w)
}

func (r *Runner) gone(g *event.Gone) {
	if r.world.Sched.Tracing() {
		how := "expires"
		if g.Evicted {
			how = "is evicted"
		}
		r.world.Sched.Tracef("engine: key %s of database %d %s, deadline %d ms", g.Key, g.DB, how, g.Deadline)
	}
	r.judge.Gone(g)
}

func (r *Runner) committed(lsn unit.LSN) {
	if r.world.Sched.Tracing() {
		r.world.Sched.Tracef("log: committed up to %d", lsn)
	}
}

func (r *Runner) mark(name string) {
	r.marks[name]++
	if r.traits != nil {
		r.rare(name)
	}
	r.index.mark(name)
	if r.world.Sched.Tracing() {
		r.world.Sched.Tracef("engine: rare state: %s", name)
	}
}

func (r *Runner) warn(line string) {
	if r.traits != nil {
		r.rare(stem(line))
	}
	if r.world.Sched.Tracing() {
		r.world.Sched.Tracef("engine: warns: %s", line)
	}
}

// spellLimit bounds what a trace line says of a unit's commands.
const spellLimit = 160

func spellCommands(u *event.Unit) string {
	var b strings.Builder
	if u.Exec {
		b.WriteString("EXEC of ")
	}
	for i, args := range u.Commands {
		if i > 0 {
			b.WriteString("; ")
		}
		for k, a := range args {
			if k > 0 {
				b.WriteByte(' ')
			}
			if len(a) > 28 {
				fmt.Fprintf(&b, "%s…(%d bytes)", a[:20], len(a))
			} else {
				b.Write(a)
			}
			if b.Len() > spellLimit {
				return b.String() + "…"
			}
		}
	}
	return b.String()
}
