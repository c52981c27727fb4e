package session

import (
	"cmp"
	"slices"

	"holdfast/engine/hold"
	"holdfast/engine/resp"
	"holdfast/engine/tier"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/net"
)

// parkKind says what a connection waits for.
type parkKind uint8

const (
	parkNone parkKind = iota
	parkFetch
	parkCommit
	parkRoom
	parkPause
	parkStop // SHUTDOWN
	parkBlock
	parkSave
	parkSwitch
	parkTransfer
	parkDrain
)

// Bounds of one connection's buffers, in bytes.
const (
	inputBound  = 64 << 10  // unread commands of a connection that cannot run
	outputBound = 1 << 20   // waiting replies beyond which nothing runs
	flushEvery  = 256 << 10 // output is offered to the socket at least so often
	keepBuffer  = 64 << 10  // larger spare buffers are given up
	keepArgs    = 4096      // arguments; larger lists of them are given up
	maxRounds   = 4         // releases by running before a reply is held
)

// conn is one client's connection.
type conn struct {
	id    net.Conn
	peer  net.Peer
	born  unit.Time
	used  unit.Time // last input
	num   uint64    // CLIENT ID
	name  string
	lib   [2]string // CLIENT SETINFO LIB-NAME, LIB-VER
	last  string    // last command's name
	proto int
	db    int

	in       []byte // input not yet run
	out      hold.Output
	parser   resp.Parser
	fetch    tier.Waiter
	transfer *tier.Transfer // of the command at the head of the input; nil: none
	watch    tx.Watcher
	multi    *multi
	block    *blocked       // nil: it waits for no key
	subs     *subscriptions // nil: subscribes to nothing
	track    *tracker       // nil: CLIENT TRACKING is off
	newest   unit.LSN       // the most that anything it has run needs

	park    parkKind
	need    unit.LSN  // parkCommit waits for it
	wrote   unit.LSN  // where its newest change ends in the log
	parked  int64     // parkFetch: since then, as the book has it
	drain   unit.Time // parkDrain: until what was due then has gone
	rounds  int       // releases by running of the command at the head of the input
	reruns  int       // times that replies died in the hold, since it was last empty
	ready   bool      // in Server.ready
	flush   bool      // in Server.flushes
	blocked bool      // the socket refused bytes
	paused  bool      // we turned Receive off
	closing bool      // close once the output is sent
	ended   bool      // the client sends no more: close once all is answered
	leaving bool      // no more input will come than the network holds
	slept   bool      // its DEBUG SLEEP is over, or its SHUTDOWN was given up
	saved   bool      // the backup that its SAVE waited for is over
	unsaved string    // and this is why there is none
	again   bool      // it waits for another's backup to be over
	gone    bool
	counted int // bytes of this connection in Server.bytes
	input   int // and those of them that are input

	switched   bool   // the change of appendonly that it asked for is over
	unswitched string // and this is why it failed

	authed  bool
	source  bool // import source
	noEvict bool
	noTouch bool
	monitor bool

	overSince unit.Time // beyond the soft output limit since then; 0 is not
	replies   replyMode
}

type replyMode uint8

const (
	replyOn replyMode = iota
	replyOff
	replySkipNext // CLIENT REPLY SKIP itself has just run
	replySkip     // this command's reply is dropped
)

// connTable finds a connection by the handle's slot, low 32 bits of net.Conn.
// Iteration is in slot order, so that nothing depends on map order.
type connTable struct {
	slots []*conn
	index map[net.Conn]int
	free  []int
	live  int
	next  uint64
}

func (t *connTable) get(id net.Conn) *conn {
	if i, ok := t.index[id]; ok {
		return t.slots[i]
	}
	return nil
}

func (t *connTable) add(c *conn) {
	if t.index == nil {
		t.index = map[net.Conn]int{}
	}
	t.next++
	c.num = t.next
	t.live++
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.slots[i] = c
		t.index[c.id] = i
		return
	}
	t.index[c.id] = len(t.slots)
	t.slots = append(t.slots, c)
}

func (t *connTable) remove(c *conn) {
	i := t.index[c.id]
	delete(t.index, c.id)
	t.slots[i] = nil
	t.free = append(t.free, i)
	t.live--
}

// byAge returns the connections, oldest first.
func (t *connTable) byAge() []*conn {
	all := make([]*conn, 0, t.live)
	for _, c := range t.slots {
		if c != nil {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *conn) int { return cmp.Compare(a.num, b.num) })
	return all
}

// Opened implements net.Handler.
func (s *Server) Opened(id net.Conn, from net.Peer) {
	now := s.host.Now()
	if s.conns.live >= s.cfg.MaxClients {
		s.stats.Rejected++
		s.net.Send(id, []byte("-ERR max number of clients reached\r\n"))
		s.net.Close(id)
		return
	}
	s.stats.Accepted++
	c := &conn{id: id, peer: from, born: now, used: now, proto: 2, authed: s.cfg.RequirePass == ""}
	c.fetch.Wake = func() { s.fetched(c) }
	s.conns.add(c)
}

// Closed implements net.Handler.
func (s *Server) Closed(id net.Conn, _ error) {
	if c := s.conns.get(id); c != nil {
		s.forget(c)
	}
}

// Ended implements net.Ender: no more input will come, but the client still
// reads. It is closed once what it asked has been answered.
func (s *Server) Ended(id net.Conn) {
	if c := s.conns.get(id); c != nil {
		c.ended = true
		if c.block != nil {
			s.close(c) // what it would be given might be lost
			return
		}
		s.wantFlush(c)
	}
}

