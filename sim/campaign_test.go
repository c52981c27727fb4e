// Package sim_test runs a short campaign with every `go test ./...`, the tokens
// of failures that were found and fixed, and the canary.
package sim_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
	"holdfast/sim/judge"
	"holdfast/sim/tape"
)

// long is how long the campaign runs; -short makes it a glimpse.
func long() time.Duration {
	if testing.Short() {
		return time.Second
	}
	return 6 * time.Second
}

func TestCampaign(t *testing.T) {
	for _, profile := range []string{"clean", "standard", "storm"} {
		c := campaign.Campaign{From: 1, Seeds: 1 << 40, Profile: profile, Workers: runtime.GOMAXPROCS(0),
			Until: time.Now().Add(long() / 3), StopAtFailure: true}
		totals, err := c.Run(nil)
		require.NoError(t, err)
		for _, f := range totals.Failures {
			t.Errorf("%s\n%s\nreplay: holdfast-sim replay %s", f.Failure.Signature(), strings.Join(f.Failure.Story, "\n"), f.Token.Encode())
		}
		t.Logf("%s: %d runs, %d commands answered, %d crashes", profile, totals.Runs, totals.Answered, totals.Crashes)
	}
}

// TestEveryOracleHasSomethingToCheck keeps oracles from falling silent.
func TestEveryOracleHasSomethingToCheck(t *testing.T) {
	totals, err := campaign.Campaign{From: 1, Seeds: 400, Profile: "standard", Workers: 2}.Run(nil)
	require.NoError(t, err)
	for o := range judge.NumOracles {
		if o != judge.Ports { // contracts are checked at every call and only counted when broken
			require.Positivef(t, totals.Counts.Checks[o], "%v checked nothing that could have failed", o)
		}
	}
	require.Greater(t, totals.Answered, 200*totals.Runs, "commands answered per run")
	require.Greater(t, totals.Crashes, totals.Runs, "crashes per run")
	require.Positive(t, totals.Counts.Restarts)
	require.Positive(t, totals.Counts.Expired)
}

// TestCanary runs on a disk that lies about durability: a campaign that passes
// there is blind.
func TestCanary(t *testing.T) {
	totals, err := campaign.Campaign{From: 6, Seeds: 200, Profile: "canary", Workers: 1, StopAtFailure: true}.Run(nil)
	require.NoError(t, err)
	require.Positive(t, totals.Failed, "a lying disk went unnoticed")
	require.Equal(t, "DURABLE", totals.Failures[0].Failure.Promise)
}

// TestSeedsAreHistories runs seeds twice, with other runs in between.
func TestSeedsAreHistories(t *testing.T) {
	totals, err := campaign.Campaign{From: 1, Seeds: 60, Profile: "storm", Workers: 2, Twice: true}.Run(nil)
	require.NoError(t, err)
	require.Empty(t, totals.Diverged)
	a, b := campaign.NewRunner(), campaign.NewRunner()
	for seed := range uint64(20) {
		x, err := a.Run(tape.Token{Seed: seed, Profile: "standard"})
		require.NoError(t, err)
		y, err := b.Run(tape.Token{Seed: 19 - seed, Profile: "standard"})
		require.NoError(t, err)
		if seed == 19-seed {
			require.Equal(t, x.Hash, y.Hash)
		}
		z, err := b.Run(tape.Token{Seed: seed, Profile: "standard"})
		require.NoError(t, err)
		require.Equal(t, x.Hash, z.Hash, "seed %d", seed)
	}
}

// TestRecordingsReplay turns a seeded run into a recorded one.
func TestRecordingsReplay(t *testing.T) {
	r := campaign.NewRunner()
	for seed := range uint64(10) {
		r.Record(true)
		want, err := r.Run(tape.Token{Seed: seed, Profile: "storm"})
		require.NoError(t, err)
		tok := tape.Token{Seed: seed, Profile: "storm", Recorded: true, Outcomes: append([]tape.Outcome(nil), r.Outcomes()...)}
		r.Record(false)
		tok, err = tape.DecodeToken(tok.Encode())
		require.NoError(t, err)
		got, err := r.Run(tok)
		require.NoError(t, err)
		require.Equal(t, want.Hash, got.Hash, "seed %d", seed)
	}
}

