package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryParameterTakesWhatItShows(t *testing.T) {
	c := Default()
	for _, s := range c.Get("*") {
		before := *c
		require.NoError(t, c.Set(s.Name, s.Value), s.Name)
		_, _, inert := Known(s.Name)
		if !inert {
			require.Equal(t, before, *c, "%s: setting what is shown changed something", s.Name)
		}
	}
	require.Len(t, c.Get("*"), len(table)-3, "user, loadmodule and rename-command are for files only")
}

func TestNamesAreUniqueAndSorted(t *testing.T) {
	require.True(t, slices.IsSortedFunc(Names(), func(a, b string) int { return strings.Compare(plain(a), plain(b)) }))
	for i := 1; i < len(names); i++ {
		require.NotEqual(t, names[i-1].plain, names[i].plain)
	}
}

func TestSet(t *testing.T) {
	f := func(name, value, shown string) {
		t.Helper()
		c := Default()
		require.NoError(t, c.Set(name, value))
		require.Equal(t, []Setting{{name, shown}}, c.Get(name))
	}
	f("maxmemory", "4G", "4000000000")
	f("maxmemory", "256mb", "268435456")
	f("MaxMemory", "100k", "100000")
	f("tiered-offload-threshold", "0.25", "0.25")
	f("TIERED_OFFLOAD_THRESHOLD", "1", "1")
	f("cache_mode", "true", "yes")
	f("cache-mode", "NO", "no")
	f("appendfsync", "EverySec", "everysec")
	f("bind", "127.0.0.1  ::1", "127.0.0.1 ::1")
	f("unixsocketperm", "700", "700")
	f("dbnum", "4", "4")
	f("hash-max-ziplist-entries", "9", "9")
	f("save", "900 1", "900 1")
	f("daemonize", "no", "no")
	f("client-output-buffer-limit", "normal 1mb 2 3 replica 0 0 0",
		"normal 1048576 2 3 slave 0 0 0 pubsub 33554432 8388608 60")
}

func TestSetRefuses(t *testing.T) {
	f := func(name, value, want string) {
		t.Helper()
		c := Default()
		err := c.Set(name, value)
		require.EqualError(t, err, want)
		require.Equal(t, Default(), c)
	}
	f("nosuch", "1", "unknown parameter 'nosuch'")
	f("timeout", "abc", "bad value 'abc' for 'timeout': argument couldn't be parsed into an integer")
	f("port", "65536", "bad value '65536' for 'port': argument must be between 0 and 65535 inclusive")
	f("maxmemory", "-1", "bad value '-1' for 'maxmemory': argument must be a memory value")
	f("maxmemory", "99999999999g", "bad value '99999999999g' for 'maxmemory': argument must be a memory value")
	f("maxmemory", "", "bad value for 'maxmemory': argument must be a memory value")
	f("appendonly", "maybe", "bad value 'maybe' for 'appendonly': argument must be 'yes' or 'no'")
	f("tiered_upload_threshold", "NaN", "bad value 'NaN' for 'tiered_upload_threshold': argument must be between 0 and 1 inclusive")
	f("daemonize", "yes", "bad value 'yes' for 'daemonize': this server does not support it")
	f("replicaof", "host 6379", "bad value 'host 6379' for 'replicaof': this server does not support it")
	f("dir", "a\nb", "bad value for 'dir': argument must not hold a line break or a zero byte")
}

// The texts are those of redis-server 7.0.15.
func TestRuntimeErrorsAsRedisWordsThem(t *testing.T) {
	f := func(want string, pairs ...string) {
		t.Helper()
		c := Default()
		err := c.SetAll(pairs...)
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, want, e.Reply())
		require.Equal(t, Default(), c, "a refused CONFIG SET changed something")
	}
	const failed = "ERR CONFIG SET failed (possibly related to argument "
	f(failed+"'timeout') - argument couldn't be parsed into an integer", "timeout", "abc")
	f(failed+"'timeout') - argument must be between 0 and 2147483647 inclusive", "timeout", "-1")
	f(failed+"'maxmemory') - argument must be a memory value", "maxmemory", "12xb")
	f(failed+"'appendfsync') - argument(s) must be one of the following: everysec, always, no", "appendfsync", "x")
	f(failed+"'HZ') - duplicate parameter", "hz", "10", "HZ", "20")
	f(failed+"'databases') - can't set immutable config", "databases", "5")
	f("ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'", "nosuch", "1")
	f(failed+"'timeout') - argument couldn't be parsed into an integer", "maxmemory", "100", "save", "1 1", "timeout", "abc")
	f(failed+"'client-output-buffer-limit') - Wrong number of arguments in buffer limit configuration.",
		"client-output-buffer-limit", "normal 0")
	f(failed+"'client-output-buffer-limit') - Invalid client class specified in buffer limit configuration.",
		"client-output-buffer-limit", "foo 0 0 0")
	f(failed+"'maxmemory-policy') - argument(s) must be one of the following: volatile-lru, volatile-lfu, "+
		"volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction", "maxmemory-policy", "foo")
	f(failed+"'proto-max-bulk-len') - argument must be between 1048576 and 9223372036854775807 inclusive",
		"proto-max-bulk-len", "1")
}

