package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/judge"
	"holdfast/sim/mutant"
)

// matrix is which oracles and faults the bank shows to be of use.
type matrix struct {
	Seeds   uint64      `json:"seeds"` // asked for, of each proof
	Mutants []survey    `json:"mutants"`
	Oracles []oracleRow `json:"oracles"`
	Faults  []faultRow  `json:"faults"`
}

// oracleRow says what would be missed without an oracle.
type oracleRow struct {
	Oracle string   `json:"oracle"`
	First  int      `json:"first"` // mutants that it catches first
	Alone  []string `json:"alone"` // those that no other catches
	Runs   uint64   `json:"runs"`  // with it deaf, of the first of Alone
}

// faultRow says what would be missed without a kind of fault.
type faultRow struct {
	Fault   string   `json:"fault"`
	Needed  []string `json:"needed"` // by those whose sampled runs all need it
	Mutant  string   `json:"mutant"` // the proof; "" if there is none
	With    uint64   `json:"with"`   // runs until it was caught
	Without uint64   `json:"without"`
}

// matrixOptions bound the work.
type matrixOptions struct {
	seeds, survey uint64
	budget        time.Duration // of each question
	workers       int
	file          string
}

// maxProofs is how many mutants are tried for each kind of fault.
const maxProofs = 3

func makeMatrix(root, bin string, list []mutant.Mutant, o matrixOptions, out io.Writer) error {
	m := matrix{Seeds: o.seeds}
	m.survey(root, bin, list, o, out)
	m.oracles()
	m.faults(root, bin, o, out)
	m.print(out)
	if o.file == "" {
		return nil
	}
	text, err := json.MarshalIndent(&m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.file, append(text, '\n'), 0o644)
}

// survey asks about each mutant in a process of its own.
func (m *matrix) survey(root, bin string, list []mutant.Mutant, o matrixOptions, out io.Writer) {
	m.Mutants = make([]survey, len(list))
	inTurn(len(list), o.workers, func(i int) {
		cmd := exec.Command(bin, "survey", list[i].Name, "--budget", o.budget.String(), "--seeds", fmt.Sprint(o.survey))
		cmd.Dir = root
		text, err := cmd.Output()
		m.Mutants[i] = survey{Mutant: list[i].Name, Promise: list[i].Promise}
		if err == nil {
			err = json.Unmarshal(text, &m.Mutants[i])
		}
		v := &m.Mutants[i]
		switch {
		case err != nil:
			fmt.Fprintf(out, "%-44s cannot be asked: %v\n", list[i].Name, err)
		case v.Signature == "":
			fmt.Fprintf(out, "%-44s not caught\n", v.Mutant)
		default:
			fmt.Fprintf(out, "%-44s %6d runs, %s, then %v (%d runs without more), needs %v\n", v.Mutant, v.Runs, v.Oracle, v.Others, v.Searched, v.Needs)
		}
	})
}

// inTurn calls fn with 0 to n-1, several at a time.
func inTurn(n, workers int, fn func(int)) {
	var slots sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range max(workers, 1) {
		slots.Go(func() {
			for i := range next {
				fn(i)
			}
		})
	}
	slots.Wait()
}

func (m *matrix) oracles() {
	for o := range judge.NumOracles {
		row := oracleRow{Oracle: o.String()}
		for i := range m.Mutants {
			v := &m.Mutants[i]
			if v.Oracle != row.Oracle {
				continue
			}
			row.First++
			if len(v.Others) > 0 || v.Searched == 0 {
				continue
			}
			if v.Searched > row.Runs {
				row.Runs, row.Alone = v.Searched, slices.Insert(row.Alone, 0, v.Mutant)
			} else {
				row.Alone = append(row.Alone, v.Mutant)
			}
		}
		m.Oracles = append(m.Oracles, row)
	}
}

// faults proves for each kind of fault that a mutant is not found without it.
func (m *matrix) faults(root, bin string, o matrixOptions, out io.Writer) {
	kinds := campaign.FaultKinds()
	m.Faults = make([]faultRow, len(kinds))
	inTurn(len(kinds), o.workers, func(i int) {
		row := &m.Faults[i]
		row.Fault = kinds[i].Name
		var who []*survey
		for k := range m.Mutants {
			if slices.Contains(m.Mutants[k].Needs, row.Fault) {
				who = append(who, &m.Mutants[k])
				row.Needed = append(row.Needed, m.Mutants[k].Mutant)
			}
		}
		slices.SortStableFunc(who, func(a, b *survey) int { return int(a.Runs) - int(b.Runs) })
		for _, v := range who[:min(len(who), maxProofs)] {
			runs, survived := hunted(root, bin, v.Mutant, row.Fault, o)
			fmt.Fprintf(out, "without %s: %s, %d runs, survived %v\n", row.Fault, v.Mutant, runs, survived)
			if survived {
				row.Mutant, row.With, row.Without = v.Mutant, v.Runs, runs
				break
			}
		}
	})
}

var survivedLine = regexp.MustCompile(`^SURVIVED .* (\d+) runs`)

// hunted hunts a mutant without a kind of fault.
func hunted(root, bin, name, kind string, o matrixOptions) (runs uint64, survived bool) {
	cmd := exec.Command(bin, "catch", name, "--without", kind, "--seeds", fmt.Sprint(o.seeds), "--budget", (10 * o.budget).String())
	cmd.Dir = root
	text, _ := cmd.Output() // its verdict is in what it prints
	if m := survivedLine.FindStringSubmatch(string(text)); m != nil {
		n, err := strconv.ParseUint(m[1], 10, 64)
		return n, err == nil
	}
	return 0, false
}

// print writes the two tables as docs/simulation.md has them.
func (m *matrix) print(out io.Writer) {
	fmt.Fprintln(out, "\n| oracle | catches first | alone | for instance | runs with it deaf |\n|---|---|---|---|---|")
	for _, r := range m.Oracles {
		first := "none"
		if len(r.Alone) > 0 {
			first = r.Alone[0]
		}
		fmt.Fprintf(out, "| %s | %d | %d | %s | %d |\n", r.Oracle, r.First, len(r.Alone), first, r.Runs)
	}
	fmt.Fprintln(out, "\n| fault | mutants that may need it | proof | found with it after | not without it in |\n|---|---|---|---|---|")
	for _, r := range m.Faults {
		if r.Mutant == "" {
			fmt.Fprintf(out, "| %s | %d | none | | |\n", r.Fault, len(r.Needed))
			continue
		}
		fmt.Fprintf(out, "| %s | %d | %s | %d runs | %d runs |\n", r.Fault, len(r.Needed), r.Mutant, r.With, r.Without)
	}
	var none []string
	for _, r := range m.Faults {
		if r.Mutant == "" {
			none = append(none, r.Fault)
		}
	}
	fmt.Fprintf(out, "\nfaults without a proof: %s\n", strings.Join(none, ", "))
}
