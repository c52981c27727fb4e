package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBadDirectories starts the server on directories that it cannot serve: it
// ends with exit code 1 and one line that names the file, and changes nothing.
// check says the same, and which kind of bad it is.
func TestBadDirectories(t *testing.T) {
	source := t.TempDir()
	unpack(t, "testdata/format1/stopped.zip", source)
	whole := folder(t, source)
	// The last segment but one: what is missing of the last one looks torn.
	byNumber := slices.SortedFunc(maps.Keys(whole), func(a, b string) int {
		return cmp.Compare(binary.LittleEndian.Uint64(whole[b][24:]), binary.LittleEndian.Uint64(whole[a][24:]))
	})
	live := byNumber[1]
	f := func(name string, code int, want string, spoil func(files map[string][]byte)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			for k, v := range whole {
				files[k] = bytes.Clone(v)
			}
			spoil(files)
			dir := put(t, files)
			s := launch(t, dir)
			require.Equal(t, 1, s.wait(t), s.output.String())
			lines := strings.Split(strings.TrimSpace(s.output.String()), "\n")
			last := lines[len(lines)-1]
			require.True(t, strings.HasPrefix(last, "holdfast: "), s.output.String())
			require.Contains(t, last, want)
			require.Equal(t, files, folder(t, dir), "something was overwritten")
			got, out := run("check", dir)
			require.Equal(t, code, got, out)
			require.Contains(t, out, want)
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "LOCK")))
		})
	}
	f("a flipped byte", 1, live, func(m map[string][]byte) {
		m[live][1024+70] ^= 4
	})
	f("a truncated file", 1, live, func(m map[string][]byte) { m[live] = m[live][:3000] })
	f("no header", 1, live, func(m map[string][]byte) { clear(m[live][:8192]) })
	f("a missing file", 1, "no file holds segment", func(m map[string][]byte) { delete(m, live) })
	f("a foreign file", 2, "log000055.seg", func(m map[string][]byte) {
		m["log000055.seg"] = []byte(strings.Repeat("this is not a log\n", 1000))
	})
	f("a second copy of the last segment", 1, "a second segment with the header of "+byNumber[0], func(m map[string][]byte) {
		m["log000056.seg"] = bytes.Clone(m[byNumber[0]])
	})
	f("a foreign name", 2, "logbook.seg", func(m map[string][]byte) { m["logbook.seg"] = []byte("dear diary") })
	f("a newer format", 2, live, func(m map[string][]byte) {
		for _, at := range []int{0, 512, 4096} {
			if bytes.HasPrefix(m[live][at:], []byte("HOLDFLOG")) {
				m[live][at+8] = 99
			}
		}
	})
}

// TestCheckpointKnowsTheLogsEnd: a newest segment that is gone, or empty, looks
// like the end of the log; a checkpoint that was made further on knows better.
func TestCheckpointKnowsTheLogsEnd(t *testing.T) {
	source := t.TempDir()
	settings := []string{"--log-segment-size", "64kb", "--log-batch-size", "16kb", "--checkpoint-log-bytes", "100kb"}
	s := launch(t, source, settings...)
	c := s.ready(t)
	for i := range 400 {
		c.ask(t, "SET", fmt.Sprint("k", i), strings.Repeat("x", 1000))
	}
	c.Close()
	require.Equal(t, 0, s.stop(t))
	_, out := run("check", source)
	require.Contains(t, out, "checkpoint index", "the stop has made one")
	newest := slices.MaxFunc(slices.Collect(maps.Keys(folder(t, source))), func(a, b string) int {
		number := func(name string) uint64 { return binary.LittleEndian.Uint64(folder(t, source)[name][24:]) }
		return cmp.Compare(number(a), number(b))
	})
	for name, spoil := range map[string]func(string) error{
		"gone":  os.Remove,
		"empty": func(path string) error { return os.Truncate(path, 0) },
	} {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
		require.NoError(t, spoil(filepath.Join(dir, newest)))
		before := folder(t, dir)
		code, out := run("check", dir)
		require.Equal(t, 1, code, name+"\n"+out)
		require.Contains(t, out, "was made when it had reached")
		s := launch(t, dir, settings...)
		require.Equal(t, 1, s.wait(t), name+"\n"+s.output.String())
		require.Contains(t, s.output.String(), "holdfast: log damaged: it ends at ")
		require.Equal(t, before, folder(t, dir), "something was overwritten")
	}
}
