package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
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
	f("a foreign name", 2, "logbook.seg", func(m map[string][]byte) { m["logbook.seg"] = []byte("dear diary") })
	f("a newer format", 2, live, func(m map[string][]byte) {
		for _, at := range []int{0, 512, 4096} {
			if bytes.HasPrefix(m[live][at:], []byte("HOLDFLOG")) {
				m[live][at+8] = 99
			}
		}
	})
}
