package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/world"
)

// filled gives a shard keys of every kind in three databases.
func fillKinds(k *client, n int) {
	for i := range n {
		k.do("SET", fmt.Sprint("s", i), strings.Repeat("v", i*7%900))
		k.do("HSET", fmt.Sprint("h", i%5), fmt.Sprint("f", i), fmt.Sprint(i))
		k.do("RPUSH", fmt.Sprint("l", i%5), fmt.Sprint(i))
		k.do("APPEND", "long", strings.Repeat("x", 50))
	}
	k.do("SET", "dies", "v", "PX", "100000000")
	k.do("SELECT", "1")
	k.do("SET", "one", "1")
	k.do("SWAPDB", "1", "2")
	k.do("SELECT", "0")
}

func checkKinds(t *testing.T, k *client, n int) {
	t.Helper()
	for i := range n {
		require.Equal(t, fmt.Sprintf("%q", strings.Repeat("v", i*7%900)), k.do("GET", fmt.Sprint("s", i)))
		require.Equal(t, fmt.Sprintf("%q", fmt.Sprint(i)), k.do("HGET", fmt.Sprint("h", i%5), fmt.Sprint("f", i)))
	}
	require.Equal(t, fmt.Sprintf(":%d", (n+4)/5), k.do("LLEN", "l0"))
	require.Equal(t, fmt.Sprintf(":%d", n*50), k.do("STRLEN", "long"))
	require.NotEqual(t, ":-2", k.do("PTTL", "dies"))
	k.do("SELECT", "2")
	require.Equal(t, `"1"`, k.do("GET", "one"))
	k.do("SELECT", "0")
}

// Switched on, everything is durable from the OK on; switched off, nothing of it
// comes back; and so on, with values in memory and on disk.
func TestSwitchingAppendOnly(t *testing.T) {
	for _, cold := range []bool{false, true} {
		t.Run(fmt.Sprint("cold ", cold), func(t *testing.T) {
			cfg := small()
			cfg.AppendOnly = false
			if cold {
				cfg.TieredPrefix, cfg.MaxMemory = "x", 64<<20
				cfg.TieredOffloadShare, cfg.TieredMinValueSize = 1, 1
			}
			s := serve(t, cfg)
			k := s.dial()
			fillKinds(k, 60)
			require.Equal(t, "+OK", k.do("CONFIG", "SET", "appendonly", "yes"))
			require.Equal(t, `["appendonly" "yes"]`, k.do("CONFIG", "GET", "appendonly"))
			require.Equal(t, "1", s.info("aof_enabled"))
			checkKinds(t, k, 60)
			k.do("APPEND", "long", "")
			require.Equal(t, "+OK", k.do("SET", "after", "1"))
			s.restart(world.PowerCut)
			k = s.dial()
			checkKinds(t, k, 60)
			require.Equal(t, `"1"`, k.do("GET", "after"))

			require.Equal(t, "+OK", k.do("CONFIG", "SET", "appendonly", "no"))
			require.Equal(t, "0", s.info("aof_enabled"))
			checkKinds(t, k, 60)
			require.Equal(t, "+OK", k.do("SET", "after", "2"))
			require.Equal(t, "+OK", k.do("CONFIG", "SET", "appendonly", "yes"))
			s.restart(world.Kill)
			k = s.dial()
			checkKinds(t, k, 60)
			require.Equal(t, `"2"`, k.do("GET", "after"))

			require.Equal(t, "+OK", k.do("CONFIG", "SET", "appendonly", "no"))
			cfg.AppendOnly = true // a configuration file that still says yes
			s.restart(world.PowerCut)
			k = s.dial()
			require.Equal(t, ":0", k.do("DBSIZE"), "a log that was switched off came back")
		})
	}
}
