package report_test

import (
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
	"holdfast/sim/report"
	"holdfast/sim/tape"
)

// TestPage draws the canary's failure: the page stands alone, is small, and
// shows the lanes, the decisions and a run that passes.
func TestPage(t *testing.T) {
	totals, err := campaign.Campaign{From: 1, Seeds: 200, Profile: "canary", Workers: 1, StopAtFailure: true}.Run(nil)
	require.NoError(t, err)
	small, err := campaign.Shrink(totals.Failures[0].Token, campaign.ShrinkOptions{Runs: 800})
	require.NoError(t, err)
	text, err := report.Make(small.Token, report.About{Mutant: "a-bug", Source: "somewhere", Why: "<because>"})
	require.NoError(t, err)
	s := string(text)
	require.Less(t, len(s), 500<<10)
	for _, want := range []string{html.EscapeString(small.Failure.What), small.Failure.Promise, ">engine<", ">log<", ">disk<", ">clock<", ">client 0<",
		"The nearest run that passes", "&lt;because&gt;", small.Token.Encode(), "row broken"} {
		require.Truef(t, strings.Contains(s, want), "the page lacks %q", want)
	}
	for _, no := range []string{"http:", "https:", "src=", "href="} {
		require.Falsef(t, strings.Contains(s, no), "the page has %q", no)
	}
	require.Equal(t, 1, strings.Count(s, "row broken"))
}

// TestPassingRun draws a run with nothing wrong.
func TestPassingRun(t *testing.T) {
	text, err := report.Make(tape.Token{Seed: 3, Profile: "storm"}, report.About{})
	require.NoError(t, err)
	require.Contains(t, string(text), "This run passed")
	_, err = report.Make(tape.Token{Profile: "nonsense"}, report.About{})
	require.Error(t, err)
}
