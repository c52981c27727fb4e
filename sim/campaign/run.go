package campaign

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"holdfast/clock"
	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/net"
	"holdfast/sim/client"
	"holdfast/sim/cut"
	"holdfast/sim/disk"
	"holdfast/sim/judge"
	"holdfast/sim/ledger"
	"holdfast/sim/meta"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/twin"
	"holdfast/sim/wire"
	"holdfast/sim/world"
	"holdfast/vfs"
)

// Bounds of one run, so that a livelock is a finding and not a hang.
const (
	maxEvents = 60_000
	maxDrain  = 40_000
)

// Runner runs one seed after another on one goroutine.
type Runner struct {
	world  *world.World
	tape   *tape.Tape
	judge  judge.Judge
	cut    cut.Cut
	ledger ledger.Ledger
	work   client.Workload
	twin   twin.Twin
	cfg    config.Config
	obs    event.Observer
	shard  *engine.Shard
	hooks  world.Hooks
	plan   plan

	floor    uint64    // stable cut when the last process ended
	attested uint64    // what the log vouched for then
	faults   int64     // disk faults that had been seen when this process began
	ticked   unit.Time // when this turn's tick began; 0 none
	slept    int64     // times the process was preempted, as of the last turn
	index    index
	spare    *disk.Disk // where backups are restored
	traits   *traits    // while guided: what the run comes to
	served   bool       // the last process refused to be a cache: the log is kept
	walk     *walk      // while exploring
	omit     []string   // for tests: what exploration leaves out besides
	marks    map[string]int64
	told     []event.Saved // backups that the engine has told of
	outdated []string      // folders of those of a log that is void
	offline  *wal.Audited  // what check has found after the last crash
	first    []sched.Line  // the trace of a metamorphic run's first side
	newest   unit.Time     // the newest engine time that a turn ended at
	void     bool          // a disk that lies had a log void; then it may come back
	hasty    bool          // patience with an engine that does not come to rest is short
	limit    int           // of events: the run is given up after them; 0 none
	blind    bool          // and has: what it holds belongs to no history that is kept

	// Options.
	Trace  int  // lines of trace to keep
	Hashes bool // keep the hash after each event
	NoTwin bool
	Heard  func(*event.Unit) // hears every unit, in the engine's serial order
	// Engine replaces the engine, for tests of the oracles.
	Engine func(*config.Config, engine.Ports, *event.Observer) world.Engine
}

// Result is what came of one run.
type Result struct {
	Token    tape.Token
	Failure  *judge.Failure
	Hash     uint64
	Events   int
	Crashes  int
	Boots    int
	Turns    int
	Choices  int
	Answered int64
	Commands int64 // sent, but by the checker and by those who listen
	Virtual  int64 // ns of virtual time
	Seen     sched.Counts
	Counts   judge.Counts
	Meta     bool // it compared two sets of settings
}

// NewRunner returns a runner.
func NewRunner() *Runner {
	r := &Runner{world: world.New(), tape: &tape.Tape{}, marks: map[string]int64{}}
	r.obs = event.Observer{
		Unit:      r.unit,
		Withdrawn: r.withdrawn,
		Gone:      r.gone,
		Blocked:   r.judge.Blocked,
		Committed: r.committed,
		Recovered: r.recovered,
		Saved:     r.saved,
		Mark:      r.mark,
		Warn:      r.warn,
	}
	r.hooks = world.Hooks{
		Engine:     r.engine,
		Timer:      r.work.Timer,
		Waits:      r.work.Waits,
		Deadline:   r.judge.NextDeadline,
		EngineTime: r.engineTime,
		Down:       r.down,
		Cut:        func(world.End) { r.backups(); r.spoil() },
		Booted:     r.booted,
		Stopped:    r.stopped,
		Turn:       r.turn,
		Disk: disk.Watch{
			Stable:  r.cut.Wrote,
			Damaged: r.damaged,
			Misread: r.misread,
		},
		Wire: wire.Watch{
			Released: func(c *wire.Conn, p []byte) {
				r.believe()
				if r.walk != nil {
					r.walk.hear(uint64(c.Handle()), p)
				}
				r.judge.Released(uint64(c.Handle()), p)
			},
			Closed: func(c *wire.Conn, _ bool) { r.judge.Closed(uint64(c.Handle())) },
		},
	}
	return r
}

// Mono implements judge.World: virtual time, which no process can turn back, as far
// as clocks show it.
func (r *Runner) Mono() int64 { return r.world.Clock.Now() }

