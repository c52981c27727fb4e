package campaign

import (
	"fmt"
	"strings"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/world"
)

// FaultKind is a kind of fault that campaigns can do without: how one asks what
// it is good for. Forbidding it turns the outcomes that cause it into harmless
// ones and leaves all others as they are drawn.
type FaultKind struct {
	Name    string
	Effects []sched.Effect // by which it is observed
	forbids func(r *Runner) func(tape.Label, int) bool
}

// of forbids the outcomes of some sites: all but 0, or those between lo and hi.
func of(sites string, span ...int) func(*Runner) func(tape.Label, int) bool {
	set := map[tape.Site]bool{}
	for _, name := range strings.Split(sites, ", ") {
		s, ok := tape.SiteNamed(name)
		if !ok {
			panic("no site " + name)
		}
		set[s] = true
	}
	lo, hi := 1, 1<<30
	if len(span) == 2 {
		lo, hi = span[0], span[1]
	}
	return func(*Runner) func(tape.Label, int) bool {
		return func(l tape.Label, v int) bool { return v >= lo && v <= hi && set[l.Site()] }
	}
}

// both forbids what either does.
func both(a, b func(*Runner) func(tape.Label, int) bool) func(*Runner) func(tape.Label, int) bool {
	return func(r *Runner) func(tape.Label, int) bool {
		f, g := a(r), b(r)
		return func(l tape.Label, v int) bool { return f(l, v) || g(l, v) }
	}
}

// ended forbids a way for processes to end, as the world and the plan name it.
func ended(how world.End) func(*Runner) func(tape.Label, int) bool {
	return of("crash, run/crash # kind", int(how), int(how))
}

// FaultKinds returns every kind, in the order of the reference. The effects of
// the list that have no kind of their own follow from others: a zero-filled file
// from a lost write whose length stayed, late bytes from a connection that ended,
// an allocation that failed from a full disk, space that healed from its end.
// Where two sites have one effect, a kind forbids both: a late error is a sync
// error to the engine, and loses what a failed sync loses.
func FaultKinds() []FaultKind {
	const wall = "clock/wall step, clock/wall after outage"
	const unsynced, inFlight = "power cut/file #/unsynced write", "power cut/file #/write in flight"
	return []FaultKind{
		{"lost write", []sched.Effect{sched.LostWrite}, of(unsynced, 1, 1)},
		{"torn write", []sched.Effect{sched.TornWrite}, of(unsynced+", "+inFlight, 2, 5)},
		{"reordered write", []sched.Effect{sched.ReorderedWrite}, inOrder},
		{"in-flight write done", []sched.Effect{sched.InFlightDone}, of(inFlight)},
		{"lost create, rename or remove", []sched.Effect{sched.LostCreate, sched.LostRename, sched.LostRemove}, of("power cut/name change")},
		{"short file", []sched.Effect{sched.ShortFile}, of("power cut/file #/length, disk/allocate leaves length")},
		{"disk times vary, out of order", []sched.Effect{sched.OutOfOrder}, of("disk/op #/time, disk/op #/slow or stuck, tie")},
		{"slow I/O", []sched.Effect{sched.SlowIO}, of("disk/op #/slow or stuck", 1, 3)},
		{"stuck I/O", []sched.Effect{sched.StuckIO}, of("disk/op #/slow or stuck", 4, 6)},
		{"read error", []sched.Effect{sched.ReadError}, of("disk/read error")},
		{"write error", []sched.Effect{sched.WriteError}, of("disk/write error")},
		{"short write", []sched.Effect{sched.ShortWrite}, of("disk/which part", 2, 5)},
		{"sync error", []sched.Effect{sched.SyncError}, of("disk/sync error, disk/late error")},
		{"sync lost data", []sched.Effect{sched.SyncLostData}, of("disk/failed sync, disk/late error")},
		{"late error", []sched.Effect{sched.LateError}, of("disk/late error")},
		{"open error", []sched.Effect{sched.OpenError}, of("disk/open error")},
		{"directory error", []sched.Effect{sched.DirError}, of("disk/directory error")},
		{"no space", []sched.Effect{sched.NoSpace}, of("disk/no space")},
		{"bit rot", []sched.Effect{sched.BitRot}, of("disk/bit rot")},
		{"misdirected read", []sched.Effect{sched.MisdirectedRead}, of("disk/misdirected read")},
		{"short read", []sched.Effect{sched.ShortRead}, of("disk/short read")},
		{"phantom write", []sched.Effect{sched.PhantomWrite}, of("disk/phantom write")},
		{"misdirected write", []sched.Effect{sched.MisdirectedWrite}, of("disk/misdirected write")},
		{"false sync", []sched.Effect{sched.FalseSync}, of("disk/false sync")},
		{"spoiled checkpoint", nil, of("run/spoiled checkpoint")},
		{"fragments", []sched.Effect{sched.Fragmented}, of("client #/fragment, client #/reply fragment")},
		{"single bytes", []sched.Effect{sched.SingleByte}, of("client #/fragment, client #/reply fragment", 1, 1)},
		{"coalesced", []sched.Effect{sched.Coalesced}, of("client #/command #/does not wait")},
		{"network delay", []sched.Effect{sched.NetDelay}, of("client #/delay")},
		{"reset", []sched.Effect{sched.ResetMidCommand, sched.ResetMidReply, sched.ResetIdle},
			of("client #/reset on input, client #/reset on reply, client #/command #/leaves")},
		{"refused", nil, of("client #/refused, listen refused")},
		{"partial send", []sched.Effect{sched.PartialSend}, of("client #/send accepts, client #/command #/much behind")}, // its reply is larger than the window
		{"stalled peer", []sched.Effect{sched.StalledPeer}, of("client #/stops reading")},
		{"half-open peer", []sched.Effect{sched.HalfOpen}, of("client #/vanishes")},
		{"connection storm", []sched.Effect{sched.Storm}, of("client #/command #/connection storm")},
		{"wall forward", []sched.Effect{sched.WallForward}, both(of(wall, 1, 4), of(wall, 13, 14))}, // 14 makes it true again
		{"wall back", []sched.Effect{sched.WallBack}, both(of(wall, 7, 9), of(wall, 14, 14))},
		{"wall days", []sched.Effect{sched.WallDays}, both(of(wall, 5, 6), both(of(wall, 10, 10), of(wall, 14, 14)))},
		{"wall frozen", []sched.Effect{sched.WallFreeze}, of("clock/wall step", 11, 11)},
		{"wall drift", []sched.Effect{sched.WallDrift}, of("clock/wall step", 12, 12)},
		{"wall coarse", []sched.Effect{sched.WallCoarse}, of("clock/grain")},
		{"wall jump at crash", []sched.Effect{sched.WallAtCrash}, of("clock/wall after outage")},
		{"late tick", []sched.Effect{sched.LateTick}, of("clock/late tick")},
		{"preempted", []sched.Effect{sched.Preempted}, of("clock/preempted")},
		{"power cut", []sched.Effect{sched.PowerCut}, ended(world.PowerCut)},
		{"kill", []sched.Effect{sched.Kill}, both(ended(world.Kill), of("clean stop/now"))}, // a stop at once is one
		{"clean stop", []sched.Effect{sched.CleanStop}, ended(world.CleanStop)},
		{"crash in recovery", []sched.Effect{sched.CrashInRecovery}, inRecovery},
		{"restart with other settings", []sched.Effect{sched.OtherSettings}, of("run/boot # with other settings")},
		{"memory short", []sched.Effect{sched.MemoryShort}, of("run/memory", 3, 3)},
		{"aimed delay", []sched.Effect{sched.Aimed}, aimed},
	}
}

