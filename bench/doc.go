//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// The marks in a document between which the tables of a run stand.
const (
	docBegin = "<!-- figures of go run ./bench --doc: not edited by hand -->\n"
	docEnd   = "<!-- end of the figures -->\n"
)

// rewrite puts the tables of the report between the marks of a document.
func (r *report) rewrite(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(docBegin))
	_, after, ends := bytes.Cut(rest, []byte(docEnd))
	if !ok || !ends {
		return fmt.Errorf("%s has no place for figures, between %q and %q", file, strings.TrimSpace(docBegin), strings.TrimSpace(docEnd))
	}
	out := append(bytes.Clone(before), docBegin...)
	out = append(out, r.markdown()...)
	out = append(append(out, docEnd...), after...)
	return os.WriteFile(file, out, 0o644)
}

// markdown writes the tables of the report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s.", r.Machine)
	for _, s := range r.Subjects {
		fmt.Fprintf(&b, " %s.", s.Version)
	}
	fmt.Fprintf(&b, " %d rounds of %v s, A B A B. How quiet it was: %s.\n", r.Rounds, r.Seconds, r.Noise)
	if all := r.verdicts(); len(all) > 0 {
		b.WriteString("\n### What was aimed at\n\n| | measured | wanted | |\n|---|---|---|---|\n")
		for _, v := range all {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.What, v.Measured, v.Wanted, v.Mark)
		}
	}
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "\n### %s\n\n| | throughput | CPU per operation | p50 | p99 | p99.9 | ours |\n|---|---|---|---|---|---|---|\n", t.Title)
		for _, row := range t.Rows {
			name := row.Case
			if len(r.Subjects) > 2 {
				name += " : " + row.To
			}
			fmt.Fprintf(&b, "| %s |", name)
			for i, c := range row.Cells {
				text := c.Text
				if i < 2 {
					text = c.All
				}
				if c.Class == "none" {
					text = "-"
				}
				fmt.Fprintf(&b, " %s |", text)
			}
			fmt.Fprintf(&b, " %s |\n", row.Ours)
		}
	}
	for _, one := range r.Results {
		if one.Point == nil {
			one.markdown(&b)
		}
	}
	for _, name := range r.NotRun {
		fmt.Fprintf(&b, "\nNot run, for lack of time: %s.\n", name)
	}
	b.WriteString("\n")
	return b.String()
}

func (r *result) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n| |", r.Case)
	ratios := false
	for _, m := range r.Metrics {
		ratios = ratios || len(m.Ratios) > 0
	}
	for _, s := range r.Subjects {
		fmt.Fprintf(b, " %s |", s)
	}
	if ratios {
		b.WriteString(" ratio |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(r.Subjects)))
	if ratios {
		b.WriteString("---|")
	}
	b.WriteString("\n")
	for _, m := range r.Metrics {
		fmt.Fprintf(b, "| %s |", m.Name)
		for _, rounds := range m.Rounds {
			text := "-"
			if len(rounds) > 0 {
				text = strings.TrimSpace(figure(median(rounds), m.Unit))
			}
			fmt.Fprintf(b, " %s |", text)
		}
		if ratios {
			text := ""
			for i, x := range m.Ratios {
				if i > 0 {
					text += "; "
				}
				text += x.String()
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(b, "\n%s.\n", n)
	}
}