// Wall implements judge.World.
func (r *Runner) Wall() int64 { return r.world.Clock.WallExact() }

// Stable implements judge.World.
func (r *Runner) Stable() uint64 { return r.cut.Stable() }

// believe gives up on durability once the disk has lied, where lies are no part
// of the promise: then nothing wrong may be served, but what was acknowledged
// may be lost. The canary's lies are there to be found out.
func (r *Runner) believe() {
	seen := r.world.Seen()
	if r.plan.lying && seen[sched.PhantomWrite]+seen[sched.MisdirectedWrite]+seen[sched.FalseSync] > 0 {
		rules := r.judge.Rules()
		rules.Sure, rules.Damage = false, true
		rules.Misreads = max(rules.Misreads, 2) // more than one: nothing is sure
	}
}

// Logs implements judge.World.
func (r *Runner) Logs() bool { return r.cfg.AppendOnly }

// Holds implements judge.World.
func (r *Runner) Holds() bool { return r.cfg.AppendOnly && r.cfg.AppendFsync == "always" }

// Troubled implements judge.World.
func (r *Runner) Troubled() bool { return r.diskFaults() > 0 }

func (r *Runner) engineTime() int64 {
	if t := r.judge.Engine(); t != 0 {
		return int64(t)
	}
	return r.Wall()
}

// Lines returns the trace of the last run, and how many older lines were lost.
func (r *Runner) Lines() ([]sched.Line, int) {
	lines, lost := r.world.Sched.Lines()
	return append(r.first, lines...), lost
}

// Clients returns how many clients the last run's workload had; the checker's
// number follows.
func (r *Runner) Clients() int { return r.plan.shape.Clients }

// EventHashes returns the hash after each event of the last run.
func (r *Runner) EventHashes() []uint64 { return r.world.Sched.Hashes }

// Record makes the next runs keep their outcomes.
func (r *Runner) Record(on bool) { r.tape.Record(on) }

// Deafen makes the next runs do without some oracles, by name.
func (r *Runner) Deafen(names ...string) error {
	r.judge.Deaf = [judge.NumOracles]bool{}
	for _, name := range names {
		o, ok := judge.OracleNamed(name)
		if !ok {
			return fmt.Errorf("no oracle %q", name)
		}
		r.judge.Deaf[o] = true
	}
	return nil
}

// Outcomes returns what the last run's choices came to, for a recorded token.
func (r *Runner) Outcomes() []tape.Outcome { return r.tape.Outcomes() }

// Run executes what a token says. An unknown profile is an error.
func (r *Runner) Run(tok tape.Token) (Result, error) {
	p, ok := tape.ProfileNamed(tok.Profile)
	if !ok {
		return Result{}, errNoProfile(tok.Profile)
	}
	if tok.Recorded {
		r.tape.Replay(tok.Outcomes)
	} else {
		r.tape.Seed(tok.Seed, p)
	}
	return r.run(tok, p.Name)
}

func errNoProfile(name string) error { return fmt.Errorf("no profile %q", name) }

// RunBytes executes a run whose choices come from a fuzzer's input. It is as long as
// the input has something to say about it: beyond its end all choices are harmless.
func (r *Runner) RunBytes(data []byte, profile string) (Result, error) {
	p, ok := tape.ProfileNamed(profile)
	if !ok {
		return Result{}, errNoProfile(profile)
	}
	r.tape.Bytes(data, p)
	const fewest, most, each = 4, 400, 32 // bytes that a command and what happens around it take
	total := min(fewest+len(data)/each, most)
	return r.run(tape.Token{Profile: profile, Settings: "total=" + strconv.Itoa(total)}, p.Name)
}

func (r *Runner) run(tok tape.Token, profile string) (Result, error) {
	set, err := parseSettings(tok.Settings)
	if err != nil {
		return Result{}, err
	}
	r.reset(set, profile)
	if r.plan.meta {
		return r.metamorphic(tok), nil
	}
	began := r.world.Sched.Now()
	if failure := r.world.Try(r.play); failure != nil {
		r.broken(failure)
	}
	return r.result(tok, began), nil
}

// result sums up the run that has ended.
func (r *Runner) result(tok tape.Token, began int64) Result {
	r.world.Seen()[sched.MemoryShort] += r.judge.Counts.Short
	return Result{Token: tok, Failure: r.judge.Failure(), Hash: r.world.Hash(), Events: r.world.Sched.Events(),
		Crashes: r.world.Crashes, Boots: r.world.Boots, Turns: r.world.Turns, Choices: r.tape.Count(),
		Answered: r.work.Answered, Commands: r.work.Commands, Virtual: r.world.Sched.Now() - began, Seen: *r.world.Seen(), Counts: r.judge.Counts}
}

