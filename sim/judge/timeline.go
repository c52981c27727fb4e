package judge

import (
	"fmt"

	"holdfast/engine/unit"
)

// timeline follows engine time from outside: what it must be at least, and
// what it can be at most.
type timeline struct {
	known  bool
	at     int64 // us: engine time last declared
	mono   int64 // ns: when
	lead   bool  // the wall has been ahead ever since leadAt
	leadAt int64 // ns
	most   int64 // us: at most, as of seen
	seen   int64 // ns
	turned int64 // ns: when the last turn ended; what is declared now was sampled since
	start  int64 // us: what recovery said it would begin at
	wall   int64 // us: the engine's last reading
	paired bool  // a reading of the monotonic clock completes a sample
}

// slackUS is what rounding may take.
const slackUS = 2

// least returns a lower bound of engine time now, in us.
func (t *timeline) least(mono int64) int64 { return t.at + (mono-t.mono)/1000 - slackUS }

// Engine returns a lower bound of engine time now: what a reply that leaves
// now is judged by.
func (j *Judge) Engine() unit.Time {
	if !j.time.known {
		return 0
	}
	return unit.Time(max(j.time.least(j.world.Mono()), j.time.at))
}

// SawWall and SawMono hear every reading that the engine takes of its clocks: a
// reading of the wall and then of the monotonic clock is a sample of engine
// time. Seeing the very same readings is what makes "the step had lasted" exact.
func (j *Judge) SawWall(us int64) { j.time.wall, j.time.paired = us, true }

// SawMono is SawWall's second half.
func (j *Judge) SawMono() {
	t := &j.time
	if !t.paired {
		return
	}
	t.paired = false
	mono, low := j.world.Mono(), t.start
	if t.known {
		low = t.at + (mono-t.mono)/1000 - slackUS
		t.most += mono/1000 - t.seen/1000
		t.seen = mono
	}
	ahead := t.wall > low
	if ahead && !t.lead {
		t.leadAt = mono
	}
	t.lead = ahead
	if t.lead && mono-t.leadAt >= j.rules.PersistMS*1_000_000 {
		t.most = max(t.most, t.wall)
	}
}

// Turned says that a turn of the host's loop has ended.
func (j *Judge) Turned() {
	j.time.turned = j.world.Mono()
	j.convict(nil)
}

// declared checks an instant that the engine has declared.
func (j *Judge) declared(now unit.Time) {
	t, mono := &j.time, j.world.Mono()
	j.check(Time)
	us := int64(now)
	if !t.known {
		if us < t.start {
			j.Fail(Time, "PUNCTUAL", "engine time began before the instant recovery gave",
				fmt.Sprintf("%d us, recovery said %d", now, t.start))
		}
		t.known, t.at, t.mono, t.most, t.seen = true, us, mono, us, mono
		if t.turned > 0 && t.turned < mono { // it was sampled since the turn before
			t.most += (mono - t.turned) / 1000
		}
		return
	}
	least := t.least(max(t.turned, t.mono)) // the turn before: this one's samples are newer
	t.most += mono/1000 - t.seen/1000
	t.seen = mono
	switch {
	case us < t.at:
		j.Fail(Time, "PUNCTUAL", "engine time ran backwards", fmt.Sprintf("from %d to %d us", t.at, us))
	case us < least:
		j.Fail(Time, "PUNCTUAL", "engine time is behind the monotonic clock", fmt.Sprintf("%d us, at least %d", us, least))
	case us > t.most+slackUS:
		j.ahead(us, mono)
	}
	if us != t.at {
		t.at, t.mono = us, mono
	}
}

// ahead reports an instant beyond what the clocks allow.
func (j *Judge) ahead(us, mono int64) {
	t, wall := &j.time, j.time.wall
	if us > wall+slackUS {
		j.Fail(Time, "PUNCTUAL", "engine time is ahead of every clock", fmt.Sprintf("%d us, wall %d, monotonic allows %d", us, wall, t.most))
		return
	}
	j.Fail(Time, "PUNCTUAL", "a step of the wall was adopted too early",
		fmt.Sprintf("engine time went from %d to %d us; the wall has led for %d ms", t.most, us, (mono-t.leadAt)/1_000_000))
}
