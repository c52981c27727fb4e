// Package engine is one shard: a deterministic state machine that serves the
// Redis protocol from a log on disk.
//
// The host gives it ports (clock, disk, network) and calls it with events:
// bytes, completions, the alarm. It answers on the same ports. It starts no
// goroutine, reads no clock but the port, and the same events in the same
// order give the same calls, byte for byte; so the program that serves clients
// is the one the simulator checks.
//
// # The host's duties, in order
//
//	s := engine.New(cfg, ports, observer)
//	err := s.Start()              // listens; recovery begins
//	loop:
//	    deliver disk completions  // vfs Completers, any number
//	    deliver network events    // net.Handler, any number
//	    if the alarm is due: s.Tick()
//	    s.EndTurn()
//	    if stopped, err := s.Stopped(); stopped { exit }
//	    wait for the next event or the alarm
//
// EndTurn is the only place that batches: it runs what became ready, submits
// the log, releases replies and sets the alarm.
package engine

import (
	"fmt"

	"holdfast/clock"
	"holdfast/engine/ckpt"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/latency"
	"holdfast/engine/session"
	"holdfast/engine/tier"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/net"
	"holdfast/vfs"
)

// Ports are the shard's ways to the world.
type Ports struct {
	Clock clock.Clock
	FS    vfs.FS
	Net   net.Net
	// Stopwatch, if there is one, measures how long commands and waits take:
	// the clock that Clock.Mono reads. It decides nothing. Without it the
	// readings of engine time are used, and what happens between two of them
	// takes no time.
	Stopwatch func() int64
	// Labour, if there is one, reads the processor time of the loop's thread.
	Labour func() int64
	// Process, if there is one, describes the process for INFO.
	Process func() Process
}

// Shard is one engine. Every method is called on the host's loop goroutine.
type Shard struct {
	cfg    *config.Config
	ports  Ports
	obs    *event.Observer
	log    *wal.Log
	state  *tx.State
	tier   *tier.Tier
	ckpt   *ckpt.Keeper
	sess   *session.Server
	phase  phase
	change change
	opened *wal.Log // is being opened while commands are served
	fatal  error
	sched  schedule
	stop   stop
	room   int64  // what the log was told of tiered_max_file_size
	short  string // why the start waits for space
	saves  saves
	book   latency.Book
	load   loading
	mono   int64 // last sampled with engine time
	walled int64 // and what it was when the wall clock was last looked at
	peak   int64 // most memory that was seen in use
	turn   timed
	sparse bool // records are being moved to give memory back
}

// phase is where in its life the shard is.
type phase uint8

const (
	idle       phase = iota
	recovering       // the log is being read
	waiting          // engine time has yet to reach the durable ceiling
	serving
	stopping // a clean stop was asked for
	closing  // the log writes its last batch
	stopped
)

// schedule is what the alarm is for.
type schedule struct {
	logTick int64     // monotonic ns at which the log wants a tick; 0 never
	startAt int64     // monotonic ns at which waiting ends
	floor   unit.Time // engine time begins no earlier
	born    unit.Time // when serving began
	alarm   int64
}

// New builds a shard on its ports and binds itself to the network. The
// configuration is shared: CONFIG SET changes it.
func New(cfg *config.Config, p Ports, o *event.Observer) *Shard {
	if o == nil {
		o = &event.Observer{}
	}
	s := &Shard{cfg: cfg, ports: p, obs: o}
	if s.book.Clock = p.Stopwatch; p.Stopwatch == nil {
		s.book.Clock = s.Sampled
	}
	s.book.Seconds = func() int64 { return int64(s.state.Time.Last()) / 1_000_000 }
	s.book.Threshold = cfg.LatencyThresholdMS * 1_000_000
	if cfg.AppendOnly || cfg.TieredPrefix != "" {
		s.log = s.newLog(!cfg.AppendOnly)
		s.room = cfg.TieredMaxFileSize
	}
	s.state = tx.New(cfg, s.log, o)
	s.state.Measure(&s.book.Expiry)
	s.tier = tier.New(cfg, s.state, s.log, o)
	s.tier.Used = s.Used
	s.state.Spare(s.tier.Short)
	if s.log != nil {
		s.ckpt = ckpt.New(cfg, s.state, s.tier, s.log, p.FS, o)
	}
	s.sess = session.New(cfg, s, p.Net, s.state, s.tier, s.log, o, &s.book)
	p.Net.Bind(s)
	return s
}

