package session

import (
	"slices"

	"holdfast/engine/command"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/hold"
	"holdfast/engine/latency"
	"holdfast/engine/resp"
	"holdfast/engine/tier"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/net"
)

// Host is what the sessions need of the shard around them.
type Host interface {
	// Now samples engine time.
	Now() unit.Time
	// Sampled returns the monotonic reading, in ns, that Now last took.
	Sampled() int64
	// Used returns the memory in use, everything counted, in bytes.
	Used() int64
	// Shutdown begins a clean stop. When it cannot make all durable it is given
	// up and StopFailed called, unless force says to end all the same.
	Shutdown(force bool)
	// AbortShutdown gives it up at once; false when there is none, or it is
	// too late.
	AbortShutdown() bool
	// Backup begins a copy of the data. The answer is "" or an error reply;
	// Saved follows.
	Backup() string
	// LastSave returns when the last such copy was made, or serving began.
	LastSave() unit.Time
	// Rewrite begins to compact the whole log; the answer as Backup's.
	Rewrite() string
	// SwitchLog begins to log mutations, or to stop; Switched follows, unless
	// the answer is an error.
	SwitchLog(on bool) error
	// Reconfigured follows every successful CONFIG SET.
	Reconfigured()
	// Info appends the sections of INFO that are not about connections:
	// name is a section, the answer false when there is none of that name.
	Info(name string, put func(field, value string)) bool
}

// Server owns a shard's connections; the shard hands it the events of
// net.Handler. One goroutine.
type Server struct {
	cfg   *config.Config
	host  Host
	net   net.Net
	state *tx.State
	tier  *tier.Tier
	log   *wal.Log // nil when nothing is ever written
	obs   *event.Observer

	conns    connTable
	ready    []*conn // to be run, in order
	flushes  []*conn // have output to offer
	waits    hold.Queue[*conn]
	room     []*conn   // parked until the log has room
	busy     bool      // the log had no room for one of them: all others queue behind
	patients []patient // of them, those who wait for compaction
	paused   []*conn
	saving   []*conn // parked until the backup is over
	settling []*conn // parked until a change of appendonly is over
	switcher *conn   // asked for it
	changing bool
	draining []*conn // parked until expiry has caught up

	deadlines deadlines  // of those who are blocked
	syncing   []*blocked // wait for the log to be durable
	woken     []byte     // the key for which the command that runs was woken
	serving   bool       // woken commands are run
	serves    int        // so many in this turn

	line         pipeline
	now          unit.Time // of the units that share a reading; 0: read the clock
	ample        int64     // those may add so much more without a look at memory
	cmd          resp.Command
	w            resp.Writer
	unit         event.Unit
	declared     bool // the reply in progress belongs to a declared unit
	face         map[string]faceFunc
	shown        tx.Result // what the face command that runs has read
	inExec       *tx.Tx    // the EXEC that a face command runs in
	topics       [numKinds]topics
	subscribers  int // connections with subscriptions
	tracking     tracking
	monitors     []*conn
	outbox       outbox
	channelName  []byte // scratch
	reconfigured bool   // that EXEC has changed settings
	turn         uint64
	buffers      [][]byte // spare output buffers
	multis       []*multi // spare ones
	rerun        []byte   // commands that a flush found must run again
	spareFlushes []*conn

	loading    bool
	why        string  // what keeps loading from ending; empty: nothing but work
	shutdown   []*conn // parked in SHUTDOWN
	stopping   bool
	pauseUntil unit.Time // CLIENT PAUSE; 0 none
	pauseAll   bool      // else only writes
	sleepUntil unit.Time // DEBUG SLEEP
	idleCheck  unit.Time
	bytes      int64     // input and output buffers
	input      int64     // of them, input
	sources    int       // connections marked as import sources
	alone      unit.Time // import mode on without any of them: since then, or the last warning

	book    *latency.Book
	current *command.Command // the one in dispatch; nil once it was refused
	lap     lap
	since   int64      // a command that waited and counts that as its own began then
	cmds    []*cmdStat // by ID; nil: never used
	errs    []errStat  // by prefix
	slowlog slowlog
	rates   rates
	stats   Stats
}

// Stats are the running totals INFO shows of connections and commands.
type Stats struct {
	Accepted, Rejected uint64
	Commands           uint64
	Errors             uint64
	NetIn, NetOut      uint64
	HeldReads          uint64 // replies of reads that waited for the log
	HeldWrites         uint64
	DroppedHeld        uint64 // replies whose client left before they could go
	Reruns             uint64 // units run again because a deadline passed
	Stale              uint64 // replies that became an error instead
	Fetches            uint64 // commands that waited for a cold value
	Throttled          uint64 // commands that waited for room in the log or in memory
	HeldMessages       uint64 // messages that answer no command and waited for the log
	DroppedSlow        uint64 // connections closed because they did not take such messages
}

// New returns the sessions of a shard that is loading.
func New(cfg *config.Config, h Host, n net.Net, s *tx.State, t *tier.Tier, l *wal.Log, o *event.Observer, b *latency.Book) *Server {
	return &Server{cfg: cfg, host: h, net: n, state: s, tier: t, log: l, obs: o,
		face: faces, loading: true, book: b, cmds: make([]*cmdStat, command.Count())}
}

