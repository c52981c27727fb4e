package campaign

import (
	"slices"

	"holdfast/engine/event"
	"holdfast/sim/digest"
	"holdfast/sim/snapshot"
	"holdfast/sim/tape"
	"holdfast/sim/world"
)

// forks are the crashes of an exploration. Where a process may end, every way
// in which it can is tried on the spot: the world ends the process, and what is
// left is looked at before anybody runs on it. If another crash has left the
// same, nothing is run. Otherwise what follows is run, to its end. Then the
// world is put back, and goes on without a crash.
//
// What is left are the bytes of the disk and whoever else is still there: the
// clients, the network, the clocks. The oracles have seen more: what had been
// declared and told when the process ended. Most of that counts no more once a
// recovery has said how far it came, for then they forget what is beyond. And
// what a recovery says depends on the world alone. So where a world was seen
// before, its recovery's word is given to the oracles at once; if they too come
// to what they came to then, all that follows is known.
type forks struct {
	shot    *snapshot.Taker
	crash   *digest.Hasher // of all there is without an engine
	outside *digest.Hasher // of that, what is not the oracles'
	oracles *digest.Hasher // of the oracles, after a recovery
	said    map[digest.Sum]event.Recovered
	heard   *event.Recovered // what the recovery in this run has said
	active  bool             // a crash is being tried
	picks   []pick
	at      int
}

// pick is a choice that is made behind a crash.
type pick struct {
	label tape.Label
	menu  []int
	place int
}

// leftBehind is not entered by a snapshot: engines (the one that is gone, and the
// twin's, which a recovery replaces), what drives the exploration, and what is
// only ever written once.
var leftBehind = []string{"holdfast/engine/", "holdfast/vfs/", "tape.Odometer", "campaign.walk", "campaign.Scope", "twin.Twin", "model.Value",
	"disk.block", "disk.slab", "sched.Trace"}

func newForks(r *Runner) forks {
	return forks{shot: snapshot.New(leftBehind...), crash: digest.New(crashRules(r)), outside: digest.New(outsideRules(r)),
		oracles: digest.New(oracleRules(r)), said: map[digest.Sum]event.Recovered{}}
}

// pick returns what a choice behind the crash comes to this time.
func (f *forks) pick(l tape.Label, menu []int) []int {
	if f.at == len(f.picks) {
		f.picks = append(f.picks, pick{label: l, menu: menu})
	}
	p := &f.picks[f.at]
	if p.label != l {
		panic("campaign: what a crash chooses depends on more than the world: " + l.String() + ", before " + p.label.String())
	}
	f.at++
	return p.menu[p.place : p.place+1]
}

// next moves on to the next combination of picks, of which the first few stay.
func (f *forks) next(stay int) bool {
	f.picks = f.picks[:f.at]
	for i := len(f.picks) - 1; i >= stay; i-- {
		if p := &f.picks[i]; p.place+1 < len(p.menu) {
			p.place++
			f.picks = f.picks[:i+1]
			return true
		}
	}
	return false
}

// fork tries every crash that the menu has, here.
func (w *walk) fork(r *Runner, l tape.Label, occ uint32, menu []int) {
	if depth := w.odo.Depth(); w.cut || w.halted || !w.first && depth <= w.odo.Changed() {
		return // it has been
	}
	f := &w.forks
	buffers := r.world.Disk.Buffers()
	f.shot.Take(r, &buffers)
	told, from := w.told, w.path[w.on].node
	before := words(told)
	f.active = true
	crashed := tape.Outcome{Label: r.tape.Recorded(l), Occurrence: occ, Order: uint32(r.tape.Count() - 1)}
	for _, how := range menu {
		if how == 0 {
			continue
		}
		crashed.Value = uint32(how)
		for f.picks = f.picks[:0]; !w.halted; {
			to, key, seen := w.crashed(r, how)
			if made := f.at; !seen {
				w.after(r, how, to, key, crashed)
				f.at = made
			}
			f.shot.Restore()
			w.edge(from, to, before)
			if !f.next(0) {
				break
			}
		}
	}
	f.active, w.told = false, told
}

