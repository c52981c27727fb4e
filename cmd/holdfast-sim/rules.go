package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"holdfast/sim/mutant"
)

// ruleMutants runs the tests of numbered rules with the mutants that they must
// catch, and without any. Where all of the bank is asked for, every rule needs one.
func ruleMutants(root string, all, chosen []mutant.Mutant, whole bool, seeds int, out, progress io.Writer) error {
	return withOverlay(root, all, progress, func(dir, overlay string) error {
		r := ruleTests{bin: filepath.Join(dir, "rules.test"), dir: filepath.Join(root, "sim", "rules"), seeds: seeds}
		if err := buildMutants(root, "test", "-c", "-overlay", overlay, "-o", r.bin, "./sim/rules"); err != nil {
			return err
		}
		caught, of := 0, 0
		named := map[string]bool{}
		for i := range chosen {
			m := &chosen[i]
			for _, test := range m.Rules {
				of++
				if line, ok := r.catch(m.Name, test, !named[test]); ok {
					caught++
					fmt.Fprintf(out, "caught   %-40s by %s: %s\n", m.Name, test, line)
				} else {
					fmt.Fprintf(out, "SURVIVED %-40s %s: %s\n", m.Name, test, line)
				}
				named[test] = true
			}
		}
		bare := 0
		if whole {
			tests, err := r.list()
			if err != nil {
				return err
			}
			for _, test := range tests {
				if !named[test] {
					bare++
					fmt.Fprintf(out, "no mutant is named by %s\n", test)
				}
			}
		}
		fmt.Fprintf(out, "mutants: rules caught %d of %d\n", caught, of)
		if caught < of || bare > 0 {
			return errFound
		}
		return nil
	})
}

// ruleTests is a build of the rules' tests that has the mutants.
type ruleTests struct {
	bin, dir string
	seeds    int
}

var ruleFailed = regexp.MustCompile(`seed \d+: .*`)

// catch reports whether a rule's test fails by itself with the mutant, and, where
// plain is to be looked at too, passes without.
func (r *ruleTests) catch(name, test string, plain bool) (line string, ok bool) {
	if plain {
		if text, err := r.run("", test); err != nil {
			return "fails without a mutant: " + lastLines(text), false
		}
	}
	text, err := r.run(name, test)
	if failed := ruleFailed.FindString(text); err != nil && failed != "" && !strings.Contains(text, "\npanic: ") {
		return failed, true
	}
	return lastLines(text), false
}

func (r *ruleTests) run(name, test string) (string, error) {
	cmd := exec.Command(r.bin, "-test.short", "-test.run", "^"+test+"$")
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOLDFAST_RULE_MUTANT="+name, fmt.Sprint("HOLDFAST_RULE_SEEDS=", r.seeds))
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// list returns the names of the tests.
func (r *ruleTests) list() ([]string, error) {
	cmd := exec.Command(r.bin, "-test.list", ".")
	cmd.Dir = r.dir
	text, err := cmd.Output()
	return slices.DeleteFunc(strings.Fields(string(text)), func(s string) bool { return !strings.HasPrefix(s, "Test") }), err
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " / ")
}
