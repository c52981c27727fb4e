package rules

import (
	"fmt"
	"os"
	"testing"

	"holdfast/clock"
	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/net"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wire"
	realworld "holdfast/sim/world"
	"holdfast/vfs"
)

// simulated is the simulated world of one run.
type simulated struct {
	t     testing.TB
	w     *realworld.World
	tape  *tape.Tape
	cfg   *config.Config
	shard *engine.Shard
	disk  breaker
	s     *S
	seed  uint64
	links []*simLink
	hooks realworld.Hooks
	fair  *tape.Profile
	harsh *tape.Profile
}

const address = "tcp:10.0.0.254:6379"

// maxEvents bounds what one wait may take.
const maxEvents = 2_000_000

func newSimulated(t testing.TB) *simulated {
	m := &simulated{t: t, w: realworld.New(), tape: &tape.Tape{}}
	m.hooks = realworld.Hooks{
		Engine: func(c clock.Clock, fs vfs.FS, n net.Net) realworld.Engine {
			m.disk.FS = fs
			m.shard = engine.New(m.cfg, engine.Ports{Clock: c, FS: &m.disk, Net: n}, &event.Observer{})
			return m.shard
		},
		Stopped: func(err error) bool { return true },
	}
	m.fair, m.harsh = profiles()
	return m
}

// profiles are the two kinds of weather: in both, everything is late, slow, out
// of order and in pieces; in the harsh one the disk fails too.
func profiles() (fair, harsh *tape.Profile) {
	slow := []uint32{0, 1 << 22, 1 << 25, 1 << 27}
	p := tape.Clean
	p.Name = "rules"
	p.Rates[tape.DiskFault], p.Rates[tape.NetFault] = slow, slow
	var breaks []tape.Site
	for _, s := range tape.Sites() {
		if s.Group() == tape.NetFault && s.String() != "client #/send accepts" {
			breaks = append(breaks, s)
		}
	}
	harsh = p.Without(breaks...)
	harsh.Rates[tape.DiskFault] = []uint32{0, 1 << 22, 1 << 26, 1 << 28}
	for _, s := range tape.Sites() {
		if s.Group() == tape.DiskFault && s.String() != "disk/op #/slow or stuck" {
			breaks = append(breaks, s)
		}
	}
	return p.Without(breaks...), harsh
}

// run runs the scenario with a seed. It returns why it was excused, or "".
func (m *simulated) run(seed uint64, r Rule) (why string) {
	m.t.Helper()
	p := m.fair
	if seed%4 == 3 && !r.Sound {
		p = m.harsh
	}
	m.tape.Seed(seed, p)
	m.seed, m.shard, m.disk, m.links = seed, nil, breaker{}, nil
	lines := 0
	if os.Getenv("HOLDFAST_RULE_SEED") != "" {
		lines = 100000
	}
	m.w.Reset(m.tape, realworld.Config{MaxBoots: 1000, Trace: lines}, m.hooks)
	m.s = &S{t: m.t, where: fmt.Sprintf("seed %d", seed), world: m, settings: r.Settings}
	defer func() {
		if lines > 0 {
			m.tell()
		}
		switch v := recover().(type) {
		case nil:
		case excused:
			why = v.why
		default:
			m.t.Logf("seed %d", seed)
			panic(v)
		}
	}()
	m.boot(r.Settings)
	m.s.serving()
	r.Run(m.s)
	return ""
}

// tell shows the end of a run that was asked for alone.
func (m *simulated) tell() {
	last, _ := m.w.Sched.Lines()
	for _, l := range last {
		m.t.Log(l)
	}
}

// config has sizes that make a few commands reach what takes gigabytes outside.
func (m *simulated) config() *config.Config {
	seed := m.seed
	c := config.Default()
	c.Listen = []string{address}
	c.SlabBytes, c.MinBuckets = 4096, 8
	c.SegmentBytes, c.BatchBytes = 64<<10<<(seed%3), 8<<10<<(seed%2)
	c.LogInFlight = 1 + int(seed/2%3)
	c.MaxUnwritten, c.FetchBytes = 256<<10, 64<<10
	c.EnableDebugCommand = "yes"
	if seed%3 == 2 { // whatever may leave memory does
		c.TieredPrefix, c.MaxMemory = "tier", 64<<20
		c.TieredMinValueSize, c.TieredOffloadShare = 1, 1
		c.TieredUploadShare = float64(seed / 3 % 2)
	}
	return c
}

func (m *simulated) set(settings []string) {
	for i := 0; i+1 < len(settings); i += 2 {
		if err := m.cfg.Set(settings[i], settings[i+1]); err != nil {
			m.t.Fatal(err)
		}
	}
}

// until lets the world go on until done.
func (m *simulated) until(what string, done func() bool) {
	m.t.Helper()
	if !m.w.Run(m.w.Sched.Events()+maxEvents, done) {
		m.s.broken("it never came about: %s", what)
	}
}

func (m *simulated) boot(settings []string) {
	m.cfg = m.config() // what CONFIG SET changed is gone
	m.set(settings)
	m.until("the process serves", func() bool { return m.shard != nil && m.shard.Serving() })
}

func (m *simulated) end(how End) {
	shard := m.shard
	switch how {
	case PowerCut:
		m.w.End(realworld.PowerCut)
	case Kill:
		m.w.End(realworld.Kill)
	default:
		m.w.End(realworld.CleanStop)
		m.until("the process ends", func() bool { return m.shard != shard || m.w.Engine() == nil })
	}
	if m.shard == shard {
		m.shard = nil
	}
	m.disk.fail = nil
}

func (m *simulated) pass(ms int64) {
	end := m.w.Sched.Now() + ms*sched.Millisecond
	m.w.Timer(ms*sched.Millisecond, 0, 0)
	m.until("time passes", func() bool { return m.w.Sched.Now() >= end })
}

// excuse reports a failure of the disk.
func (m *simulated) excuse() string {
	seen := m.w.Seen()
	for _, e := range []sched.Effect{sched.ReadError, sched.WriteError, sched.SyncError, sched.LateError, sched.OpenError,
		sched.DirError, sched.NoSpace} {
		if seen[e] > 0 {
			return e.String()
		}
	}
	return ""
}

func (m *simulated) dial() (link, error) {
	l := &simLink{m: m}
	m.links = append(m.links, l)
	for range 50 {
		l.down = false
		l.conn = m.w.Wire.Connect(len(m.links), l)
		m.until("a connection", func() bool { return l.up || l.down })
		if l.up {
			return l, nil
		}
		m.pass(20)
	}
	return nil, wire.ErrRefused
}

// simLink is a client's end of a simulated connection.
type simLink struct {
	m        *simulated
	conn     *wire.Conn
	in       []byte
	up, down bool
}

// Up implements wire.Endpoint.
func (l *simLink) Up(*wire.Conn) { l.up = true }

// Data implements wire.Endpoint.
func (l *simLink) Data(_ *wire.Conn, p []byte) { l.in = append(l.in, p...) }

// Down implements wire.Endpoint.
func (l *simLink) Down(*wire.Conn, error) { l.down = true }

func (l *simLink) write(p []byte) {
	if !l.down {
		l.conn.Write(p)
	}
}

func (l *simLink) read() []byte {
	l.m.until("a reply", func() bool { return len(l.in) > 0 || l.down })
	return l.poll()
}

func (l *simLink) poll() []byte {
	p := l.in
	l.in = nil
	return p
}

func (l *simLink) stop(on bool) {
	if !l.down {
		l.conn.StopReading(on)
	}
}

func (l *simLink) close() {
	if !l.down {
		l.conn.Close()
		l.down = true
	}
}