// end ends the process, and reports whether that went well.
func (f *forks) end(r *Runner, how int) bool {
	f.at, f.heard = 0, nil
	failure := r.world.Try(func() { r.world.End(world.End(how)) })
	if failure != nil {
		r.broken(failure)
	}
	return r.judge.Failure() == nil
}

// crashed ends the process and returns the state that this leads to, by what it
// is known, and whether it was.
func (w *walk) crashed(r *Runner, how int) (node int32, key digest.Sum, seen bool) {
	f := &w.forks
	if !f.end(r, how) {
		return w.state(), digest.Sum{}, false
	}
	key = f.outside.Of(r)
	if e, ok := f.said[key]; ok {
		d, fine := f.judged(r, key, &e)
		if node, seen = w.known[d]; fine && seen {
			return node, key, true
		}
		if node = w.state(); fine {
			w.known[d] = node
		}
		f.shot.Restore()
		f.end(r, how)
		return node, key, false
	}
	d := f.crash.Of(r)
	if node, seen = w.known[d]; !seen {
		node = w.state()
		w.known[d] = node
	}
	return node, key, seen
}

// judged gives the oracles what a recovery of this world says, and returns the
// digest of both; ok is false if they find fault with it.
func (f *forks) judged(r *Runner, world digest.Sum, e *event.Recovered) (d digest.Sum, ok bool) {
	r.judge.Replay = func(*event.Unit) {} // the twin is left alone
	r.judge.Recovered(e, r.floor, r.attested)
	if r.judge.Failure() != nil {
		return d, false
	}
	d = f.oracles.Of(&r.judge, &r.ledger)
	return digest.Sum{d[0] ^ world[0]*saidBase, d[1] ^ world[1]*saidBase}, true
}

// after runs what follows a crash: every combination of what is chosen until
// another engine runs. The world is left in any state.
func (w *walk) after(r *Runner, how int, at int32, key digest.Sum, crashed tape.Outcome) {
	f := &w.forks
	made := f.at
	for {
		w.told = map[uint64]said{}
		before := r.world.Sched.Now()
		if failure := r.world.Try(r.play); failure != nil {
			r.broken(failure)
		}
		chosen := len(f.picks)
		res := r.result(w.token, before)
		w.count(&res, w.odo.Depth()+1+chosen, func() []tape.Outcome { return inserted(r.Outcomes(), crashed) })
		w.edge(at, last, w.ending(res.Failure))
		again := f.next(made)
		heard := f.heard
		f.shot.Restore()
		if heard != nil && chosen == made && res.Boots > 1 {
			f.remember(w, r, how, at, key, *heard)
		}
		if !again || w.halted {
			return
		}
		f.end(r, how)
	}
}

// remember notes what a recovery has said of a world, and by what oracles the
// state before it is known again.
func (f *forks) remember(w *walk, r *Runner, how int, at int32, key digest.Sum, e event.Recovered) {
	if _, ok := f.said[key]; ok {
		return
	}
	f.said[key] = e
	f.end(r, how)
	if d, ok := f.judged(r, key, &e); ok {
		w.known[d] = at
	}
	f.shot.Restore()
}

// recovered hears what a recovery says.
func (f *forks) recovered(e *event.Recovered) {
	if f.active && f.heard == nil {
		said := *e
		f.heard = &said
	}
}

// inserted returns the outcomes with one more, in their order.
func inserted(list []tape.Outcome, o tape.Outcome) []tape.Outcome {
	i, _ := slices.BinarySearchFunc(list, o, func(a, b tape.Outcome) int { return int(a.Order) - int(b.Order) })
	return slices.Insert(slices.Clone(list), i, o)
}
