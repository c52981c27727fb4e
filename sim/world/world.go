package world

import (
	"fmt"
	"runtime/debug"

	"holdfast/clock"
	"holdfast/net"
	"holdfast/sim/disk"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wallclock"
	"holdfast/sim/wire"
	"holdfast/vfs"
)

// Engine is what a host drives, and so what the world drives.
type Engine interface {
	net.Handler
	// Start listens and begins recovery.
	Start() error
	// Tick is called when the alarm is due.
	Tick()
	// EndTurn is called once after each turn's events.
	EndTurn()
	// Stop begins a clean shutdown; now means without waiting for clients.
	Stop(now bool)
	// Stopped reports whether the engine has finished, and why if it failed.
	Stopped() (bool, error)
}

// End is a way for a process to end.
type End uint8

// The ways.
const (
	PowerCut  End = iota + 1
	Kill          // SIGKILL: the kernel and its page cache live on
	CleanStop     // asks the engine to stop; ends as an Exit
	Exit          // the engine said that it has stopped
)

// String names the end.
func (e End) String() string {
	return [...]string{"no end", "power cut", "kill", "clean stop", "exit"}[e]
}

// Hooks connect a workload and its oracles. All but Engine may be nil.
type Hooks struct {
	// Engine makes an engine on the given ports; called at each boot. It may
	// draw other settings from the tape.
	Engine func(clock.Clock, vfs.FS, net.Net) Engine
	// Timer receives what World.Timer was given.
	Timer func(a uint32, b uint64)
	// Waits reports whether a timer still counts; nil: all do. Those that do not
	// are forgotten when a process ends.
	Waits func(a uint32, b uint64) bool
	// Deadline returns a live deadline (the last millisecond, since the Unix
	// epoch, in which some key is alive), for delays that aim at it.
	Deadline func() (ms int64, ok bool)
	// EngineTime returns the engine's time in microseconds, now; nil stands for
	// the wall clock. It converts deadlines to virtual time.
	EngineTime func() int64
	// Down: the engine is about to be gone; the disk is still as it was.
	Down func(how End)
	// Cut: the engine is gone and the disk is what the next one will find.
	Cut func(how End)
	// Booted: a new engine's Start returned.
	Booted func(err error)
	// Stopped: the engine has stopped (err: it failed, or could not serve).
	// The answer says whether the world shall boot another. Nil: it shall.
	Stopped func(err error) bool
	// Turn: a turn has ended.
	Turn func()

	Disk disk.Watch
	Wire wire.Watch
}

// Config holds a world's sizes. The zero value is usable.
type Config struct {
	Disk       disk.Config
	Wire       wire.Config
	MaxCrashes int   // crashes and clean stops the world chooses itself
	MaxBoots   int   // engines in one run; 0 is 30
	Grain      int64 // processes end at multiples of this instant, stalled until then; 0 is 1
	Step       int64 // both clocks advance in steps of this; 0: smoothly
	EventCost  int64 // virtual ns that a delivery takes; 0 is 1 us
	Trace      int   // lines of trace to keep; 0 is no trace
	Log        bool  // keep the hash after each event
}

// World is one simulated world. It runs on one goroutine and is reused.
type World struct {
	Tape  *tape.Tape
	Sched *sched.Sched
	Clock *wallclock.Clock
	Disk  *disk.Disk
	Wire  *wire.Wire

	// Asked is when this process was last asked to stop; 0: it was not.
	Asked int64
	// Hurried says that it was asked to stop at once, or twice, or before it served.
	Hurried bool
	// Boots, Crashes and Turns count what happened in this run; Crashes are
	// power cuts and kills.
	Boots, Crashes, Turns int

	cfg       Config
	hooks     Hooks
	engine    Engine
	booting   bool // a boot is scheduled
	dead      bool // there will be no other engine
	recovered bool
	ends      int // crashes and stops that the world chose
	aim       func() (int64, bool)
}

// The finer kinds of the host's events.
const evBoot = 1

// maxTurn bounds the events of one turn, as a real poll is bounded.
const maxTurn = 64

var (
	siteTurn     = tape.NewSiteWeighted("turn", tape.Schedule, 0, 4, 2, 1)
	siteStall    = sched.NewDelaySite("turn/stall")
	siteCrash    = tape.NewSiteWeighted("crash", tape.Crash, 0, 5, 2, 1)
	siteDowntime = sched.NewDelaySite("downtime")
	siteStopNow  = tape.NewSite("clean stop/now", tape.Free)
)

