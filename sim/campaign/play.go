package campaign

import (
	"fmt"

	"holdfast/sim/judge"
)

// play is one run, faults first, then peace.
func (r *Runner) play() {
	j, w := &r.judge, r.world
	ended := func() bool {
		return j.Failure() != nil || w.Dead() || r.blind || r.walk != nil && r.walk.cut || r.limit > 0 && w.Sched.Events() > r.limit
	}
	over := func() bool { return ended() || r.work.Done() || r.walk != nil && r.walk.turned(r) }
	w.Run(maxEvents, over)
	if ended() {
		return
	}
	if until := w.Sched.Now() + r.plan.lasts; r.work.Done() && r.plan.lasts > 0 {
		w.Run(maxEvents, func() bool { return ended() || w.Sched.Now() >= until })
		if ended() {
			return
		}
	}
	if !r.work.Done() {
		r.work.Enough()
	}
	w.Calm()
	limit := w.Sched.Events() + r.drain()
	if !w.Run(limit, over) && j.Failure() == nil {
		r.stuck(w.Sched.Events() >= limit)
		return
	}
	if ended() {
		return
	}
	r.drained()
	r.linear()
	r.emptied(over)
}

// emptied has everything deleted where the log was short of space: what is given
// up has to be of use again, with no restart.
func (r *Runner) emptied(over func() bool) {
	j, w := &r.judge, r.world
	if j.Failure() != nil || !r.serving() || !r.plan.rules.Capped || r.plan.shape.Import {
		return
	}
	j.Rules().Capped = false
	r.work.Empty()
	limit := w.Sched.Events() + r.drain()
	if !w.Run(limit, over) && j.Failure() == nil {
		r.stuck(w.Sched.Events() >= limit)
	}
}

// linear judges what clients saw by itself.
func (r *Runner) linear() {
	rules := r.judge.Rules()
	if !r.plan.shape.Registers || !rules.Sure || r.plan.shape.Policies+r.plan.shape.Logs > 0 || rules.Damage || r.judge.Failure() != nil {
		return
	}
	v := r.work.History.Check()
	for range v.Judged {
		r.judge.Check(judge.Linear)
	}
	if v.Wrong {
		r.judge.Fail(judge.Linear, "ORDERED", "no order explains what clients saw", append([]string{"key " + v.Key}, v.Story...)...)
	}
}

// stuck reports that somebody still waits though nothing is in the way.
func (r *Runner) stuck(busy bool) {
	what := "a client was neither answered nor closed"
	if busy {
		what = "the engine never comes to rest"
	}
	story := append(r.work.Waiting(), fmt.Sprintf("serving %v", r.serving()))
	if r.shard != nil {
		r.shard.Info("log", func(field, value string) { story = append(story, field+" "+value) })
	}
	r.judge.Fail(judge.Order, "BOUNDED", what, story...)
}

func (r *Runner) serving() bool { return r.shard != nil && r.shard.Serving() }
