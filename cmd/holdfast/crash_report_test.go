package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/config"
)

func TestCrashReportShowsTheSettings(t *testing.T) {
	c := config.Default()
	require.NoError(t, c.Set("requirepass", "secret"))
	require.NoError(t, c.Set("appendfsync", "everysec"))
	var out strings.Builder
	reportCrash(&out, c, "index out of range")
	require.Contains(t, out.String(), "index out of range")
	require.Contains(t, out.String(), "  import-mode no\n")
	require.Contains(t, out.String(), "  appendfsync everysec\n")
	require.NotContains(t, out.String(), "secret")
	require.NotContains(t, out.String(), "databases")
	require.NoError(t, c.SetRuntime("import-mode", "yes"))
	reportCrash(&out, c, "again")
	require.Contains(t, out.String(), "  import-mode yes\n")
}