// New returns a world; call Reset before use.
func New() *World {
	w := &World{Sched: &sched.Sched{}, Clock: &wallclock.Clock{}, Disk: disk.New(), Wire: wire.New()}
	w.aim = w.deadline
	return w
}

// Reset begins a run: an empty disk, no engine yet; its boot is the first
// event. The tape must have its feeder.
func (w *World) Reset(t *tape.Tape, cfg Config, hooks Hooks) {
	if cfg.EventCost == 0 {
		cfg.EventCost = sched.Microsecond
	}
	if cfg.MaxBoots == 0 {
		cfg.MaxBoots = 30
	}
	w.cfg, w.hooks, w.Tape = cfg, hooks, t
	w.Sched.Log = cfg.Log
	w.Sched.TraceTo(cfg.Trace)
	w.Sched.Reset(t, 0)
	if hooks.Deadline != nil {
		w.Sched.Deadline = w.aim
	}
	w.Clock.Reset(w.Sched)
	w.Clock.Step(cfg.Step)
	w.Disk.Reset(w.Sched, cfg.Disk, hooks.Disk)
	w.Wire.Reset(w.Sched, cfg.Wire, hooks.Wire)
	w.Boots, w.Crashes, w.Turns, w.ends = 0, 0, 0, 0
	w.engine, w.dead, w.recovered, w.Hurried, w.Asked = nil, false, false, false, 0
	w.booting = true
	w.Sched.After(sched.Millisecond, sched.Host, evBoot, 0, 0)
}

// deadline converts the workload's deadline to virtual time.
func (w *World) deadline() (int64, bool) {
	ms, ok := w.hooks.Deadline()
	if !ok {
		return 0, false
	}
	us := w.Clock.WallExact()
	if w.hooks.EngineTime != nil {
		us = w.hooks.EngineTime()
	}
	return w.Sched.Now() + (ms*1000-us)*sched.Microsecond, true
}

// Timer calls Hooks.Timer with a and b after d nanoseconds of virtual time.
func (w *World) Timer(d int64, a uint32, b uint64) { w.Sched.After(d, sched.Work, 0, a, b) }

// Engine returns the engine that runs, or nil.
func (w *World) Engine() Engine { return w.engine }

// Dead reports that no engine runs and none will.
func (w *World) Dead() bool { return w.dead }

// Recovered is for the workload to say that the engine serves: a crash before
// that is a crash in recovery.
func (w *World) Recovered() { w.recovered = true }

// Hash returns the run's hash so far.
func (w *World) Hash() uint64 { return w.Sched.Hash() }

// Seen returns the run's observed effects.
func (w *World) Seen() *sched.Counts { return &w.Sched.Seen }

// Calm ends all faults: none is chosen from now on, crashes included, and what
// lasts (stuck I/O, a full disk, stalled peers, a frozen wall) comes to its end.
func (w *World) Calm() {
	w.Sched.Calm()
	w.Disk.Heal()
	w.Wire.Heal()
	w.Clock.Heal()
}

// Run takes turns until done says so, nothing more can happen, or the run has
// had maxEvents events. It reports whether done was reached.
func (w *World) Run(maxEvents int, done func() bool) bool {
	for w.Sched.Events() < maxEvents {
		if done != nil && done() {
			return true
		}
		if !w.Step() {
			break
		}
	}
	return done != nil && done()
}

// Failure is a panic of a run: a world violation, an oracle's finding, or a
// plain panic of the engine.
type Failure struct {
	Value any
	Stack []byte
}

// Error says what was panicked with.
func (f *Failure) Error() string {
	if err, ok := f.Value.(error); ok {
		return err.Error()
	}
	return fmt.Sprint(f.Value)
}

// Unwrap returns the panic's value if it was an error.
func (f *Failure) Unwrap() error { err, _ := f.Value.(error); return err }

// Try calls fn and returns the panic it ended with, if any. The world is fit
// for another Reset afterwards.
func (w *World) Try(fn func()) (failure *Failure) {
	defer func() {
		if v := recover(); v != nil {
			failure = &Failure{Value: v, Stack: debug.Stack()}
		}
	}()
	fn()
	return nil
}
