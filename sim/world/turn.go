package world

import (
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Step takes one turn. It returns false when nothing can happen any more.
func (w *World) Step() bool {
	at, ok := w.next()
	if !ok {
		return false
	}
	w.Sched.PassTo(at)
	w.Clock.Tamper()
	limit := maxTurn
	switch w.Tape.Choose(siteTurn.Label(), 4) {
	case 1:
		limit = 1
	case 2:
		limit = 2
	case 3:
		w.Sched.Pass(w.Sched.Delay(siteStall.Label(), 0))
	}
	active, alive := w.deliverReady(limit)
	if !alive || w.engine == nil {
		return true
	}
	if w.Clock.Due() {
		w.tick()
		active = true
	}
	if active {
		if w.maybeCrash() {
			return true
		}
		w.endTurn()
	}
	return true
}

// next returns when the next turn begins.
func (w *World) next() (int64, bool) {
	at, ok := w.Sched.Next()
	if w.engine != nil {
		if due, set := w.Clock.Wake(); set && (!ok || due < at) {
			return due, true
		}
	}
	return at, ok
}

// deliverReady delivers up to limit events that are due. active says whether
// the engine saw any; alive is false if the engine ended meanwhile.
func (w *World) deliverReady(limit int) (active, alive bool) {
	for ; limit > 0; limit-- {
		at, ok := w.Sched.Next()
		if !ok || at > w.Sched.Now() {
			break
		}
		if w.maybeCrash() {
			return false, false
		}
		if w.deliver(w.Sched.Take()) {
			active = true
		}
		w.Sched.Pass(w.cfg.EventCost)
	}
	return active, true
}

// deliver hands an event to its owner and reports whether the engine saw it.
func (w *World) deliver(e sched.Event) bool {
	switch e.Kind {
	case sched.Disk:
		return w.Disk.Deliver(e)
	case sched.Wire:
		told := w.Wire.Told()
		w.Wire.Deliver(e)
		return w.Wire.Told() != told
	case sched.Work:
		if w.hooks.Timer != nil {
			w.hooks.Timer(e.A, e.B)
		}
		return false
	}
	w.boot()
	return w.engine != nil
}

func (w *World) tick() {
	w.Clock.Fired()
	w.Sched.Happened(sched.Host)
	if w.Sched.Tracing() {
		w.Sched.Tracef("tick")
	}
	w.engine.Tick()
	w.Sched.Pass(w.cfg.EventCost)
}

// TickNow ends a turn with a tick: for who keeps the engine's clock himself.
func (w *World) TickNow() {
	w.tick()
	w.endTurn()
}

func (w *World) endTurn() {
	w.engine.EndTurn()
	w.Turns++
	if w.hooks.Turn != nil {
		w.hooks.Turn()
	}
	if w.engine == nil { // a hook ended it
		return
	}
	if stopped, err := w.engine.Stopped(); stopped {
		w.exited(err)
	}
}

// boot starts an engine.
func (w *World) boot() {
	w.booting = false
	if w.engine != nil || w.dead {
		return
	}
	if w.Boots >= w.cfg.MaxBoots {
		w.dead = true
		return
	}
	w.Boots++
	w.Tape.Begin(tape.Boot(w.Boots))
	w.recovered, w.Hurried, w.Asked = false, false, 0
	w.engine = w.hooks.Engine(w.Clock, w.Disk, w.Wire)
	err := w.engine.Start()
	if w.Sched.Tracing() {
		w.Sched.Tracef("boot %d: Start: %v", w.Boots, err)
	}
	if w.hooks.Booted != nil {
		w.hooks.Booted(err)
	}
	if err != nil {
		w.exited(err)
	}
}

// maybeCrash lets the world end the process, and reports whether it is gone.
func (w *World) maybeCrash() bool {
	if w.engine == nil || w.ends >= w.cfg.MaxCrashes {
		return false
	}
	how := End(w.Sched.Fault(siteCrash.Label(), 4))
	if how == 0 {
		return false
	}
	w.ends++
	if how == CleanStop {
		w.stop()
		return w.engine == nil
	}
	w.End(how)
	return true
}

// stop asks the engine to stop; it goes on taking turns until it has.
func (w *World) stop() { w.Stop(w.Tape.Chance(siteStopNow.Label())) }

// Stop asks the engine to stop, now or in good order.
func (w *World) Stop(now bool) {
	if w.Sched.Tracing() {
		w.Sched.Tracef("clean stop, now %v", now)
	}
	w.Sched.Seen[sched.CleanStop]++
	w.Hurried = w.Hurried || now || !w.recovered || w.Asked != 0
	w.Asked = w.Sched.Now()
	w.engine.Stop(now)
	w.endTurn()
}

// End ends the process in the given way, at once except for CleanStop. It may
// be called between turns, and from Hooks.Timer and Hooks.Turn.
func (w *World) End(how End) {
	if w.engine == nil {
		return
	}
	if how == CleanStop {
		w.stop()
		return
	}
	if w.Sched.Tracing() {
		w.Sched.Tracef("%v", how)
	}
	w.Sched.Mix(uint64(how) ^ 0xdead)
	if how != Exit {
		if g := w.cfg.Grain; g > 0 {
			w.Sched.PassTo((w.Sched.Now() + g - 1) / g * g)
		}
		w.Crashes++
		if !w.recovered {
			w.Sched.Seen[sched.CrashInRecovery]++
		}
	}
	if w.hooks.Down != nil {
		w.hooks.Down(how)
	}
	w.engine = nil
	w.Wire.Crash()
	if w.hooks.Waits != nil {
		w.Sched.Drop(sched.Work, func(e sched.Event) bool { return !w.hooks.Waits(e.A, e.B) })
	}
	if how == PowerCut {
		w.Sched.Seen[sched.PowerCut]++
		w.Disk.PowerCut()
	} else {
		if how == Kill {
			w.Sched.Seen[sched.Kill]++
		}
		w.Disk.Kill()
	}
	if w.hooks.Cut != nil {
		w.hooks.Cut(how)
	}
	w.Sched.Pass(w.Sched.Delay(siteDowntime.Label(), 5*sched.Millisecond))
	w.Clock.Restart(how == PowerCut)
	w.Clock.Outage()
	w.schedBoot()
}

// exited deals with an engine that says it has stopped.
func (w *World) exited(err error) {
	if w.Sched.Tracing() {
		w.Sched.Tracef("the engine has stopped: %v", err)
	}
	again := w.hooks.Stopped == nil || w.hooks.Stopped(err)
	if w.engine == nil {
		return
	}
	w.dead = !again
	w.End(Exit)
}

func (w *World) schedBoot() {
	if w.booting || w.dead {
		return
	}
	w.booting = true
	w.Sched.After(20*sched.Millisecond, sched.Host, evBoot, 0, 0)
}
