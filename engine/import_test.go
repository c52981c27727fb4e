package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/event"
	"holdfast/sim/world"
)

// TestIM12ImportModeWithoutASourceIsTold: the operator hears of a mode that nobody
// uses, again and again but not often, and of one that the configuration does not
// ask for.
func TestIM12ImportModeWithoutASourceIsTold(t *testing.T) {
	var warned []string
	s := listened(t, small(), &event.Observer{Warn: func(line string) { warned = append(warned, line) }})
	k := s.dial()
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "import-mode", "yes"))
	s.pass(59_000)
	require.Empty(t, warned)
	s.pass(2_000)
	require.Len(t, warned, 1)
	require.Contains(t, warned[0], "no import source is connected")
	s.pass(120_000)
	require.Len(t, warned, 3)
	require.Equal(t, "+OK", k.do("CLIENT", "IMPORT-SOURCE", "ON"))
	s.pass(300_000)
	require.Len(t, warned, 3)
	k.c.Close()
	s.pass(61_000)
	require.Len(t, warned, 4)
	warned = nil
	s.cfg.ImportMode = false // as a new process reads its configuration
	s.restart(world.Kill)
	require.Len(t, warned, 1)
	require.Contains(t, warned[0], "as CONFIG SET left it")
	k = s.dial()
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "import-mode", "no"))
	s.pass(300_000)
	require.Len(t, warned, 1)
}

// TestIM10EngineRestsWhileKeysAreRetained: keys that are dead and stay wake nobody,
// and are drained a bounded number a turn.
func TestIM10EngineRestsWhileKeysAreRetained(t *testing.T) {
	cfg := small()
	cfg.AppendOnly = false // whose time ceilings wake it
	gone, most, turn := 0, 0, 0
	s := listened(t, cfg, &event.Observer{Gone: func(*event.Gone) { gone++ }})
	k := s.dial()
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "import-mode", "yes"))
	require.Equal(t, "+OK", k.do("CLIENT", "IMPORT-SOURCE", "ON"))
	const keys = 20_000
	for i := range keys {
		k.send("SET", fmt.Sprint("k", i), "v", "PX", fmt.Sprint(1+i%100))
		if i%500 == 499 {
			for range 500 {
				k.read()
			}
		}
	}
	s.pass(1000)
	require.Equal(t, fmt.Sprint(keys), s.info("import_expired_keys_retained"))
	turns := s.w.Turns
	s.pass(3_600_000)
	require.Less(t, s.w.Turns-turns, 10, "it does not rest")
	k.send("CONFIG", "SET", "import-mode", "no")
	s.until(func() bool {
		if s.w.Turns != turn {
			turn, most, gone = s.w.Turns, max(most, gone), 0
		}
		return s.shard != nil && retainedOf(s) == "0" && strings.Contains(string(k.in), "+OK")
	})
	require.Equal(t, "+OK", text(k.read()))
	s.pass(100)
	require.LessOrEqual(t, most, 2000)
	require.Equal(t, fmt.Sprint(keys), s.info("expired_keys"))
	require.Equal(t, ":0", k.do("DBSIZE"))
}

// TestIM10SwitchedOnAgainTheStaleDrainInSteps: what has died is gone before the mode
// begins anew, and before DBSIZE counts, a bounded number a turn.
func TestIM10SwitchedOnAgainTheStaleDrainInSteps(t *testing.T) {
	cfg := small()
	cfg.ExpireBatch = 50
	gone, most, turn := 0, 0, 0
	var s *served
	s = listened(t, cfg, &event.Observer{Gone: func(*event.Gone) {
		if s.w.Turns != turn {
			turn, gone = s.w.Turns, 0
		}
		gone++
		most = max(most, gone)
	}})
	k, other := s.dial(), s.dial()
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "import-mode", "yes"))
	require.Equal(t, "+OK", k.do("CLIENT", "IMPORT-SOURCE", "ON"))
	const keys = 5000
	fill := func() {
		for i := range keys {
			if k.send("SET", fmt.Sprint("k", i), "v", "PX", fmt.Sprint(1+i%100)); i%100 == 99 {
				for range 100 {
					require.Equal(t, "+OK", text(k.read()))
				}
			}
		}
		s.pass(1000)
	}
	fill()
	require.Equal(t, `"v"`, k.do("GET", "k17"))
	k.send("CONFIG", "SET", "import-mode", "no")
	k.send("CONFIG", "SET", "import-mode", "yes")
	k.send("DBSIZE")
	for _, want := range []string{"+OK", "+OK", ":0"} {
		require.Equal(t, want, text(k.read()))
	}
	require.Equal(t, "nil", k.do("GET", "k17"), "it died before the mode began")
	fill()
	k.send("CONFIG", "SET", "import-mode", "no")
	k.send("DBSIZE")
	require.Equal(t, "+OK", text(k.read()))
	require.Equal(t, ":0", text(k.read()))
	require.Equal(t, ":0", other.do("DBSIZE"))
	require.Equal(t, fmt.Sprint(2*keys), s.info("expired_keys"))
	require.LessOrEqual(t, most, 3*cfg.ExpireBatch) // a tick, a commit and the command
}

// retainedOf asks the shard itself: a client's question would take a turn.
func retainedOf(s *served) (n string) {
	s.shard.Info("expiry", func(field, value string) {
		if field == "import_expired_keys_retained" {
			n = value
		}
	})
	return n
}

// TestImportModeSurvivesCompaction: overdue keys are copied by compaction like any
// other, the mode's record too, and a restart finds both.
func TestImportModeSurvivesCompaction(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 3 << 20
	s := serve(t, cfg)
	k := s.dial()
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "import-mode", "yes"))
	require.Equal(t, "+OK", k.do("CLIENT", "IMPORT-SOURCE", "ON"))
	var want []string
	for i := range 20 {
		key := fmt.Sprint("dead", i)
		require.Equal(t, "+OK", k.do("SET", key, "v", "PXAT", fmt.Sprint(1+i)))
		want = append(want, fmt.Sprintf("%q", key))
	}
	for i := range 1000 {
		k.do("SET", "fill", strings.Repeat(fmt.Sprint(i%10), 10<<10))
	}
	require.NotEqual(t, "0", s.info("log_segments_compacted"))
	cfg.ImportMode = false
	s.restart(world.PowerCut)
	k = s.dial()
	require.Equal(t, ":21", k.do("DBSIZE"))
	require.Equal(t, "+OK", k.do("CLIENT", "IMPORT-SOURCE", "ON"))
	got := strings.Fields(strings.Trim(k.do("KEYS", "dead*"), "[]"))
	slices.Sort(got)
	slices.Sort(want)
	require.Equal(t, want, got)
}
