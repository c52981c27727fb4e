package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/mutant"
)

// TestKeptTokens: the corpus can be read, its tokens are small and are of mutants
// that there are; what is written can be read again.
func TestKeptTokens(t *testing.T) {
	list, err := readTokens("../../sim/testdata/caught.txt")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	root, err := mutant.Root(".")
	require.NoError(t, err)
	all, err := mutant.Load(root)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, m := range all {
		names[m.Name] = true
	}
	var lines []string
	for _, k := range list {
		require.True(t, names[k.mutant], k.mutant)
		require.LessOrEqual(t, len(k.tok.Encode()), 2048, k.mutant)
		lines = append(lines, "shrunk   "+k.mutant+" 3 decisions\n         "+k.tok.Encode())
	}
	again := filepath.Join(t.TempDir(), "tokens.txt")
	require.NoError(t, writeTokens(again, lines))
	copied, err := readTokens(again)
	require.NoError(t, err)
	require.Equal(t, list, copied)
}
