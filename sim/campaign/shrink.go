package campaign

import (
	"slices"

	"holdfast/sim/tape"
)

// Shrunk is a failure made smaller.
type Shrunk struct {
	Result
	Before int // outcomes other than zero in the run as it was
}

// Shrink looks for a smaller run with the same signature: it turns outcomes to
// zero, in halves, quarters and so on down to single ones, then lowers those
// that stay. Zero is the benign outcome everywhere, so less is calmer.
func Shrink(tok tape.Token, rounds int, progress func(runs, left int)) (Shrunk, error) {
	r := NewRunner()
	r.tape.Record(true)
	res, err := r.Run(tok)
	if err != nil || res.Failure == nil {
		return Shrunk{Result: res}, err
	}
	s := &shrinker{r: r, want: res.Failure.Signature(), best: res, rounds: rounds, progress: progress}
	s.list = slices.Clone(r.Outcomes())
	before := len(s.list)
	s.best.Token = tape.Token{Profile: tok.Profile, Settings: tok.Settings, Seed: tok.Seed, Recorded: true, Outcomes: s.list}
	for s.pass() {
	}
	s.lower()
	return Shrunk{Result: s.best, Before: before}, nil
}

type shrinker struct {
	r        *Runner
	want     string
	best     Result
	list     []tape.Outcome
	rounds   int
	runs     int
	progress func(runs, left int)
}

// try keeps a candidate if it fails in the same way.
func (s *shrinker) try(list []tape.Outcome) bool {
	if s.runs >= s.rounds {
		return false
	}
	s.runs++
	tok := s.best.Token
	tok.Recorded, tok.Outcomes = true, list
	res, err := s.r.Run(tok)
	if err != nil || res.Failure == nil || res.Failure.Signature() != s.want {
		return false
	}
	// What the run really used, so that outcomes of places it no longer
	// reaches fall away.
	used := slices.Clone(s.r.Outcomes())
	if len(used) > len(list) {
		used = list
	}
	tok.Outcomes = used
	res.Token = tok
	s.best, s.list = res, used
	if s.progress != nil {
		s.progress(s.runs, len(used))
	}
	return true
}

// pass removes chunks, large to small; false when nothing could go.
func (s *shrinker) pass() bool {
	before := len(s.list)
	for size := max(len(s.list)/2, 1); size >= 1; size /= 2 {
		for at := len(s.list) - size; at > -size && s.runs < s.rounds; at -= size {
			lo, hi := max(at, 0), min(at+size, len(s.list))
			if lo >= hi {
				continue
			}
			s.try(slices.Concat(s.list[:lo], s.list[hi:]))
		}
	}
	return len(s.list) < before && s.runs < s.rounds
}

// lower halves the outcomes that are left.
func (s *shrinker) lower() {
	for i := 0; i < len(s.list); i++ {
		for i < len(s.list) && s.list[i].Value > 1 {
			next := slices.Clone(s.list)
			next[i].Value /= 2
			if !s.try(next) {
				break
			}
		}
	}
}
