package engine_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/resp"
)

// BenchmarkRefusedForMemory is a write at maxmemory where nothing can be dropped.
func BenchmarkRefusedForMemory(b *testing.B) {
	c := small()
	c.MaxMemory = 8 << 20
	s := serve(b, c)
	k := s.dial()
	for i := 0; ; i++ { // values too short to be worth the disk
		if strings.HasPrefix(k.do("SET", fmt.Sprint("key:", i), "v"), "-OOM") {
			break
		}
	}
	in := resp.AppendCommandStrings(nil, "SET", "one more", "v")
	b.ResetTimer()
	for range b.N {
		k.c.Write(in)
		require.Contains(b, text(k.read()), "-OOM")
	}
}

// TestReadersShareMemory has clients ask at once, in pipelines and in EXECs, for
// more cold values than fit into memory: they take turns, and all are answered.
func TestReadersShareMemory(t *testing.T) {
	const limit, size, keys = 8 << 20, 200 << 10, 100
	c := small()
	c.MaxMemory, c.MaxUnwritten, c.FetchBytes = limit, 1<<20, 64<<20
	c.SegmentBytes = 4 << 20
	s := serve(t, c)
	d := s.dial()
	for i := range keys {
		require.Equal(t, "+OK", d.do("SET", fmt.Sprint("k", i), strings.Repeat(string(rune('a'+i%26)), size)))
	}
	s.pass(500)
	most := int64(0)
	var all []*client
	for i := range 20 {
		k := s.dial()
		k.send("MULTI")
		for j := range 5 {
			k.send("GETRANGE", fmt.Sprint("k", (i*5+j)%keys), "0", "0")
		}
		k.send("EXEC")
		for j := range 40 {
			k.send("GETRANGE", fmt.Sprint("k", (i*5+j*3)%keys), "0", "0")
		}
		all = append(all, k)
	}
	s.until(func() bool {
		most = max(most, s.shard.Used())
		for _, k := range all {
			if len(k.in) < 5+5*9+4+45*7 {
				return false
			}
		}
		return true
	})
	for i, k := range all {
		for range 6 {
			k.read() // OK, QUEUED
		}
		for j, got := range k.read().Elems {
			require.Equal(t, string(rune('a'+(i*5+j)%keys%26)), string(got.Str), "client %d", i)
		}
		for j := range 40 {
			require.Equal(t, string(rune('a'+(i*5+j*3)%keys%26)), string(k.read().Str), "client %d", i)
		}
	}
	require.LessOrEqual(t, most, int64(limit))
	k := s.dial()
	k.send("MULTI")
	for i := range 25 {
		k.send("GETRANGE", fmt.Sprint("k", i), "0", "0")
	}
	k.send("EXEC")
	for range 26 {
		k.read()
	}
	require.Contains(t, text(k.read()), "-EXECABORT Transaction discarded because of: OOM the values")
	require.Equal(t, "0", s.info("tiered_pending_read_cnt"))
}

// TestExecMissesWhatItEvicted: making room for an EXEC evicts a key that it watches.
func TestExecMissesWhatItEvicted(t *testing.T) {
	cfg := small()
	cfg.AppendOnly, cfg.MaxMemoryPolicy = false, "allkeys-lru"
	s := serve(t, cfg)
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "k", strings.Repeat("v", 200_000)))
	used, err := strconv.Atoi(s.info("used_memory"))
	require.NoError(t, err)
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "maxmemory", strconv.Itoa(used+100_000)))
	require.Equal(t, "+OK", k.do("WATCH", "k"))
	require.Equal(t, "+OK", k.do("MULTI"))
	require.Equal(t, "+QUEUED", k.do("COPY", "k", "x"))
	require.Equal(t, "nil array", k.do("EXEC"))
	require.Equal(t, "1", s.info("evicted_keys"))
}
