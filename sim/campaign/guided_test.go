package campaign_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

// TestGuidedRunsAreTheirTokens: a guided campaign is a function of where it begins,
// and a run that fails in it fails in the same way when its token is replayed.
func TestGuidedRunsAreTheirTokens(t *testing.T) {
	g := campaign.Guided{From: 1, Seeds: 90, Profile: tape.Standard.Name}
	a, err := g.Run(nil)
	require.NoError(t, err)
	require.EqualValues(t, g.Seeds, a.Runs)
	require.Zero(t, a.Failed)
	b, err := g.Run(nil)
	require.NoError(t, err)
	require.Equal(t, a.Hash, b.Hash)
	require.Equal(t, a.Marks, b.Marks)

	g = campaign.Guided{From: 1, Seeds: 500, Profile: tape.Canary.Name, Stop: func(*campaign.Result) bool { return true }}
	c, err := g.Run(nil)
	require.NoError(t, err)
	require.NotEmpty(t, c.Failures)
	want := c.Failures[0]
	require.True(t, want.Token.Recorded)
	tok, err := tape.DecodeToken(want.Token.Encode())
	require.NoError(t, err)
	got, err := campaign.NewRunner().Run(tok)
	require.NoError(t, err)
	require.NotNil(t, got.Failure)
	require.Equal(t, want.Failure.Signature(), got.Failure.Signature())
	require.Equal(t, want.Hash, got.Hash)
}
