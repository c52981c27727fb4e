//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// point is one case of the matrix: a command and where it stands on each axis.
type point struct {
	Command  string `json:"command"`
	Value    int    `json:"value_bytes"`
	Conns    int    `json:"connections"`
	Pipeline int    `json:"pipeline"`
	Keys     int    `json:"keys"`
	Policy   string `json:"policy"` // of appendfsync; "off" is no log; "a:b" is ours and theirs
}

// String is the name that --only selects by, a word.
func (p point) String() string {
	return fmt.Sprintf("%s %s %dc p%d %s %s", p.Command, bytesText(p.Value), p.Conns, p.Pipeline, countText(p.Keys), p.Policy)
}

func bytesText(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "KB"
	}
	return strconv.Itoa(n) + "B"
}

func countText(n int) string {
	switch {
	case n >= 1_000_000 && n%100_000 == 0:
		return strconv.FormatFloat(float64(n)/1e6, 'f', -1, 64) + "M"
	case n >= 1000 && n%1000 == 0:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

// count reads 1000, 1k, 5M.
func count(text string) (int, error) {
	scale := 1
	switch low := strings.ToLower(text); {
	case strings.HasSuffix(low, "kb"):
		text, scale = text[:len(text)-2], 1024
	case strings.HasSuffix(low, "b"):
		text = text[:len(text)-1]
	case strings.HasSuffix(low, "k"):
		text, scale = text[:len(text)-1], 1000
	case strings.HasSuffix(low, "m"):
		text, scale = text[:len(text)-1], 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is no count", text)
	}
	return n * scale, nil
}

// policy returns what a subject runs under.
func (p point) policyOf(ours bool) string {
	mine, theirs, apart := strings.Cut(p.Policy, ":")
	if apart && !ours {
		return theirs
	}
	return mine
}

// commands are the ones that are measured.
var commands = []string{"GET", "SET", "INCR", "HSET", "HGET", "MGET16", "LPUSH/RPOP", "SET+TTL", "90/10", "EXEC4"}

var policies = []string{"off", "no", "everysec", "always"}

// The centre of the matrix: what a point has where nothing else is asked for.
var centre = point{Value: 64, Conns: 50, Pipeline: 1, Keys: 1000, Policy: "no"}

// The sizes of the large data set.
const manyKeys = 5_000_000

// matrix returns the cases of a run. It is no cross product, which would be
// 4,320 cases: every command is measured in the centre, at pipeline 1 and 16;
// GET and SET, the cheapest of each kind, go along each axis from there; and what
// waits for the disk goes along the axes that decide how it waits.
func matrix(quick bool) (all []point) {
	add := func(p point, change func(p *point)) {
		if change(&p); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for _, c := range commands {
		for _, pipeline := range []int{1, 16} {
			add(centre, func(p *point) { p.Command, p.Pipeline = c, pipeline })
		}
	}
	for _, c := range commands[:2] {
		one := centre
		one.Command = c
		for _, pipeline := range []int{1, 16} {
			one.Pipeline = pipeline
			for _, conns := range []int{1, 500} {
				if !quick || pipeline == 1 {
					add(one, func(p *point) { p.Conns = conns })
				}
			}
			if !quick || pipeline == 16 {
				add(one, func(p *point) { p.Value = 1024 })
				add(one, func(p *point) { p.Keys = manyKeys })
			}
			if !quick {
				add(one, func(p *point) { p.Policy = "off" })
			}
		}
		add(one, func(p *point) { p.Pipeline = 64 })
		for _, policy := range []string{"everysec", "always"} {
			for _, conns := range []int{1, 50} {
				for _, pipeline := range []int{1, 16} {
					if !quick || c == "SET" && policy == "always" {
						add(one, func(p *point) { p.Policy, p.Conns, p.Pipeline = policy, conns, pipeline })
					}
				}
			}
		}
	}
	add(centre, func(p *point) { p.Command, p.Pipeline, p.Policy = "SET", 16, "always:everysec" })
	if quick {
		return all
	}
	for _, c := range commands[2:] {
		add(centre, func(p *point) { p.Command, p.Pipeline, p.Policy = c, 16, "always" })
	}
	return all
}

// axes are what the flags ask for; an axis that was not asked for is empty.
type axes struct {
	commands, values, conns, pipelines, keys, policies string
}

func (a axes) any() bool { return a != axes{} }

// points is the cross product of what was asked for, the centre elsewhere.
func (a axes) points() ([]point, error) {
	all := []point{centre}
	var fault error
	spread := func(asked, unless string, set func(p *point, text string) error) {
		if asked == "" {
			asked = unless
		}
		var next []point
		for _, p := range all {
			for text := range strings.SplitSeq(asked, ",") {
				p := p
				if text != "" {
					if err := set(&p, strings.TrimSpace(text)); err != nil {
						fault = err
					}
				}
				next = append(next, p)
			}
		}
		all = next
	}
	number := func(to func(p *point) *int) func(p *point, text string) error {
		return func(p *point, text string) (err error) { *to(p), err = count(text); return err }
	}
	spread(a.commands, "GET,SET", func(p *point, text string) error {
		p.Command = strings.ToUpper(text)
		if !slices.Contains(commands, p.Command) {
			return fmt.Errorf("no command %q: there are %s", text, strings.Join(commands, " "))
		}
		return nil
	})
	spread(a.values, "", number(func(p *point) *int { return &p.Value }))
	spread(a.conns, "", number(func(p *point) *int { return &p.Conns }))
	spread(a.pipelines, "", number(func(p *point) *int { return &p.Pipeline }))
	spread(a.keys, "", number(func(p *point) *int { return &p.Keys }))
	spread(a.policies, "", func(p *point, text string) error {
		p.Policy = text
		for one := range strings.SplitSeq(text, ":") {
			if !slices.Contains(policies, one) {
				return fmt.Errorf("no policy %q: there are %s", text, strings.Join(policies, " "))
			}
		}
		return nil
	})
	return all, fault
}

// chosen reports whether --only selects a name: alternatives divided by commas,
// each some words that the name must all have.
func chosen(only, name string) bool {
	if only == "" {
		return true
	}
	have := strings.Fields(strings.ToLower(name))
	for one := range strings.SplitSeq(strings.ToLower(only), ",") {
		all := true
		for _, word := range strings.Fields(one) {
			all = all && slices.Contains(have, word)
		}
		if all {
			return true
		}
	}
	return false
}