// TestStoredTokens replays failures that were found and fixed: they must pass.
// Each file is a token, after lines of comment.
func TestStoredTokens(t *testing.T) {
	files, err := filepath.Glob("testdata/tokens/*.txt")
	require.NoError(t, err)
	r := campaign.NewRunner()
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			tok, err := tape.DecodeToken(line)
			require.NoError(t, err, name)
			res, err := r.Run(tok)
			require.NoError(t, err, name)
			if res.Failure != nil {
				t.Errorf("%s: %s\n%s", name, res.Failure.Signature(), strings.Join(res.Failure.Story, "\n"))
			}
		}
	}
}

// TestShrink makes the canary's failure small: the same signature from far
// fewer decisions and commands, and the same again when it is shrunk again.
func TestShrink(t *testing.T) {
	totals, err := campaign.Campaign{From: 6, Seeds: 40, Profile: "canary", Workers: 1}.Run(nil)
	require.NoError(t, err)
	at := slices.IndexFunc(totals.Failures, func(r campaign.Result) bool { return r.Answered > 20 })
	require.GreaterOrEqual(t, at, 0)
	failed := totals.Failures[at]
	small, err := campaign.Shrink(failed.Token, campaign.ShrinkOptions{Runs: 1500})
	require.NoError(t, err)
	require.Equal(t, failed.Failure.Signature(), small.Failure.Signature())
	require.Less(t, len(small.Token.Outcomes)*5, small.Before)
	require.Less(t, small.Answered*2, failed.Answered)

	tok, err := tape.DecodeToken(small.Token.Encode())
	require.NoError(t, err)
	again, err := campaign.NewRunner().Run(tok)
	require.NoError(t, err)
	require.Equal(t, small.Hash, again.Hash)
	twice, err := campaign.Shrink(tok, campaign.ShrinkOptions{Runs: 1500})
	require.NoError(t, err)
	require.LessOrEqual(t, len(twice.Token.Outcomes), len(small.Token.Outcomes))
}

// TestSettingsOfTokens: what a token cannot mean is an error.
func TestSettingsOfTokens(t *testing.T) {
	r := campaign.NewRunner()
	for set, ok := range map[string]bool{
		"": true, "fsync=no": true, "scope=expiry-tick": true, "scope=none": false, "commands=3/0/2": true, "mutant=any": true,
		"commands=": false, "commands=-1": false, "commands=1/x": false, "commands=2000": false, "speed=9": false,
	} {
		_, err := r.Run(tape.Token{Seed: 1, Profile: "clean", Settings: set})
		require.Equal(t, ok, err == nil, set)
	}
}

// TestScopes walks the beginning of every scope; .ci/run walks them whole.
func TestScopes(t *testing.T) {
	limit := 500
	if testing.Short() {
		limit = 300
	}
	for _, s := range campaign.Scopes() {
		e, err := campaign.NewRunner().Explore(s, campaign.ExploreOptions{Limit: limit})
		require.NoError(t, err, s.Name)
		require.Greater(t, e.Runs, 10, s.Name) // the smallest is complete
		require.Greater(t, e.Histories, 1, "%s: clients see no difference", s.Name)
		for _, f := range e.Failures {
			t.Errorf("%s: %s\n%s\nreplay: holdfast-sim replay %s", s.Name, f.Failure.Signature(), strings.Join(f.Failure.Story, "\n"), f.Token.Encode())
		}
		// The same walk again is the same.
		again, err := campaign.NewRunner().Explore(s, campaign.ExploreOptions{Limit: limit})
		require.NoError(t, err)
		require.Equal(t, e.Histories, again.Histories, s.Name)
		require.Equal(t, e.Seen, again.Seen, s.Name)
	}
}
