package campaign

import (
	"cmp"
	"reflect"
	"slices"

	"holdfast/sim/digest"
	"holdfast/sim/sched"
)

// leftOut makes no difference to what a world can do yet: counters and stories,
// scratch that is written before it is read, and instants that only count by
// their distance from others, see stateRules.
var leftOut = []string{
	// Of the world: its history. The heap and the present are below.
	"tape.Tape", "campaign.walk", "campaign.Scope", "sched.Counts", "sched.Trace", "sched.Sched.hash", "sched.Sched.events", "sched.Sched.Hashes",
	"sched.Sched.seq", "wire.Conn.Released", "wire.Conn.Consumed", "wire.Wire.told",
	"disk.Disk.cursor", "disk.Disk.decided", "disk.Disk.bases", "disk.Disk.submitted", "disk.flight.order", "sched.Sched.heap", "sched.Sched.now", "campaign.Runner.marks", "campaign.Runner.shard", "campaign.Runner.twin", "campaign.Runner.newest", "world.World.Turns",
	// Pools: what of them is in use is below.
	"disk.Disk.files", "wire.Wire.conns", "wire.Wire.free",
	// Buffers: what is live is reached through those who use it.
	"disk.buffers", "disk.Disk.scratch", "bump.Arena", "client.Workload.out", "client.Workload.cmds",
	"client.Workload.Answered", "client.Workload.Lost", "client.Workload.Commands", "client.Client.timer",
	// The last reading of the clock, kept to see that it does not run backwards.
	"wallclock.Clock.mono", "wallclock.Clock.due", "wallclock.Clock.wake",
	// Of the oracles: counts, stories, the instant of the last unit.
	"judge.Counts", "judge.Judge.Commands", "latency.Histogram", "judge.Judge.revealedBy", "judge.Judge.last", "judge.Judge.due", "judge.Judge.time", "twin.Twin.ran", "twin.Twin.now", "model.ctx", "cut.Cut.batches", "cut.Cut.buf", "ledger.Ledger.Found",
	// Of the engine: the same.
	"tx.Timekeeper.us", "tx.Timekeeper.monoNS", "engine.Shard.mono", "engine.Shard.walled", "session.conn.used", "session.Server.turn",
	"hold.Mark.turn", "session.Server.unit", "tx.unitState.now", "tier.compactor.now", "ckpt.Keeper.mono", "wal.Stats", "session.Stats", "session.Server.cmds",
}

// stateRules say what counts of a world's state.
func stateRules(r *Runner) digest.Rules {
	return digest.Rules{
		Fixed: []string{"command.Command"},
		Skip:  append(slices.Clone(leftOut), r.omit...),
		Void: map[string]func(reflect.Value) bool{
			"judge.conn": func(v reflect.Value) bool { return v.FieldByName("over").Bool() },
			"wire.Conn":  func(v reflect.Value) bool { return v.FieldByName("state").Uint() == 0 },
		},
		Custom: map[string]func(*digest.Hasher, reflect.Value){
			"sched.Sched": func(h *digest.Hasher, v reflect.Value) { r.pending(h, v) },
			"wallclock.Clock": func(h *digest.Hasher, v reflect.Value) {
				if field(v, "asked") == 0 {
					return
				}
				h.Number(uint64(field(v, "due")))
				h.Number(uint64(field(v, "wake")))
				if now := field(v.FieldByName("s").Elem(), "now"); now > field(v, "wake") {
					h.Number(uint64(now))
				}
			},
			"disk.Disk": func(h *digest.Hasher, v reflect.Value) {
				files(h, v)
				orders(h, v)
			},
			"wire.Wire": connections,
			// An instant of two clocks that go on together.
			"tx.Timekeeper": func(h *digest.Hasher, v reflect.Value) {
				h.Number(uint64(field(v, "us")*1000 - field(v, "monoNS")))
			},
			// A recovery begins these anew.
			"campaign.Runner": func(h *digest.Hasher, _ reflect.Value) {
				if r.world.Engine() == nil {
					return
				}
				h.Value(&r.twin)
				t := reflect.ValueOf(&r.judge).Elem().FieldByName("time")
				h.Number(uint64(field(t, "at")*1000 - field(t, "mono")))
				h.Number(uint64(field(t, "most") - field(t, "seen")/1000))
				for _, b := range []string{"known", "lead", "paired"} {
					h.Bool(t.FieldByName(b).Bool())
				}
				if t.FieldByName("lead").Bool() {
					h.Number(uint64(field(t, "leadAt")))
				}
				if !t.FieldByName("known").Bool() {
					h.Number(uint64(field(t, "start")))
				}
			},
			// When the wall is looked at again.
			"engine.Shard": func(h *digest.Hasher, v reflect.Value) {
				if at := field(v, "walled"); field(v, "mono")-at < 1_000_000 {
					h.Number(uint64(at))
				}
			},
		},
	}
}

