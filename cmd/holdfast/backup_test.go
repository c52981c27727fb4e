package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// small makes segments roll and compaction run with little data.
func small() []string {
	return []string{"--log-segment-size", "64kb", "--log-batch-size", "16kb", "--tiered_max_file_size", "8mb", "--maxmemory", "64mb"}
}

// run runs a subcommand and returns its exit code and what it printed.
func run(args ...string) (code int, out string) {
	var b bytes.Buffer
	code = command(args, nil, &b, &b)
	return code, b.String()
}

// backups returns the folders of a data directory's whole backups, oldest first.
func backups(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*", "MANIFEST"))
	require.NoError(t, err)
	for i := range list {
		list[i] = filepath.Dir(list[i])
	}
	return list
}

// TestBackupUnderLoad makes backups while clients write and compaction runs. A
// pair of keys written in one transaction is the same in every restored backup,
// and each client's counter stands between what was acknowledged when the backup
// was asked for and what had been sent when it was over.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	s := launch(t, dir, small()...)
	admin := s.ready(t)
	const clients, rounds = 3, 4
	var mu sync.Mutex
	var sent, acked [clients]int64
	stop := make(chan struct{})
	var wait sync.WaitGroup
	faults := make([]error, clients)
	for i := range clients {
		c, err := dial(s.socket)
		require.NoError(t, err)
		wait.Go(func() {
			defer c.Close()
			for n := int64(1); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				mu.Lock()
				sent[i] = n
				mu.Unlock()
				v := strings.Repeat(strconv.FormatInt(n, 10)+",", 300)
				c.Queue("MULTI")
				c.Queue("SET", fmt.Sprint("a", i), v)
				c.Queue("SET", fmt.Sprint("b", i), v)
				c.Queue("INCR", fmt.Sprint("n", i))
				c.Queue("EXEC")
				err := c.Flush()
				for range 5 {
					if err == nil {
						_, err = c.Reply()
					}
				}
				if err != nil {
					faults[i] = err
					return
				}
				mu.Lock()
				acked[i] = n
				mu.Unlock()
			}
		})
	}
	var before, after [rounds][clients]int64
	for n := range rounds {
		for busy := true; busy; { // some work between backups
			mu.Lock()
			busy = acked[0] < int64(60*(n+1))
			mu.Unlock()
			admin.ask(t, "PING")
		}
		mu.Lock()
		before[n] = acked
		mu.Unlock()
		require.Equal(t, "OK", string(admin.ask(t, "SAVE").Str))
		mu.Lock()
		after[n] = sent
		mu.Unlock()
	}
	close(stop)
	wait.Wait()
	for _, err := range faults {
		require.NoError(t, err)
	}
	info := string(admin.ask(t, "INFO", "persistence").Str)
	require.Contains(t, info, "rdb_saves:4\r\n")
	require.Contains(t, info, "rdb_last_bgsave_status:ok\r\n")
	require.NotContains(t, string(admin.ask(t, "INFO", "log").Str), "log_segments_compacted:0\r\n")
	admin.Close()
	require.Equal(t, 0, s.stop(t), s.output.String())

	list := backups(t, filepath.Join(dir, "backup"))
	require.Len(t, list, rounds)
	for n, from := range list {
		to := filepath.Join(t.TempDir(), "restored")
		code, out := run("restore", from, to)
		require.Equal(t, 0, code, out)
		s := launch(t, to, small()...)
		c := s.ready(t)
		for i := range clients {
			v := string(c.ask(t, "GET", fmt.Sprint("a", i)).Str)
			require.Equal(t, v, string(c.ask(t, "GET", fmt.Sprint("b", i)).Str))
			count, err := strconv.ParseInt(string(c.ask(t, "GET", fmt.Sprint("n", i)).Str), 10, 64)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(v, fmt.Sprint(count, ",")))
			require.GreaterOrEqual(t, count, before[n][i])
			require.LessOrEqual(t, count, after[n][i])
		}
		for i := range 400 { // what is linked must not change under other work
			c.ask(t, "SET", fmt.Sprint("later", i%7), strings.Repeat("y", 5000))
		}
		c.Close()
		require.Equal(t, 0, s.stop(t), s.output.String())
		code, out = run("check", from)
		require.Equal(t, 0, code, out)
	}
}

func TestBackupCommands(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	s := launch(t, dir, "--backup-dir", elsewhere)
	c := s.ready(t)
	started := c.ask(t, "LASTSAVE").Int
	require.Positive(t, started)
	c.ask(t, "SET", "k", "v")
	require.Equal(t, "Background saving started", string(c.ask(t, "BGSAVE", "SCHEDULE").Str))
	for strings.Contains(string(c.ask(t, "INFO", "persistence").Str), "rdb_bgsave_in_progress:1") {
	}
	require.Len(t, backups(t, elsewhere), 1)
	require.GreaterOrEqual(t, c.ask(t, "LASTSAVE").Int, started)
	for _, tc := range [][]string{{"ERR syntax error", "BGSAVE", "x"}, {"ERR syntax error", "BGSAVE", "SCHEDULE", "x"},
		{"ERR wrong number of arguments for 'save' command", "SAVE", "x"}} {
		v, err := c.Do(tc[1:]...)
		require.NoError(t, err)
		require.Equal(t, tc[0], string(v.Str))
	}
	require.Equal(t, "Background append only file rewriting started", string(c.ask(t, "BGREWRITEAOF").Str))
	c.Queue("BGSAVE")
	c.Queue("BGSAVE")
	c.Queue("SHUTDOWN", "SAVE")
	require.NoError(t, c.Flush())
	_, err := c.Reply()
	require.NoError(t, err)
	v, err := c.Reply()
	require.NoError(t, err)
	require.Equal(t, "ERR Background save already in progress", string(v.Str))
	require.Equal(t, 0, s.wait(t), s.output.String())
	c.Close()
	require.Len(t, backups(t, elsewhere), 3)

	s = launch(t, t.TempDir(), "--appendonly", "no")
	c = s.ready(t)
	for _, args := range [][]string{{"SAVE"}, {"BGSAVE"}, {"BGREWRITEAOF"}} {
		v, err := c.Do(args...)
		require.NoError(t, err)
		require.Contains(t, string(v.Str), "appendonly")
	}
	c.Close()
}

