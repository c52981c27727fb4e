package main

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant"
)

// needsOptions bound the work, and may ask about another kind of fault than the
// mutants' files name.
type needsOptions struct {
	fault   mutant.Need // Fault is "": those of the files
	seeds   uint64      // without the fault
	budget  time.Duration
	workers int
}

// proof is one claim that a mutant is not caught without a kind of fault.
type proof struct {
	mutant string
	mutant.Need
	line string
	ok   bool
}

// proveNeeds hunts each mutant with a kind of fault, when it must be caught, and
// without, when it must not. Where all of the bank is asked for it says which
// kinds have no proof.
func proveNeeds(root string, all, chosen []mutant.Mutant, whole bool, o needsOptions, out, progress io.Writer) error {
	var list []proof
	for _, m := range chosen {
		needs := m.Needs
		if o.fault.Fault != "" {
			needs = []mutant.Need{o.fault}
		}
		for _, n := range needs {
			if _, err := campaign.FaultKindNamed(n.Fault); err != nil {
				return fmt.Errorf("%w: %s: %v", errUsage, m.Name, err)
			}
			list = append(list, proof{mutant: m.Name, Need: n})
		}
	}
	proved := 0
	err := withBuild(root, all, progress, func(bin string) error {
		inTurn(len(list), o.workers, func(i int) { list[i].make(root, bin, o) })
		for i := range list {
			fmt.Fprintln(out, list[i].line)
			if list[i].ok {
				proved++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if whole && o.fault.Fault == "" {
		kinds, bare := campaign.FaultKinds(), []string(nil)
		for _, k := range kinds {
			if !slices.ContainsFunc(list, func(p proof) bool { return p.ok && p.Fault == k.Name }) {
				bare = append(bare, k.Name)
			}
		}
		fmt.Fprintf(out, "kinds of fault with a proof: %d of %d; without: %s\n", len(kinds)-len(bare), len(kinds), strings.Join(bare, ", "))
	}
	fmt.Fprintf(out, "mutants: needs proved %d of %d\n", proved, len(list))
	if proved < len(list) {
		return errFound
	}
	return nil
}

var foundAfter = regexp.MustCompile(`^caught .* after (\d+) runs`)

// make looks for the mutant with the fault and then without.
func (p *proof) make(root, bin string, o needsOptions) {
	hunt := func(more ...string) string {
		args := []string{"catch", p.mutant, "--budget", o.budget.String()}
		if p.Profile != "" {
			args = append(args, "--profile", p.Profile, "--set", p.Set)
		}
		cmd := exec.Command(bin, append(args, more...)...)
		cmd.Dir = root
		text, _ := cmd.CombinedOutput() // its verdict is in what it prints
		return strings.TrimSpace(string(text))
	}
	what := fmt.Sprintf("%-44s %-30s", p.mutant, p.Fault)
	with := hunt()
	found := foundAfter.FindStringSubmatch(with)
	if found == nil {
		p.line = what + " NOT FOUND WITH IT: " + with
		return
	}
	o.budget *= 10
	without := hunt("--without", p.Fault, "--seeds", fmt.Sprint(o.seeds))
	m := survivedLine.FindStringSubmatch(without)
	if m == nil {
		p.line = what + " FOUND WITHOUT IT: " + without
		return
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	p.ok = err == nil && n >= o.seeds
	p.line = fmt.Sprintf("%s found with it after %s runs, not without in %d", what, found[1], n)
}