// FaultKindNamed finds one of FaultKinds.
func FaultKindNamed(name string) (FaultKind, error) {
	for _, k := range FaultKinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return FaultKind{}, fmt.Errorf("no kind of fault %q", name)
}

// inOrder makes a crash keep everything that was written before something that
// it keeps. Writes in flight are asked about one after the other, the oldest
// first, then those that are not synced, the newest first.
func inOrder(*Runner) func(tape.Label, int) bool {
	named := func(name string) tape.Site { s, _ := tape.SiteNamed(name); return s }
	unsynced, flight := named("power cut/file #/unsynced write"), named("power cut/file #/write in flight")
	cut, change := named("disk/cut"), named("crash/name change in flight")
	missed, kept := false, false
	return func(l tape.Label, v int) bool {
		switch l.Site() {
		case flight:
			deny := missed && v != 0
			missed = missed || v != 1
			return deny
		case unsynced:
			deny := kept && v != 0
			kept = kept || v != 1
			return deny
		case cut, change:
		default:
			missed, kept = false, false
		}
		return false
	}
}

func inRecovery(r *Runner) func(tape.Label, int) bool {
	f, early := of("crash")(r), of("run/crash # in recovery")(r)
	return func(l tape.Label, v int) bool { return early(l, v) || f(l, v) && !r.serving() }
}

func aimed(*Runner) func(tape.Label, int) bool {
	return func(l tape.Label, v int) bool { return sched.Aims(l.Site(), v) }
}

// Forbid makes the next runs do without a kind of fault; nil allows all.
func (r *Runner) Forbid(k *FaultKind) {
	r.tape.Forbid = nil
	if k != nil {
		r.tape.Forbid = k.forbids(r)
	}
}

// Observed reports whether a run has seen the kind's effect. A kind without one of
// its own may always have been there.
func (k *FaultKind) Observed(seen *sched.Counts) bool {
	for _, e := range k.Effects {
		if seen[e] > 0 {
			return true
		}
	}
	return len(k.Effects) == 0
}
