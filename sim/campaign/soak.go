package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/sim/tape"
)

// Soak is a campaign that goes on from day to day in a directory:
//
//	state.json      the next seed of each profile: none runs twice
//	receipts.jsonl  one line a batch: what ran, where from, its hash
//	failures/       one file a failure: its signature, story and token
//
// A batch's seeds are claimed before they run, so a soak that is killed leaves
// a gap and repeats nothing.
type Soak struct {
	Dir     string
	Version string // of the sources, for receipts
	Workers int
	Batch   uint64
	// Profiles take turns; the first gets every second batch.
	Profiles []string
	Say      func(format string, args ...any)
}

// soakState is state.json.
type soakState struct {
	Next map[string]uint64 `json:"next"`
	Turn int               `json:"turn"`
}

// Receipt is a line of receipts.jsonl.
type Receipt struct {
	Time    string `json:"time"`
	Version string `json:"version"`
	*Summary
}

// sameKept bounds how many failures of one signature are kept.
const sameKept = 3

// Run soaks until the time is over. It returns how many stored failures still
// fail and how many new ones were found.
func (s *Soak) Run(until time.Time) (old, found int, err error) {
	if err := os.MkdirAll(filepath.Join(s.Dir, "failures"), 0o755); err != nil {
		return 0, 0, err
	}
	if old, err = s.again(); err != nil {
		return old, 0, err
	}
	var st soakState
	if err := s.load(&st); err != nil {
		return old, 0, err
	}
	for time.Now().Before(until) {
		profile := s.Profiles[0]
		if st.Turn%2 == 1 && len(s.Profiles) > 1 {
			profile = s.Profiles[1+st.Turn/2%(len(s.Profiles)-1)]
		}
		c := Campaign{From: max(st.Next[profile], 1), Seeds: s.Batch, Profile: profile, Workers: s.Workers, Until: until}
		st.Next[profile] = c.From + c.Seeds
		st.Turn++
		if err := s.save(&st); err != nil {
			return old, found, err
		}
		t, err := c.Run(nil)
		if err != nil {
			return old, found, err
		}
		sum := c.Summarise(t, t.Elapsed.Seconds())
		s.Say("%s: seeds %d to %d, %d failed, %.0f seeds/s", profile, c.From, c.From+uint64(t.Runs)-1, t.Failed, sum.SeedsPerSecond)
		for i := range t.Failures {
			if err := s.keep(t.Failures[i].Token); err != nil {
				return old, found, err
			}
			found++
		}
		sum.Silent = nil // a batch is too short to judge
		if err := s.receipt(sum); err != nil {
			return old, found, err
		}
	}
	return old, found, nil
}

// again runs the stored failures, newest first; those that pass now move to
// names that say so.
func (s *Soak) again() (failing int, err error) {
	names, err := filepath.Glob(filepath.Join(s.Dir, "failures", "*.txt"))
	if err != nil {
		return 0, err
	}
	slices.SortFunc(names, func(a, b string) int { return modified(b).Compare(modified(a)) })
	r := NewRunner()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return failing, err
		}
		tok, err := TokenIn(string(text))
		if err != nil {
			return failing, fmt.Errorf("%s: %w", name, err)
		}
		res, err := r.Run(tok)
		if err != nil {
			return failing, fmt.Errorf("%s: %w", name, err)
		}
		if res.Failure != nil {
			failing++
			s.Say("still fails: %s: %s", name, res.Failure.Signature())
			continue
		}
		s.Say("passes now: %s", name)
		if err := os.Rename(name, strings.TrimSuffix(name, ".txt")+".passes"); err != nil {
			return failing, err
		}
	}
	return failing, nil
}

func modified(name string) time.Time {
	info, err := os.Stat(name)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// keep shrinks a failure and stores it, unless there are enough of its kind.
func (s *Soak) keep(tok tape.Token) error {
	end := time.Now().Add(10 * time.Second)
	small, err := Shrink(tok, ShrinkOptions{Stop: func() bool { return time.Now().After(end) }})
	if err != nil || small.Failure == nil {
		return err
	}
	sig := fnv.New32a()
	sig.Write([]byte(small.Failure.Signature()))
	for i := range sameKept {
		name := filepath.Join(s.Dir, "failures", fmt.Sprintf("%08x-%d.txt", sig.Sum32(), i))
		if _, err := os.Stat(name); err == nil {
			continue
		}
		s.Say("new: %s: %s", name, small.Failure.Signature())
		var b strings.Builder
		fmt.Fprintf(&b, "# %s\n# seed %d of profile %s, version %s\n", small.Failure.Signature(), tok.Seed, tok.Profile, s.Version)
		for _, line := range small.Failure.Story {
			fmt.Fprintf(&b, "#   %s\n", line)
		}
		fmt.Fprintln(&b, small.Token.Encode())
		return os.WriteFile(name, []byte(b.String()), 0o644)
	}
	return nil
}

// TokenIn finds the token in a stored failure: the line that is no comment.
func TokenIn(text string) (tape.Token, error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return tape.DecodeToken(line)
		}
	}
	return tape.Token{}, fmt.Errorf("%w: no token in it", tape.ErrToken)
}

func (s *Soak) load(st *soakState) error {
	st.Next = map[string]uint64{}
	text, err := os.ReadFile(filepath.Join(s.Dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, st); err != nil || st.Next == nil {
		return fmt.Errorf("%s is not the state of a soak: %v", filepath.Join(s.Dir, "state.json"), err)
	}
	return nil
}

func (s *Soak) save(st *soakState) error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	name := filepath.Join(s.Dir, "state.json")
	if err := os.WriteFile(name+".new", append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func (s *Soak) receipt(sum *Summary) error {
	f, err := os.OpenFile(filepath.Join(s.Dir, "receipts.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = json.NewEncoder(f).Encode(Receipt{time.Now().UTC().Format(time.RFC3339), s.Version, sum})
	return errors.Join(err, f.Close())
}
