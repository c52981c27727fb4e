package fuzz

import (
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

// inputs are seeds: byte strings of 0 to 4096 bytes. There are many, so that the
// fuzzer begins with what most worlds do: each input that shows it something new
// costs it ten times what a world costs.
func inputs(n int) [][]byte {
	all := [][]byte{{}, {0}, []byte("\x00\x80\xff\x40\x20\x10\x08\x04\x02\x01")}
	rnd := rand.New(rand.NewPCG(1, 2))
	for len(all) < n {
		p := make([]byte, 1<<rnd.IntN(13))
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
		all = append(all, p)
	}
	return all
}

// FuzzTape lets the fuzzer write the tape: every byte string is a world, with
// its clients, faults and crashes, and the oracles judge it. What fails is told
// as a token, which replays and shrinks like any other. The fuzzer prints how
// many worlds it runs a second.
func FuzzTape(f *testing.F) {
	debug.SetGCPercent(400) // as holdfast-sim does
	n := 1000
	if testing.Short() {
		n = 100
	}
	for _, p := range inputs(n) {
		f.Add(p)
	}
	r := campaign.NewRunner()
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := r.RunBytes(data, "standard")
		if err != nil {
			t.Fatal(err)
		}
		if res.Failure != nil {
			t.Errorf("%s\n%q\nreplay: holdfast-sim replay %s", res.Failure.Signature(), res.Failure.Story, recorded(t, r, data, "standard").Encode())
		}
	})
}

// recorded runs an input again and returns the token that repeats it.
func recorded(t *testing.T, r *campaign.Runner, data []byte, profile string) tape.Token {
	r.Record(true)
	defer r.Record(false)
	res, err := r.RunBytes(data, profile)
	require.NoError(t, err)
	tok := res.Token
	tok.Recorded, tok.Outcomes = true, slices.Clone(r.Outcomes())
	return tok
}

// TestTapeReplays: what a fuzzer finds is a run like any other. Its token repeats
// it, and shrinks to the same failure.
func TestTapeReplays(t *testing.T) {
	r := campaign.NewRunner()
	failures := 0
	for _, p := range inputs(40) {
		want, err := r.RunBytes(p, "canary")
		require.NoError(t, err)
		tok, err := tape.DecodeToken(recorded(t, r, p, "canary").Encode())
		require.NoError(t, err)
		got, err := r.Run(tok)
		require.NoError(t, err)
		require.Equal(t, want.Hash, got.Hash)
		require.Equal(t, want.Failure == nil, got.Failure == nil)
		if want.Failure == nil {
			continue
		}
		failures++
		small, err := campaign.Shrink(tok, campaign.ShrinkOptions{Runs: 300})
		require.NoError(t, err)
		require.Equal(t, want.Failure.Signature(), small.Failure.Signature())
		require.LessOrEqual(t, len(small.Token.Outcomes), len(tok.Outcomes))
	}
	require.Positive(t, failures, "a lying disk went unnoticed")
}
