// Package redistest starts a redis-server for tests that compare with it.
package redistest

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Start starts a redis-server 7.0 with more arguments, in a folder of its own,
// and returns the Unix socket that it serves at. It ends with the test. Where
// there is none the test is skipped; CI installs one.
func Start(t testing.TB, args ...string) (socket string) {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH to compare with")
	}
	version, err := exec.Command(bin, "--version").Output()
	if err != nil {
		t.Fatalf("redis-server --version: %v", err)
	}
	if !strings.Contains(string(version), "v=7.0.") {
		t.Skipf("this compares with Redis 7.0, here is %s", version)
	}
	dir := t.TempDir()
	socket = filepath.Join(dir, "s")
	cmd := exec.Command(bin, append([]string{"--port", "0", "--unixsocket", socket, "--dir", dir, "--save", ""}, args...)...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("cannot start redis-server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for ready := false; !ready; ready = strings.Contains(lines.Text(), "ready to accept") {
		if !lines.Scan() {
			t.Fatal("redis-server ended")
		}
	}
	return socket
}
