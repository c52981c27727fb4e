package engine_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/sim/sched"
	"holdfast/sim/world"
)

// checkpointed are settings under which a few commands call for a checkpoint.
func checkpointed() *config.Config {
	cfg := small()
	cfg.CheckpointLogBytes = 4 << 10
	cfg.TieredMinValueSize = 1
	return cfg
}

// stored writes something of every kind, in several databases, and returns what
// has to be there ever after.
func stored(k *client, tag string) map[string]string {
	for i := range 300 {
		n := strconv.Itoa(i)
		k.do("SET", "s"+n, strings.Repeat(tag+n, 20))
		k.do("HSET", "h"+strconv.Itoa(i%7), "f"+n, tag+n)
		k.do("RPUSH", "l"+strconv.Itoa(i%5), tag+n)
	}
	k.do("SET", "big", strings.Repeat(tag, 600))
	k.do("APPEND", "big", "end")
	k.do("DEL", "s7", "h3")
	k.do("RENAME", "s8", "s9")
	k.do("SELECT", "1")
	k.do("SET", "gone", "x")
	k.do("FLUSHDB")
	k.do("SET", "here", tag)
	k.do("PEXPIREAT", "here", "4000000000000")
	k.do("SELECT", "2")
	k.do("SET", "two", tag)
	k.do("SWAPDB", "1", "2")
	k.do("SELECT", "0")
	return look(k)
}

// look reads what stored wrote.
func look(k *client) map[string]string {
	out := map[string]string{}
	ask := func(args ...string) { out[strings.Join(args, " ")] = k.do(args...) }
	for i := range 300 {
		ask("GET", "s"+strconv.Itoa(i))
	}
	for i := range 7 {
		for j := range 300 {
			ask("HGET", "h"+strconv.Itoa(i), "f"+strconv.Itoa(j))
		}
		ask("LRANGE", "l"+strconv.Itoa(i), "0", "-1")
	}
	ask("GET", "big")
	ask("DBSIZE")
	for db := range 3 {
		k.do("SELECT", strconv.Itoa(db))
		ask("DBSIZE")
		out[fmt.Sprint("two in ", db)] = k.do("GET", "two")
		out[fmt.Sprint("here in ", db)] = k.do("GET", "here") + k.do("PEXPIRETIME", "here")
	}
	k.do("SELECT", "0")
	return out
}

// taken waits for a checkpoint of all there is.
func (s *served) taken() {
	s.t.Helper()
	k := s.dial()
	s.until(func() bool { return !s.shard.Checkpoints().Running })
	was := s.shard.Checkpoints().Taken
	for i := 0; s.shard.Checkpoints().Taken == was; i++ {
		require.Less(s.t, i, 1000)
		k.do("SET", "filler", strings.Repeat("x", 200))
	}
	k.c.Close()
}

func TestRestartUsesCheckpoint(t *testing.T) {
	for _, how := range []world.End{world.PowerCut, world.Kill, world.CleanStop} {
		t.Run(how.String(), func(t *testing.T) {
			s := serve(t, checkpointed())
			want := stored(s.dial(), "a")
			s.taken()
			s.dial().do("APPEND", "big", "more") // on a value that will be cold
			want["GET big"] = strings.TrimSuffix(want["GET big"], `"`) + `more"`
			s.restart(how)
			require.Equal(t, "1", s.info("checkpoint_used_at_start"))
			same(t, want, look(s.dial()))
		})
	}
}

// same compares what was seen at two times, but for how many keys there are.
func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	require.Len(t, got, len(want))
	for ask, v := range want {
		if ask != "DBSIZE" {
			require.Equal(t, v, got[ask], ask)
		}
	}
}

func TestCleanStopTakesCheckpoint(t *testing.T) {
	cfg := checkpointed()
	cfg.CheckpointLogBytes = 0
	s := serve(t, cfg)
	want := stored(s.dial(), "a")
	require.Equal(t, "+OK", s.dial().do("CONFIG", "SET", "checkpoint-log-bytes", "300000"))
	s.restart(world.CleanStop)
	require.Equal(t, "1", s.info("checkpoint_used_at_start"))
	same(t, want, look(s.dial()))
	require.Equal(t, "+OK", s.dial().do("CONFIG", "SET", "checkpoint-log-bytes", "0"))
	s.restart(world.CleanStop)
	require.Equal(t, "0", s.info("checkpoint_used_at_start"))
	same(t, want, look(s.dial()))
}

