package world

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"holdfast/clock"
	"holdfast/net"
	"holdfast/sim/disk"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wire"
	"holdfast/vfs"
)

// toy is a small engine: it keeps numbers in a log of one-block records and
// says "ok N" when N is durable.
type toy struct {
	clock clock.Clock
	fs    vfs.FS
	net   net.Net

	file    vfs.File
	tail    int64
	values  []uint64
	op      vfs.Op
	busy    bool
	serving bool
	failed  error
	stop    bool
	conns   []*toyConn
	queue   []pending
	flying  []pending
	early   bool // mutant: acknowledges before the write is durable
}

type toyConn struct {
	c    net.Conn
	in   []byte
	out  []byte
	gone bool
}

type pending struct {
	c *toyConn
	v uint64
}

const block = 512

func (t *toy) Start() error {
	t.net.Bind(t)
	if err := t.net.Listen("tcp:127.0.0.1:6379"); err != nil {
		return err
	}
	t.submit(vfs.Op{Kind: vfs.Create, Name: "log"})
	return nil
}

func (t *toy) submit(op vfs.Op) {
	t.op = op
	t.op.Owner = t
	t.op.File = t.file
	t.busy = true
	t.fs.Submit(&t.op)
}

func (t *toy) Complete(op *vfs.Op) {
	t.busy = false
	buf := op.Buf
	if op.Err != nil {
		t.failed = op.Err
	} else {
		t.completed(op)
	}
	t.fs.Release(buf)
}

func (t *toy) completed(op *vfs.Op) {
	switch op.Kind {
	case vfs.Create:
		t.file = op.File
		t.submit(vfs.Op{Kind: vfs.SyncDir})
	case vfs.SyncDir:
		t.submit(vfs.Op{Kind: vfs.Read, Buf: t.fs.Buffer(256 * block)})
	case vfs.Read:
		for p := op.Buf[:op.N]; len(p) >= block; p = p[block:] {
			v := binary.LittleEndian.Uint64(p)
			if v == 0 || binary.LittleEndian.Uint64(p[8:]) != sched.Sum(p[:8]) {
				break
			}
			t.values = append(t.values, v)
			t.tail += block
		}
		// After a kill these bytes may be in the page cache only, and what is
		// written behind them would be lost with them.
		t.submit(vfs.Op{Kind: vfs.Sync})
	case vfs.Sync:
		t.serving = true
	case vfs.WriteDurable:
		t.tail += int64(len(op.Buf))
		t.answer()
	}
}

func (t *toy) answer() {
	for _, p := range t.flying {
		t.values = append(t.values, p.v)
		p.c.out = fmt.Appendf(p.c.out, "ok %d\n", p.v)
	}
	t.flying = t.flying[:0]
}

func (t *toy) find(c net.Conn) *toyConn {
	for _, k := range t.conns {
		if k.c == c {
			return k
		}
	}
	return nil
}

func (t *toy) Opened(c net.Conn, _ net.Peer) { t.conns = append(t.conns, &toyConn{c: c}) }

func (t *toy) Received(c net.Conn, p []byte) {
	k := t.find(c)
	k.in = append(k.in, p...)
	for {
		i := bytes.IndexByte(k.in, '\n')
		if i < 0 {
			return
		}
		v, err := strconv.ParseUint(string(k.in[:i]), 10, 64)
		if err != nil {
			panic(err)
		}
		k.in = k.in[i+1:]
		t.queue = append(t.queue, pending{k, v})
	}
}

func (t *toy) Writable(c net.Conn) { t.find(c) }

func (t *toy) Closed(c net.Conn, _ error) {
	k := t.find(c)
	k.gone = true
	t.conns = slices.DeleteFunc(t.conns, func(x *toyConn) bool { return x == k })
}

func (t *toy) Tick() {}

func (t *toy) EndTurn() {
	now := t.clock.Mono()
	if t.failed != nil {
		return
	}
	if t.serving && !t.busy && len(t.queue) > 0 && t.tail < 200*block {
		n := min(len(t.queue), 8)
		t.flying = append(t.flying[:0], t.queue[:n]...)
		t.queue = append(t.queue[:0], t.queue[n:]...)
		buf := t.fs.Buffer(n * block)
		clear(buf)
		for i, p := range t.flying {
			b := buf[i*block:]
			binary.LittleEndian.PutUint64(b, p.v)
			binary.LittleEndian.PutUint64(b[8:], sched.Sum(b[:8]))
		}
		t.submit(vfs.Op{Kind: vfs.WriteDurable, Off: t.tail, Buf: buf})
		if t.early {
			t.answer()
		}
	}
	for _, k := range t.conns {
		if len(k.out) > 0 {
			n := t.net.Send(k.c, k.out)
			k.out = append(k.out[:0], k.out[n:]...)
		}
	}
	t.clock.Alarm(now + 100*sched.Millisecond)
}

