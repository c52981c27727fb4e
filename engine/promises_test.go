package engine_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/clock"
	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/net"
	"holdfast/sim/tape"
	"holdfast/sim/world"
	"holdfast/vfs"
)

// gate is a disk that keeps back the operations that a test wants kept.
type gate struct {
	vfs.FS
	keep func(*vfs.Op) bool
	kept []*vfs.Op
}

func (g *gate) Submit(op *vfs.Op) {
	if g.keep != nil && g.keep(op) {
		g.kept = append(g.kept, op)
		return
	}
	g.FS.Submit(op)
}

// let passes the i-th operation kept on.
func (g *gate) let(i int) {
	op := g.kept[i]
	g.kept = append(g.kept[:i:i], g.kept[i+1:]...)
	g.FS.Submit(op)
}

// gated is serve with a gate before the disk.
func gated(t testing.TB, cfg *config.Config, g *gate) *served {
	s := &served{t: t, w: world.New(), cfg: cfg}
	tp := &tape.Tape{}
	tp.Zero()
	s.w.Reset(tp, world.Config{MaxBoots: 1000}, world.Hooks{
		Engine: func(c clock.Clock, fs vfs.FS, n net.Net) world.Engine {
			g.FS, g.kept, g.keep = fs, nil, nil
			s.shard = engine.New(cfg, engine.Ports{Clock: c, FS: g, Net: n}, nil)
			return s.shard
		},
		Stopped: func(err error) bool { s.err = err; return !s.stops },
	})
	s.until(func() bool { return s.shard != nil && s.shard.Serving() })
	return s
}

// The log's head may not pass a value while the write that replaced it could
// still be lost: the batch that tells of the head may be the older one.
func TestKeptOverAHeadThatOvertakesAnOverwrite(t *testing.T) {
	cfg := small()
	var g gate
	s := gated(t, cfg, &g)
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "k", "old"))
	g.keep = func(op *vfs.Op) bool { return op.Kind == vfs.Read }
	big := strings.Repeat("x", 50<<10)
	for i := 0; len(g.kept) == 0 && i < 100; i++ {
		require.Equal(t, "+OK", k.do("SET", "g", big))
	}
	require.NotEmpty(t, g.kept, "no compaction")
	g.keep = func(op *vfs.Op) bool { return op.Kind == vfs.Read || op.Kind == vfs.WriteDurable && op.Off > 0 }
	for i, v := range []string{"1", "2", big, big, big, "new"} {
		c := s.dial()
		c.send("SET", map[bool]string{true: "k", false: "f" + strconv.Itoa(i)}[v == "new"], v)
		s.pass(5)
	}
	// The compactor reads to its segment's end.
	for range 20 {
		for i := range g.kept {
			if g.kept[i].Kind == vfs.Read {
				g.let(i)
				break
			}
		}
		s.pass(5)
	}
	for range 3 { // all but the write that holds k
		w := g.kept[0]
		require.Equal(t, vfs.WriteDurable, w.Kind)
		g.let(0)
		s.pass(5)
	}
	s.restart(world.PowerCut)
	require.Equal(t, `"old"`, s.dial().do("GET", "k"))
}

// A database keeps what it has while `databases` is smaller, and its id never
// comes to stand for another.
func TestKeptWhenTheNumberOfDatabasesChanges(t *testing.T) {
	cfg := small()
	cfg.Databases = 16
	s := serve(t, cfg)
	k := s.dial()
	for i := range 16 {
		k.do("SELECT", strconv.Itoa(i))
		k.do("SET", "a", "in"+strconv.Itoa(i))
	}
	cfg.Databases = 4
	s.restart(world.PowerCut)
	k = s.dial()
	require.Equal(t, `"in0"`, k.do("GET", "a"))
	require.Equal(t, "+OK", k.do("FLUSHDB"))
	s.restart(world.PowerCut)
	require.Equal(t, "nil", s.dial().do("GET", "a"))
	cfg.Databases = 16
	s.restart(world.PowerCut)
	k = s.dial()
	require.Equal(t, "nil", k.do("GET", "a"))
	for i := 1; i < 16; i++ {
		k.do("SELECT", strconv.Itoa(i))
		require.Equal(t, strconv.Quote("in"+strconv.Itoa(i)), k.do("GET", "a"), i)
	}
}

