package engine_test

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// startRedis starts a redis-server 7.0 for a test and returns its socket. Where
// there is none the test is skipped; CI installs one.
func startRedis(t *testing.T, args ...string) (socket string) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH to compare with")
	}
	version, err := exec.Command(bin, "--version").Output()
	require.NoError(t, err)
	if !strings.Contains(string(version), "v=7.0.") {
		t.Skipf("this compares with Redis 7.0, here is %s", version)
	}
	dir := t.TempDir()
	socket = filepath.Join(dir, "s")
	cmd := exec.Command(bin, append([]string{"--port", "0", "--unixsocket", socket, "--dir", dir, "--save", ""}, args...)...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for ready := false; !ready; ready = strings.Contains(lines.Text(), "ready to accept") {
		require.True(t, lines.Scan(), "redis-server ended")
	}
	return socket
}
