package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"holdfast/engine/resp"
)

// until asks until the answer is yes.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(readyIn); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if yes() {
			return
		}
	}
	t.Fatalf("it never came about: %s", what)
}

// redisServer starts a Redis server, and returns the path of its socket.
func redisServer(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH to import from")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(bin, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	until(t, "redis-server answers", func() bool {
		c, err := dial(socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return socket
}

// anyWrite is one of the writes that the source takes while it is copied. Deadlines
// are so near that they pass meanwhile, or so far that they do not.
func anyWrite(r *rand.Rand) []string {
	key := func(class string) string { return class + strconv.Itoa(r.IntN(60)) }
	near, far := strconv.Itoa(1+r.IntN(150)), "5000000"
	value := strings.Repeat(strconv.Itoa(r.IntN(1000)), 1+r.IntN(200))
	switch r.IntN(16) {
	case 0, 1:
		return []string{"SET", key("s"), value}
	case 2, 3:
		return []string{"SET", key("s"), value, "PX", near}
	case 4:
		return []string{"SET", key("n"), "1", "PX", near}
	case 5, 6, 7:
		return []string{"INCR", key("n")}
	case 8:
		return []string{"PEXPIRE", key("n"), far}
	case 9:
		return []string{"HSET", key("h"), key("f"), value, "n", "1"}
	case 10:
		return []string{"RPUSH", key("l"), value, "b", "3"}
	case 11:
		return []string{"LPOP", key("l")}
	case 12:
		return []string{"PEXPIRE", key([]string{"s", "h", "l"}[r.IntN(3)]), near}
	case 13:
		return []string{"DEL", key("s")}
	case 14:
		return []string{"APPEND", key("s"), "more"}
	}
	return []string{"COPY", key("s"), key("s"), "REPLACE"}
}

// everything is what a client sees of a server: each key with its value and its
// deadline, of two databases.
func everything(t *testing.T, c *peer) map[string]string {
	all := map[string]string{}
	for _, db := range []string{"0", "1"} {
		c.ask(t, "SELECT", db)
		for _, k := range c.ask(t, "KEYS", "*").Elems {
			key := string(k.Str)
			var v string
			switch string(c.ask(t, "TYPE", key).Str) {
			case "hash":
				var pairs []string
				e := c.ask(t, "HGETALL", key).Elems
				for i := 0; i < len(e); i += 2 {
					pairs = append(pairs, fmt.Sprintf("%q=%q", e[i].Str, e[i+1].Str))
				}
				slices.Sort(pairs)
				v = strings.Join(pairs, " ")
			case "list":
				for _, e := range c.ask(t, "LRANGE", key, "0", "-1").Elems {
					v += fmt.Sprintf("%q ", e.Str)
				}
			case "string":
				v = fmt.Sprintf("%q", c.ask(t, "GET", key).Str)
			default:
				continue // it died since
			}
			all[db+" "+key] = v + " until " + strconv.FormatInt(c.ask(t, "PEXPIRETIME", key).Int, 10)
		}
	}
	c.ask(t, "SELECT", "0")
	return all
}

func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	for k, v := range want {
		require.Equal(t, v, got[k], k)
	}
	require.Len(t, got, len(want))
}

