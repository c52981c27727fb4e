package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestImagesInParts has large collections written in parts while they change,
// and wants them back after a restart, a kill, and from salvage.
func TestImagesInParts(t *testing.T) {
	if !isOurs(t) {
		t.Skip("for this server's log")
	}
	dir := t.TempDir()
	args := []string{"--image-part-size", "512", "--log-segment-size", "64kb", "--log-batch-size", "16kb"}
	s := launch(t, dir, args...)
	c := s.ready(t)
	for i := range 1500 {
		c.ask(t, "HSET", "hash", fmt.Sprint("field", i), strings.Repeat("v", i%50))
		c.ask(t, "RPUSH", "list", fmt.Sprint("element", i))
	}
	rewrite := func() {
		c.ask(t, "BGREWRITEAOF")
		for n := 0; strings.Contains(string(c.ask(t, "INFO", "persistence").Str), "aof_rewrite_in_progress:1"); n++ {
			c.ask(t, "HSET", "hash", fmt.Sprint("field", n%1700), fmt.Sprint("during", n))
			c.ask(t, "HDEL", "hash", fmt.Sprint("field", n*7%1700))
			c.ask(t, "LPUSH", "list", fmt.Sprint("during", n))
			c.ask(t, "RPOP", "list")
			c.ask(t, "LSET", "list", fmt.Sprint(n*11%1400), fmt.Sprint("set", n))
			require.Less(t, n, 100_000)
		}
	}
	rewrite()
	rewrite() // what is in parts is moved
	require.Regexp(t, `log_image_parts:\d\d\d`, string(c.ask(t, "INFO", "log").Str))
	want := listing(t, c)
	s.kill()
	for range 2 {
		s = launch(t, dir, args...)
		c = s.ready(t)
		require.Equal(t, want, listing(t, c))
		c.Close()
		require.Equal(t, 0, s.stop(t), s.output.String())
	}
	code, out := run("check", dir)
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "format 3")
	to := filepath.Join(t.TempDir(), "new")
	code, out = run("salvage", dir, to)
	require.Equal(t, 0, code, out)
	code, out = run("check", to)
	require.Equal(t, 0, code, out)
	s = launch(t, to)
	c = s.ready(t)
	require.Equal(t, want, listing(t, c))
}
