package campaign

import (
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/sim/judge"
	"holdfast/sim/meta"
	"holdfast/sim/model"
	"holdfast/sim/tape"
)

// A run can be a metamorphic one: the same commands under two sets of settings,
// judged by comparing what clients were told (package meta). All runs of the
// profile metamorphic are, and a share of the standard ones.

var (
	siteMeta      = tape.NewSiteWeighted("run/metamorphic", tape.Free, 0, metaShare-1, 1)
	siteMetaSteps = tape.NewSite("run/metamorphic steps", tape.Free)
)

// metaShare is how many standard runs there are for each that is metamorphic.
const metaShare = 24

// drawMeta decides whether the run is metamorphic. Who fixes the clients wants them.
func (p *plan) drawMeta(t *tape.Tape, set settings, profile string) {
	draw := t.Chance(siteMeta.Label())
	p.meta = profile == tape.Metamorphic.Name ||
		profile == tape.Standard.Name && draw && !p.beside && set["scope"] == "" && set["fsync"] == ""
	if !p.meta {
		return
	}
	s := &p.shape
	if s.Each == nil {
		s.Clients = min(s.Clients, 3)
		s.Commands = 20 + 10*t.Choose(siteMetaSteps.Label(), 4)
	}
}

// metamorphic is a run of this kind.
func (r *Runner) metamorphic(tok tape.Token) Result {
	s := &r.plan.shape
	sh := meta.Shape{Clients: s.Clients, Steps: s.Commands, Each: s.Each, Keys: s.Groups}
	o := meta.Options{World: r.world, Tape: r.tape, Observer: &event.Observer{Mark: r.mark}, Sent: r.judge.Answered, Trace: r.Trace, Hashes: r.Hashes}
	var out meta.Outcome
	if failure := r.world.Try(func() { out = meta.Run(o, sh, metaBase(&r.plan.config)) }); failure != nil {
		r.broken(failure)
	}
	for range out.Checks {
		r.judge.Check(judge.Metamorphic)
	}
	if out.What != "" {
		r.judge.Fail(judge.Metamorphic, "ORDERED", out.What, out.Story...)
	}
	r.first = out.First
	return Result{Token: tok, Failure: r.judge.Failure(), Hash: out.Hash, Events: out.Events, Crashes: out.Ended, Boots: out.Boots,
		Turns: out.Turns, Choices: r.tape.Count(), Answered: 2 * out.Asked, Commands: out.Asked, Seen: out.Seen, Counts: r.judge.Counts, Meta: true}
}

// metaBase is what both sides have.
func metaBase(drawn *config.Config) *config.Config {
	c := *drawn
	c.Databases, c.ImportMode, c.TieredMaxFileSize = model.Databases, false, 0
	c.MaxUnwritten, c.MaxMemoryPolicy = 64<<10, "noeviction"
	c.NotifyEvents = 1<<10 - 1 | 1<<11 // KA
	return &c
}
