package engine_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/resp"
	"holdfast/net"
	"holdfast/vfs"
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

// voidFS takes everything at once and keeps nothing. Operations complete when
// the host would reap them.
type voidFS struct {
	ops, spare []*vfs.Op
	files      map[string]vfs.File
	free       map[int][][]byte
}

func (d *voidFS) Align() int { return 4096 }
func (d *voidFS) Buffer(n int) []byte {
	if l := d.free[n]; len(l) > 0 {
		d.free[n] = l[:len(l)-1]
		return l[len(l)-1]
	}
	return make([]byte, n)
}
func (d *voidFS) Release(b []byte) {
	if b != nil {
		d.free[len(b)] = append(d.free[len(b)], b)
	}
}

func (d *voidFS) Submit(op *vfs.Op) { d.ops = append(d.ops, op) }

// reap completes what was submitted, and what that submits.
func (d *voidFS) reap() {
	for len(d.ops) > 0 {
		batch := d.ops
		d.ops = d.spare[:0]
		for _, op := range batch {
			op.Err = nil
			switch op.Kind {
			case vfs.Create, vfs.Open:
				_, there := d.files[op.Name]
				if !there && op.Kind == vfs.Open {
					op.Err = vfs.ErrNotExist
					break
				}
				d.files[op.Name] = vfs.File(len(d.files) + 1)
				op.File, op.N, op.Links = d.files[op.Name], 0, 1
			case vfs.List:
				op.Names = nil
			default:
				op.N = len(op.Buf)
			}
			op.Owner.Complete(op)
		}
		d.spare = batch[:0]
	}
}

// hot is a shard on ports that do nothing.
type hot struct {
	s   *engine.Shard
	fs  *voidFS
	c   *stillClock
	net *sinkNet
}

func heat(tb testing.TB, policy string) *hot {
	cfg := config.Default()
	cfg.AppendOnly, cfg.AppendFsync = policy != "cache", policy
	if !cfg.AppendOnly {
		cfg.AppendFsync = "no"
	}
	cfg.CheckpointLogBytes = 0                          // they would read what voidFS does not have
	cfg.TieredMaxFileSize, cfg.MaxMemory = 1<<40, 8<<30 // as the host sets them
	h := &hot{fs: &voidFS{files: map[string]vfs.File{}, free: map[int][][]byte{}}, c: &stillClock{wall: 1e15, mono: 1}, net: &sinkNet{}}
	h.s = engine.New(cfg, engine.Ports{Clock: h.c, Net: h.net, FS: h.fs}, nil)
	require.NoError(tb, h.s.Start())
	for range 1000 {
		h.fs.reap()
		h.s.EndTurn()
	}
	require.True(tb, h.s.Serving())
	h.s.Opened(1, net.Peer{Addr: "127.0.0.1:1"})
	return h
}

func (h *hot) turn(in []byte) {
	h.c.wall += 10
	h.c.mono += 10_000
	h.s.Received(1, in)
	h.s.EndTurn()
	h.fs.reap()
	h.s.EndTurn()
}

// hotKinds are the commands that the hot path is measured with.
var hotKinds = []string{"GET", "SET", "INCR", "HSET", "HSET1", "MSET", "EXEC"}

const payload = "0123456789012345678901234567890123456789012345678901234567890123"

// hotCommand appends one command of a kind on a key.
func hotCommand(in []byte, kind, key string) []byte {
	switch kind {
	case "GET":
		return resp.AppendCommandStrings(in, "GET", key)
	case "SET":
		return resp.AppendCommandStrings(in, "SET", key, payload)
	case "INCR":
		return resp.AppendCommandStrings(in, "INCR", "n"+key)
	case "HSET":
		return resp.AppendCommandStrings(in, "HSET", "h"+key[len(key)-2:], "f"+key[len(key)-3:], payload)
	case "HSET1":
		return resp.AppendCommandStrings(in, "HSET", "h", "element:"+key, payload)
	case "HGET":
		return resp.AppendCommandStrings(in, "HGET", "h", "element:"+key)
	case "MSET":
		a := []string{"MSET"}
		for i := range 10 {
			a = append(a, key[:len(key)-1]+strconv.Itoa(i), payload)
		}
		return resp.AppendCommandStrings(in, a...)
	case "EXEC":
		in = resp.AppendCommandStrings(in, "MULTI")
		for i := range 4 {
			in = resp.AppendCommandStrings(in, "SET", key[:len(key)-1]+strconv.Itoa(i), payload)
		}
		return resp.AppendCommandStrings(in, "EXEC")
	}
	panic(kind)
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	for _, policy := range []string{"cache", "no", "everysec", "always"} {
		h := heat(t, policy)
		for _, kind := range append(hotKinds, "HGET") {
			in := hotCommand(nil, kind, "key:000000000001")
			for range 100 {
				h.turn(in)
			}
			require.NotContains(t, string(h.net.last), "ERR")
			require.Zero(t, testing.AllocsPerRun(1000, func() { h.turn(in) }), "%s %s", policy, kind)
		}
	}
}
