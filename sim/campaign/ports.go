package campaign

import (
	"holdfast/clock"
	"holdfast/engine"
)

// tap lets the judge see what the engine reads of its clocks.
type tap struct {
	clock.Clock
	r *Runner
}

func (t tap) Wall() int64 {
	us := t.Clock.Wall()
	t.r.judge.SawWall(us)
	return us
}

func (t tap) Mono() int64 {
	ns := t.Clock.Mono()
	t.r.judge.SawMono()
	return ns
}

// host notes ticks, after which the engine must have been punctual.
type host struct {
	*engine.Shard
	r *Runner
}

func (h host) Tick() {
	gone := h.r.judge.Counts.Expired
	h.r.ticked = h.r.judge.Engine()
	h.Shard.Tick()
	if h.r.judge.Counts.Expired-gone >= int64(h.r.cfg.ExpireBatch) {
		h.r.ticked = 0 // one turn removes no more; the next is judged again
	}
}