func TestSetAllChangesEverything(t *testing.T) {
	c := Default()
	require.NoError(t, c.SetAll("maxmemory", "1gb", "appendfsync", "no", "save", ""))
	require.Equal(t, int64(1<<30), c.MaxMemory)
	require.Equal(t, "no", c.AppendFsync)
}

func TestZeroMaxmemoryMeansTheHostsChoice(t *testing.T) {
	c := Default()
	c.MaxMemoryAuto = 7 << 20
	require.NoError(t, c.SetRuntime("maxmemory", "0"))
	require.Equal(t, int64(7<<20), c.MaxMemory)
}

func TestOldNames(t *testing.T) {
	f := func(old, value string) {
		t.Helper()
		require.NoError(t, Default().Set(old, value))
		known, _, inert := Known(old)
		require.True(t, known && inert, old)
	}
	f("slave-read-only", "yes")
	f("cluster-slave-no-failover", "no")
	f("repl-ping-slave-period", "10")
	f("min-slaves-max-lag", "10")
	f("zset-max-ziplist-entries", "128")
	f("list-max-ziplist-size", "-2")
}

func TestGetPatterns(t *testing.T) {
	c := Default()
	got := func(patterns ...string) (out []string) {
		for _, s := range c.Get(patterns...) {
			out = append(out, s.Name)
		}
		return out
	}
	require.Equal(t, []string{"MaxMemory"}, got("MaxMemory"))
	require.Equal(t, []string{"lfu-decay-time", "lfu-log-factor"}, got("LFU*"))
	require.Equal(t, []string{"tiered_max_file_size", "tiered_max_pending_stash_bytes"}, got("tiered-max*", "tiered_max_file_size"))
	require.Empty(t, got("nosuch", "[;", "user", "rename-*"))
	require.Equal(t, []string{"appendonly", "save"}, got("save", "appendonly"))
}

func TestParse(t *testing.T) {
	lines, err := Parse("# comment\n\nport 1\r\n  save 900 1\nrequirepass \"a \\x41\\n\"\nlogfile ''\n")
	require.NoError(t, err)
	require.Equal(t, []Line{
		{3, "port", []string{"1"}}, {4, "save", []string{"900", "1"}},
		{5, "requirepass", []string{"a A\n"}}, {6, "logfile", []string{""}},
	}, lines)
	_, err = Parse("port 1\nport \"12")
	require.EqualError(t, err, `line 2: unbalanced quotes: port "12`)
	_, err = SplitArgs(`"a"b`)
	require.Error(t, err)
}

func TestApplyCountsWords(t *testing.T) {
	c := Default()
	require.EqualError(t, c.Apply("port", []string{"1", "2"}), "bad value '1 2' for 'port': wrong number of arguments")
	require.EqualError(t, c.Apply("port", nil), "bad value for 'port': wrong number of arguments")
	require.NoError(t, c.Apply("bind", []string{"127.0.0.1", "::1"}))
	require.NoError(t, c.Apply("save", []string{""}))
	require.True(t, Switch("cache_mode"))
	require.False(t, Switch("appendfsync"))
}

func TestCheck(t *testing.T) {
	f := func(ok bool, args ...string) {
		t.Helper()
		c := Default()
		for i := 0; i < len(args); i += 2 {
			require.NoError(t, c.Set(args[i], args[i+1]))
		}
		require.Equal(t, ok, c.Check() == nil)
	}
	f(true)
	f(false, "port", "0")
	f(true, "port", "0", "unixsocket", "x")
	f(false, "bind", "127.0.0.1 0.0.0.0")
	f(true, "bind", "0.0.0.0", "requirepass", "secret")
	f(true, "bind", "*", "protected-mode", "no")
	f(true, "bind", "127.0.0.1 -::1")
	f(false, "log-segment-size", "64kb")
}

func TestAddresses(t *testing.T) {
	c := Default()
	c.Bind, c.UnixSocket = []string{"127.0.0.1", "-::1", "*"}, "/x/s"
	at, optional := c.Addresses()
	require.Equal(t, []string{"tcp:127.0.0.1:7379", "tcp:[::1]:7379", "tcp:0.0.0.0:7379", "unix:/x/s"}, at)
	require.Equal(t, []bool{false, true, false, false}, optional)
}

func FuzzSplitArgs(f *testing.F) {
	f.Add(`a "b\x41" 'c\''`)
	f.Fuzz(func(t *testing.T, line string) { _, _ = SplitArgs(line) })
}
