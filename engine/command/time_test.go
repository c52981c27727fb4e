package command_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// at moves the clock and runs a command.
func (e *engine) at(t *testing.T, ms int64, args ...string) string {
	e.now = unit.Time(ms*1000 + 999) // the last instant of that millisecond
	return script.Format(e.ask(t, args...))
}

const base = int64(1_700_000_000_000)

func ms(n int64) string { return strconv.FormatInt(n, 10) }

// TestDeadlineToTheMillisecond: a key lives through the millisecond of its
// deadline and not one longer, whatever gave it the deadline.
func TestDeadlineToTheMillisecond(t *testing.T) {
	for _, give := range [][]string{
		{"set", "k", "v", "px", "1500"}, {"set", "k", "v", "pxat", ms(base + 1500)},
		{"psetex", "k", "1500", "v"}, {"pexpire", "k", "1500"}, {"pexpireat", "k", ms(base + 1500)},
		{"getex", "k", "px", "1500"}, {"getex", "k", "pxat", ms(base + 1500)},
	} {
		e := newEngine()
		e.at(t, base, "set", "k", "v")
		require.NotContains(t, e.at(t, base, give...), "-", give)
		require.Equal(t, ":1500", e.at(t, base, "pttl", "k"))
		require.Equal(t, ":2", e.at(t, base, "ttl", "k"), "rounds half up")
		require.Equal(t, ":1", e.at(t, base+1, "ttl", "k"))
		require.Equal(t, ":0", e.at(t, base+1001, "ttl", "k"))
		require.Equal(t, `"v"`, e.at(t, base+1500, "get", "k"))
		require.Equal(t, ":0", e.at(t, base+1500, "pttl", "k"))
		require.Equal(t, "nil", e.at(t, base+1501, "get", "k"))
		require.Equal(t, ":-2", e.at(t, base+1501, "pttl", "k"))
		require.Equal(t, ":0", e.at(t, base+1501, "dbsize"))
	}
}

// TestDeadlineHasCome: EXPIRE and GETEX delete a key whose new deadline is this
// very millisecond; SET leaves it the rest of it, and nothing of one before.
func TestDeadlineHasCome(t *testing.T) {
	e := newEngine()
	for _, take := range [][]string{
		{"pexpireat", "k", ms(base)}, {"pexpire", "k", "0"}, {"getex", "k", "pxat", ms(base)}, {"expire", "k", "-1"},
	} {
		e.at(t, base, "set", "k", "v")
		e.at(t, base, take...)
		require.Equal(t, ":0", e.at(t, base, "exists", "k"), take)
	}
	require.Equal(t, "+OK", e.at(t, base, "set", "k", "v", "pxat", ms(base)))
	require.Equal(t, `"v"`, e.at(t, base, "get", "k"))
	require.Equal(t, "+OK", e.at(t, base, "set", "k", "v", "pxat", ms(base-1)))
	require.Equal(t, ":0", e.at(t, base, "dbsize"))
}

// TestDeadKeyIsAbsent: to every command, and a write begins anew.
func TestDeadKeyIsAbsent(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"get k", "nil"}, {"exists k", ":0"}, {"type k", "+none"}, {"strlen k", ":0"}, {"append k x", ":1"},
		{"incr k", ":1"}, {"setnx k 1", ":1"}, {"set k 1 xx", "nil"}, {"set k 1 get", "nil"}, {"set k 1 keepttl", "+OK"},
		{"getset k 1", "nil"}, {"getdel k", "nil"}, {"expire k 10", ":0"}, {"persist k", ":0"}, {"rename k x", "-ERR no such key"},
		{"copy k x", ":0"}, {"move k 1", ":0"}, {"del k", ":0"}, {"hset k f v", ":1"}, {"setrange k 1 x", ":2"},
		{"object encoding k", "nil"}, {"keys *", "[]"}, {"scan 0", `["0" []]`}, {"randomkey", "nil"}, {"dbsize", ":0"},
		{"msetnx k 1", ":1"}, {"setbit k 0 1", ":0"}, {"incrbyfloat k 1", `"1"`}, {"hsetnx k f v", ":1"}, {"hincrby k f 1", ":1"},
	} {
		e := newEngine()
		e.at(t, base, "set", "k", "5", "px", "10")
		args, err := script.Split(c.line)
		require.NoError(t, err)
		require.Equal(t, c.want, e.at(t, base+11, args...), c.line)
		require.Contains(t, []string{":-1", ":-2"}, e.at(t, base+11, "pttl", "k"), c.line)
	}
}

func TestTimeIsTheUnits(t *testing.T) {
	e := newEngine()
	e.now = 1_700_000_000_000_042
	require.Equal(t, `["1700000000" "42"]`, script.Format(e.ask(t, "time")))
}

// TestImportKeepsDeadKeys: while importing, a deadline in the past deletes
// nothing.
func TestImportKeepsDeadKeys(t *testing.T) {
	cfg := config.Default()
	cfg.ImportMode = true
	e := &engine{s: tx.New(cfg, nil, &event.Observer{}), now: someDay}
	for i, line := range []string{"expire k -100", "pexpireat k -5", "set k v pxat 1", "getex k exat 1"} {
		key := fmt.Sprint("k", i)
		e.ask(t, "set", key, "v")
		args, err := script.Split(line)
		require.NoError(t, err)
		args[1] = key
		e.ask(t, args...)
		require.Equal(t, ":0", script.Format(e.ask(t, "exists", key)), line)
		require.NotNil(t, e.s.Databases()[0].KS)
		require.Equal(t, i+1, e.s.Databases()[0].KS.Len(), line)
	}
}

func TestHotness(t *testing.T) {
	cfg := config.Default()
	e := &engine{s: tx.New(cfg, nil, &event.Observer{}), now: someDay}
	e.ask(t, "set", "k", "v")
	e.now += 600_000_000
	require.Equal(t, ":600", script.Format(e.ask(t, "object", "idletime", "k")))
	require.Contains(t, script.Format(e.ask(t, "object", "freq", "k")), "-ERR An LFU")
	cfg.MaxMemoryPolicy = "allkeys-lfu"
	require.Equal(t, byte(':'), e.ask(t, "object", "freq", "k").Kind)
	require.Contains(t, script.Format(e.ask(t, "object", "idletime", "k")), "-ERR An LFU")
}