// resealed puts a checksum over a header that was changed.
func resealed(p []byte) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint32(p[12:], crc32.Update(crc32.Update(0, table, p[:12]), table, p[16:128]))
	return p
}

func TestCheckpointPassedOver(t *testing.T) {
	other := serve(t, checkpointed())
	stored(other.dial(), "b")
	other.taken()
	spoil := map[string]func(p []byte) []byte{
		"empty":            func(p []byte) []byte { return nil },
		"cut short":        func(p []byte) []byte { return p[:len(p)-4096] },
		"no magic":         func(p []byte) []byte { p[0]++; return p },
		"newer":            func(p []byte) []byte { p[8]++; return resealed(p) },
		"header":           func(p []byte) []byte { p[30]++; return p },
		"block":            func(p []byte) []byte { p[5000]++; return p },
		"last block":       func(p []byte) []byte { p[(len(p)-1)/4096*4096+30]++; return p },
		"length":           func(p []byte) []byte { p[4096+18]++; return p },
		"entries":          func(p []byte) []byte { p[80]++; return resealed(p) },
		"another log":      func([]byte) []byte { return checkpointOf(other) },
		"begins too early": func(p []byte) []byte { binary.LittleEndian.PutUint64(p[24:], 1); return resealed(p) },
	}
	for name, do := range spoil {
		t.Run(name, func(t *testing.T) {
			var warned []string
			s := listened(t, checkpointed(), &event.Observer{Warn: func(line string) { warned = append(warned, line) }})
			want := stored(s.dial(), "a")
			s.taken()
			for _, f := range s.w.Disk.Files() {
				if strings.HasSuffix(f.Name, ".ckpt") {
					s.w.Disk.Put(f.Name, do(f.Data))
				}
			}
			s.restart(world.Kill)
			require.Equal(t, "0", s.info("checkpoint_used_at_start"))
			require.Len(t, warned, 1)
			require.Contains(t, warned[0], ".ckpt is not used, the whole log is read: ")
			same(t, want, look(s.dial()))
			s.taken()
			s.restart(world.PowerCut)
			require.Equal(t, "1", s.info("checkpoint_used_at_start"))
		})
	}
}

func checkpointOf(s *served) []byte {
	for _, f := range s.w.Disk.Files() {
		if strings.HasSuffix(f.Name, ".ckpt") {
			return f.Data
		}
	}
	return nil
}

func TestOlderCheckpointsGo(t *testing.T) {
	s := serve(t, checkpointed())
	stored(s.dial(), "a")
	s.taken()
	s.taken()
	s.until(func() bool { return !s.shard.Checkpoints().Running })
	require.Len(t, leftOver(s), 1)
}

// leftOver lists the files of checkpoints.
func leftOver(s *served) (names []string) {
	for _, f := range s.w.Disk.Files() {
		if strings.HasPrefix(f.Name, "index") {
			names = append(names, f.Name)
		}
	}
	return names
}

func TestLoadingShowsProgress(t *testing.T) {
	cfg := small()
	cfg.CheckpointLogBytes = 0
	s := serve(t, cfg)
	k := s.dial()
	for i := range 200 {
		k.do("SET", "k"+strconv.Itoa(i), strings.Repeat("x", 4000))
	}
	s.shard = nil
	s.w.End(world.Kill)
	seen := map[string]string{}
	last := int64(-1)
	s.until(func() bool {
		if s.shard == nil || s.shard.Serving() {
			return s.shard != nil
		}
		s.shard.Info("persistence", func(field, value string) { seen[field] = value })
		if done, err := strconv.ParseInt(seen["loading_loaded_bytes"], 10, 64); err == nil {
			require.GreaterOrEqual(t, done, last, "progress goes one way")
			last = done
		}
		return false
	})
	require.Positive(t, last)
	for _, field := range []string{"loading_start_time", "loading_total_bytes", "loading_loaded_perc", "loading_eta_seconds"} {
		require.Contains(t, seen, field)
	}
	require.Equal(t, "1", seen["loading"])
	require.Equal(t, "0", s.info("loading"))
	require.Greater(t, s.w.Sched.Now(), sched.Millisecond)
}
