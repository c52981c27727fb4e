package engine_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
	"holdfast/net"
	"holdfast/sim/world"
)

// someCommands is a pipeline of many kinds, transactions and errors among them.
func someCommands(r *rand.Rand, n int) (lines [][]string) {
	key := func() string { return "k" + strconv.Itoa(r.IntN(5)) }
	for range n {
		switch r.IntN(12) {
		case 0:
			lines = append(lines, []string{"SET", key(), strings.Repeat("v", r.IntN(300))})
		case 1:
			lines = append(lines, []string{"GET", key()})
		case 2:
			lines = append(lines, []string{"INCR", key()})
		case 3:
			lines = append(lines, []string{"HSET", "h", key(), "v"}, []string{"HGETALL", "h"})
		case 4:
			lines = append(lines, []string{"MULTI"}, []string{"APPEND", key(), "x"}, []string{"STRLEN", key()}, []string{"EXEC"})
		case 5:
			lines = append(lines, []string{"MULTI"}, []string{"GET"}, []string{"EXEC"})
		case 6:
			lines = append(lines, []string{"DEL", key(), key()})
		case 7:
			lines = append(lines, []string{"EXPIRE", key(), "1000"}, []string{"PERSIST", key()})
		case 8:
			lines = append(lines, []string{"SELECT", strconv.Itoa(r.IntN(2))}, []string{"DBSIZE"})
		case 9:
			lines = append(lines, []string{"NOSUCH", "x"}, []string{"PING"})
		case 10:
			lines = append(lines, []string{"DEBUG", "OBJECT", "absent"}, []string{"ECHO", "e"})
		default:
			lines = append(lines, []string{"WATCH", key()}, []string{"MULTI"}, []string{"SET", key(), "w"}, []string{"EXEC"})
		}
	}
	return lines
}

// TestPipelinesAnswerLikeSingleCommands sends the same commands one by one, as
// one block, and in pieces cut anywhere: the reply bytes are the same.
func TestPipelinesAnswerLikeSingleCommands(t *testing.T) {
	for seed := range uint64(8) {
		lines := someCommands(rand.New(rand.NewPCG(seed, 1)), 200)
		var whole, want []byte
		k := serve(t, small()).dial()
		for _, l := range lines {
			whole = resp.AppendCommandStrings(whole, l...)
			k.send(l...)
			want = append(want, k.raw()...)
		}
		run := func(pieces func(n int) int) {
			k := serve(t, small()).dial()
			for rest := whole; len(rest) > 0; {
				n := min(len(rest), pieces(len(rest)))
				k.c.Write(rest[:n])
				rest = rest[n:]
				k.s.w.Run(k.s.w.Sched.Events()+3, func() bool { return false })
			}
			k.s.until(func() bool { return len(k.in) >= len(want) })
			require.True(t, bytes.Equal(want, k.in), "seed %d", seed)
		}
		r := rand.New(rand.NewPCG(seed, 2))
		run(func(n int) int { return n })
		run(func(int) int { return 1 + r.IntN(40) })
		run(func(int) int { return 1 + r.IntN(4000) })
	}
}

// TestPipelineOfColdValues keeps its order though every value must be fetched.
func TestPipelineOfColdValues(t *testing.T) {
	cfg := small()
	cfg.TieredPrefix, cfg.MaxMemory, cfg.TieredOffloadShare, cfg.TieredUploadShare = "x", 1<<30, 1, 1
	s := serve(t, cfg)
	k := s.dial()
	value := func(i int) string { return strings.Repeat(strconv.Itoa(i)+",", 100) }
	for i := range 200 {
		k.send("SET", "k"+strconv.Itoa(i), value(i))
	}
	for range 200 {
		require.Equal(t, "+OK", text(k.read()))
	}
	s.pass(100)
	for i := range 200 {
		k.send("GET", "k"+strconv.Itoa(199-i))
		k.send("STRLEN", "k"+strconv.Itoa(i))
	}
	for i := range 200 {
		require.Equal(t, value(199-i), string(k.read().Str))
		require.Equal(t, fmt.Sprint(":", len(value(i))), text(k.read()))
	}
	require.NotEqual(t, "0", s.info("tiered_total_fetches"))
}

