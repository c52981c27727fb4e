package main

import (
	"fmt"
	"io"
	"os"

	"holdfast/sim/campaign"
	"holdfast/sim/report"
	"holdfast/sim/tape"
)

// draw writes the page of one run, made smaller first if it fails.
func draw(args []string, out, progress io.Writer) error {
	f := flags("report")
	file := f.String("o", "run.html", "")
	whole := f.Bool("whole", false, "")
	return withToken("report", f, args, out, progress, func(tok tape.Token) error {
		if !*whole {
			small, err := shrunk(tok, shrinkBudget, progress)
			if err != nil {
				return err
			}
			if small.Failure != nil {
				tok = small.Token
			}
		}
		text, err := report.Make(tok, about(tok))
		if err != nil {
			return fmt.Errorf("%w: %v", errUsage, err)
		}
		if *file == "-" {
			_, err := out.Write(text)
			return err
		}
		if err := os.WriteFile(*file, text, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d bytes\n", *file, len(text))
		return nil
	})
}

// about looks up the mutant that a token names, where the bank is at hand.
func about(tok tape.Token) report.About {
	name := campaign.Setting(tok.Settings, "mutant")
	if name == "" {
		return report.About{}
	}
	a := report.About{Mutant: mutantName(name)}
	if _, _, list, err := bank([]string{name}); err == nil {
		a.Source, a.Why = list[0].Source, list[0].Why
	}
	return a
}
