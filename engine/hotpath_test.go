package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/resp"
	"holdfast/net"
)

// stillClock is a clock that a test moves.
type stillClock struct{ wall, mono int64 }

func (c *stillClock) Wall() int64 { return c.wall }
func (c *stillClock) Mono() int64 { return c.mono }
func (c *stillClock) Alarm(int64) {}

// sinkNet accepts everything; last is what was sent.
type sinkNet struct {
	h    net.Handler
	last []byte
}

func (n *sinkNet) Bind(h net.Handler)     { n.h = h }
func (n *sinkNet) Listen(string) error    { return nil }
func (n *sinkNet) Receive(net.Conn, bool) {}
func (n *sinkNet) Close(net.Conn)         {}
func (n *sinkNet) Send(_ net.Conn, p []byte) int {
	n.last = append(n.last[:0], p...)
	return len(p)
}

// memoryShard is a shard without a log.
func memoryShard(tb testing.TB) (*engine.Shard, *sinkNet, *stillClock) {
	cfg := config.Default()
	cfg.AppendOnly = false
	n, c := &sinkNet{}, &stillClock{wall: 1e15, mono: 1}
	s := engine.New(cfg, engine.Ports{Clock: c, Net: n}, nil)
	require.NoError(tb, s.Start())
	s.Opened(1, net.Peer{Addr: "127.0.0.1:1"})
	return s, n, c
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	s, n, _ := memoryShard(t)
	for _, cmd := range [][]string{
		{"SET", "key", "value"}, {"GET", "key"}, {"INCR", "n"}, {"HSET", "h", "f", "v"}, {"HGET", "h", "f"},
		{"GET", "absent"},
	} {
		in := resp.AppendCommandStrings(nil, cmd...)
		run := func() { s.Received(1, in); s.EndTurn() }
		for range 100 {
			run()
		}
		require.NotContains(t, string(n.last), "ERR")
		require.Zero(t, testing.AllocsPerRun(1000, run), "%v", cmd)
	}
}

func BenchmarkTurn(b *testing.B) {
	for _, cmd := range []string{"GET", "SET"} {
		for _, depth := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/pipeline=%d", cmd, depth), func(b *testing.B) {
				s, _, _ := memoryShard(b)
				var in []byte
				for i := range depth {
					key := fmt.Sprintf("key:%012d", i*7919%100000)
					in = resp.AppendCommandStrings(in, "SET", key, "0123456789012345678901234567890123456789012345678901234567890123")
				}
				s.Received(1, in)
				s.EndTurn()
				if cmd == "GET" {
					in = in[:0]
					for i := range depth {
						in = resp.AppendCommandStrings(in, "GET", fmt.Sprintf("key:%012d", i*7919%100000))
					}
				}
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					s.Received(1, in)
					s.EndTurn()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/command")
			})
		}
	}
}
