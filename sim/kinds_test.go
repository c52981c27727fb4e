package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
	"holdfast/sim/mutant"
	"holdfast/sim/tape"
)

// TestForbiddenFaultsHaveNoEffect: a campaign without a kind of fault must not see
// it, or what is said to need it needs something else.
func TestForbiddenFaultsHaveNoEffect(t *testing.T) {
	seeds := uint64(4)
	if testing.Short() {
		seeds = 1
	}
	r := campaign.NewRunner()
	for _, k := range campaign.FaultKinds() {
		switch k.Name {
		case "disk times vary, out of order": // operations of different kinds take different times
			continue
		case "partial send": // a full window is one too
			continue
		}
		r.Forbid(&k)
		for _, profile := range []string{"storm", "lying"} {
			for seed := uint64(1); seed <= seeds; seed++ {
				res, err := r.Run(tape.Token{Seed: seed, Profile: profile})
				require.NoError(t, err)
				for _, e := range k.Effects {
					require.Zerof(t, res.Seen[e], "%s, seed %d of %s: %v", k.Name, seed, profile, e)
				}
			}
		}
	}
}

// TestNeedsNameFaults: the bank says what mutants need in words that campaigns know.
func TestNeedsNameFaults(t *testing.T) {
	root, err := mutant.Root(".")
	require.NoError(t, err)
	bank, err := mutant.Load(root)
	require.NoError(t, err)
	for _, m := range bank {
		for _, n := range m.Needs {
			_, err := campaign.FaultKindNamed(n.Fault)
			require.NoError(t, err, m.Name)
			if n.Profile != "" {
				_, known := tape.ProfileNamed(n.Profile)
				require.True(t, known, m.Name)
			}
		}
	}
}
