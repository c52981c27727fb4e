package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

var errNoShrink = errors.New("the run does not fail, nor do those next to it: nothing to shrink")

// shrinkBudget is how long a failure is made smaller: time of the processor, which
// other work on the machine does not change.
const shrinkBudget = 10 * time.Second

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// shrink makes a failing run smaller and prints the smaller token.
func shrink(args []string, out, progress io.Writer) error {
	f := flags("shrink")
	budget := f.Duration("budget", shrinkBudget, "")
	return withToken("shrink", f, args, out, progress, func(tok tape.Token) error {
		return smaller(tok, *budget, out, progress)
	})
}

// smaller shrinks a run and tells what is left of it.
func smaller(tok tape.Token, budget time.Duration, out, progress io.Writer) error {
	s, err := shrunk(tok, budget, progress)
	r := campaign.NewRunner()
	for n := 1; err == nil && s.Failure == nil && n <= nearRuns; n++ {
		var res campaign.Result
		if res, err = r.Near(tok, n); err == nil && res.Failure != nil {
			fmt.Fprintf(out, "the run does not fail: shrinking run %d next to it, which does\n", n)
			s, err = shrunk(res.Token, budget, progress)
		}
	}
	if err != nil {
		return err
	}
	if s.Failure == nil {
		return errNoShrink
	}
	fmt.Fprintf(out, "shrunk: %d decisions instead of %d, %d of them faults; %d commands answered, %d events, %d candidates tried\n",
		len(s.Token.Outcomes), s.Before, s.Faults(), s.Answered, s.Events, s.Runs)
	tell(out, &s.Result)
	for _, o := range s.Token.Outcomes {
		fmt.Fprintf(out, "    decision: %v\n", o)
	}
	return nil
}

func shrunk(tok tape.Token, budget time.Duration, progress io.Writer) (campaign.Shrunk, error) {
	end := cpuTime() + budget
	s, err := campaign.Shrink(tok, campaign.ShrinkOptions{
		Stop:     func() bool { return cpuTime() > end },
		Progress: func(runs, left int) { fmt.Fprintf(progress, "\r%d runs, %d decisions left ", runs, left) },
	})
	fmt.Fprintln(progress)
	if err != nil {
		err = fmt.Errorf("%w: %v", errUsage, err)
	}
	return s, err
}
