package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/config"
)

func TestFlags(t *testing.T) {
	f := func(want map[string]string, args ...string) {
		t.Helper()
		s, err := readSettings(args, strings.NewReader("port 1234\nsave 900 1\n"))
		require.NoError(t, err)
		for name, value := range want {
			require.Equal(t, value, s.cfg.Get(name)[0].Value, name)
		}
	}
	f(map[string]string{"port": "7379", "bind": "127.0.0.1", "dir": "./data", "appendfsync": "always", "enable-debug-command": "local"})
	f(map[string]string{"port": "1", "cache_mode": "yes"}, "--port", "1", "--cache_mode=true")
	f(map[string]string{"tiered_offload_threshold": "0.3", "maxmemory": "4000000000"}, "--tiered-offload-threshold=0.3", "--maxmemory", "4G")
	f(map[string]string{"bind": "127.0.0.1 ::1", "timeout": "10"}, "--bind", "127.0.0.1", "::1", "--timeout", "10")
	f(map[string]string{"cache_mode": "yes", "timeout": "10"}, "--cache_mode", "--timeout", "10")
	f(map[string]string{"port": "1234", "save": "900 1"}, "-")
	f(map[string]string{"port": "9", "save": ""}, "-", "--port", "9", "--save", "")
	f(map[string]string{"requirepass": "a b"}, "--requirepass", "a b")
}

func TestFlagErrorsAreOneClearLine(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		_, err := readSettings(args, strings.NewReader("port x\n"))
		require.EqualError(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
	f("unknown parameter 'nosuch'", "--nosuch", "1")
	f("unknown parameter 'nosuch'", "--nosuch=1")
	f("unknown parameter 'nosuch'", "--nosuch")
	f("flag --port needs a value", "--port")
	f("bad value '99999' for 'port': argument must be between 0 and 65535 inclusive", "--port", "99999")
	f("bad value '1 2' for 'port': wrong number of arguments", "--port", "1", "2")
	f("unexpected argument '-x': flags are --name value or --name=value", "-x")
	f("-: line 1: bad value 'x' for 'port': argument couldn't be parsed into an integer", "-")
	f("nothing to listen on: port is 0 and unixsocket is not set", "--port", "0")
	f("cannot read the configuration file: open /no/such.conf: no such file or directory", "/no/such.conf")
}

func TestInclude(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.conf"), filepath.Join(dir, "b.conf")
	require.NoError(t, os.WriteFile(a, []byte("include "+b+"\ntimeout 11\nrdbcompression yes\n"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("timeout 10\nport 5\n"), 0o600))
	s, err := readSettings([]string{a}, nil)
	require.NoError(t, err)
	require.Equal(t, 11, s.cfg.TimeoutS)
	require.Equal(t, 5, s.cfg.Port)
	require.Equal(t, []string{"parameter 'rdbcompression' has no effect in this server"}, s.warnings)
	require.Equal(t, a, s.cfg.ConfigFile)

	s, err = readSettings([]string{a, "--save", "900 1", "--dbfilename", "x"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"parameters 'rdbcompression', 'save', 'dbfilename' have no effect in this server"}, s.warnings)

	require.NoError(t, os.WriteFile(b, []byte("include "+a+"\n"), 0o600))
	_, err = readSettings([]string{a}, nil)
	require.ErrorContains(t, err, "include each other too deeply")
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	s, err := readSettings([]string{"--dir", filepath.Join(dir, "a", "b")}, nil)
	require.NoError(t, err)
	require.NoError(t, resolve(s))
	require.DirExists(t, filepath.Join(dir, "a", "b"))
	require.Greater(t, s.cfg.MaxMemory, int64(64<<20))
	require.GreaterOrEqual(t, s.cfg.TieredMaxFileSize, 4*s.cfg.SegmentBytes)
	require.Len(t, s.cfg.RunID, 40)
	require.Equal(t, []string{"tcp:127.0.0.1:7379"}, s.cfg.Listen)

	s, err = readSettings([]string{"--tiered_prefix", filepath.Join(dir, "t", "x")}, nil)
	require.NoError(t, err)
	require.NoError(t, resolve(s))
	require.Equal(t, filepath.Join(dir, "t"), s.cfg.Dir)

	s, err = readSettings([]string{"--tiered_prefix", "/elsewhere/x", "--dir", dir}, nil)
	require.NoError(t, err)
	require.ErrorContains(t, resolve(s), "lies outside dir")
}

// TestClientsLeaveTheLogDescriptors: who may connect is fewer where little may be open.
func TestClientsLeaveTheLogDescriptors(t *testing.T) {
	f := func(descriptors uint64, segments int64, want int) {
		t.Helper()
		s := &settings{cfg: config.Default()}
		s.cfg.SegmentBytes, s.cfg.TieredMaxFileSize = 1<<20, segments<<20
		require.NoError(t, s.fitClients(descriptors))
		require.Equal(t, want, s.cfg.MaxClients)
		require.Equal(t, want < 10000, len(s.warnings) > 0)
	}
	f(math.MaxUint64, 1000, 10000)
	f(20000, 1000, 10000)
	f(1024, 100, 1024-32-100)
	f(1024, 100000, 512-32)
	f(100, 4, 64)
	s := &settings{cfg: config.Default()}
	s.cfg.TieredMaxFileSize = 1 << 40
	require.ErrorContains(t, s.fitClients(60), "too few")
	require.NoError(t, s.fitClients(1024))
	require.ErrorContains(t, s.cfg.SetAll("maxclients", "5000"), "try with 480")
}

func TestSegmentsFitTheDisk(t *testing.T) {
	f := func(disk, limit, want int64) {
		t.Helper()
		require.Equal(t, want, segmentFor(64<<20, disk, limit))
	}
	f(1<<40, 0, 64<<20)
	f(1<<40, 1<<30, 16<<20)
	f(200<<20, 0, 4<<20)
	f(200<<20, 1<<40, 4<<20)
	f(1<<20, 0, 1<<20)
}

func TestCollectorFollowsMaxmemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	c := config.Default()
	follow := collectorLimit(c)
	f := func(maxmemory, limit int64) {
		t.Helper()
		c.MaxMemory = maxmemory
		follow()
		require.Equal(t, limit, debug.SetMemoryLimit(-1))
	}
	f(256<<20, 288<<20+128<<20)
	f(1<<30, 9<<27+128<<20)
	f(0, math.MaxInt64)
}