func TestTransactions(t *testing.T) {
	s := serve(t, small())
	k, other := s.dial(), s.dial()
	k.dialogue(`
		EXEC => -ERR EXEC without MULTI
		DISCARD => -ERR DISCARD without MULTI
		MULTI => +OK
		MULTI => -ERR MULTI calls can not be nested
		WATCH a => -ERR WATCH inside MULTI is not allowed
		SET a 1 => +QUEUED
		INCR a => +QUEUED
		NOSUCH => -ERR unknown command 'NOSUCH', with args beginning with:
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		EXEC => []
		MULTI => +OK
		MULTI => -ERR MULTI calls can not be nested
		SET a 1 => +QUEUED
		HSET a f v => +QUEUED
		INCR a => +QUEUED
		SELECT 1 => +QUEUED
		GET a => +QUEUED
		SELECT 0 => +QUEUED
		EXEC => [+OK -WRONGTYPE Operation against a key holding the wrong kind of value :2 +OK nil +OK]
		WATCH a => +OK
		MULTI => +OK
		GET a => +QUEUED
		DISCARD => +OK
		GET a => "2"
		WATCH a => +OK
	`)
	require.Equal(t, ":3", other.do("INCR", "a"))
	k.dialogue(`
		MULTI => +OK
		SET a lost => +QUEUED
		EXEC => nil array
		GET a => "3"
		WATCH a nokey => +OK
	`)
	require.Equal(t, ":0", other.do("DEL", "nokey"))
	require.Equal(t, "+OK", other.do("SET", "b", "1"))
	k.dialogue(`
		MULTI => +OK
		INCR a => +QUEUED
		EXEC => [:4]
		SET v 1 PX 50 => +OK
		WATCH v => +OK
		MULTI => +OK
		GET v => +QUEUED
	`)
	s.pass(60)
	require.Equal(t, "nil array", k.do("EXEC"), "a watched key has expired")
	require.Equal(t, "+OK", k.do("WATCH", "v"))
	k.dialogue(`
		MULTI => +OK
		GET v => +QUEUED
		EXEC => [nil]
	`)
}

// TestOneInstant: a key does not die between two commands of an EXEC.
func TestOneInstant(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	for i := range 500 {
		for _, c := range [][]string{{"MULTI"}, {"SET", "k", "0", "NX", "PX", "3"}, {"INCR", "k"}, {"PTTL", "k"}, {"EXEC"}} {
			k.send(c...)
		}
		for range 4 {
			k.read()
		}
		v := k.read()
		require.Len(t, v.Elems, 3)
		require.GreaterOrEqual(t, v.Elems[2].Int, int64(0), "round %d: %s", i, text(v))
		if i%3 == 0 {
			s.pass(int64(i % 5))
		}
	}
}

func TestProtocolErrorsCloseTheirConnectionOnly(t *testing.T) {
	s := serve(t, small())
	other := s.dial()
	for in, want := range map[string]string{
		"*1\r\n$4\r\nPING\r\n*x\r\n":          "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n",
		"*9223372036854775807\r\n":            "-ERR Protocol error: invalid multibulk length\r\n",
		"*2\r\n$3\r\nGET\r\n$-5\r\n":          "-ERR Protocol error: invalid bulk length\r\n",
		"*2\r\n$3\r\nGET\r\n$536870913\r\n":   "-ERR Protocol error: invalid bulk length\r\n",
		"*2\r\n$3\r\nGET\r\n:1\r\n":           "-ERR Protocol error: expected '$', got ':'\r\n",
		"SET a \"b\r\nPING\r\n":               "-ERR Protocol error: unbalanced quotes in request\r\n",
		"POST / HTTP/1.1\r\nSET a b\r\n":      "",
		"ping\r\nhost: here\r\nSET a b\r\n":   "+PONG\r\n",
		strings.Repeat("x", 65<<10):           "-ERR Protocol error: too big inline request\r\n",
		"*1\r\n$" + strings.Repeat("1", 70e3): "-ERR Protocol error: too big bulk count string\r\n",
	} {
		k := s.dial()
		k.c.Write([]byte(in))
		require.Equal(t, want, k.gone(), "%.40q", in)
	}
	require.Equal(t, "nil", other.do("GET", "a"))
	k := s.dial()
	k.c.Write([]byte("\r\n*0\r\n*-1\r\n  \r\nPING\r\nECHO \"a\\x41\"\r\nQUIT\r\nPING\r\n"))
	require.Equal(t, "+PONG\r\n$2\r\naA\r\n+OK\r\n", k.gone())
}