// Start listens and begins recovery; until that ends commands are answered
// -LOADING. An address that cannot be listened on is an error.
func (s *Shard) Start() error {
	for _, addr := range s.cfg.Listen {
		if err := s.ports.Net.Listen(addr); err != nil {
			return err // it names the address
		}
	}
	if s.log == nil {
		s.serve(0)
		return nil
	}
	s.phase = recovering
	s.loadBegins()
	s.log.Recover(s.ckpt)
	return nil
}

// LogRecovered implements wal.Owner.
func (s *Shard) LogRecovered(r wal.Recovered, err error) {
	if s.opened != nil {
		s.logOpened(err)
		return
	}
	if err == nil && !s.ckpt.Redone(func() { s.LogRecovered(r, nil) }) {
		return
	}
	if err == nil {
		err = s.state.LoadError()
	}
	if err != nil {
		s.fatal, s.phase = err, stopped
		return
	}
	s.voided(&r)
	// Time goes on after every unit that survived, whether a ceiling covers
	// it or not.
	ceiling := max(s.state.EndLoad(), r.Time)
	s.sched.floor = ceiling
	keys := 0
	for _, d := range s.state.Databases() {
		if d.KS != nil {
			keys += d.KS.Len()
		}
	}
	wall := s.ports.Clock.Wall()
	gap := int64(ceiling) - wall
	if s.state.Volatile() == 0 {
		gap = 0
	}
	if s.obs.Recovered != nil {
		s.obs.Recovered(&event.Recovered{Head: r.Head, Tail: r.Tail, Records: uint64(r.Records),
			Keys: keys, Now: unit.Time(max(wall, int64(ceiling))), Fresh: r.Tail == 0, Void: r.Void})
	}
	if gap > 0 && gap <= int64(s.cfg.LeaseMS)*1000 {
		// The last run may have revealed instants up to the ceiling; waiting
		// for the wall to get there keeps keys from dying early.
		s.phase = waiting
		s.sched.startAt = s.ports.Clock.Mono() + gap*1000
		return
	}
	if gap > 0 {
		s.warn(fmt.Sprintf("the wall clock is %d ms behind the last run: engine time starts where that ended, deadlines come early by as much", gap/1000))
	}
	s.serve(ceiling)
}

// serve ends loading.
func (s *Shard) serve(floor unit.Time) {
	wall, mono := s.readClocks()
	s.sched.born = s.state.Time.Start(wall, mono, floor)
	s.phase = serving
	s.state.Configure()
	if s.state.BeginImport(s.sched.born) {
		s.warn("import-mode is on, as CONFIG SET left it, though the configuration says no: CONFIG SET import-mode no ends it")
	}
	s.sess.Serve()
}

// State returns the data, for those who look at it from outside.
func (s *Shard) State() *tx.State { return s.state }

// Checkpoints returns how the checkpoints of the index stand.
func (s *Shard) Checkpoints() ckpt.Stats {
	if s.ckpt == nil {
		return ckpt.Stats{}
	}
	return s.ckpt.Stats()
}

// readClocks reads both clocks as of one moment: a pause between the readings
// would part engine time from the wall until a step is adopted.
func (s *Shard) readClocks() (wall, mono int64) {
	for range 5 {
		mono = s.ports.Clock.Mono()
		wall = s.ports.Clock.Wall()
		if s.ports.Clock.Mono()-mono < 1_000_000 {
			break
		}
	}
	return wall, mono
}

// Serving reports whether recovery is over and commands run.
func (s *Shard) Serving() bool { return s.phase == serving }

