package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

var errNoShrink = errors.New("the run does not fail: nothing to shrink")

// shrinkBudget is how long a failure is made smaller.
const shrinkBudget = 10 * time.Second

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
	end := time.Now().Add(budget)
	s, err := campaign.Shrink(tok, campaign.ShrinkOptions{
		Stop:     func() bool { return time.Now().After(end) },
		Progress: func(runs, left int) { fmt.Fprintf(progress, "\r%d runs, %d decisions left ", runs, left) },
	})
	fmt.Fprintln(progress)
	if err != nil {
		err = fmt.Errorf("%w: %v", errUsage, err)
	}
	return s, err
}