// Leaving implements net.Leaver: no more input will come than the network holds
// for a connection that is not read.
func (s *Server) Leaving(id net.Conn) {
	if c := s.conns.get(id); c != nil {
		if c.leaving = true; c.block != nil {
			s.close(c) // as in Ended
		}
	}
}

// answered reports that c has nothing left to run or to send.
func (c *conn) answered() bool {
	return c.park == parkNone && !c.ready && c.out.Len() == 0
}

// close ends a connection from our side.
func (s *Server) close(c *conn) {
	if c.gone {
		return
	}
	s.net.Close(c.id)
	s.forget(c)
}

// forget releases everything a connection holds. What it wrote stands.
func (s *Server) forget(c *conn) {
	if c.out.Held() {
		s.stats.DroppedHeld++
	}
	c.gone = true
	s.conns.remove(c)
	s.endBlock(c)
	s.tier.Release(&c.fetch)
	if c.transfer != nil {
		s.endTransfer(c)
	}
	s.state.Unwatch(&c.watch)
	s.setSource(c, false)
	s.leaveTelling(c)
	s.bytes -= int64(c.counted)
	s.input -= int64(c.input)
	c.in, c.multi, c.out = nil, nil, hold.Output{}
}

// account keeps Server.bytes true after c's buffers changed.
func (s *Server) account(c *conn) {
	n := cap(c.in) + c.out.Bytes() + c.multi.bytes() + c.watch.Bytes() + c.block.bytes() + c.subs.size()
	s.bytes += int64(n - c.counted)
	c.counted = n
	s.input += int64(cap(c.in) - c.input)
	c.input = cap(c.in)
}

// Received implements net.Handler.
func (s *Server) Received(id net.Conn, p []byte) {
	c := s.conns.get(id)
	if c == nil || c.closing {
		return
	}
	s.stats.NetIn += uint64(len(p))
	c.used = s.host.Now()
	begun := len(c.in) > 0
	if begun {
		p = s.complete(c, p)
	}
	if len(p) > 0 && !c.gone {
		if !begun { // else what has run may have read the clock since
			s.now, s.lap.begun = c.used, s.host.Sampled()
		}
		rest, own := s.process(c, p)
		switch {
		case len(rest) == 0 || c.gone:
		case own:
			c.in = rest
		default:
			c.in = s.keep(c, rest)
		}
	}
	if !c.gone {
		s.throttle(c)
		s.account(c)
	}
}

// How much a begun command is given that does not say what it lacks, and how
// often before all there is goes behind it.
const (
	smallBite = 16
	bitesMost = 16
)

// complete gives the command that c.in has begun what it lacks from p, and
// returns the rest, so that this runs where it lies and is not copied. If c
// cannot run all of p is kept.
func (s *Server) complete(c *conn, p []byte) []byte {
	for bites := 0; bites < bitesMost && s.canRun(c); bites++ {
		n := min(len(p), max(c.parser.Need()-len(c.in), smallBite))
		c.in = append(c.in, p[:n]...)
		p = p[n:]
		if s.resume(c); c.gone || len(p) == 0 || len(c.in) == 0 {
			return p
		}
	}
	c.in = append(c.in, p...)
	s.resume(c)
	return nil
}

// keep copies input that cannot run yet, with room for the command it has
// begun.
func (s *Server) keep(c *conn, rest []byte) []byte {
	in := make([]byte, len(rest), max(len(rest), min(c.parser.Need(), 64<<20)))
	copy(in, rest)
	return in
}

// throttle stops reading from a connection that cannot run while its input
// grows, and goes on when it has drained.
func (s *Server) throttle(c *conn) {
	stuck := !s.canRun(c) && len(c.in) >= inputBound
	if stuck != c.paused {
		c.paused = stuck
		s.net.Receive(c.id, !stuck)
	}
}

// resume runs what is in c.in.
func (s *Server) resume(c *conn) {
	if len(c.in) > 0 && s.canRun(c) {
		in := c.in
		rest, own := s.process(c, in)
		if c.gone {
			return
		}
		switch {
		case len(rest) == 0:
			c.in = nil
		case own:
			c.in = rest
		case len(rest) < len(in):
			// Move the rest down, or let a large consumed buffer go.
			if cap(in) > 4*inputBound && len(rest)*4 < cap(in) {
				c.in = s.keep(c, rest)
			} else {
				c.in = in[:copy(in, rest)]
			}
		}
		if n := min(c.parser.Need(), 64<<20); n > cap(c.in) { // it has just said how long it is: that room is its own
			c.in = slices.Grow(c.in, n-len(c.in))
		}
	}
	s.throttle(c)
	s.account(c)
}

// canRun reports whether c may execute commands now.
func (s *Server) canRun(c *conn) bool {
	return !c.gone && !c.closing && c.park == parkNone && !c.blocked && c.out.Len() < outputBound
}

// unpark lets c's command start again.
func (s *Server) unpark(c *conn) {
	if c.block != nil && c.block.within {
		c.block.within, c.park = false, parkBlock
		s.serveStalled(c)
		return
	}
	c.park = parkNone
	if !c.ready && !c.gone {
		c.ready = true
		s.ready = append(s.ready, c)
	}
}

// Writable implements net.Handler.
func (s *Server) Writable(id net.Conn) {
	if c := s.conns.get(id); c != nil {
		c.blocked = false
		s.wantFlush(c)
	}
}
