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
//	receipts.jsonl  one line a batch: what ran, where from, its hash, what was silent
//	failures/       one file a failure: its signature, story and token
//
// A batch's seeds are claimed before they run, and its failures are kept as they
// are found: a soak that is killed leaves a gap and repeats nothing, and tries
// again what it had found. One that ends by itself gives back what it did not run.
type Soak struct {
	Dir     string
	Version string // of the sources, for receipts
	Workers int
	Batch   uint64
	From    uint64 // where the seeds of a profile begin
	// Profiles take turns; the first gets every second batch.
	Profiles []string
	Shrink   time.Duration // for each failure that is kept
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
// fail, and how many new findings there are: runs that failed, and what was silent
// in a batch that was long enough.
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
		n, err := s.batch(&st, profile, until)
		if found += n; err != nil {
			return old, found, err
		}
	}
	return old, found, nil
}

// batch claims the next seeds of a profile and runs them.
func (s *Soak) batch(st *soakState, profile string, until time.Time) (found int, err error) {
	c := Campaign{From: max(st.Next[profile], s.From, 1), Seeds: s.Batch, Profile: profile, Workers: s.Workers, Until: until}
	var stored []kept
	var bad error
	c.Each = func(r Result, _ *Totals) {
		if r.Failure == nil || bad != nil {
			return
		}
		var k *kept
		if k, bad = s.keep(&r); k != nil {
			stored = append(stored, *k)
		}
	}
	st.Next[profile] = c.From + c.Seeds
	st.Turn++
	if err := s.save(st); err != nil {
		return 0, err
	}
	t, err := c.Run(nil)
	if err = errors.Join(err, bad); err != nil {
		return 0, err
	}
	sum := c.Summarise(t, t.Elapsed.Seconds())
	s.Say("%s: seeds %d to %d, %d failed, %.0f seeds/s", profile, c.From, c.From+uint64(t.Runs)-1, t.Failed, sum.SeedsPerSecond)
	sum.Silent = sum.TooQuiet()
	for _, what := range sum.Silent {
		s.Say("silent in %d runs: %s", t.Runs, what)
	}
	for _, k := range stored {
		if err := s.smaller(k); err != nil {
			return 0, err
		}
	}
	if err := s.receipt(sum); err != nil {
		return 0, err
	}
	st.Next[profile] = c.From + uint64(t.Runs)
	return int(t.Failed) + len(sum.Silent), s.save(st)
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
		if err != nil { // of another version, say
			s.Say("put aside: %s: %v", name, err)
			if err := os.Rename(name, strings.TrimSuffix(name, ".txt")+".unread"); err != nil {
				return failing, err
			}
			continue
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

// kept is a failure that was stored as it was found.
type kept struct {
	name string
	tok  tape.Token
}

// keep stores a failure, unless there are enough of its kind: then it returns nil.
func (s *Soak) keep(r *Result) (*kept, error) {
	sig := fnv.New32a()
	sig.Write([]byte(r.Failure.Signature()))
	for i := range sameKept {
		k := kept{filepath.Join(s.Dir, "failures", fmt.Sprintf("%08x-%d.txt", sig.Sum32(), i)), r.Token}
		if _, err := os.Stat(k.name); err == nil {
			continue
		}
		s.Say("new: %s: %s", k.name, r.Failure.Signature())
		return &k, s.write(k, r)
	}
	return nil, nil
}

// smaller puts a shrunk run in the place of one that was kept.
func (s *Soak) smaller(k kept) error {
	end := time.Now().Add(s.Shrink)
	small, err := Shrink(k.tok, ShrinkOptions{Stop: func() bool { return time.Now().After(end) }})
	if err != nil || small.Failure == nil {
		return err
	}
	return s.write(k, &small.Result)
}

func (s *Soak) write(k kept, r *Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n# seed %d of profile %s, version %s\n", r.Failure.Signature(), k.tok.Seed, k.tok.Profile, s.Version)
	for _, line := range r.Failure.Story {
		fmt.Fprintf(&b, "#   %s\n", strings.ReplaceAll(line, "\n", "\n#   "))
	}
	fmt.Fprintln(&b, r.Token.Encode())
	return os.WriteFile(k.name, []byte(b.String()), 0o644)
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
