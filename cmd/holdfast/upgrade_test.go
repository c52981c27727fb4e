package main

import (
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOldFormats opens the data directories that earlier releases have left,
// after a clean stop and after kill -9, and wants all that was in them and
// nothing else: twice, for the second start finds what the first has made of it.
func TestOldFormats(t *testing.T) {
	if !isOurs(t) {
		t.Skip("for this server's data")
	}
	for _, name := range []string{"format1/stopped", "format1/killed", "format2/stopped", "format2/killed"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, filepath.Join("testdata", name+".zip"), dir)
			text, err := os.ReadFile(filepath.Join("testdata", filepath.Dir(name), "listing.txt"))
			require.NoError(t, err)
			for range 2 {
				s := launch(t, dir)
				c := s.ready(t)
				require.Equal(t, strings.Split(strings.TrimSpace(string(text)), "\n"), listing(t, c))
				c.Close()
				require.Equal(t, 0, s.stop(t), s.output.String())
			}
		})
	}
}

// unpack writes the files of an archive into dir.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	require.NoError(t, err)
	defer z.Close()
	for _, f := range z.File {
		in, err := f.Open()
		require.NoError(t, err)
		out, err := os.Create(filepath.Join(dir, filepath.Base(f.Name)))
		require.NoError(t, err)
		_, err = io.Copy(out, in)
		require.NoError(t, err)
		require.NoError(t, out.Close())
	}
}

// listing returns all that a server holds: a line for each key, sorted.
func listing(t *testing.T, c *peer) (out []string) {
	t.Helper()
	show := func(p []byte) string {
		if len(p) <= 64 {
			return strconv.Quote(string(p))
		}
		return fmt.Sprintf("%d bytes, crc32 %08x", len(p), crc32.ChecksumIEEE(p))
	}
	for db := range 16 {
		c.ask(t, "SELECT", strconv.Itoa(db))
		for _, k := range c.ask(t, "KEYS", "*").Elems {
			key := string(k.Str)
			line := fmt.Sprintf("%d %s %d ", db, strconv.Quote(key), c.ask(t, "PEXPIRETIME", key).Int)
			switch kind := string(c.ask(t, "TYPE", key).Str); kind {
			case "string":
				line += show(c.ask(t, "GET", key).Str)
			case "hash":
				v := c.ask(t, "HGETALL", key).Elems
				var fields []string
				for i := 0; i+1 < len(v); i += 2 {
					fields = append(fields, show(v[i].Str)+"="+show(v[i+1].Str))
				}
				slices.Sort(fields)
				line += strings.Join(fields, " ")
			case "list":
				v := c.ask(t, "LRANGE", key, "0", "-1").Elems
				var elements []string
				for i := range v {
					elements = append(elements, show(v[i].Str))
				}
				line += strings.Join(elements, " ")
			default:
				require.Fail(t, "a type that was not there", kind)
			}
			if len(line) > 4096 {
				parts := strings.SplitN(line, " ", 4)
				line = fmt.Sprintf("%s, %d bytes, crc32 %08x", strings.Join(parts[:3], " "), len(line), crc32.ChecksumIEEE([]byte(line)))
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}