// TestRestoreRefusals: what is not a whole backup, and places that are in use.
func TestRestoreRefusals(t *testing.T) {
	dir := t.TempDir()
	s := launch(t, dir, small()...)
	c := s.ready(t)
	for i := range 100 {
		c.ask(t, "SET", fmt.Sprint("k", i), strings.Repeat("x", 3000))
	}
	c.ask(t, "SAVE")
	c.Close()
	require.Equal(t, 0, s.stop(t))
	from := backups(t, filepath.Join(dir, "backup"))[0]
	f := func(want, from, to string) {
		t.Helper()
		code, out := run("restore", from, to)
		require.Equal(t, 2, code)
		require.Regexp(t, `^holdfast: [^\n]*\n$`, out)
		require.Contains(t, out, want)
	}
	f("is no backup", t.TempDir(), filepath.Join(t.TempDir(), "new"))
	f("is not empty", from, dir)

	to := filepath.Join(t.TempDir(), "new")
	text, err := os.ReadFile(filepath.Join(from, "MANIFEST"))
	require.NoError(t, err)
	bad := func(change func([]byte) []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(from, "MANIFEST"), change(bytes.Clone(text)), 0o600))
	}
	bad(func(p []byte) []byte { return p[:len(p)/3] })
	f("not a manifest", from, to)
	bad(func(p []byte) []byte { return bytes.Replace(p, []byte("cut "), []byte("cut 1"), 1) })
	f("checksum", from, to)
	bad(func(p []byte) []byte { return bytes.Replace(p, []byte("backup 1"), []byte("backup 9"), 1) })
	f("not supported", from, to)
	bad(func(p []byte) []byte { return p })
	segs, err := filepath.Glob(filepath.Join(from, "*.seg"))
	require.NoError(t, err)
	require.Greater(t, len(segs), 2)
	data, err := os.ReadFile(segs[1])
	require.NoError(t, err)
	require.NoError(t, os.Remove(segs[1]))
	f("damaged: no file", from, to)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(segs[1], data, 0o600))
	f("damaged: ", from, to)
	require.NoDirExists(t, to)
}

// TestKillDuringBackup: kill -9 while backups are made. What has a manifest is
// whole; what has none is gone after the next backup.
func TestKillDuringBackup(t *testing.T) {
	long(t)
	dir := t.TempDir()
	draw := rand.New(rand.NewPCG(5, 6))
	whole := 0
	for range environment("HOLDFAST_CRASH_CYCLES", 4) {
		s := launch(t, dir, small()...)
		c := s.ready(t)
		var wait sync.WaitGroup
		for i := range 2 {
			w, err := dial(s.socket)
			require.NoError(t, err)
			wait.Go(func() {
				defer w.Close()
				for n, err := 0, error(nil); err == nil; n++ {
					if i == 1 {
						_, err = w.Do("SAVE")
						continue
					}
					_, err = w.Do("SET", fmt.Sprint("k", n%50), strings.Repeat(strconv.Itoa(n), 1000))
				}
			})
		}
		time.Sleep(time.Duration(20+draw.IntN(150)) * time.Millisecond)
		s.kill()
		wait.Wait()
		c.Close()
		for _, b := range backups(t, filepath.Join(dir, "backup")) {
			code, out := run("check", b)
			require.Equal(t, 0, code, out)
			whole++
			require.NoError(t, os.RemoveAll(b))
		}
	}
	require.Positive(t, whole)
	s := launch(t, dir, small()...)
	c := s.ready(t)
	c.ask(t, "SAVE")
	c.Close()
	require.Equal(t, 0, s.stop(t))
	all, err := os.ReadDir(filepath.Join(dir, "backup"))
	require.NoError(t, err)
	require.Len(t, all, 1)
}

func TestBackupOnAnotherDevice(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "holdfast")
	if err != nil {
		t.Skip("no second file system")
	}
	defer os.RemoveAll(other)
	dir := t.TempDir()
	if device(t, other) == device(t, dir) {
		t.Skip("no second file system")
	}
	s := launch(t, dir, "--backup-dir", other)
	c := s.ready(t)
	c.ask(t, "SET", "k", "v")
	v, err := c.Do("SAVE")
	require.NoError(t, err)
	require.Equal(t, "ERR backup failed: the folder for backups must be on the file system of the data directory", string(v.Str))
	require.Equal(t, "v", string(c.ask(t, "GET", "k").Str))
	require.Contains(t, string(c.ask(t, "INFO", "persistence").Str), "rdb_last_bgsave_status:err\r\n")
	c.Close()
	require.Equal(t, 0, s.stop(t), s.output.String())
	left, err := os.ReadDir(other)
	require.NoError(t, err)
	require.Empty(t, left)
}

func device(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	require.NoError(t, unix.Stat(path, &st))
	return uint64(st.Dev)
}
