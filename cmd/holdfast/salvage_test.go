package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// folder is a data directory's files in memory.
func folder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	require.NoError(t, err)
	require.NotEmpty(t, list)
	files := map[string][]byte{}
	for _, name := range list {
		files[filepath.Base(name)], err = os.ReadFile(name)
		require.NoError(t, err)
	}
	return files
}

// put writes files to a new directory.
func put(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return dir
}

func TestCheckAndSalvageWhatIsWhole(t *testing.T) {
	text, err := os.ReadFile("testdata/format1/listing.txt")
	require.NoError(t, err)
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	dir := t.TempDir()
	unpack(t, "testdata/format1/killed.zip", dir)
	before := folder(t, dir)
	code, out := run("check", dir)
	require.Equal(t, 0, code, out)
	require.Contains(t, out, fmt.Sprintf("keys: %d;", len(want)))
	require.Contains(t, out, "format 1, 13 files")
	require.True(t, strings.HasSuffix(out, "\nclean\n"), out)

	to := filepath.Join(t.TempDir(), "new")
	require.NoError(t, os.Mkdir(to+".unfinished", 0o700)) // as a run that was killed leaves it
	code, out = run("salvage", dir, to)
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "is in the way")
	require.NoDirExists(t, to)
	require.NoError(t, os.Remove(to+".unfinished"))
	code, out = run("salvage", dir, to)
	require.Equal(t, 0, code, out)
	require.NoDirExists(t, to+".unfinished")
	require.Equal(t, before, folder(t, dir), "salvage wrote to what it reads")
	s := launch(t, to)
	c := s.ready(t)
	require.Equal(t, want, listing(t, c))

	code, out = run("check", to) // it is in use
	require.Equal(t, 2, code)
	require.Contains(t, out, "in use by another process")
	c.Close()
	require.Equal(t, 0, s.stop(t))
	code, out = run("salvage", dir, to)
	require.Equal(t, 2, code)
	require.Contains(t, out, "is not empty")
	for _, args := range [][]string{{"check"}, {"check", filepath.Join(to, "nosuch")}, {"check", t.TempDir()}, {"salvage", to}} {
		code, out = run(args...)
		require.Equal(t, 2, code)
		require.Regexp(t, `^holdfast: [^\n]*\n$`, out)
	}
}

// TestSalvageAfterDamage damages a directory in one to three places, over and
// over: check says so where a start would fail, salvage ends, and what it wrote
// is clean. What a server shows of it are values that were there, or errors.
func TestSalvageAfterDamage(t *testing.T) {
	text, err := os.ReadFile("testdata/format1/listing.txt")
	require.NoError(t, err)
	whole := strings.Split(strings.TrimSpace(string(text)), "\n")
	source := t.TempDir()
	unpack(t, "testdata/format1/stopped.zip", source)
	files := folder(t, source)
	var names []string
	for n := 1; n <= len(files); n++ {
		names = append(names, fmt.Sprintf("log%06d.seg", n))
	}
	draw := rand.New(rand.NewPCG(3, 4))
	damaged, kept := 0, 0
	for n := range environment("HOLDFAST_SALVAGE_ROUNDS", 25) {
		bad := map[string][]byte{}
		for k, v := range files {
			bad[k] = append([]byte(nil), v...)
		}
		for range 1 + draw.IntN(3) {
			p := bad[names[draw.IntN(len(names))]]
			p[draw.IntN(len(p)/(1+draw.IntN(20)))] ^= byte(1 + draw.IntN(255))
		}
		dir, to := put(t, bad), filepath.Join(t.TempDir(), "new")
		code, checked := run("check", dir)
		salvaged, out := run("salvage", dir, to)
		require.Equal(t, code, salvaged, "%s\n%s", checked, out)
		require.Equal(t, bad, folder(t, dir))
		if code == 2 {
			continue
		}
		again, out2 := run("check", to)
		require.Equal(t, 0, again, out2)
		if code == 1 {
			damaged++
		}
		if n%5 != 0 {
			continue
		}
		s := launch(t, to)
		c := s.ready(t)
		for _, db := range []string{"0", "1", "2", "3"} {
			c.ask(t, "SELECT", db)
			for _, k := range c.ask(t, "KEYS", "s"+"*").Elems {
				v, err := c.Do("GET", string(k.Str))
				require.NoError(t, err)
				if v.Kind == '-' {
					require.Contains(t, string(v.Str), "damaged", string(k.Str))
					require.Contains(t, out, string(k.Str))
				} else {
					kept++
				}
			}
		}
		c.Close()
		require.Equal(t, 0, s.stop(t), s.output.String())
	}
	require.Positive(t, damaged)
	require.Greater(t, kept, len(whole)/4)
}

// TestSalvageDropsWhatDependsOnDamage destroys the batch with one key's value;
// the change behind it must not be taken for a value.
func TestSalvageDropsWhatDependsOnDamage(t *testing.T) {
	dir := t.TempDir()
	s := launch(t, dir, small()...)
	c := s.ready(t)
	c.ask(t, "SET", "before", "untouched")
	c.ask(t, "SET", "victim", strings.Repeat("v", 2000))
	c.ask(t, "SET", "after", "untouched")
	c.ask(t, "APPEND", "victim", "tail")
	c.ask(t, "HSET", "hash", "f", "v")
	c.ask(t, "SET", "overwritten", "2")
	c.Close()
	require.Equal(t, 0, s.stop(t))
	files := folder(t, dir)
	for _, p := range files {
		if at := strings.Index(string(p), strings.Repeat("v", 2000)); at >= 0 {
			p[at+1000] ^= 1
		}
	}
	dir = put(t, files)
	code, out := run("check", dir)
	require.Equal(t, 1, code, out)
	require.Regexp(t, `damage: log\d+\.seg at offset \d+: a batch that does not check; lost: addresses \d+ to \d+\n`, out)
	s = launch(t, dir, small()...)
	require.Equal(t, 1, s.wait(t))
	to := filepath.Join(t.TempDir(), "new")
	code, out = run("salvage", dir, to)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, `lost: database 0, string "victim"`)
	require.Contains(t, out, "1 keys hold what they held before the damage")
	s = launch(t, to)
	c = s.ready(t)
	for _, k := range []string{"before", "after"} {
		require.Equal(t, "untouched", string(c.ask(t, "GET", k).Str))
	}
	for _, command := range []string{"GET", "STRLEN"} { // whose answer needs no value, as long as there is one
		v, err := c.Do(command, "victim")
		require.NoError(t, err)
		require.Equal(t, "ERR the value is damaged on disk, see the log", string(v.Str), command)
	}
	require.Equal(t, "v", string(c.ask(t, "HGET", "hash", "f").Str))
	c.Close()
}
