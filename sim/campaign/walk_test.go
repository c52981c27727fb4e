package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// twoWalks walks a scope with and without recognising states.
func twoWalks(t *testing.T, name string) (naive, walked Explored) {
	s, ok := ScopeNamed(name)
	require.True(t, ok)
	naive, err := NewRunner().Explore(s, ExploreOptions{Naive: true})
	require.NoError(t, err)
	walked, err = NewRunner().Explore(s, ExploreOptions{})
	require.NoError(t, err)
	require.True(t, naive.Complete && walked.Complete)
	return naive, walked
}

// TestStatesAreRecognised: the walk that ends runs at known states finds what
// the plain one finds, and knows how many runs that took.
func TestStatesAreRecognised(t *testing.T) {
	for name, factor := range map[string]float64{"in-flight-read": 7, "fsync-and-crash": 2, "two-batches": 1, "exec-and-crash": 1,
		"rename-and-crash": 1, "woken-and-crash": 1, "compaction-and-read": 1.1} {
		naive, walked := twoWalks(t, name)
		require.Equal(t, naive.Outcomes, walked.Outcomes, name)
		require.EqualValues(t, naive.Runs, walked.Combinations, "%s: states that differ were taken for one", name)
		require.GreaterOrEqual(t, float64(naive.Runs), factor*float64(walked.Runs), name)
	}
}

// TestRulesAreInUse: what the digest leaves out is there to be left out.
func TestRulesAreInUse(t *testing.T) {
	r := NewRunner()
	s, _ := ScopeNamed("fsync-and-crash")
	var w *walk
	_, err := r.Explore(s, ExploreOptions{Limit: 1000, Stop: func() bool { w = r.walk; return false }})
	require.NoError(t, err)
	unused := map[string]bool{}
	for _, n := range w.hash.Unused() {
		unused[n] = true
	}
	for _, n := range w.crash.Unused() {
		require.False(t, unused[n], n)
	}
}

// TestLeavingSomethingOutShows: a digest without what is to come, or without
// which kind of crash it is that has begun, is found out.
func TestLeavingSomethingOutShows(t *testing.T) {
	for rule, name := range map[string]string{"disk.Disk.cutting": "fsync-and-crash", "sched.Sched": "in-flight-read"} {
		r := NewRunner()
		r.omit = []string{rule}
		s, _ := ScopeNamed(name)
		blind, err := r.Explore(s, ExploreOptions{})
		require.NoError(t, err)
		naive, err := NewRunner().Explore(s, ExploreOptions{Naive: true})
		require.NoError(t, err)
		require.False(t, blind.Combinations == naive.Combinations && len(blind.Outcomes) == len(naive.Outcomes), rule)
	}
}