func TestDatabasesAreApartWhenThereAreMore(t *testing.T) {
	cfg := small()
	cfg.Databases = 4
	s := serve(t, cfg)
	k := s.dial()
	k.do("SET", "a", "1")
	k.do("FLUSHDB")
	k.do("SET", "a", "zero")
	cfg.Databases = 16
	s.restart(world.PowerCut)
	k = s.dial()
	require.Equal(t, `"zero"`, k.do("GET", "a"))
	for i := 1; i < 16; i++ {
		k.do("SELECT", strconv.Itoa(i))
		require.Equal(t, "nil", k.do("GET", "a"), i)
		k.do("SET", "b", "in"+strconv.Itoa(i))
	}
	s.restart(world.PowerCut)
	k = s.dial()
	for i := 1; i < 16; i++ {
		k.do("SELECT", strconv.Itoa(i))
		require.Equal(t, strconv.Quote("in"+strconv.Itoa(i)), k.do("GET", "b"), i)
	}
}

// Written is committed under appendfsync no, yet it is not durable: when the
// policy becomes always, readers wait for the sync.
func TestDurableAfterTheFsyncPolicyBecomesAlways(t *testing.T) {
	cfg := small()
	cfg.AppendFsync = "no"
	var g gate
	s := gated(t, cfg, &g)
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "k", "new"))
	s.pass(20)
	g.keep = func(op *vfs.Op) bool { return op.Kind == vfs.Sync }
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "appendfsync", "always"))
	k.send("GET", "k")
	k.silent(500)
	for len(g.kept) > 0 {
		g.let(0)
	}
	g.keep = nil
	require.Equal(t, `"new"`, text(k.read()))
}

func TestDurableWhenATransactionChangesThePolicy(t *testing.T) {
	for _, from := range []string{"everysec", "always"} {
		t.Run(from, func(t *testing.T) {
			to := map[string]string{"everysec": "always", "always": "everysec"}[from]
			cfg := small()
			cfg.AppendFsync = from
			var g gate
			s := gated(t, cfg, &g)
			a, b := s.dial(), s.dial()
			s.pass(20)
			g.keep = func(op *vfs.Op) bool {
				return op.Kind == vfs.Sync || op.Kind == vfs.WriteDurable || op.Kind == vfs.Write
			}
			for _, c := range [][]string{{"MULTI"}, {"SET", "k", "v"}, {"CONFIG", "SET", "appendfsync", to}} {
				a.do(c...)
			}
			a.send("EXEC")
			if to == "always" {
				s.pass(100)
				b.send("GET", "k")
				b.silent(200)
			} else {
				a.silent(200)
			}
			g.keep = nil
			for len(g.kept) > 0 {
				g.let(0)
			}
			s.pass(3000)
			require.Equal(t, "[+OK +OK]", text(a.read()))
		})
	}
}

// Compaction has to come before the writers' limit, however small the log.
func TestBoundedLogWithFewSegmentsTakesOverwrites(t *testing.T) {
	for _, live := range []int{3, 4} {
		t.Run(fmt.Sprint(live, " of 8 segments live"), func(t *testing.T) {
			cfg := small()
			cfg.TieredMaxFileSize = 8 * cfg.SegmentBytes
			s := serve(t, cfg)
			k := s.dial()
			v := strings.Repeat("x", 16<<10)
			n := live * int(cfg.SegmentBytes) / (16 << 10)
			for i := range 10 * n { // they wait for compaction, none is refused
				require.Equal(t, "+OK", k.do("SET", "k"+strconv.Itoa(i%n), v))
			}
		})
	}
}

