package engine_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/world"
	"holdfast/vfs"
)

// cramped is a disk that has no room for more when full says so.
type cramped struct {
	vfs.FS
	full, stuck bool
	late        []*vfs.Op // kept back while stuck
}

func (d *cramped) Submit(op *vfs.Op) {
	switch {
	case d.stuck && (op.Kind == vfs.Write || op.Kind == vfs.WriteDurable || op.Kind == vfs.Sync):
		d.late = append(d.late, op)
	case d.full && (op.Kind == vfs.Create || op.Kind == vfs.Allocate):
		op.Kind, op.Name = vfs.Open, "no such file" // completes in its time
		d.FS.Submit(&vfs.Op{Kind: vfs.Open, Name: "none", Owner: refusal{op}})
	default:
		d.FS.Submit(op)
	}
}

// refusal ends an operation for want of space.
type refusal struct{ op *vfs.Op }

func (r refusal) Complete(*vfs.Op) {
	r.op.Err = vfs.ErrNoSpace
	r.op.Owner.Complete(r.op)
}

// release lets what was stuck go on.
func (d *cramped) release() {
	d.stuck = false
	for _, op := range d.late {
		d.FS.Submit(op)
	}
	d.late = nil
}

// A start on a full disk waits for space, says so, and goes on by itself.
func TestStartOnAFullDiskWaits(t *testing.T) {
	disk := &cramped{}
	s := serveOn(t, small(), nil, func(fs vfs.FS) vfs.FS { disk.FS = fs; return disk })
	k := s.dial()
	for i := range 40 {
		require.Equal(t, "+OK", k.do("SET", "k"+strconv.Itoa(i), strings.Repeat("v", 16<<10)))
	}
	disk.full = true
	for i := 40; k.do("SET", "k"+strconv.Itoa(i), strings.Repeat("v", 16<<10)) == "+OK"; i++ {
	}
	// Two restarts use up what was prepared, if compaction has no time to give the
	// rest of the segments back.
	for range 8 {
		s.shard = nil
		s.w.End(world.PowerCut)
		s.until(func() bool { return s.shard != nil })
		for ms := 0; ms < 3000 && !s.shard.Serving(); ms++ {
			s.pass(1)
		}
		require.NoError(t, s.err)
		if !s.shard.Serving() {
			break
		}
	}
	require.False(t, s.shard.Serving(), "the disk was not full enough")
	k = s.dial()
	require.Contains(t, k.do("GET", "k0"), "-LOADING Holdfast cannot serve yet: there is no space")
	disk.full = false
	s.until(s.shard.Serving)
	require.Equal(t, "+OK", s.dial().do("SET", "new", "v"))
	require.Len(t, s.dial().ask("GET", "k39").Str, 16<<10)
}

// A cap that grows while the server runs is used at once.
func TestCapGrowsWhileRunning(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 6 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	v, n := strings.Repeat("x", 16<<10), 0
	for ; k.do("SET", "k"+strconv.Itoa(n), v) == "+OK"; n++ {
	}
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "tiered_max_file_size", strconv.Itoa(int(12*cfg.SegmentBytes))))
	for i := range n {
		require.Equal(t, "+OK", k.do("SET", "more"+strconv.Itoa(i), v))
	}
}

// SHUTDOWN on a disk that does not take the log answers an error and the
// server goes on; a signal ends it after a bound, and says what is missing.
func TestStopIsBounded(t *testing.T) {
	disk := &cramped{}
	s := serveOn(t, small(), nil, func(fs vfs.FS) vfs.FS { disk.FS = fs; return disk })
	s.stops = true
	k, other := s.dial(), s.dial()
	disk.stuck = true
	other.send("SET", "k", "v")
	other.silent(1)
	k.send("SHUTDOWN")
	k.silent(9000)
	require.Equal(t, "-ERR server is shutting down", s.dial().do("GET", "k"))
	s.pass(1100)
	require.Equal(t, "-ERR Errors trying to SHUTDOWN. Check logs.", text(k.read()))
	require.Equal(t, "nil", s.dial().do("GET", "other"))
	k.send("SHUTDOWN")
	k.silent(100)
	require.Equal(t, "+OK", s.dial().do("SHUTDOWN", "ABORT"))
	require.Equal(t, "-ERR Errors trying to SHUTDOWN. Check logs.", text(k.read()))
	require.Equal(t, "-ERR No shutdown in progress.", s.dial().do("SHUTDOWN", "ABORT"))
	shard := s.shard
	shard.Stop(false)
	shard.EndTurn()
	s.pass(119_000)
	over, _ := shard.Stopped()
	require.False(t, over)
	s.until(func() bool { over, _ := shard.Stopped(); return over })
	_, err := shard.Stopped()
	require.ErrorContains(t, err, "the disk does not answer")
}

// Once the disk answers again a shutdown that was given up works.
func TestShutdownAfterOneThatWasGivenUp(t *testing.T) {
	disk := &cramped{}
	s := serveOn(t, small(), nil, func(fs vfs.FS) vfs.FS { disk.FS = fs; return disk })
	k, other := s.dial(), s.dial()
	disk.stuck = true
	other.send("SET", "k", "v")
	k.send("SHUTDOWN")
	s.pass(10_100)
	require.Contains(t, text(k.read()), "-ERR Errors")
	disk.release()
	require.Equal(t, "+OK", text(other.read()))
	shard := s.shard
	k.send("SHUTDOWN")
	require.Empty(t, k.gone())
	s.until(func() bool { return s.shard != shard && s.shard.Serving() })
	require.NoError(t, s.err)
	require.Equal(t, `"v"`, s.dial().do("GET", "k"))
}

// Keys expire on time however long the log has been full of live data: records
// of time have a reserve, and it lasts until compaction gives it back.
func TestFullLogGoesOnExpiring(t *testing.T) {
	cfg := small()
	cfg.SegmentBytes, cfg.BatchBytes, cfg.MaxUnwritten = 12<<20, 1<<20, 8<<20
	cfg.TieredMaxFileSize = 5 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "volatile", "v", "EX", "1500"))
	v, n := strings.Repeat("x", 100<<10), 0
	for ; k.do("SET", "k"+strconv.Itoa(n), v) == "+OK"; n++ {
	}
	require.Greater(t, n, 100)
	s.pass(1_500_100)
	require.Equal(t, "1", s.info("expired_keys"), "it has to go by itself")
	require.Equal(t, ":"+strconv.Itoa(n), k.do("DBSIZE"))
}

// Values that grew since they were last written whole: what moves one segment
// may be many times that segment. Writers go on all the same.
func TestGrownValuesNearTheCap(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 16 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	v := strings.Repeat("f", 400)
	for round := range 75 {
		for h := range 100 { // all born in the first segment, then grown to 3 MB of 4
			require.Equal(t, ":1", k.do("HSET", "h"+strconv.Itoa(h), "f"+strconv.Itoa(round), v), "round %d", round)
		}
	}
	for i := range 7500 {
		require.Equal(t, ":0", k.do("HSET", "h"+strconv.Itoa(i%100), "f"+strconv.Itoa(i/100), v), i)
	}
}
