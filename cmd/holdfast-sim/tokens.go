package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant"
	"holdfast/sim/mutant/active"
	"holdfast/sim/tape"
)

// survival is the share of kept tokens that is to go on catching its mutant.
const survival = 0.9

// nearRuns is how many runs next to a token are tried when it passes.
const nearRuns = 1000

// keptToken is a line of a file of tokens: a mutant and the run that catches it.
type keptToken struct {
	mutant string
	tok    tape.Token
}

// readTokens reads lines of a mutant's name and a token; others are comments.
func readTokens(path string) (list []keptToken, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errUsage, err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		tok, err := tape.DecodeToken(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %s, %s: %v", errUsage, path, name, err)
		}
		list = append(list, keptToken{name, tok})
	}
	return list, lines.Err()
}

// writeTokens keeps the tokens that lines of hunt.shrink end with.
func writeTokens(path string, lines []string) error {
	text := "# Runs that catch the mutants of the bank: holdfast-sim mutants --shrink -o FILE wrote them,\n# holdfast-sim mutants --tokens FILE tries them.\n"
	for _, l := range lines {
		f := strings.Fields(l)
		if len(f) > 2 && f[0] == "shrunk" {
			text += f[1] + " " + f[len(f)-1] + "\n"
		}
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// tryTokens runs kept tokens in a build that has their mutants, and says how many
// still catch them.
func tryTokens(root string, all []mutant.Mutant, path string, out, progress io.Writer) error {
	if _, err := readTokens(path); err != nil {
		return err
	}
	return withBuild(root, all, progress, func(bin string) error {
		return runIn(bin, []string{"recall", path}, out, progress)
	})
}

// recall tries the tokens of a file, in a build that has their mutants.
func recall(args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: recall FILE", errUsage)
	}
	list, err := readTokens(args[0])
	if err != nil {
		return err
	}
	_, all, _, err := bank(nil)
	if err != nil {
		return err
	}
	tried, kept, near := 0, 0, 0
	for _, k := range list {
		i := slices.IndexFunc(all, func(m mutant.Mutant) bool { return m.Name == k.mutant })
		if i < 0 {
			fmt.Fprintf(out, "gone   %s: no such mutant any more\n", k.mutant)
			continue
		}
		tried++
		h := &hunt{m: &all[i], r: campaign.NewRunner(), others: map[string]int{}}
		after, err := h.recall(k.tok)
		switch {
		case err != nil:
			return err
		case after == 0:
			kept++
		case after > 0:
			near++
			fmt.Fprintf(out, "near   %s: caught by run %d next to it\n", k.mutant, after)
		default:
			fmt.Fprintf(out, "lost   %s%s\n", k.mutant, h.seen())
		}
	}
	share := float64(kept+near) / float64(max(tried, 1))
	fmt.Fprintf(out, "tokens: %d of %d catch their mutant as they are, %d with the %d runs next to them, %.0f %% (target %.0f %%)\n",
		kept, tried, kept+near, nearRuns, 100*share, 100*survival)
	if share < survival {
		return errFound
	}
	return nil
}

// recall returns 0 if a token catches the mutant, the number of the run next to it
// that does, or -1.
func (h *hunt) recall(tok tape.Token) (int, error) {
	for n := range nearRuns + 1 {
		active.Set(h.m.Name)
		var res campaign.Result
		var err error
		if n == 0 {
			res, err = h.r.Run(tok)
		} else {
			res, err = h.r.Near(tok, n)
		}
		if err != nil {
			return -1, err
		}
		if sig, err := h.judge(res.Token, &res); sig != "" || err != nil {
			return n, err
		}
	}
	return -1, nil
}