// Now implements session.Host: it samples engine time.
func (s *Shard) Now() unit.Time {
	now, _ := s.sample()
	return now
}

// sample returns engine time and the monotonic reading it is of.
func (s *Shard) sample() (now unit.Time, mono int64) {
	if s.mono-s.walled < wallEvery {
		s.mono = s.ports.Clock.Mono()
		return s.state.Time.Advance(s.mono), s.mono
	}
	wall := s.ports.Clock.Wall() // first: a pause between the two must not be a lead
	s.mono = s.ports.Clock.Mono()
	s.walled = s.mono
	return s.state.Time.Sample(wall, s.mono), s.mono
}

// wallEvery is how often the wall clock is looked at, in ns of the other: engine
// time follows a lead of it only after seconds, and a reading costs as much as a
// tenth of a command.
const wallEvery = 1_000_000

// Sampled implements session.Host.
func (s *Shard) Sampled() int64 { return s.mono }

// Used implements session.Host.
func (s *Shard) Used() int64 {
	n := s.state.Bytes() + s.sess.Bytes() + s.tier.Bytes()
	if s.log != nil {
		n += s.log.Bytes() + s.ckpt.Bytes()
	}
	return n
}

// LogCommitted implements wal.Owner.
func (s *Shard) LogCommitted(lsn unit.LSN) {
	was := s.state.Time.Ceiling()
	s.state.Committed(lsn)
	if s.phase == serving && s.state.Time.Ceiling() != was {
		if now := s.Now(); now > was { // the dead waited for this ceiling
			s.state.Expire(now)
		}
	}
	s.sess.Committed(lsn)
	s.sess.Room()
	if s.obs.Committed != nil {
		s.obs.Committed(lsn)
	}
}

// LogRoom implements wal.Owner.
func (s *Shard) LogRoom() { s.sess.Room() }

// LogFailed implements wal.Owner.
func (s *Shard) LogFailed(err error) {
	s.warn("the log cannot be written, writes are refused until a restart: " + err.Error())
	if s.change.step > opening {
		s.unchanged()
		s.changed(err)
	}
	s.sess.LogFailed()
}

func (s *Shard) warn(line string) {
	if s.obs.Warn != nil {
		s.obs.Warn(line)
	}
}

// Tick runs what is due by time. The host calls it when the alarm is due; more
// often does no harm.
func (s *Shard) Tick() {
	mono := s.ports.Clock.Mono()
	s.sched.alarm = 0 // it may have rung, and then must be set again
	if s.phase == waiting && mono >= s.sched.startAt {
		s.serve(s.sched.floor)
	}
	if s.phase == serving {
		now, mono := s.sample()
		if s.state.Expire(now) > 0 {
			s.book.Slow("expire-cycle", s.book.Now()-mono)
		}
		s.sess.Tick(now)
	}
}

// EndTurn ends a turn of events: what became ready runs, time-driven work gets
// its share, the log is submitted, replies leave, the alarm is set.
func (s *Shard) EndTurn() {
	if s.phase == stopped {
		return
	}
	if s.book.Threshold != 0 {
		s.turns()
	}
	s.sess.Run()
	now, mono := s.sample()
	switch s.phase {
	case recovering:
		s.loadGoesOn(mono)
	case serving:
		if s.sess.Sample(now) {
			s.peak = max(s.peak, s.Used())
		}
		s.tier.Step(now)
		s.tier.Compact(now)
		s.state.Renew(now)
		if s.log != nil {
			s.ckpt.Step(now, mono)
		}
		s.sparse = s.state.Defrag()
		if s.change.step != settled {
			s.changeStep(now)
			s.sess.Run() // who waited for it
		}
		if s.tier.StepImages(now) {
			s.sess.Run() // who had to let an image go first
		}
	}
	if s.log != nil {
		s.log.Flush()
	}
	s.sess.Flush()
	if s.log != nil {
		s.log.Flush() // what replies that ran again have appended
	}
	s.stopStep(now, mono)
	s.spaceStep()
	s.setAlarm(now, mono)
}

