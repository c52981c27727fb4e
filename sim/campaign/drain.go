package campaign

import (
	"fmt"

	"holdfast/sim/judge"
	"holdfast/sim/sched"
)

// drained checks the accounts once everybody has been answered, who listens has
// taken what there was (bytes may be as long on their way as a delay aims), the
// engine has had time to settle, and no batch just waits for company: nothing is in flight, held, pinned or undurable, and
// nothing that has died is left.
func (r *Runner) drained() {
	if !r.serving() {
		return
	}
	until, since := r.world.Sched.Now()+2*sched.Second, int64(0) // since when it is not at rest
	r.world.Run(r.world.Sched.Events()+r.drain(), func() bool {
		now := r.world.Sched.Now()
		if r.judge.Failure() != nil || now <= until {
			return r.judge.Failure() != nil
		}
		rests := r.judge.AllHeard() && !r.unwritten() && r.world.Wire.Abandoned() == 0
		if rests || since == 0 { // what was far off may have begun just now
			since = now
		}
		return r.world.Disk.InFlight() == 0 && (rests || now > since+sched.MaxAim)
	})
	if r.judge.Failure() != nil || !r.serving() {
		return
	}
	if r.world.Disk.InFlight() > 0 { // it had events enough to settle many times over
		r.stuck(true)
		return
	}
	r.judge.Unheard()
	r.judge.Check(judge.Order)
	if n := r.world.Wire.Abandoned(); n > 0 {
		r.judge.Fail(judge.Order, "BOUNDED", "a connection is kept though its client has gone", fmt.Sprintf("%d of them", n))
	}
	r.backups()
	failed := false
	for _, section := range []string{"persistence", "debug", "tiered", "log"} {
		r.shard.Info(section, func(field, value string) {
			failed = failed || field == "log_error" && value != ""
		})
	}
	if failed { // it says so, and serves what it can
		return
	}
	for _, section := range []string{"debug", "tiered", "log"} {
		r.shard.Info(section, r.account)
	}
	if !r.plan.shape.Lazy {
		r.judge.Ticked(r.judge.Engine() - 500_000)
	}
}

// drain is how many events an engine may take to come to rest.
func (r *Runner) drain() int {
	if r.hasty {
		return maxDrain / 10
	}
	return maxDrain
}

// unwritten says whether the log has anything that is not submitted.
func (r *Runner) unwritten() (some bool) {
	r.shard.Info("log", func(field, value string) {
		some = some || field == "log_bytes_unwritten" && value != "0"
	})
	return some
}

// account demands that one of INFO's figures is what it must be at rest.
func (r *Runner) account(field, value string) {
	switch field {
	case "reply_blocking_uncommitted_keys", "log_bytes_unwritten": // the lazy policies let some wait
		if !r.judge.Sure() {
			return
		}
	case "tiered_pending_read_cnt", "log_in_flight":
	default:
		return
	}
	r.judge.Check(judge.Order)
	if value != "0" {
		r.judge.Fail(judge.Order, "BOUNDED", "an account is not zero at rest", fmt.Sprintf("%s is %s", field, value))
	}
}
