package campaign

import (
	"sync"
	"sync/atomic"
	"time"

	"holdfast/sim/judge"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Campaign is many seeds over several workers.
type Campaign struct {
	From, Seeds uint64
	Profile     string
	Settings    string
	Workers     int
	Twice       bool
	NoTwin      bool
	// Stop ends the campaign early: at the first failure, or at a time.
	StopAtFailure bool
	Until         time.Time
	// Each, if set, is called for every run, by one worker at a time, with the
	// totals so far.
	Each func(Result, *Totals)
}

// Totals sums up a campaign.
type Totals struct {
	Runs, Failed     int64
	Events, Turns    int64
	Crashes, Boots   int64
	Answered         int64
	Choices          int64
	Faults           int64
	Seen             sched.Counts
	Counts           judge.Counts
	Marks            map[string]int64
	Commands         map[string]int64 // that were answered, by name
	Failures         []Result         // the first few
	Diverged         []uint64         // seeds whose second run had another hash
	Elapsed          time.Duration
	WithCrash        int64
	FirstFailedAfter int64  // runs before the first failure
	Hash             uint64 // of all runs' hashes, in no order
	Virtual          int64  // ns of virtual time
}

// maxKept bounds the failures that are kept in full.
const maxKept = 20

// Run runs the campaign. It stops early on an unknown profile.
func (c Campaign) Run(progress func(done, failed, events, virtual int64)) (*Totals, error) {
	t := newTotals()
	var next atomic.Int64
	var mu sync.Mutex
	var firstErr error
	var wg sync.WaitGroup
	start := time.Now()
	stop := atomic.Bool{}
	for range max(c.Workers, 1) {
		wg.Go(func() {
			r := NewRunner()
			r.NoTwin = c.NoTwin
			for !stop.Load() {
				if !c.Until.IsZero() && next.Load()%16 == 0 && time.Now().After(c.Until) {
					break // before it takes a seed: those that ran leave no gap
				}
				i := uint64(next.Add(1) - 1)
				if i >= c.Seeds {
					break
				}
				tok := tape.Token{Seed: c.From + i, Profile: c.Profile, Settings: c.Settings}
				res, err := r.Run(tok)
				diverged := false
				if err == nil && c.Twice {
					again, _ := r.Run(tok)
					diverged = again.Hash != res.Hash
				}
				mu.Lock()
				if err != nil {
					firstErr = err
					stop.Store(true)
				} else {
					t.add(&res, diverged)
					t.collect(r)
					if c.Each != nil {
						c.Each(res, t)
					}
				}
				if (res.Failure != nil || diverged) && c.StopAtFailure {
					stop.Store(true)
				}
				if progress != nil && t.Runs%64 == 0 {
					progress(t.Runs, t.Failed, t.Events, t.Virtual)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Elapsed = time.Since(start)
	return t, firstErr
}

func newTotals() *Totals { return &Totals{Marks: map[string]int64{}, Commands: map[string]int64{}} }

// collect takes over what a worker has counted by name.
func (t *Totals) collect(r *Runner) {
	for name, n := range r.marks {
		t.Marks[name] += n
	}
	clear(r.marks)
	for name, n := range r.judge.Commands {
		t.Commands[name] += *n
		*n = 0
	}
}

func (t *Totals) add(r *Result, diverged bool) {
	t.Runs++
	t.Hash += (r.Token.Seed + 1) * (r.Hash | 1)
	t.Virtual += r.Virtual
	t.Events += int64(r.Events)
	t.Turns += int64(r.Turns)
	t.Crashes += int64(r.Crashes)
	t.Boots += int64(r.Boots)
	t.Answered += r.Answered
	t.Choices += int64(r.Choices)
	t.Seen.Add(&r.Seen)
	t.Counts.Add(&r.Counts)
	if r.Crashes > 0 {
		t.WithCrash++
	}
	if diverged {
		t.Diverged = append(t.Diverged, r.Token.Seed)
	}
	if r.Failure == nil && !diverged {
		return
	}
	if t.Failed++; t.Failed == 1 {
		t.FirstFailedAfter = t.Runs
	}
	if r.Failure != nil && len(t.Failures) < maxKept {
		t.Failures = append(t.Failures, *r)
	}
}