// sparseEvery is how soon, in ns, the next turn moves records when nothing else
// calls for one: a sixth of a core at most.
const sparseEvery = 200_000

// Held returns the memory whose end the host is to notice, to give it back to the
// system: the data's, and what large values take on their way beyond the usual.
func (s *Shard) Held() int64 {
	const usual = 64 << 20
	n := s.state.Held() + max(0, s.sess.Bytes()-usual)
	if s.log != nil {
		n += max(0, s.log.Bytes()-usual)
	}
	return n
}

// farUS is the longest that an alarm is set ahead, so that the arithmetic of
// deadlines thousands of years away stays within its numbers.
const farUS = int64(24 * 3600 * 1_000_000)

// setAlarm asks for the next Tick: the nearest of a deadline, the log's wish,
// a pause's end, the renewal of the ceiling. The readings are this turn's: a
// little old, but of one moment, so what they give is exact.
func (s *Shard) setAlarm(now unit.Time, mono int64) {
	if s.log != nil {
		s.sched.logTick = s.log.Tick(mono)
	}
	at := s.sched.logTick
	soonest := func(mono int64) {
		if at == 0 || mono < at {
			at = mono
		}
	}
	if s.log != nil {
		if at := s.ckpt.Due(); at != 0 {
			soonest(max(at, mono))
		}
	}
	if s.phase == serving && s.tier.Hurries() {
		soonest(mono)
	} else if s.phase == serving && s.tier.Owes() {
		soonest(mono + 1_000_000)
	}
	if s.change.step != settled {
		soonest(mono + 10_000_000) // compaction may wait for a time of its own
	}
	switch s.phase {
	case recovering:
		soonest(s.load.tellAt)
	case waiting:
		soonest(s.sched.startAt)
	case stopping, closing:
		soonest(s.stop.limit)
	case serving:
		until := func(t unit.Time) { soonest(mono + min(max(0, int64(t-now)), farUS)*1000) }
		if ms, ok := s.state.NextDeadline(); ok {
			until(max(unit.Time(min(ms, now.MS()+farUS/1000))*1000, s.state.Blocked(now)))
		}
		if t := s.sess.NextTick(); t != 0 {
			until(t)
		}
		if at := s.sess.ImpatientAt(); at != 0 {
			soonest(max(at, mono))
		}
		if s.state.Logging() && s.state.Volatile() > 0 {
			until(s.state.RenewAt(now))
		}
		if s.sparse {
			soonest(mono + sparseEvery)
		}
	}
	if at != s.sched.alarm {
		s.sched.alarm = at
		s.ports.Clock.Alarm(at)
	}
}

// Stopped reports whether the shard has ended, and why if it could not serve.
func (s *Shard) Stopped() (bool, error) { return s.phase == stopped, s.fatal }

// Reconfigured implements session.Host.
func (s *Shard) Reconfigured() {
	if s.log != nil {
		s.log.SetPolicy(policyOf(s.cfg.AppendFsync))
	}
	s.book.Threshold = s.cfg.LatencyThresholdMS * 1_000_000
	if s.phase == serving { // else once it is: nothing may be logged before
		s.state.Configure()
	}
}

// Opened implements net.Handler.
func (s *Shard) Opened(c net.Conn, from net.Peer) { s.sess.Opened(c, from) }

// Received implements net.Handler.
func (s *Shard) Received(c net.Conn, p []byte) {
	if s.book.Threshold != 0 {
		s.turns()
	}
	s.sess.Received(c, p)
}

// Writable implements net.Handler.
func (s *Shard) Writable(c net.Conn) { s.sess.Writable(c) }

// Closed implements net.Handler.
func (s *Shard) Closed(c net.Conn, why error) { s.sess.Closed(c, why) }

// Ended implements net.Ender.
func (s *Shard) Ended(c net.Conn) { s.sess.Ended(c) }

// Leaving implements net.Leaver.
func (s *Shard) Leaving(c net.Conn) { s.sess.Leaving(c) }