// Serve ends loading: commands run from now on.
func (s *Server) Serve() { s.loading = false }

// Stats returns the running totals.
func (s *Server) Stats() *Stats { return &s.stats }

// Bytes returns the memory that input and output buffers, the slow log and what
// is remembered for others take.
func (s *Server) Bytes() int64 {
	return s.bytes + s.slowlog.bytes + int64(s.tracking.bytes+cap(s.outbox.bytes))
}

// Committed releases what waited for offsets up to lsn.
func (s *Server) Committed(lsn unit.LSN) {
	if len(s.syncing) > 0 {
		s.synced()
	}
	for {
		c, ok := s.waits.Pop(lsn)
		if !ok {
			return
		}
		if c.gone {
			continue
		}
		if c.park == parkCommit && c.need <= lsn {
			s.unpark(c)
		}
		s.wantFlush(c)
	}
}

// Room lets connections run again that waited for space in the log.
func (s *Server) Room() {
	waiting := s.room
	s.room, s.busy = nil, false
	s.patients = slices.DeleteFunc(s.patients, func(p patient) bool { return p.c.gone })
	for i := range s.patients {
		s.patients[i].waits = false
	}
	for _, c := range waiting {
		if !c.gone && c.park == parkRoom {
			s.unpark(c)
		}
	}
}

// LogFailed closes every connection that has held replies: their outcome is
// unknown. Readers waiting for a commit that will not come run again and get
// an error.
func (s *Server) LogFailed() {
	for _, c := range s.conns.slots {
		if c == nil || c.gone {
			continue
		}
		if need, held := c.out.Next(); held && need > s.committed() {
			s.stats.DroppedHeld++
			s.close(c)
			continue
		}
		if c.park == parkCommit || c.park == parkRoom {
			s.unpark(c)
		}
	}
	s.room, s.busy = nil, false
	s.synced()
}

// Run runs every connection that became ready, in order, until none is.
func (s *Server) Run() {
	for {
		if s.tier.Lined() > 0 {
			s.tier.Admit(s.host.Now())
		}
		if s.state.Ready() {
			s.serveBlocked()
		}
		if len(s.draining) > 0 {
			s.drained()
		}
		if len(s.ready) == 0 {
			return
		}
		batch := s.ready
		s.ready = nil
		for _, c := range batch {
			c.ready = false
			if !c.gone {
				s.resume(c)
			}
		}
	}
}

// Tick ends pauses and waits that are over and closes idle connections.
func (s *Server) Tick(now unit.Time) {
	if s.sleepUntil != 0 && now >= s.sleepUntil {
		s.sleepUntil = 0
	}
	if s.pauseUntil != 0 && now >= s.pauseUntil {
		s.pauseUntil = 0
	}
	if s.sleepUntil == 0 {
		s.timeOut(now)
		s.unpause()
	}
	if at := s.ImpatientAt(); at != 0 && s.host.Sampled() >= at {
		s.Room()
	}
	s.closeIdle(now)
	s.warnAlone(now)
}

// NextTick returns when Tick has something to do, but for ImpatientAt; 0 never.
func (s *Server) NextTick() unit.Time {
	if s.state.Ready() && s.pauseUntil == 0 && s.sleepUntil == 0 {
		return 1 // at once: a turn served as many as it may
	}
	at, wait := unit.Time(0), unit.Time(0)
	if b := s.deadlines.first(); b != nil {
		wait = b.until
	}
	for _, t := range []unit.Time{s.sleepUntil, s.pauseUntil, s.nextIdle(), s.nextAlone(), wait} {
		if t != 0 && (at == 0 || t < at) {
			at = t
		}
	}
	return at
}

// unpause lets every paused connection try again.
func (s *Server) unpause() {
	waiting := s.paused
	s.paused = nil
	for _, c := range waiting {
		if !c.gone && c.park == parkPause {
			s.unpark(c)
		}
	}
}

func (s *Server) committed() unit.LSN {
	if s.log == nil {
		return 0
	}
	return s.log.Committed()
}

// failed returns why the log takes no writes, or nil.
func (s *Server) failed() error {
	if s.log == nil {
		return nil
	}
	return s.log.Err()
}

// CloseAll ends every connection, at the end of a clean stop.
func (s *Server) CloseAll() {
	for _, c := range s.conns.slots {
		if c != nil && !c.gone {
			s.close(c)
		}
	}
}

// Stop refuses new commands; what is held still leaves.
func (s *Server) Stop() { s.stopping = true }

// StopFailed takes that back, and answers those who asked.
func (s *Server) StopFailed() {
	s.stopping = false
	for _, c := range s.shutdown {
		if !c.gone && c.park == parkStop {
			c.slept = true
			s.unpark(c)
		}
	}
	s.shutdown = nil
}

// Loading has commands told what they wait for, beside the work of loading.
func (s *Server) Loading(why string) { s.why = why }