// TestSlowReaders: a client that stops reading is not read from either, so it
// cannot fill the memory; it gets everything in the end.
func TestSlowReaders(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "big", strings.Repeat("x", 100<<10)))
	k.c.StopReading(true)
	const rounds = 300
	for range rounds {
		k.send("GET", "big")
	}
	s.pass(1000)
	used, err := strconv.Atoi(s.info("used_memory"))
	require.NoError(t, err)
	require.Less(t, used, 8<<20, "of 30 MB that it asked for")
	k.c.StopReading(false)
	for range rounds {
		require.Len(t, k.read().Str, 100<<10)
	}
	require.Equal(t, "+PONG", k.do("PING"))
}

// TestAcknowledgedIsKept: what was answered is there after a power cut.
func TestAcknowledgedIsKept(t *testing.T) {
	s := serve(t, small())
	want := 0
	for range 20 {
		k := s.dial()
		for range 30 {
			k.send("INCR", "n")
		}
		for range 1 + want%29 {
			want = int(k.read().Int)
		}
		s.restart(world.PowerCut)
		got := s.dial()
		got.send("INCRBY", "n", "0")
		n := int(got.read().Int)
		require.GreaterOrEqual(t, n, want)
		want = n
	}
}

func TestOutputLimits(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	require.Equal(t, "+OK", k.do("SET", "big", strings.Repeat("x", 200<<10)))
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "client-output-buffer-limit", "normal 600kb 300kb 2"))
	slow := func(command ...string) *client {
		c := s.dial()
		c.c.StopReading(true)
		c.send(command...)
		return c
	}
	slow("MGET", "big", "big", "big", "big")
	slow("MGET", "big", "big")
	fine := slow("GET", "big")
	s.pass(1000)
	require.Equal(t, "4", s.info("connected_clients"), "one is beyond the hard limit; another asks")
	s.pass(4000)
	require.Equal(t, "3", s.info("connected_clients"))
	fine.c.StopReading(false)
	require.Len(t, fine.read().Str, 200<<10)
}

func TestIdleClientsAreClosed(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "timeout", "3"))
	busy := s.dial()
	for range 5 {
		s.pass(1000)
		require.Equal(t, "+PONG", busy.do("PING"))
	}
	require.Empty(t, k.gone())
}

// running is a clock that moves whenever it is read.
type running struct{ stillClock }

func (c *running) Mono() int64 {
	c.wall, c.mono = c.wall+1000, c.mono+1_000_000
	return c.mono
}

// TestTimeStandsOrMovesOn: input that completes a command and holds more runs in
// two steps, and the second is not earlier than the first.
func TestTimeStandsOrMovesOn(t *testing.T) {
	cfg := config.Default()
	cfg.AppendOnly = false
	var at []unit.Time
	n, c := &sinkNet{}, &running{stillClock{wall: 1e15, mono: 1}}
	s := engine.New(cfg, engine.Ports{Clock: c, Net: n}, &event.Observer{Unit: func(u *event.Unit) { at = append(at, u.Now) }})
	require.NoError(t, s.Start())
	s.Opened(1, net.Peer{Addr: "127.0.0.1:1"})
	for range 4 {
		s.Received(1, []byte("*2\r\n$3\r\nGET\r\n$40\r\n"))
		s.Received(1, []byte(strings.Repeat("a", 40)+"\r\nGET b\r\nKEYS *\r\nGET c\r\nTIME\r\n"))
		s.EndTurn()
	}
	require.Len(t, at, 20)
	require.True(t, slices.IsSorted(at), "%v", at)
}
