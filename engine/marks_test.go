package engine_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/event"
)

var markCall = regexp.MustCompile(`\.mark\("([^"]+)"\)`)

// TestMarksAreListed: what the engine marks is what event.Marks lists, so that
// campaigns can miss a state that they no longer reach.
func TestMarksAreListed(t *testing.T) {
	var listed, called []string
	for _, m := range event.Marks() {
		listed = append(listed, m.Name)
	}
	files, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range markCall.FindAllStringSubmatch(string(text), -1) {
			called = append(called, m[1])
		}
	}
	slices.Sort(called)
	require.Equal(t, listed, slices.Compact(called))
}
