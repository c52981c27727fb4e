package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/digest"
)

// naives are walks that were taken without recognising states, by scope.
var naives = map[string]Explored{}

func naive(t *testing.T, name string) Explored {
	if testing.Short() {
		t.Skip("takes every run of a scope")
	}
	if e, ok := naives[name]; ok {
		return e
	}
	s, ok := ScopeNamed(name)
	require.True(t, ok)
	e, err := NewRunner().Explore(s, ExploreOptions{Naive: true})
	require.NoError(t, err)
	require.True(t, e.Complete)
	naives[name] = e
	return e
}

// TestStatesAreRecognised: the walk that ends runs at known states, and runs what
// crashes leave but once, finds what the plain one finds, and knows how many runs
// that took.
func TestStatesAreRecognised(t *testing.T) {
	for name, factor := range map[string]float64{"expiry-tick": 10, "fsync-and-crash": 100, "two-batches": 10} {
		s, _ := ScopeNamed(name)
		walked, err := NewRunner().Explore(s, ExploreOptions{})
		require.NoError(t, err)
		require.True(t, walked.Complete)
		plain := naive(t, name)
		require.Equal(t, plain.Outcomes, walked.Outcomes, name)
		require.EqualValues(t, plain.Runs, walked.Combinations, "%s: states that differ were taken for one", name)
		require.GreaterOrEqual(t, float64(plain.Runs), factor*float64(walked.Runs), name)
	}
}

// TestRulesAreInUse: what the digests leave out is there to be left out.
func TestRulesAreInUse(t *testing.T) {
	r := NewRunner()
	s, _ := ScopeNamed("fsync-and-crash")
	var w *walk
	_, err := r.Explore(s, ExploreOptions{Limit: 1000, Stop: func() bool { w = r.walk; return false }})
	require.NoError(t, err)
	unused := map[string]int{}
	for _, h := range []*digest.Hasher{w.hash, w.forks.crash, w.forks.outside, w.forks.oracles} {
		for _, n := range h.Unused() {
			unused[n]++
		}
	}
	for n, times := range unused {
		require.Less(t, times, 4, n)
	}
}

// TestForksAreRuns: what is run behind a crash is, event by event, what a run from
// the start comes to that ends its process there. The disk lies, for failures have
// tokens.
func TestForksAreRuns(t *testing.T) {
	runner := func() *Runner {
		r := NewRunner()
		require.NoError(t, r.Deafen("cut", "taint"))
		return r
	}
	s, _ := ScopeNamed("fsync-and-crash")
	s.Vary = append(s.Vary, Vary{"disk/false sync", -1, []int{0, 1}})
	e, err := runner().Explore(s, ExploreOptions{Limit: 300})
	require.NoError(t, err)
	require.Greater(t, len(e.Failures), 5)
	again := runner()
	for _, f := range e.Failures {
		res, err := again.Run(f.Token)
		require.NoError(t, err)
		require.Equal(t, f.Hash, res.Hash)
		require.Equal(t, f.Failure.Signature(), res.Failure.Signature())
		require.Equal(t, f.Counts, res.Counts)
	}
}

// TestLeavingSomethingOutShows: a digest without what is to come, or without what
// is on the disk, is found out.
func TestLeavingSomethingOutShows(t *testing.T) {
	for rule, name := range map[string]string{"disk.Disk": "two-batches", "sched.Sched": "expiry-tick"} {
		r := NewRunner()
		r.omit = []string{rule}
		s, _ := ScopeNamed(name)
		blind, err := r.Explore(s, ExploreOptions{})
		require.NoError(t, err)
		plain := naive(t, name)
		require.False(t, blind.Combinations == plain.Combinations && len(blind.Outcomes) == len(plain.Outcomes), rule)
	}
}
