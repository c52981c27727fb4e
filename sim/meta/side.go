package meta

import (
	"holdfast/clock"
	"holdfast/engine"
	"holdfast/engine/event"
	"holdfast/engine/resp"
	"holdfast/net"
	"holdfast/sim/disk"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wallclock"
	"holdfast/sim/wire"
	"holdfast/sim/world"
	"holdfast/vfs"
)

// Options are what a run needs from outside.
type Options struct {
	World    *world.World
	Tape     *tape.Tape
	Observer *event.Observer
	Sent     func(command []byte)
	Trace    int
	Hashes   bool
}

// startMS is the wall clock when scripts begin.
const startMS = wallclock.Origin / 1000

// side is one world of the pair.
type side struct {
	Options
	no      int
	variant Variant
	shard   *engine.Shard
	now     int64 // us since the wall's origin: the only clock there is
	alarm   int64
	clients []*peer
	rests   int
	told    answers
	wrong   string
}

// peer is a client's end.
type peer struct {
	s    *side
	conn *wire.Conn
	up   bool
	got  []byte
	owed int // replies to come
}

// Up implements wire.Endpoint.
func (p *peer) Up(*wire.Conn) { p.up = true }

// Data implements wire.Endpoint.
func (p *peer) Data(_ *wire.Conn, b []byte) { p.got = append(p.got, b...) }

// Down implements wire.Endpoint.
func (p *peer) Down(*wire.Conn, error) { p.conn, p.up = nil, false }

// frozen is the engine's clock: it stands still until the driver moves it.
type frozen struct{ s *side }

func (f frozen) Wall() int64      { return wallclock.Origin + f.s.now }
func (f frozen) Mono() int64      { return sched.Second + f.s.now*1000 }
func (f frozen) Alarm(mono int64) { f.s.alarm = mono }

// run plays the script and returns what clients were told.
func (s *side) run(script []Step, clients int) {
	s.World.Reset(s.Tape, world.Config{Trace: s.Trace, Log: s.Hashes, Disk: disk.Config{Align: 512}}, world.Hooks{Engine: s.engine})
	s.World.Sched.Quiet()
	s.told = answers{steps: len(script), clients: clients + 1, bytes: make([][]byte, len(script)*(clients+1))}
	s.clients = s.clients[:0]
	for range clients + 1 {
		s.clients = append(s.clients, &peer{s: s})
	}
	if s.Trace > 0 {
		s.World.Sched.Tracef("side %d: %v", s.no, &s.variant)
	}
	s.serve()
	s.attend()
	for i := range script {
		if s.wrong != "" {
			return
		}
		s.step(&script[i])
		for c, p := range s.clients {
			replies, _ := split(p.got)
			p.owed -= len(replies)
			s.told.bytes[i*s.told.clients+c] = append([]byte(nil), p.got...)
			p.got = p.got[:0]
		}
	}
}

func (s *side) engine(_ clock.Clock, fs vfs.FS, n net.Net) world.Engine {
	s.alarm = 0
	s.shard = engine.New(&s.variant.Config, engine.Ports{Clock: frozen{s}, FS: fs, Net: n}, s.Observer)
	return s.shard
}

// step sends a pipeline and waits until everything has come to rest.
func (s *side) step(st *Step) {
	if st.Rest {
		s.rest()
	}
	s.pass(st.Gap)
	if st.Rest {
		s.serve()
		s.attend()
	}
	p := s.clients[st.Client]
	if p.owed > 0 { // it is blocked: what it sent now would race with what unblocks it
		s.settle()
		return
	}
	p.owed = len(st.Commands)
	var b []byte
	for _, args := range st.Commands {
		b = resp.AppendCommand(b, args...)
		if s.variant.Cut == whole || p.conn == nil {
			continue
		}
		p.conn.Write(b)
		b = b[:0]
		if s.variant.Cut == awaited {
			s.settle()
		}
	}
	if p.conn != nil && len(b) > 0 {
		p.conn.Write(b)
	}
	s.settle()
}

// rest makes everybody leave, and ends the process as the variant says.
func (s *side) rest() {
	for _, p := range s.clients {
		if p.conn != nil {
			p.conn.Close()
		}
		p.conn, p.up, p.owed = nil, false, 0
	}
	s.settle()
	how := s.variant.Rests[s.rests%len(s.variant.Rests)]
	s.rests++
	if how == 0 || s.wrong != "" {
		return
	}
	if how == world.CleanStop {
		s.World.Stop(false) // the next process begins at this instant: there is nothing to wait for
		s.settle()
	} else {
		s.World.End(how) // the next one begins after the rest, when the wall has reached any ceiling
	}
	s.variant.tune(s.Tape, s.no+2*s.rests, func(l tape.Label, menu ...int) int { return menu[s.Tape.Choose(l, len(menu))] })
	if s.Trace > 0 {
		s.World.Sched.Tracef("side %d goes on with %v", s.no, &s.variant)
	}
}

// attend connects everybody; the last one listens.
func (s *side) attend() {
	for i, p := range s.clients {
		p.conn = s.World.Wire.Connect(s.no*len(s.clients)+i, p)
	}
	s.settle()
	last := s.clients[len(s.clients)-1]
	for _, p := range s.clients {
		if !p.up {
			s.fail("the engine takes no connections")
			return
		}
	}
	last.conn.Write([]byte("PSUBSCRIBE __key*\r\nSUBSCRIBE news\r\n"))
	s.settle()
	last.got, last.owed = last.got[:0], 0
}

// pass moves the clock, and ticks if that makes the alarm due.
func (s *side) pass(us int64) {
	s.now += us
	s.settle()
}

// serve lets time pass, alike on both sides, until a process that has started
// serves; at the begin there is nothing to wait for.
func (s *side) serve() {
	s.settle()
	if s.wrong == "" && (s.shard == nil || !s.shard.Serving()) {
		s.fail("the engine does not serve after a rest")
	}
	s.World.Recovered()
}

// bounds of one settling, so that a livelock is a finding.
const (
	maxTicks  = 3000
	maxEvents = 200_000
)

// settle runs the world until nothing happens any more and no alarm is due.
func (s *side) settle() {
	for range maxTicks {
		s.World.Run(maxEvents, nil)
		if s.World.Engine() == nil || s.alarm == 0 || s.alarm > (frozen{s}).Mono() {
			return
		}
		s.alarm = 0
		s.World.TickNow()
	}
	s.fail("the engine never comes to rest")
}

func (s *side) fail(what string) {
	if s.wrong == "" {
		s.wrong = what
	}
}
