package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHelpAndVersion(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, 0, command([]string{"--help"}, nil, &out, &errs))
	require.Contains(t, out.String(), "--tiered_offload_threshold 0.5")
	require.Contains(t, out.String(), "usage: holdfast")
	out.Reset()
	require.Equal(t, 0, command([]string{"--version"}, nil, &out, &errs))
	require.Equal(t, "holdfast 0.1.0\n", out.String())
	require.Empty(t, errs.String())
}

// refused runs the program and wants exit code 1 and one line that says why.
func refused(t *testing.T, want string, args ...string) {
	t.Helper()
	s := launch(t, t.TempDir(), args...)
	require.Equal(t, 1, s.wait(t), s.output.String())
	require.Regexp(t, `^holdfast: .*\n$`, s.output.String())
	require.Contains(t, s.output.String(), want)
}

func TestStartRefusals(t *testing.T) {
	refused(t, "unknown parameter 'nosuch'", "--nosuch", "1")
	refused(t, "bad value 'maybe' for 'appendonly'", "--appendonly", "maybe")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	refused(t, "127.0.0.1:"+port, "--port", port)
	refused(t, "address already in use", "--port", port)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	refused(t, "not a directory", "--dir", file)
	refused(t, "not a directory", "--dir", filepath.Join(file, "below"))

	dir := t.TempDir()
	s := launch(t, dir)
	s.ready(t).Close()
	refused(t, "in use by another process", "--dir", dir)
	require.Equal(t, 0, s.stop(t))
}

// TestUnwritableFolder needs a user whom file modes bind, or a folder that
// nobody may write.
func TestUnwritableFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locked")
	require.NoError(t, os.Mkdir(dir, 0o500))
	if os.Geteuid() == 0 {
		dir = "/proc/sys" // not even root creates files here
		if _, err := os.Stat(dir); err != nil {
			dir = "/dev/null/x"
		}
	}
	refused(t, dir, "--dir", dir)
}

func TestBannerAndCleanStop(t *testing.T) {
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	s := launch(t, dir, "--appendfsync", "everysec", "--pidfile", pid, "--rdbcompression", "yes")
	c := s.ready(t)
	text, err := os.ReadFile(pid)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintln(s.cmd.Process.Pid), string(text))
	c.ask(t, "SET", "k", "v")
	require.Equal(t, 0, s.stop(t), s.output.String())
	c.Close()
	out := s.output.String()
	require.Contains(t, out, dir)
	require.Contains(t, out, "last second of writes (appendfsync everysec)")
	require.Contains(t, out, "parameter 'rdbcompression' has no effect")
	require.NoFileExists(t, pid)

	s = launch(t, dir)
	c = s.ready(t)
	require.Equal(t, "v", string(c.ask(t, "GET", "k").Str))
	require.Contains(t, s.output.String(), "held until what it says is on disk (appendfsync always)")
	_, _ = c.Do("SHUTDOWN")
	require.Equal(t, 0, s.wait(t), s.output.String())
	c.Close()
}

// TestDamagedLog flips bytes in the middle of what was attested.
func TestDamagedLog(t *testing.T) {
	dir := t.TempDir()
	s := launch(t, dir)
	c := s.ready(t)
	for i := range 200 {
		c.ask(t, "SET", fmt.Sprint("k", i), strings.Repeat("x", 3000))
	}
	c.Close()
	require.Equal(t, 0, s.stop(t), s.output.String())

	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	damaged := false
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		if at := bytes.Index(text, bytes.Repeat([]byte("x"), 3000)); at >= 0 {
			copy(text[at:], "damage")
			require.NoError(t, os.WriteFile(name, text, 0o600))
			damaged = true
			break
		}
	}
	require.True(t, damaged)
	s = launch(t, dir)
	require.Equal(t, 1, s.wait(t), s.output.String())
	require.Contains(t, s.output.String(), "\nholdfast: ")
	require.Regexp(t, `holdfast: .*\.seg.*\d+`, s.output.String(), "file and offset are named")
}
