package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/clock"
	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/resp"
	"holdfast/net"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wire"
	"holdfast/sim/world"
	"holdfast/vfs"
)

// served is a whole shard in a simulated world of fair weather: real bytes
// come and go, time and disk are the world's, and nothing is left to chance.
type served struct {
	t     testing.TB
	w     *world.World
	cfg   *config.Config
	shard *engine.Shard
	err   error // why the last shard stopped
	stops bool  // a shard that stops stays stopped
}

// small are sizes that make a few commands reach what takes gigabytes outside.
func small() *config.Config {
	c := config.Default()
	c.Listen = []string{"tcp:10.0.0.254:6379"}
	c.SlabBytes, c.MinBuckets = 64<<10, 8
	c.SegmentBytes, c.BatchBytes, c.MaxUnwritten, c.FetchBytes = 256<<10, 64<<10, 256<<10, 64<<10
	c.EnableDebugCommand = "yes"
	return c
}

func serve(t testing.TB, cfg *config.Config) *served { return listened(t, cfg, nil) }

// listened is serve with somebody who listens.
func listened(t testing.TB, cfg *config.Config, o *event.Observer) *served {
	return serveOn(t, cfg, o, func(fs vfs.FS) vfs.FS { return fs })
}

// serveOn is listened on a disk of one's own around the world's.
func serveOn(t testing.TB, cfg *config.Config, o *event.Observer, disk func(vfs.FS) vfs.FS) *served {
	s := &served{t: t, w: world.New(), cfg: cfg}
	tp := &tape.Tape{}
	tp.Zero()
	s.w.Reset(tp, world.Config{MaxBoots: 1000}, world.Hooks{
		Engine: func(c clock.Clock, fs vfs.FS, n net.Net) world.Engine {
			s.shard = engine.New(cfg, engine.Ports{Clock: c, FS: disk(fs), Net: n}, o)
			return s.shard
		},
		Stopped: func(err error) bool {
			s.err = err
			return !s.stops
		},
	})
	s.until(func() bool { return s.shard != nil && s.shard.Serving() })
	return s
}

// restart ends the process in one way and waits for the next to serve.
func (s *served) restart(how world.End) {
	s.shard = nil
	s.w.End(how)
	s.until(func() bool { return s.shard != nil && s.shard.Serving() })
}

// until lets the world go on until done, which must come about.
func (s *served) until(done func() bool) {
	s.t.Helper()
	require.True(s.t, s.w.Run(s.w.Sched.Events()+1_000_000, done), "it never came about")
}

// pass lets time pass.
func (s *served) pass(ms int64) {
	end := s.w.Sched.Now() + ms*sched.Millisecond
	s.w.Timer(ms*sched.Millisecond, 0, 0)
	s.until(func() bool { return s.w.Sched.Now() >= end })
}

// client is one connection's end.
type client struct {
	s    *served
	c    *wire.Conn
	in   []byte
	up   bool
	down bool
}

func (k *client) Up(*wire.Conn)               { k.up = true }
func (k *client) Data(_ *wire.Conn, p []byte) { k.in = append(k.in, p...) }
func (k *client) Down(*wire.Conn, error)      { k.down = true }

func (s *served) dial() *client {
	k := &client{s: s}
	k.c = s.w.Wire.Connect(1, k)
	s.until(func() bool { return k.up || k.down })
	return k
}

func (k *client) send(args ...string) { k.c.Write(resp.AppendCommandStrings(nil, args...)) }

// raw returns the bytes of the next reply.
func (k *client) raw() []byte {
	k.s.t.Helper()
	n := 0
	k.s.until(func() bool {
		var err error
		_, n, err = resp.Decode(k.in)
		require.NoError(k.s.t, err)
		return n > 0 || k.down
	})
	require.NotZero(k.s.t, n, "the connection closed")
	p := k.in[:n:n]
	k.in = k.in[n:]
	return p
}

func (k *client) read() resp.Value {
	k.s.t.Helper()
	v, _, err := resp.Decode(k.raw())
	require.NoError(k.s.t, err)
	return v
}

// do sends a command and returns its reply as text: "(nil)", numbers in
// decimal, errors with their minus, arrays in brackets.
func (k *client) do(args ...string) string {
	k.s.t.Helper()
	k.send(args...)
	return text(k.read())
}

// silent asserts that no reply comes within some time.
func (k *client) silent(ms int64) {
	k.s.t.Helper()
	k.s.pass(ms)
	require.Empty(k.s.t, string(k.in))
}

// gone waits for the server to close the connection and returns what it sent
// before that.
func (k *client) gone() string {
	k.s.t.Helper()
	k.s.until(func() bool { return k.down })
	return string(k.in)
}

// info returns one field of INFO.
func (s *served) info(field string) string {
	s.t.Helper()
	k := s.dial()
	k.send("INFO", "everything")
	for line := range strings.Lines(string(k.read().Str)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && name == field {
			k.c.Close()
			return value
		}
	}
	require.Fail(s.t, "INFO lacks "+field)
	return ""
}