// A full log takes deletions, however long it has been full: renewing the
// ceiling of time must not use up what is reserved for them.
func TestFullLogTakesDeletions(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 8 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	v := strings.Repeat("x", 16<<10)
	require.Equal(t, "+OK", k.do("SET", "volatile", "v", "EX", "100000"))
	n := 0
	for ; k.do("SET", "k"+strconv.Itoa(n), v) == "+OK"; n++ {
	}
	require.Greater(t, n, 10)
	s.pass(600_000)
	for i := range n {
		require.Equal(t, ":1", k.do("DEL", "k"+strconv.Itoa(i)), i)
	}
	s.pass(1000)
	require.Equal(t, "+OK", k.do("SET", "k", v))
}

// What a transaction copies may be of its own making: it counts all the same,
// or the log ends up full with a unit that cannot be written.
func TestBoundedUnitThatCopiesWhatItMade(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 16 * cfg.SegmentBytes
	s := serve(t, cfg)
	k := s.dial()
	k.do("MULTI")
	k.do("SETRANGE", "a", "100000", "x")
	for i := range 60 {
		k.do("COPY", "a", "b"+strconv.Itoa(i))
	}
	require.Contains(t, k.do("EXEC"), "EXECABORT")
	require.Equal(t, "+OK", k.do("SET", "k", "v"))
}

// A write that needs the log drained waits its turn; small ones queue behind.
func TestLargeWriteIsNotOvertakenForEver(t *testing.T) {
	cfg := small()
	s := serve(t, cfg)
	big := s.dial()
	var others []*client
	v := strings.Repeat("y", 20<<10)
	for range 20 {
		others = append(others, s.dial())
	}
	n := 0
	pump := func() {
		for _, c := range others {
			for len(c.in) >= 5 {
				c.in = c.in[5:]
				c.send("SET", "k"+strconv.Itoa(n%50), v)
				n++
			}
		}
	}
	for _, c := range others {
		for range 4 {
			c.send("SET", "k", v)
		}
	}
	big.send("SET", "big", strings.Repeat("x", 300<<10))
	s.until(func() bool { pump(); return n > 20_000 || len(big.in) > 0 })
	require.Equal(t, "+OK\r\n", string(big.in))
}

// alarmed is a clock that tells for when the alarm is set.
type alarmed struct {
	stillClock
	at int64
}

func (c *alarmed) Alarm(at int64) { c.at = at }

func TestPunctualBesideADistantDeadline(t *testing.T) {
	for _, px := range []string{"1000", "1000000000000", "5000000000000", "10000000000000", "20000000000000", "100000000000000", "9000000000000000", "9200000000000000"} {
		cfg := config.Default()
		cfg.AppendOnly = false
		n, c := &sinkNet{}, &alarmed{stillClock: stillClock{wall: 1e15, mono: 1}}
		s := engine.New(cfg, engine.Ports{Clock: c, Net: n}, nil)
		require.NoError(t, s.Start())
		s.Opened(1, net.Peer{Addr: "127.0.0.1:1"})
		s.Received(1, []byte("SET k v PX "+px+"\r\n"))
		for range 50 {
			s.EndTurn()
			require.True(t, c.at == 0 || c.at > c.mono, "%s: alarm %d at %d: a busy loop", px, c.at, c.mono)
			c.wall, c.mono = c.wall+1000, c.mono+1_000_000
			s.Tick()
		}
	}
}

// One reply, and the values it needs resident at once, may not outgrow memory.
func TestBoundedReply(t *testing.T) {
	cfg := small()
	cfg.MaxMemory = 8 << 20
	cfg.TieredPrefix = "x"
	s := serve(t, cfg)
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "k", strings.Repeat("x", 100<<10)))
	require.Equal(t, ":1", k.do("HSET", "h", "field", strings.Repeat("y", 100)))
	mget := []string{"MGET"}
	for range 60 {
		mget = append(mget, "k")
	}
	k.do("CONFIG", "SET", "proto-max-bulk-len", "512mb")
	require.Contains(t, k.do(mget...), "OOM")
	require.Contains(t, k.do("HRANDFIELD", "h", "-500000", "WITHVALUES"), "OOM")
	require.Contains(t, k.do(append(mget, mget[1:]...)...), "OOM")
	k.do("MULTI")
	for range 60 {
		k.do("GET", "k")
	}
	replies := k.do("EXEC")
	require.Regexp(t, `^\["xxx.*-OOM the reply does not fit.*\]$`, replies)
	require.Less(t, len(replies), 5<<20)
	require.Equal(t, ":102400", k.do("STRLEN", "k"))
	require.NotContains(t, k.do(mget[:20]...), "OOM")
}

