package judge

import (
	"fmt"
	"slices"
	"strconv"

	"holdfast/engine/event"
	"holdfast/engine/unit"
)

// halt is what CLIENT PAUSE promises. The clients know only between which instants
// one began: when it was sent and when its OK left.
type halt struct {
	asked  int64     // ms of the one that is on its way; 0 none
	began  unit.Time // when that was sent, at least
	all    bool      // that holds back reads too
	reads  unit.Time // no command runs before
	writes unit.Time // no write does
	over   int64     // world time in ns by which every pause has ended
}

// halting reports a command that begins or ends a pause, and its milliseconds.
func halting(args [][]byte) (ms int64, yes bool) {
	if len(args) < 2 || string(args[0]) != "CLIENT" {
		return 0, false
	}
	switch string(args[1]) {
	case "PAUSE":
		ms, _ = strconv.ParseInt(string(args[2]), 10, 64)
		return ms, true
	case "UNPAUSE":
		return 0, true
	}
	return 0, false
}

// halts notes a CLIENT PAUSE or UNPAUSE that is on its way.
func (j *Judge) halts(args [][]byte) {
	ms, yes := halting(args)
	if !yes {
		return
	}
	h := &j.halt
	if h.asked = ms; ms == 0 {
		h.reads, h.writes = 0, 0
		return
	}
	h.began, h.all = j.Engine(), string(args[3]) == "ALL"
}

// halted notes what became of it.
func (j *Judge) halted(got []byte) {
	h := &j.halt
	if h.asked > 0 && isOK(got) {
		h.over = max(h.over, j.world.Mono()+h.asked*1_000_000)
		until := h.began + unit.Time(h.asked)*1000
		if h.writes = max(h.writes, until); h.all {
			h.reads = max(h.reads, until)
		}
	}
	h.asked = 0
}

// haltLost says that nobody will hear what became of it.
func (j *Judge) haltLost() {
	if h := &j.halt; h.asked > 0 {
		h.over = max(h.over, j.world.Mono()+h.asked*1_000_000)
		h.asked = 0
	}
}

// mayHalt reports whether a pause may be in force.
func (j *Judge) mayHalt() bool { return j.halt.asked > 0 || j.world.Mono() < j.halt.over }

// ran judges whether a unit may have run: no pause was known to be in force.
func (j *Judge) ran(u *event.Unit, changed bool) {
	until := j.halt.reads
	if changed && !slices.ContainsFunc(u.Commands, func(args [][]byte) bool { return string(args[0]) == "CONFIG" }) { // no write
		until = max(until, j.halt.writes)
	}
	if until == 0 {
		return
	}
	j.check(Order)
	if u.Now < until {
		j.Fail(Order, "FROZEN", "a command ran while clients were paused", append(story(u), fmt.Sprintf("the pause lasts at least until %d us", until))...)
	}
}