func field(v reflect.Value, name string) int64 { return v.FieldByName(name).Int() }

// pending adds the events to come, in their order, and the present: it lasts
// until the first of them. Those that are late come now.
func (r *Runner) pending(h *digest.Hasher, v reflect.Value) {
	heap, now := v.FieldByName("heap"), uint64(field(v, "now"))
	list := make([][6]uint64, heap.Len())
	for i := range list {
		e := heap.Index(i)
		list[i] = [6]uint64{uint64(e.FieldByName("At").Int()), e.FieldByName("key").Uint(), e.FieldByName("B").Uint(),
			e.FieldByName("A").Uint(), e.FieldByName("Kind").Uint(), e.FieldByName("Op").Uint()}
	}
	slices.SortFunc(list, func(x, y [6]uint64) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
	for _, e := range list {
		e[0] = max(e[0], now)
		e[1] >>= 56 // the tie; what follows it is their order
		if sched.Kind(e[4]) == sched.Work && r.work.Waits(uint32(e[3]), e[2]) {
			e[2] = 1
		} else if sched.Kind(e[4]) == sched.Work {
			e[2], e[3] = 0, 0 // it wakes nobody
		}
		for _, x := range e {
			h.Number(x)
		}
	}
	if len(list) == 0 {
		h.Number(now)
	}
}

// files adds the files of this run.
func files(h *digest.Hasher, v reflect.Value) {
	all := v.FieldByName("files")
	for i := range int(field(v, "used")) {
		h.Part(all.Index(i))
	}
}

// connections adds those that this run has had, and the order in which their
// places are used again.
func connections(h *digest.Hasher, v reflect.Value) {
	all, free := v.FieldByName("conns"), v.FieldByName("free")
	gen := func(i int) uint64 { return all.Index(i).Elem().FieldByName("gen").Uint() }
	for i := range all.Len() {
		if n := gen(i); n > 1 {
			h.Number(n)
			h.Part(all.Index(i))
		}
	}
	for i := range free.Len() {
		if slot := free.Index(i).Uint(); gen(int(slot)) > 1 {
			h.Number(slot)
		}
	}
}

// orders adds the order in which operations in flight were submitted.
func orders(h *digest.Hasher, v reflect.Value) {
	ops := v.FieldByName("ops")
	for i := range ops.Len() {
		rank := uint64(0)
		for j := range ops.Len() {
			if ops.Index(j).FieldByName("order").Uint() < ops.Index(i).FieldByName("order").Uint() {
				rank++
			}
		}
		h.Number(rank)
	}
}

// crashRules are stateRules for a world whose process has just ended: nothing is
// in flight any more, and the next process asks the log anew where it ends.
func crashRules(r *Runner) digest.Rules {
	rules := stateRules(r)
	rules.Skip = append(rules.Skip, "disk.Disk.ops", "disk.Disk.free", "disk.Disk.clock", "disk.undo.seq", "model.Model.seq")
	rules.Custom["disk.Disk"] = files
	rules.Void["cut.Cut"] = func(reflect.Value) bool { return true }
	rules.Custom["campaign.Runner"] = func(h *digest.Hasher, v reflect.Value) {
		segments := v.FieldByName("cut").FieldByName("segs")
		for i := range segments.Len() {
			h.Number(uint64(field(segments.Index(i), "file")))
		}
		h.Number(uint64(r.ledger.Len()))
	}
	return rules
}

// outsideRules are crashRules without what is the oracles' own.
func outsideRules(r *Runner) digest.Rules {
	rules := crashRules(r)
	rules.Skip = append(rules.Skip, "judge.Judge", "ledger.Ledger", "campaign.Runner.floor", "campaign.Runner.attested")
	whole := rules.Custom["campaign.Runner"]
	rules.Custom["campaign.Runner"] = func(h *digest.Hasher, v reflect.Value) {
		whole(h, v)
		h.Part(v.FieldByName("judge").FieldByName("regime")) // it says how the next process begins
	}
	return rules
}

// oracleRules are for the oracles alone, when a recovery has been judged. That it
// has kept what was acknowledged is settled then: no process in a scope ends a
// second time.
func oracleRules(r *Runner) digest.Rules {
	rules := crashRules(r)
	rules.Skip = append(rules.Skip, "judge.Judge.world", "judge.Judge.acked")
	return rules
}
