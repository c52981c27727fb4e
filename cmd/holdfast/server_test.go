package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/bench/client"
	"holdfast/engine/resp"
)

// readyIn bounds how long a server may take to serve, and a reply to come.
const readyIn = 30 * time.Second

// program builds the server once for all tests. HOLDFAST_BINARY names another
// program to test instead: the harness was proved on redis-server.
var program = sync.OnceValues(func() (string, error) {
	if other := os.Getenv("HOLDFAST_BINARY"); other != "" {
		return other, nil
	}
	dir, err := os.MkdirTemp("", "holdfast")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "holdfast")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// lines collects what a process prints.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// server is one run of the real program.
type server struct {
	cmd    *exec.Cmd
	socket string
	output lines
	done   chan error
}

// launch runs the server on a Unix socket in dir and returns without waiting.
func launch(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	s := &server{socket: filepath.Join(dir, "sock"), done: make(chan error, 1)}
	s.cmd = exec.Command(path, append([]string{"--port", "0", "--unixsocket", s.socket, "--dir", dir}, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	require.NoError(t, s.cmd.Start())
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(s.kill)
	return s
}

// kill is kill -9; the process is gone when it returns.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	err := <-s.done
	s.done <- err
}

// stop is a clean end by SIGTERM; it returns the exit code.
func (s *server) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	return s.wait(t)
}

// wait returns the exit code of a server that ends by itself.
func (s *server) wait(t *testing.T) int {
	t.Helper()
	select {
	case err := <-s.done:
		s.done <- err
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(readyIn):
		t.Fatalf("the server did not end:\n%s", s.output.String())
		return -1
	}
}

// resident is the process's memory in bytes; 0 where /proc does not tell.
func (s *server) resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}

// ready waits until the server answers and has recovered.
func (s *server) ready(t *testing.T) *peer {
	t.Helper()
	for end := time.Now().Add(readyIn); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		select {
		case err := <-s.done:
			s.done <- err
			t.Fatalf("the server ended (%v):\n%s", err, s.output.String())
		default:
		}
		c, err := dial(s.socket)
		if err != nil {
			continue
		}
		// DBSIZE, unlike PING, is refused while the log is being read.
		v, err := c.Do("DBSIZE")
		if err == nil && v.Kind == ':' {
			return c
		}
		c.Close()
	}
	t.Fatalf("the server is not ready after %v:\n%s", readyIn, s.output.String())
	return nil
}

// peer is a client that fails its test at the first surprise.
type peer struct{ *client.Client }

func dial(socket string) (*peer, error) {
	c, err := client.Dial("unix", socket)
	return &peer{c}, err
}

// ask is Do for replies that must not be errors.
func (c *peer) ask(t *testing.T, args ...string) resp.Value {
	t.Helper()
	v, err := c.Do(args...)
	require.NoError(t, err)
	require.NotEqual(t, byte('-'), v.Kind, "%s: %s", strings.Join(args, " "), v.Str)
	return v
}

// long marks a test that the tier of the race detector leaves out: what runs
// there is the real program, built without it.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds; go test without -short runs it")
	}
}

// environment reads a bound that may be widened from outside.
func environment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}
