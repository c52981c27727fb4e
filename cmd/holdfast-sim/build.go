package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/sim/mutant"
	"holdfast/sim/mutant/active"
)

// bank loads the mutants of those names, or all. A name that ends in .txt is a
// file, which need not be in the bank.
func bank(names []string) (root string, all, chosen []mutant.Mutant, err error) {
	if root, err = mutant.Root("."); err != nil {
		return "", nil, nil, fmt.Errorf("%w: %v: mutants are put into the sources, run this inside them", errUsage, err)
	}
	if all, err = mutant.Load(root); err != nil {
		return "", nil, nil, fmt.Errorf("%w: %v", errUsage, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".txt") {
			m, err := mutantFile(name)
			if err != nil {
				return "", nil, nil, err
			}
			all = slices.DeleteFunc(all, func(o mutant.Mutant) bool { return o.Name == m.Name })
			all, chosen = append(all, m), append(chosen, m)
			continue
		}
		i := slices.IndexFunc(all, func(m mutant.Mutant) bool { return m.Name == name })
		if i < 0 {
			return "", nil, nil, fmt.Errorf("%w: no mutant %q in sim/mutant/bank; a file of your own is named by its path, NAME.txt", errUsage, name)
		}
		chosen = append(chosen, all[i])
	}
	if len(names) == 0 {
		chosen = all
	}
	return root, all, chosen, nil
}

func mutantFile(path string) (mutant.Mutant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return mutant.Mutant{}, fmt.Errorf("%w: cannot read the mutant: %v", errUsage, err)
	}
	m, err := mutant.Parse(strings.TrimSuffix(filepath.Base(path), ".txt"), string(text))
	if err != nil {
		return m, fmt.Errorf("%w: %v", errUsage, err)
	}
	return m, nil
}

// withBuild makes a copy of this program that has the mutants and calls fn
// with its path.
func withBuild(root string, list []mutant.Mutant, progress io.Writer, fn func(bin string) error) error {
	return withOverlay(root, list, progress, func(dir, overlay string) error {
		bin := filepath.Join(dir, "holdfast-sim")
		if err := buildMutants(root, "build", "-overlay", overlay, "-o", bin, "./cmd/holdfast-sim"); err != nil {
			return err
		}
		return fn(bin)
	})
}

// buildMutants runs the go command on sources that have mutants.
func buildMutants(root string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: cannot build the mutants: %v: %s", errUsage, err, text)
	}
	return nil
}

// withOverlay calls fn with a folder for what it builds and the file that puts the
// mutants into the sources.
func withOverlay(root string, list []mutant.Mutant, progress io.Writer, fn func(dir, overlay string) error) error {
	dir, err := os.MkdirTemp("", "holdfast-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if len(list) == 1 {
		fmt.Fprintf(progress, "building mutant %s\n", list[0].Name)
	} else {
		fmt.Fprintf(progress, "building %d mutants\n", len(list))
	}
	overlay, err := mutant.Overlay(root, dir, list)
	if err != nil {
		return fmt.Errorf("%w: %v: the code has changed, bring the mutant up to date", errUsage, err)
	}
	return fn(dir, overlay)
}

// asMutant makes the named mutant active. Where this build does not have it,
// it runs the same command, args, in one that does; then done is true.
func asMutant(name string, args []string, out, progress io.Writer) (done bool, err error) {
	if active.Set(mutantName(name)) {
		return false, nil
	}
	root, _, chosen, err := bank([]string{name})
	if err != nil {
		return true, err
	}
	return true, withBuild(root, chosen, progress, func(bin string) error {
		return runIn(bin, args, out, progress)
	})
}

// runIn runs a command in another build of this program, and ends as it did.
func runIn(bin string, args []string, out, progress io.Writer) error {
	cmd := exec.Command(bin, args...)
	cmd.Stdout, cmd.Stderr = out, progress
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitCode(exit.ExitCode())
	}
	return err
}

// mutantName is the name of a mutant that may be given as a file.
func mutantName(s string) string { return strings.TrimSuffix(filepath.Base("/"+s), ".txt") }

// exitCode ends this process as another one ended, which has said why.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