// Compaction may meet the births of values that have grown since: it takes what
// the log has room for at a time.
func TestBoundedCompactionOfWhatHasGrown(t *testing.T) {
	cfg := small()
	cfg.SegmentBytes, cfg.BatchBytes = 4<<20, 1<<20
	s := serve(t, cfg)
	k := s.dial()
	fields := func(field, v string) {
		for i := range 2000 {
			k.send("HSET", "hash"+strconv.Itoa(i), field, v)
		}
		for range 2000 {
			require.Regexp(t, "^:", text(k.read()))
		}
	}
	fields("birth", "")
	for i := range 400 {
		require.Equal(t, "+OK", k.do("SET", "s"+strconv.Itoa(i), strings.Repeat("s", 100<<10)))
	}
	for i := range 12 {
		fields("f"+strconv.Itoa(i), strings.Repeat("x", 1000))
	}
	for i := 0; s.info("tiered_total_defrags") == "0" || i < 200; i++ {
		require.Equal(t, "+OK", k.do("SET", "g", strings.Repeat("g", 20<<10)))
		n, err := strconv.Atoi(s.info("mem_aof_buffer"))
		require.NoError(t, err)
		require.Less(t, n, 10<<20)
	}
}

// Many clients that stall, half a command sent or many replies not taken, hold
// no more than memory allows; one that behaves goes on.
func TestBoundedByManyStalledClients(t *testing.T) {
	cfg := small()
	cfg.MaxMemory = 8 << 20
	s := serve(t, cfg)
	k := s.dial()
	used := func() int {
		n, err := strconv.Atoi(s.info("used_memory"))
		require.NoError(t, err)
		return n
	}
	v := strings.Repeat("x", 500<<10)
	var all []*client
	for range 40 {
		d := s.dial()
		d.c.Write([]byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$512000\r\n" + v[1000:]))
		s.pass(10)
		all = append(all, d)
		require.Less(t, used(), 9<<20)
	}
	require.Contains(t, all[39].gone(), "-OOM")
	for _, d := range all {
		d.c.Close()
	}
	s.pass(100)
	require.Equal(t, "+OK", k.do("SET", "k", v))
	for range 40 {
		d := s.dial()
		d.c.StopReading(true)
		d.send("GET", "k")
		s.pass(10)
		require.Less(t, used(), 9<<20)
	}
	require.Equal(t, ":512000", k.do("STRLEN", "k"))
	require.Equal(t, "+OK", k.do("SET", "l", "1"))
	require.Equal(t, `"1"`, k.do("GET", "l"))
}

// A read error of the walk is no reason never to walk again.
func TestBoundedLogAfterAReadError(t *testing.T) {
	cfg := small()
	cfg.TieredMaxFileSize = 8 * cfg.SegmentBytes
	var g gate
	s := gated(t, cfg, &g)
	k := s.dial()
	v := strings.Repeat("x", 16<<10)
	met := false
	g.keep = func(op *vfs.Op) bool { return op.Kind == vfs.Read && !met }
	for i := range 400 {
		if k.do("SET", "k"+strconv.Itoa(i%40), v) != "+OK" {
			s.pass(2000)
		}
		if len(g.kept) > 0 {
			op := g.kept[0]
			g.kept, met = nil, true
			op.Err = vfs.ErrIO
			op.Owner.Complete(op)
		}
	}
	require.True(t, met)
	require.Equal(t, "+OK", k.do("SET", "k", v))
}