// broken makes a panic into a finding.
func (r *Runner) broken(f *world.Failure) {
	var v sched.Violation
	if errors.As(f, &v) {
		r.judge.Fail(judge.Ports, "PORTS", "a port's contract was broken", v.What)
		return
	}
	s := []string{f.Error()}
	for i, line := range strings.Split(string(f.Stack), "\n") {
		if i > 6 && len(s) < 30 && !strings.HasPrefix(line, "panic(") {
			s = append(s, line)
		}
	}
	r.judge.Fail(judge.Ports, "BOUNDED", "the engine panicked", s...)
}

func (r *Runner) reset(set settings, profile string) {
	r.floor, r.attested, r.faults, r.slept = 0, 0, 0, 0
	r.told, r.outdated, r.newest, r.offline = r.told[:0], r.outdated[:0], 0, nil
	r.void, r.blind = false, false
	r.shard, r.index, r.first = nil, index{}, nil
	// The world draws from the tape as it is reset, and so does the plan; the
	// order is fixed.
	draw := drawPlan(r.tape, set, profile)
	r.plan = draw
	r.cfg = draw.config
	r.world.Reset(r.tape, world.Config{MaxCrashes: 2, Trace: r.Trace, Log: r.Hashes, Grain: draw.scope.grain(), Step: draw.scope.Step,
		Disk: disk.Config{Align: 512, Capacity: draw.capacity}}, r.hooks)
	if draw.shape.Backups > 0 {
		r.strangers()
	}
	r.cut.Reset(r.world.Disk)
	r.ledger.Reset()
	r.judge.Reset(r, draw.rules, &r.ledger)
	r.judge.Twin = nil
	if !r.NoTwin && !draw.rules.Evicts {
		r.twin.Reset(&r.plan.config)
		r.judge.Twin = r.twin.Unit
		r.judge.Replay = r.replay
	}
	r.work.Reset(r.world, &r.judge, &r.ledger, draw.shape)
	r.tape.Planned()
}

// replay rebuilds the twin after a recovery.
func (r *Runner) replay(u *event.Unit) {
	if u == nil {
		r.twin.Reset(&r.plan.config)
		return
	}
	r.twin.Replay(u)
}

// engine is world.Hooks.Engine: one boot.
func (r *Runner) engine(c clock.Clock, fs vfs.FS, n net.Net) world.Engine {
	r.faults = r.diskFaults()
	r.cfg.ImportMode = r.plan.config.ImportMode // a process begins with what the file says
	r.otherwise()
	r.settle()
	p := engine.Ports{Clock: tap{c, r}, FS: fs, Net: n}
	if r.Engine != nil {
		return r.Engine(&r.cfg, p, &r.obs)
	}
	r.shard = engine.New(&r.cfg, p, &r.obs)
	return host{r.shard, r}
}

// settle gives the next process the appendonly that its configuration file would
// say: yes, unless it is known to be off. Then it may still say yes.
func (r *Runner) settle() {
	if r.plan.shape.Logs > 0 && r.world.Boots > 1 {
		r.cfg.AppendOnly = !r.judge.Off() || r.served || r.tape.Choose(siteSettle.At(r.world.Boots), 2) == 1
	}
	r.served = false
	r.judge.Booting(r.cfg.AppendOnly, r.cfg.AppendFsync == "always")
}

// otherwise gives the next process other settings than the last one had, now and
// then: sizes of the log, how much goes cold, which policy holds.
func (r *Runner) otherwise() {
	boot := r.world.Boots
	if boot <= 1 || r.plan.calm || r.plan.beside || r.plan.shape.Script != nil || r.tape.Choose(siteOther.At(boot), 2) == 0 {
		return
	}
	r.world.Seen()[sched.OtherSettings]++
	c := &r.cfg
	pick := func(l tape.Label, menu ...int) int { return menu[r.tape.Choose(l, len(menu))] }
	if segment := pick(siteSegment.At(boot), 32<<10, 16<<10, 64<<10); !r.judge.Rules().Capped { // whose cap counts segments
		c.SegmentBytes = int64(segment)
	}
	c.BatchBytes = pick(siteBatch.At(boot), 8<<10, 4<<10, 16<<10)
	c.LogInFlight = pick(siteFlight.At(boot), 2, 1, 3)
	c.HoldMarginMS = pick(siteMargin.At(boot), 100, 0, 5)
	if c.CheckpointLogBytes > 0 {
		c.CheckpointLogBytes = int64(pick(siteCkpt.At(boot), 4<<10, 16<<10, 48<<10))
	}
	if memory := pick(siteMemory.At(boot), 0, 1, 2); !r.plan.limited {
		meta.Place(c, memory)
	}
	if r.plan.shape.Policies > 0 {
		c.AppendFsync = [...]string{"always", "everysec", "no"}[r.tape.Choose(siteRefsync.At(boot), 3)]
	}
}

