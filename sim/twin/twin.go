// Package twin runs a second shard beside the one under test: the same code
// with trivial settings and trivial ports. Everything is resident, nothing is
// logged, nothing waits, the clock shows whatever instant the unit under test
// declares. It executes the declared units in their order; its replies must be
// the same.
//
// What it adds to the model is everything the model does not speak: every
// command, option and error text, both protocols. What it cannot see is a bug
// that both shards share.
package twin

import (
	"bytes"
	"fmt"

	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/net"
	"holdfast/sim/model"
	"holdfast/sim/mutant/active"
	"holdfast/vfs"
)

// Twin is reused from run to run.
type Twin struct {
	cfg    config.Config
	shard  *engine.Shard
	now    int64 // us
	out    []byte
	in     []byte
	db     int
	proto  int
	source bool
	ran    int64
}

const conn = net.Conn(1)

// Reset begins with an empty shard that is set up like cfg as far as replies go.
func (t *Twin) Reset(cfg *config.Config) {
	t.cfg = *config.Default()
	t.cfg.Databases = cfg.Databases
	t.cfg.HashMaxListpackEntries, t.cfg.HashMaxListpackValue = cfg.HashMaxListpackEntries, cfg.HashMaxListpackValue
	t.cfg.MaxMemory, t.cfg.AppendOnly, t.cfg.TieredPrefix = 0, false, ""
	t.cfg.SlabBytes, t.cfg.MinBuckets, t.cfg.Seed, t.cfg.WeakHash = cfg.SlabBytes, 8, cfg.Seed, cfg.WeakHash
	t.cfg.Listen, t.cfg.LatencyTracking = nil, false
	t.cfg.ImportMode = cfg.ImportMode
	t.shard, t.now, t.source = nil, 0, false
}

// start boots the shard at its first instant.
func (t *Twin) start() error {
	t.shard = engine.New(&t.cfg, engine.Ports{Clock: clock{t}, FS: disk{}, Net: loop{t}}, nil)
	if err := t.shard.Start(); err != nil {
		return err
	}
	t.shard.Opened(conn, net.Peer{Addr: "twin:1", Local: "twin:0"})
	t.db, t.proto = 0, 2
	return nil
}

// Ran returns how many units have been executed since the Twin was made.
func (t *Twin) Ran() int64 { return t.ran }

// Unit executes a declared unit and says how its own reply differs, or "".
func (t *Twin) Unit(u *event.Unit) string {
	got := t.run(u)
	if len(got) == 0 {
		return fmt.Sprintf("the twin answered nothing to %q", t.in)
	}
	if bytes.Equal(got, u.Reply) || model.SameReply(u, got) {
		return ""
	}
	return fmt.Sprintf("twin: %.300q", got)
}

// Replay executes a unit for its effect.
func (t *Twin) Replay(u *event.Unit) { t.run(u) }

func (t *Twin) run(u *event.Unit) []byte {
	defer active.Resume(active.Pause()) // the twin is the code as it should be
	t.now = max(t.now, int64(u.Now))
	if t.shard == nil {
		if err := t.start(); err != nil {
			return nil
		}
	}
	t.ran++
	t.in, t.out = t.in[:0], t.out[:0]
	skip := 0
	if u.Proto != t.proto {
		t.proto = u.Proto
		t.command("HELLO", string('0'+rune(u.Proto)))
		skip++
	}
	if u.DB != t.db {
		t.db = u.DB
		t.command("SELECT", string('0'+rune(u.DB)))
		skip++
	}
	if want := u.Source && t.cfg.ImportMode; want != t.source {
		t.source = want
		t.command("CLIENT", "IMPORT-SOURCE", map[bool]string{true: "ON", false: "OFF"}[want])
		skip++
	}
	if u.Exec {
		t.command("MULTI")
		skip += 1 + len(u.Commands)
	}
	for _, args := range u.Commands {
		t.args(model.Narrow(args, u.Woken))
		if u.Exec && len(args) == 2 && string(args[0]) == "SELECT" {
			t.db = -1
		}
	}
	if u.Exec {
		t.command("EXEC")
	}
	t.shard.Received(conn, t.in)
	t.shard.EndTurn()
	p := t.out
	for ; skip > 0; skip-- {
		n := model.Skip(p)
		if n <= 0 {
			return nil
		}
		p = p[n:]
	}
	return p
}

func (t *Twin) command(words ...string) {
	t.in = head(t.in, '*', len(words))
	for _, s := range words {
		t.in = append(append(head(t.in, '$', len(s)), s...), '\r', '\n')
	}
}

func (t *Twin) args(args [][]byte) {
	t.in = head(t.in, '*', len(args))
	for _, a := range args {
		t.in = head(t.in, '$', len(a))
		t.in = append(append(t.in, a...), '\r', '\n')
	}
}

func head(p []byte, kind byte, n int) []byte {
	p = append(p, kind)
	var b [8]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			break
		}
	}
	return append(append(p, b[i:]...), '\r', '\n')
}

// clock shows the declared instant.
type clock struct{ t *Twin }

func (c clock) Wall() int64 { return c.t.now }
func (c clock) Mono() int64 { return c.t.now * 1000 }
func (c clock) Alarm(int64) {}

// loop takes every byte at once.
type loop struct{ t *Twin }

func (l loop) Bind(net.Handler)       {}
func (l loop) Listen(string) error    { return nil }
func (l loop) Receive(net.Conn, bool) {}
func (l loop) Close(net.Conn)         {}
func (l loop) Send(_ net.Conn, p []byte) int {
	l.t.out = append(l.t.out, p...)
	return len(p)
}

// disk is never used: nothing is logged.
type disk struct{}

func (disk) Submit(*vfs.Op)      { panic("the twin used its disk") }
func (disk) Buffer(n int) []byte { return make([]byte, n) }
func (disk) Release([]byte)      {}
func (disk) Align() int          { return 512 }
