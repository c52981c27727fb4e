package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/report"
	"holdfast/sim/tape"
)

// TestStoredTokensAreSmall: a failure fits into a message, and its page into a
// mail.
func TestStoredTokensAreSmall(t *testing.T) {
	files, err := filepath.Glob("../testdata/tokens/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "hf2-") {
				continue
			}
			require.LessOrEqual(t, len(line), 2048, f)
			tok, err := tape.DecodeToken(line)
			require.NoError(t, err)
			page, err := report.Make(tok, report.About{})
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 500<<10, f)
		}
	}
}