// TestMigration is the recipe of docs/migration.md, from a Redis server under load.
func TestMigration(t *testing.T) {
	long(t)
	socket := redisServer(t)
	source, err := dial(socket)
	require.NoError(t, err)
	source.ask(t, "CONFIG", "SET", "rdbcompression", "yes")
	r := rand.New(rand.NewPCG(5, 5))
	for range 3000 {
		_, err := source.Do(anyWrite(r)...)
		require.NoError(t, err)
	}
	for i := range 500 {
		source.ask(t, "HSET", "large", fmt.Sprint("field", i), strings.Repeat("v", i%100))
		source.ask(t, "RPUSH", "long", strings.Repeat("e", i))
	}
	source.ask(t, "SELECT", "1")
	source.ask(t, "SET", "other", "database", "EX", "5000")
	source.ask(t, "SELECT", "0")

	s := launch(t, t.TempDir(), "--import-mode", "yes", "--maxmemory", "64mb")
	dest := s.ready(t)
	path, err := program()
	require.NoError(t, err)
	tool := exec.Command(path, "import", socket, s.socket)
	said := &lines{}
	tool.Stdout, tool.Stderr = said, said
	require.NoError(t, tool.Start())
	t.Cleanup(func() { _ = tool.Process.Kill() })
	for range 6000 { // the source is written all the while
		_, err := source.Do(anyWrite(r)...)
		require.NoError(t, err)
	}
	inStep := func() {
		t.Helper()
		var want int64
		for line := range strings.Lines(string(source.ask(t, "INFO", "replication").Str)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "master_repl_offset:"); ok {
				want, err = strconv.ParseInt(v, 10, 64)
				require.NoError(t, err)
			}
		}
		until(t, "the importer is in step: "+said.String(), func() bool {
			words := strings.Fields(said.String())
			if len(words) == 0 || tool.ProcessState != nil {
				return false
			}
			at, _ := strconv.ParseInt(words[len(words)-1], 10, 64)
			return at >= want
		})
	}
	inStep()
	require.Contains(t, said.String(), "copied")

	// The key dies at the destination before the source's INCR arrives.
	source.ask(t, "SET", "key", "1", "PX", "300")
	inStep()
	require.NoError(t, tool.Process.Signal(syscall.SIGSTOP))
	var state unix.WaitStatus // it may run on for a moment
	_, err = unix.Wait4(tool.Process.Pid, &state, unix.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, state.Stopped())
	source.ask(t, "INCR", "key")
	source.ask(t, "PERSIST", "key")
	until(t, "the key dies", func() bool { return dest.ask(t, "GET", "key").Null })
	require.NoError(t, tool.Process.Signal(syscall.SIGCONT))
	inStep()
	require.Equal(t, "2", string(dest.ask(t, "GET", "key").Str))

	// The change over: writers wait, what is on its way arrives, both are equal.
	source.ask(t, "CLIENT", "PAUSE", "100000", "WRITE")
	inStep()
	var want, got map[string]string
	until(t, "the near deadlines have passed", func() bool {
		want, got = everything(t, source), everything(t, dest)
		return len(want) == len(got)
	})
	require.Greater(t, len(want), 50) // many have died on the way
	same(t, want, got)
	require.NoError(t, tool.Process.Signal(syscall.SIGTERM))
	require.NoError(t, tool.Wait())
	require.Equal(t, 0, tool.ProcessState.ExitCode())
	dest.ask(t, "CONFIG", "SET", "import-mode", "no")
	until(t, "what was kept is gone", func() bool { return dest.ask(t, "DBSIZE").Int == int64(len(want)-1) })
	same(t, want, everything(t, dest))
	s.kill()
	s = launch(t, filepath.Dir(s.socket))
	same(t, want, everything(t, s.ready(t)))
}

// TestImportSaysWhatIsWrong: a destination that is not ready for an import, and a
// value of a type that there is not.
func TestImportSaysWhatIsWrong(t *testing.T) {
	long(t)
	socket := redisServer(t)
	source, err := dial(socket)
	require.NoError(t, err)
	source.ask(t, "SADD", "set", "member")
	s := launch(t, t.TempDir())
	dest := s.ready(t)
	path, err := program()
	require.NoError(t, err)
	fails := func(why string) {
		t.Helper()
		said, err := exec.Command(path, "import", socket, s.socket).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(said), why)
	}
	fails("Server is not in import mode")
	dest.ask(t, "CONFIG", "SET", "import-mode", "yes")
	fails(`key "set" of database 0 is a set, which is not supported`)
	dest.ask(t, "SET", "k", "v")
	fails("the destination is not empty")
	require.Equal(t, resp.Value{Kind: '+', Str: []byte("OK")}, dest.ask(t, "FLUSHALL"))
}

// TestImportAddresses: what is no address of a server says so and shows no password.
func TestImportAddresses(t *testing.T) {
	for address, why := range map[string]string{
		"rediss://:secret@host:1":     "rediss://: only host:port",
		"redis://:secret%@host:1":     "cannot read the address",
		"redis://:secret@127.0.0.1:0": "127.0.0.1:0",
	} {
		code, out := run("import", address, "nowhere")
		require.Equal(t, 2, code)
		require.Regexp(t, `^holdfast: the source: [^\n]*\n$`, out)
		require.Contains(t, out, why)
		require.NotContains(t, out, "secret")
	}
}
