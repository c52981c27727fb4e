package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

// TestBadInput: one line, and the caller's fault.
func TestBadInput(t *testing.T) {
	future := strings.Replace(tape.Token{Profile: "clean"}.Encode(), "hf2-", "hf9-", 1)
	damaged := tape.Token{Profile: "clean"}.Encode() + "x"
	stranger := tape.Token{Profile: "nobody's"}.Encode()
	stale := filepath.Join(t.TempDir(), "stale.txt")
	require.NoError(t, os.WriteFile(stale, []byte("promise: KEPT\nsource: none\ncatch: x\n\nin: engine/tx (*Tx).Seal\n-\tno such line\n+\tr := 1\n"), 0o644))
	for _, args := range [][]string{
		{}, {"sing"}, {"run", "--profile", "none"}, {"run", "--seeds", "many"}, {"run", "extra"}, {"run", "--set", "speed=9", "--seeds", "1"},
		{"replay"}, {"replay", "nonsense"}, {"replay", future}, {"replay", damaged}, {"shrink", stranger}, {"report", "a", "b"},
		{"explore", "nowhere"}, {"soak"}, {"soak", "--state", t.TempDir(), "--profiles", "none"}, {"serve", "--profile", "none"},
		{"run", "--mutant", "no-such-bug"}, {"run", "--mutant", "absent.txt"}, {"run", "--mutant", stale}, {"mutants", "no-such-bug"},
	} {
		err := command(args, io.Discard, io.Discard)
		require.Error(t, err, "%q", args)
		require.True(t, errors.Is(err, errUsage), "%q: %v", args, err)
		require.NotContains(t, err.Error(), "\n", "%q", args)
	}
}

// TestRunPrints runs a small campaign as a user does.
func TestRunPrints(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, command([]string{"run", "--seeds", "20"}, &out, io.Discard))
	require.True(t, strings.HasSuffix(out.String(), "seeds: 20 passed, 0 failed\n"))
	out.Reset()
	require.ErrorIs(t, command([]string{"run", "--seeds", "20", "--profile", "canary"}, &out, io.Discard), errFound)
	require.Contains(t, out.String(), "shrunk: ")
	out.Reset()
	require.NoError(t, command([]string{"run", "--seeds", "5", "--json"}, &out, io.Discard))
	require.Contains(t, out.String(), `"runs": 5`)
}

// TestSoakGoesOn: two soaks in one directory run no seed twice and leave none out.
func TestSoakGoesOn(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		require.NoError(t, command([]string{"soak", "--for", "300ms", "--state", dir, "--from", "7000", "--batch", "30", "--profiles", "clean"}, io.Discard, io.Discard))
	}
	next := uint64(7000)
	for _, r := range receipts(t, dir) {
		require.Equal(t, next, r.From)
		next += uint64(r.Runs)
	}
	require.Greater(t, next, uint64(7000))
}

// TestSoakKeepsFailures: what a soak finds is there, with a token, and the next
// one tries it first.
func TestSoakKeepsFailures(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	s := campaign.Soak{Dir: dir, Batch: 20, Workers: 2, Profiles: []string{"canary"},
		Say: func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }}
	old, found, err := s.Run(time.Now().Add(100 * time.Millisecond))
	require.NoError(t, err)
	require.Zero(t, old)
	require.Positive(t, found)
	names, err := filepath.Glob(filepath.Join(dir, "failures", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	old, found, err = s.Run(time.Now())
	require.NoError(t, err)
	require.Equal(t, len(names), old, out.String())
	require.Zero(t, found)
	require.Contains(t, out.String(), "still fails: "+names[0])
}

func receipts(t *testing.T, dir string) (all []campaign.Receipt) {
	text, err := os.ReadFile(filepath.Join(dir, "receipts.jsonl"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var r campaign.Receipt
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		all = append(all, r)
	}
	return all
}

// TestServe asks the live page's server for everything it has.
func TestServe(t *testing.T) {
	s := &server{c: campaign.Campaign{From: 1, Seeds: 40, Profile: "clean", Workers: 1}}
	require.NoError(t, s.run())
	web := httptest.NewServer(s.handler())
	defer web.Close()
	for path, want := range map[string]string{"/": "<title>holdfast-sim", "/state": `"runs":`, "/report?token=x": "not a run token"} {
		r, err := http.Get(web.URL + path)
		require.NoError(t, err)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		require.Contains(t, string(body), want)
	}
}