// booted is world.Hooks.Booted: without a log, this is all the recovery there is.
func (r *Runner) booted(err error) {
	if err == nil && !r.cfg.AppendOnly && r.cfg.TieredPrefix == "" {
		r.recovered(&event.Recovered{Fresh: true})
	}
}

func (r *Runner) recovered(e *event.Recovered) {
	if r.walk != nil {
		r.walk.forks.recovered(e)
	}
	if a := r.offline; a != nil && !a.Cache && a.Tail != 0 && a.Tail != e.Tail && !r.judge.Rules().Damage {
		r.judge.Fail(judge.Recovery, "KEPT", "check and recovery find different ends of the log", fmt.Sprintf("check %d, recovery %d", a.Tail, e.Tail))
	}
	r.offline = nil
	r.believe()
	if r.plan.lying && r.judge.Rules().Misreads > 0 {
		r.blind = r.blind || r.void && !e.Void
		r.void = r.void || e.Void || e.Fresh && r.world.Boots > 1
	}
	r.accelerated(e)
	r.world.Recovered()
	r.cut.Restarted()
	if !r.judge.Recovered(e, r.floor, r.attested) {
		r.outdate()
	}
	r.work.Check()
}

func (r *Runner) down(world.End) {
	r.floor, r.attested = 0, 0
	if r.judge.Rules().Sure {
		r.floor, r.attested = r.cut.End(), r.cut.Attested()
	}
}

// diskFaults counts faults that may make an engine give up.
func (r *Runner) diskFaults() (n int64) {
	seen := r.world.Seen()
	for _, e := range []sched.Effect{sched.ReadError, sched.WriteError, sched.SyncError, sched.LateError, sched.OpenError,
		sched.DirError, sched.NoSpace, sched.ShortRead} {
		n += seen[e]
	}
	return n
}

// hangs is how long a clean stop must wait for a disk that does not answer.
const hangs = 120 * sched.Second

// stopped judges an engine that has ended by itself.
func (r *Runner) stopped(err error) bool {
	r.believe()
	if err == nil && !r.world.Hurried {
		r.judge.Left()
	}
	if err == nil || r.judge.Failure() != nil {
		return true
	}
	if r.plan.shape.Logs > 0 && errors.Is(err, wal.ErrKept) {
		r.served = true // the change came about though nobody was told
		return true
	}
	if r.judge.Rules().Damage {
		return false // it must say so; it need not serve
	}
	if errors.Is(err, vfs.ErrNoSpace) && !errors.Is(err, wal.ErrFailed) { // not after a write that failed
		r.judge.Fail(judge.Recovery, "KEPT", "the engine gave up for want of space", err.Error())
	}
	hung := strings.HasPrefix(err.Error(), "stopped although") && r.world.Sched.Now()-r.world.Asked >= hangs
	if r.diskFaults() == r.faults && !strings.Contains(err.Error(), "listen") && !hung {
		r.judge.Fail(judge.Recovery, "KEPT", "the engine gave up on an undamaged disk", err.Error())
	}
	return true
}

func (r *Runner) turn() {
	r.judge.Turned()
	r.newest = max(r.newest, r.judge.Engine())
	if r.ticked != 0 && r.plan.calm && r.serving() && r.world.Disk.InFlight() == 0 { // who stops answers nobody
		r.judge.Ticked(r.ticked)
	}
	slept := r.world.Seen()[sched.Preempted]
	if r.plan.calm && r.serving() && r.world.Disk.InFlight() == 0 && slept == r.slept {
		at, set := r.world.Clock.Asked()
		r.judge.Alarmed(at, set)
	}
	r.judge.Starved(r.serving() && !r.plan.limited && !r.Troubled() && r.world.Disk.InFlight() == 0)
	r.slept = slept
	r.ticked = 0
	r.plan.turn(r)
}
