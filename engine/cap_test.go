package engine_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/vfs"
)

// A server without a log on a full disk: CONFIG SET appendonly yes is refused, and
// works once there is space.
func TestSwitchOnWithoutSpace(t *testing.T) {
	disk := &cramped{full: true}
	cfg := small()
	cfg.AppendOnly = false
	s := serveOn(t, cfg, nil, func(fs vfs.FS) vfs.FS { disk.FS = fs; return disk })
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "k", "v"))
	require.Contains(t, k.do("CONFIG", "SET", "appendonly", "yes"), "no space for a segment of the log")
	require.Equal(t, "+OK", k.do("SET", "k", "w"))
	disk.full = false
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "appendonly", "yes"))
	require.Equal(t, "1", s.info("aof_enabled"))
}

// Backup after backup with little or nothing between them: writers have room all
// the time, and where nothing changed no segment is given up.
func TestBackupsOfLittle(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 8 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	for i := range 60 {
		require.Equal(t, "+OK", k.do("SET", "k", strconv.Itoa(i)))
		require.Equal(t, "+OK", k.do("SAVE"), "backup %d", i)
	}
	s.pass(200)
	require.Equal(t, "+OK", k.do("SAVE"))
	rolled := s.info("log_rolls")
	for range 20 {
		s.pass(100)
		require.Equal(t, "+OK", k.do("SAVE"))
	}
	require.Equal(t, rolled, s.info("log_rolls"))
	s.until(func() bool { n, _ := strconv.Atoi(s.info("log_segments")); return n <= 3 })
}

// Values that grew since they were written whole may need more room to be moved
// than there is: the cap is passed rather than that compaction stands still, and
// kept again afterwards.
func TestGrownValuesAtTheLeastCap(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 5 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	v := strings.Repeat("f", 900)
	refused := 0
	for i := range 4000 { // 20 hashes, born in the first segment, 900 KB each in the end
		if got := k.do("HSET", "h"+strconv.Itoa(i%20), "f"+strconv.Itoa(i/20), v); got != ":1" {
			require.Contains(t, got, "-ERR no space left for the log")
			refused++
		}
	}
	require.NotZero(t, refused)
	for h := range 20 {
		require.Equal(t, ":1", k.do("DEL", "h"+strconv.Itoa(h)))
	}
	for i := range 400 {
		require.Equal(t, "+OK", k.do("SET", "k", v), "write %d", i)
	}
	s.until(func() bool { return s.info("log_segments") != "" && filesOf(s) <= 5 })
}

func filesOf(s *served) int {
	live, _ := strconv.Atoi(s.info("log_segments"))
	spare, _ := strconv.Atoi(s.info("log_spare_segments"))
	return live + spare
}
