package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant/active"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// survey is what one mutant shows about oracles and faults.
type survey struct {
	Mutant    string   `json:"mutant"`
	Promise   string   `json:"promise"`
	Signature string   `json:"signature"` // "" if it was not caught
	Runs      uint64   `json:"runs"`      // until it was
	Oracle    string   `json:"oracle"`    // that caught it first
	Others    []string `json:"others"`    // that catch it when those before them are deaf
	Searched  uint64   `json:"searched"`  // runs without a failure that the last answer rests on
	Needs     []string `json:"needs"`     // kinds of fault without which none of Sampled runs fails
	Sampled   int      `json:"sampled"`
}

// surveyor asks about one mutant, in a build that has it.
type surveyor struct {
	hunt
	until time.Time
}

// surveyRun is the command survey, one mutant: what the matrix is made from.
func surveyRun(args []string, out io.Writer) error {
	f := flags("survey")
	budget := f.Duration("budget", 60*time.Second, "")
	seeds := f.Uint64("seeds", 2000, "")
	samples := f.Int("samples", 3, "")
	h, err := newHunt(f.Parse, f.Args, args)
	if err != nil {
		return err
	}
	s := surveyor{hunt: *h, until: time.Now().Add(*budget)}
	v, err := s.ask(*seeds, *samples)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(v)
}

// ask finds out who catches the mutant, and which faults that takes.
func (s *surveyor) ask(seeds uint64, samples int) (v survey, err error) {
	v = survey{Mutant: s.m.Name, Promise: s.m.Promise}
	var caught []uint64
	seed := uint64(1)
	for ; len(caught) < samples && time.Now().Before(s.until); seed++ {
		sig, err := s.try(seed)
		if err != nil {
			return v, err
		}
		if sig == "" {
			continue
		}
		if caught = append(caught, seed); len(caught) == 1 {
			v.Signature, v.Runs, v.Oracle = sig, seed, oracleOf(sig)
		}
	}
	v.Sampled = len(caught)
	if v.Sampled == 0 || s.m.Twice() {
		return v, nil
	}
	if v.Needs, err = s.needs(caught); err != nil {
		return v, err
	}
	return v, s.others(&v, seeds)
}

func oracleOf(signature string) string {
	name, _, _ := strings.Cut(signature, "/")
	return name
}

// needs lists the kinds of fault without which none of the seeds fails. It asks
// about those that all of the runs have seen.
func (s *surveyor) needs(seeds []uint64) (list []string, err error) {
	seen := make([]sched.Counts, len(seeds))
	for i, seed := range seeds {
		if seen[i], err = s.effects(seed); err != nil {
			return nil, err
		}
	}
	for _, k := range campaign.FaultKinds() {
		needed := true
		for i, seed := range seeds {
			if !k.Observed(&seen[i]) {
				needed = false
				break
			}
			s.r.Forbid(&k)
			sig, err := s.try(seed)
			s.r.Forbid(nil)
			if err != nil {
				return nil, err
			}
			if sig != "" {
				needed = false
				break
			}
		}
		if needed {
			list = append(list, k.Name)
		}
	}
	return list, nil
}

// effects returns what a seed's run with the mutant observes.
func (s *surveyor) effects(seed uint64) (sched.Counts, error) {
	active.Set(s.m.Name)
	res, err := s.r.Run(s.token(seed))
	return res.Seen, err
}

// others makes the oracle that caught the mutant deaf, then the next, and so on,
// until so many runs find nothing more.
func (s *surveyor) others(v *survey, seeds uint64) error {
	deaf := []string{v.Oracle}
	from := v.Runs
	for seed := from; seed < from+seeds; seed++ {
		if time.Now().After(s.until) {
			break
		}
		v.Searched = seed - from + 1
		for {
			sig, err := s.without(deaf, seed)
			if err != nil {
				return err
			}
			if sig == "" || slices.Contains(deaf, oracleOf(sig)) {
				break
			}
			deaf = append(deaf, oracleOf(sig))
			from, v.Searched = seed, 1
		}
	}
	v.Others = deaf[1:]
	return nil
}

// without runs a seed with some oracles deaf and returns any failure that the
// engine without the mutant does not have.
func (s *surveyor) without(deaf []string, seed uint64) (string, error) {
	if err := s.r.Deafen(deaf...); err != nil {
		return "", err
	}
	defer s.r.Deafen()
	tok := s.token(seed)
	active.Set(s.m.Name)
	res, err := s.r.Run(tok)
	if err != nil || res.Failure == nil {
		return "", err
	}
	active.Set("")
	plain, err := s.r.Run(tok)
	if err != nil || plain.Failure != nil {
		return "", err
	}
	return res.Failure.Signature(), nil
}

// token is the run of a seed with the mutant.
func (h *hunt) token(seed uint64) tape.Token {
	tok := tape.Token{Seed: seed, Profile: h.m.Profile, Settings: h.m.Set}
	if tok.Profile == "" {
		tok.Profile = "standard"
	}
	return tok
}

// newHunt parses the command line of a command about one mutant of this build.
func newHunt(parse func([]string) error, rest func() []string, args []string) (*hunt, error) {
	names, err := parseMixed(parse, rest, args)
	if err != nil || len(names) != 1 {
		return nil, fmt.Errorf("%w: one mutant, please", errUsage)
	}
	_, _, list, err := bank(names)
	if err != nil {
		return nil, err
	}
	if !active.Set(list[0].Name) {
		return nil, fmt.Errorf("%w: this build has no mutants", errUsage)
	}
	return &hunt{m: &list[0], r: campaign.NewRunner(), others: map[string]int{}}, nil
}
