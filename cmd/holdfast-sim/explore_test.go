package main

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
)

// TestExplorationCatches: the mutants that scopes name are in the bank, and of six
// scopes the first is caught by exploration alone. `explore --mutants` tries all.
func TestExplorationCatches(t *testing.T) {
	quick := map[string]bool{"in-flight-read": true, "expiry-tick": true, "multi-and-tick": true, "fsync-and-crash": true,
		"exec-and-crash": true, "woken-and-crash": true}
	var chosen []campaign.Scope
	for _, s := range campaign.Scopes() {
		_, _, _, err := bank(s.Mutants)
		require.NoError(t, err, s.Name)
		if quick[s.Name] {
			s.Mutants = s.Mutants[:1]
			chosen = append(chosen, s)
		}
	}
	var out bytes.Buffer
	require.NoError(t, exploreMutants(chosen, 10_000, 5*time.Minute, &out, io.Discard), "%s", &out)
	require.Contains(t, out.String(), "explored mutants: caught 6 of 6, in 6 of 6 scopes\n")
}