func (t *toy) Stop(bool) { t.stop = true }

func (t *toy) Stopped() (bool, error) { return t.failed != nil || t.stop && !t.busy, t.failed }

// bench is a workload with an oracle for toy: what was acknowledged is durable
// at the moment of release, and there after every crash.
type bench struct {
	w        *World
	hooks    Hooks
	cfg      Config
	early    bool
	stable   map[uint64]bool
	acked    []uint64
	next     uint64
	clients  [4]client
	active   int
	answered int
	limit    int
	last     *toy
}

type client struct {
	b    *bench
	id   int
	conn *wire.Conn
	line []byte
	out  []byte
}

type finding string

func (f finding) Error() string { return string(f) }

func newBench() *bench {
	b := &bench{w: New(), stable: map[uint64]bool{}, limit: 40, active: 4}
	b.cfg = Config{MaxCrashes: 2}
	b.hooks = Hooks{
		Engine: func(c clock.Clock, fs vfs.FS, n net.Net) Engine {
			b.last = &toy{clock: c, fs: fs, net: n, early: b.early}
			return b.last
		},
		Timer: func(a uint32, _ uint64) { b.clients[a].dial() },
		Disk: disk.Watch{Stable: func(_ disk.FileID, _ string, _ int64, p []byte) {
			for ; len(p) >= 8; p = p[min(block, len(p)):] {
				b.stable[binary.LittleEndian.Uint64(p)] = true
			}
		}},
		Wire: wire.Watch{Released: b.released},
		Deadline: func() (int64, bool) { // one every 100 ms
			ms := b.w.Clock.WallExact() / 1000
			return ms - ms%100 + 100, true
		},
		Turn: func() {
			if b.last != nil && b.last.serving {
				b.w.Recovered()
			}
		},
	}
	for i := range b.clients {
		b.clients[i] = client{b: b, id: i}
	}
	return b
}

func (b *bench) released(c *wire.Conn, p []byte) {
	k := &b.clients[c.Client]
	k.line = append(k.line, p...)
	for {
		i := bytes.IndexByte(k.line, '\n')
		if i < 0 {
			return
		}
		v, err := strconv.ParseUint(string(k.line[3:i]), 10, 64)
		if err != nil {
			panic(err)
		}
		if !b.stable[v] {
			panic(finding(fmt.Sprintf("%d was acknowledged and is not durable", v)))
		}
		b.acked = append(b.acked, v)
		k.line = append(k.line[:0], k.line[i+1:]...)
	}
}

func (k *client) dial() { k.conn = k.b.w.Wire.Connect(k.id, k) }

func (k *client) send() {
	if k.b.next >= uint64(k.b.limit) {
		return
	}
	k.b.next++
	k.out = strconv.AppendUint(k.out[:0], k.b.next, 10)
	k.conn.Write(append(k.out, '\n'))
}

func (k *client) Up(*wire.Conn) {
	k.line = k.line[:0]
	k.send() // two at once: a pipeline
	k.send()
}

func (k *client) Data(_ *wire.Conn, p []byte) {
	for range bytes.Count(p, []byte("\n")) {
		k.b.answered++
		k.send()
	}
}

func (k *client) Down(*wire.Conn, error) {
	k.conn = nil
	k.b.w.Timer(5*sched.Millisecond, uint32(k.id), 0)
}

// run does one whole run.
func (b *bench) run(t *tape.Tape) *Failure {
	clear(b.stable)
	b.acked, b.next, b.answered = b.acked[:0], 0, 0
	b.w.Reset(t, b.cfg, b.hooks)
	for i := range b.clients[:b.active] {
		b.clients[i].line = b.clients[i].line[:0]
		b.w.Timer(30*sched.Millisecond, uint32(i), 0)
	}
	return b.w.Try(func() {
		b.w.Run(3000, func() bool { return b.next >= uint64(b.limit) })
		b.w.Calm()
		b.w.Run(6000, func() bool { return b.last != nil && b.last.serving && len(b.last.queue) == 0 && !b.last.busy })
		if b.last == nil || b.last.failed != nil {
			return
		}
		for _, v := range b.acked {
			if !slices.Contains(b.last.values, v) {
				panic(finding(fmt.Sprintf("%d was acknowledged and is lost", v)))
			}
		}
	})
}
