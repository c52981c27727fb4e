package main

import (
	"fmt"
	"io"

	"holdfast/sim/campaign"
)

// shrink makes a failing run smaller and prints the smaller token.
func shrink(args []string, out, progress io.Writer) error {
	f := flags("shrink")
	rounds := f.Int("rounds", 4000, "")
	if err := parse(f, args); err != nil {
		return err
	}
	tok, err := decode(f.Args(), "shrink")
	if err != nil {
		return err
	}
	s, err := campaign.Shrink(tok, *rounds, func(runs, left int) {
		fmt.Fprintf(progress, "\r%d runs, %d outcomes left ", runs, left)
	})
	fmt.Fprintln(progress)
	if err != nil {
		return err
	}
	if s.Failure == nil {
		return errNoShrink
	}
	fmt.Fprintf(out, "%d outcomes instead of %d, %d commands answered, %d events\n", len(s.Token.Outcomes), s.Before, s.Answered, s.Events)
	tell(out, &s.Result)
	return nil
}
