// Command holdfast-sim runs campaigns of the simulated world.
//
//	holdfast-sim run [--seeds N] [--from S] [--profile P] [--workers W] [--twice] [--hashes] [--json] [--guided] [--mutant NAME|FILE.txt] [--no-shrink]
//	holdfast-sim replay TOKEN
//	holdfast-sim shrink TOKEN [--budget 10s]
//	holdfast-sim report TOKEN [-o run.html]
//	holdfast-sim explore [SCOPE ...] [--max N] [--budget 5m] [--naive] [--mutant NAME|FILE.txt]
//	holdfast-sim explore --mutants [SCOPE ...]
//	holdfast-sim soak --for 8h --state DIR [--from S] [--batch N] [--profiles P,P]
//	holdfast-sim serve [--listen 127.0.0.1:0] [--profile P] [--mutant NAME|FILE.txt]
//	holdfast-sim mutants [NAME ...] [--budget 60s] [--guided] [--shrink [-o tokens.txt]]
//	holdfast-sim mutants --tokens tokens.txt
//	holdfast-sim mutants --rules [NAME ...] [--seeds 400]
//	holdfast-sim mutants --needs [NAME ...] [--fault KIND] [--profile P] [--set S] [--seeds 500]
//	holdfast-sim mutants --matrix [NAME ...] [--seeds 10000] [--survey 2000] [-o matrix.json]
//
// run prints progress on standard error, each failure with a token that replays
// it and a short story, the first failure made as small as it gets, what the
// campaign has covered, and as its last line `seeds: N passed, M failed`; it
// exits 1 on any failure. replay prints the run as prose, report draws it.
// soak goes on where it ended the last time; serve shows a campaign in a browser.
// explore runs every combination of a small scope's choices, and with --mutants
// demands that this alone catches the bugs that the scope names. mutants puts each published bug back and demands that it is caught;
// with --tokens, how many kept tokens still catch their mutants;
// with --rules, that the tests of numbered rules which its file names fail;
// with --needs, that without the kind of fault which its file says it needs no run catches it;
// with --matrix it says instead what would be missed without each oracle and each kind of fault.
//
// A token says which mutant its run had: replay, shrink and report build it
// again. Bad input is one line and exit code 2.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// errUsage is wrapped by errors that are the caller's: one line, exit code 2.
var errUsage = errors.New("usage")

// errFound ends a command that did its work and found failures: exit code 1.
var errFound = errors.New("failures found")

func main() {
	debug.SetGCPercent(400) // every boot builds an engine; memory is not what is short here
	err := command(os.Args[1:], os.Stdout, os.Stderr)
	var code exitCode
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	case errors.Is(err, errFound):
		os.Exit(1)
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "holdfast-sim:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "holdfast-sim:", err)
		os.Exit(1)
	}
}

func command(args []string, out, progress io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: holdfast-sim run|replay|shrink|report|explore|soak|serve|mutants [flags]", errUsage)
	}
	switch args[0] {
	case "run":
		return run(args[1:], out, progress)
	case "replay":
		return replay(args[1:], out, progress)
	case "shrink":
		return shrink(args[1:], out, progress)
	case "explore":
		return explore(args[1:], out, progress)
	case "soak":
		return soak(args[1:], out)
	case "serve":
		return serve(args[1:], out)
	case "report":
		return draw(args[1:], out, progress)
	case "mutants":
		return mutants(args[1:], out, progress)
	case "catch": // one mutant, in a build that has it: what mutants runs
		return catch(args[1:], out)
	case "walk": // one scope with one mutant, in a build that has it: what explore --mutants runs
		return walkMutant(args[1:], out)
	case "recall": // kept tokens, in such a build: what mutants --tokens runs
		return recall(args[1:], out)
	case "survey": // what one mutant shows: what mutants --matrix runs
		return surveyRun(args[1:], out)
	}
	return fmt.Errorf("%w: no command %q (run, replay, shrink, report, explore, soak, serve, mutants)", errUsage, args[0])
}
