package judge

import "fmt"

// Alarmed checks, at the end of a turn in which nothing was in the engine's
// way, that it will wake up in time for the next deadline: wakes is the
// monotonic instant (ns) it asked for, set whether it asked at all. Whoever
// relies on other events to wake it is late only when there are none.
func (j *Judge) Alarmed(wakes int64, set bool) {
	if j.fail != nil || !j.serving || !j.time.known || !j.Sure() {
		return
	}
	ms, ok := j.NextDeadline()
	if importing, _ := j.Model.Importing(); !ok || importing {
		return // what is dead stays
	}
	now := int64(j.Engine())
	left := (ms+1)*1000 - now // us, at the most: engine time may be a little further on
	if left <= 1000 || left > maxAheadUS {
		return
	}
	j.check(Punctual)
	if mono := j.world.Mono(); !set || (wakes-mono)/1000 > left+lateMS*1000 {
		j.Fail(Punctual, "PUNCTUAL", "no alarm is set for a deadline",
			fmt.Sprintf("deadline %d ms, engine time is at least %d us, alarm set %v, in %d us", ms, now, set, (wakes-mono)/1000))
	}
}

// maxAheadUS bounds the deadlines that Alarmed looks at; engines may set their
// alarm in steps.
const maxAheadUS = 3600 * 1_000_000
