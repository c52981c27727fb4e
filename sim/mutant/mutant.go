// Package mutant keeps the bank of published bugs and puts them back.
//
// A mutant is a text file in bank/, named after what it is:
//
//	# Why it is a bug, in a line or two.
//	promise: ALIVE
//	source: dragonfly issue 6874
//	catch: alive/ALIVE
//
//	in: engine/tier (*fetch).ReadDone
//	-	if lsn, _ := d.KS.Addr(r); lsn != f.at {
//	+	if r == 0 {
//
// catch is how the failure's signature must begin: a panic is not "caught".
// Several catch lines mean any of them; `catch: twice` means that two runs of
// one seed differ. `profile:` and `set:` say what to run it with. `rule:` names a
// test of package rules that fails with the mutant; `catch: rule` says that only
// those do, and no campaign is expected to. `needs: FAULT (PROFILE, SETTINGS)` says
// that a campaign without that kind of fault does not catch it; what is in
// parentheses may be left out. A mutant may
// change several functions, and several places of one, separated by a line
// `@@`. The lines to go must stand in the function exactly once, indentation
// aside.
//
// Overlay clones each function with its change, under another name, and makes
// the original call the clone when that mutant is active: one build holds all
// mutants, shipped code holds none, and with none active a history is the same
// to the byte.
package mutant

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is one file of the bank.
type Mutant struct {
	Name    string
	Promise string
	Source  string
	Why     string   // its comment
	Catch   []string // prefixes of signatures, or "twice", or "rule"
	Rules   []string // tests of package rules that fail with it
	Profile string   // "" is standard
	Set     string   // settings
	Needs   []Need
	Changes []Change
}

// Need is a kind of fault without which a mutant is not caught.
type Need struct {
	Fault   string
	Profile string // to show it with; "" is the mutant's
	Set     string // likewise
}

func parseNeed(s string) (n Need, ok bool) {
	fault, rest, is := strings.Cut(s, " (")
	n.Fault = fault
	if !is {
		return n, fault != ""
	}
	rest, ok = strings.CutSuffix(rest, ")")
	n.Profile, n.Set, _ = strings.Cut(rest, ", ")
	return n, ok && fault != "" && n.Profile != ""
}

// Change is what a mutant does to one function.
type Change struct {
	Package  string // folder, from the module's root
	Function string // "Name" or "(*Recv).Name"
	Hunks    []Hunk
}

// Hunk is a few lines replaced by others.
type Hunk struct {
	Out []string // trimmed
	In  []string
}

// ErrBank is wrapped by every error of a malformed or stale mutant file.
var ErrBank = errors.New("mutant bank")

// Load reads every mutant below the module's root, sorted by name.
func Load(root string) ([]Mutant, error) {
	paths, err := filepath.Glob(filepath.Join(root, "sim", "mutant", "bank", "*.txt"))
	if err != nil {
		return nil, err
	}
	var list []Mutant
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		m, err := Parse(strings.TrimSuffix(filepath.Base(p), ".txt"), string(text))
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// Parse reads one mutant file.
func Parse(name, text string) (Mutant, error) {
	m := Mutant{Name: name}
	for n, line := range strings.Split(text, "\n") {
		if !m.line(line) {
			return m, fmt.Errorf("%w: %s, line %d: %q", ErrBank, name, n+1, line)
		}
	}
	if m.Promise == "" || m.Source == "" || len(m.Catch) == 0 || len(m.Changes) == 0 {
		return m, fmt.Errorf("%w: %s lacks promise, source, catch or in", ErrBank, name)
	}
	if m.OnlyRules() && len(m.Rules) == 0 {
		return m, fmt.Errorf("%w: %s names no rule that catches it", ErrBank, name)
	}
	for _, c := range m.Changes {
		for _, h := range c.Hunks {
			if len(h.Out) == 0 {
				return m, fmt.Errorf("%w: %s: a hunk in %s has no lines to match", ErrBank, name, c.Function)
			}
		}
	}
	return m, nil
}

func (m *Mutant) line(line string) bool {
	if line == "" || line[0] == '#' {
		if len(m.Changes) == 0 {
			m.Why = strings.TrimSpace(m.Why + " " + strings.TrimSpace(strings.TrimPrefix(line, "#")))
		}
		return true
	}
	if rest, ok := strings.CutPrefix(line, "in: "); ok {
		pkg, fn, ok := strings.Cut(rest, " ")
		m.Changes = append(m.Changes, Change{Package: pkg, Function: fn, Hunks: []Hunk{{}}})
		return ok
	}
	if len(m.Changes) == 0 {
		return m.header(line)
	}
	c := &m.Changes[len(m.Changes)-1]
	h := &c.Hunks[len(c.Hunks)-1]
	switch {
	case line == "@@":
		c.Hunks = append(c.Hunks, Hunk{})
	case line[0] == '-':
		h.Out = append(h.Out, strings.TrimSpace(line[1:]))
	case line[0] == '+':
		h.In = append(h.In, line[1:])
	default:
		return false
	}
	return true
}

func (m *Mutant) header(line string) bool {
	k, v, ok := strings.Cut(line, ": ")
	switch k {
	case "promise":
		m.Promise = v
	case "source":
		m.Source = v
	case "catch":
		m.Catch = append(m.Catch, v)
	case "rule":
		m.Rules = append(m.Rules, v)
	case "profile":
		m.Profile = v
	case "set":
		m.Set = v
	case "needs":
		n, parsed := parseNeed(v)
		m.Needs, ok = append(m.Needs, n), ok && parsed
	default:
		return false
	}
	return ok
}

// Twice reports whether the mutant is to be caught by running seeds twice.
func (m *Mutant) Twice() bool { return len(m.Catch) == 1 && m.Catch[0] == "twice" }

// OnlyRules reports whether the tests of rules catch the mutant, and no campaign.
func (m *Mutant) OnlyRules() bool { return len(m.Catch) == 1 && m.Catch[0] == "rule" }

// Catches reports whether a signature is one that the mutant must produce.
func (m *Mutant) Catches(signature string) bool {
	for _, c := range m.Catch {
		if c != "twice" && strings.HasPrefix(signature, c) {
			return true
		}
	}
	return false
}

// Root finds the module's root from a directory inside it.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(text), "module holdfast\n") {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the holdfast module: mutants are built from its sources")
		}
		dir = up
	}
}
