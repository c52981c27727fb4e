// Package world is the simulated world in which one engine runs: virtual time,
// a clock, a disk, a network, crashes, and the turns that the host's loop would
// take. It knows nothing of commands or promises; a workload and its oracles
// are built on its Hooks.
//
// # Shape
//
//	w := world.New()               // one per worker, reused for every run
//	t := &tape.Tape{}
//	t.Seed(seed, &tape.Standard)
//	w.Reset(t, cfg, hooks)         // an empty disk; the engine boots as an event
//	failure := w.Try(func() {
//		w.Run(maxEvents, done)     // faults and all
//		w.Calm()                   // faults end, stuck things finish
//		w.Run(maxEvents, drained)
//	})
//
// The workload makes connections with w.Wire.Connect and is told of what comes
// back through wire.Endpoint; it sets timers with w.Timer, which come back
// through Hooks.Timer; it draws from w.Tape. Oracles watch the release of bytes
// (Hooks.Wire.Released: judged at w.Sched.Now(), the engine's clock standing
// where it last read it), what becomes durable (Hooks.Disk.Stable) and crashes
// (Hooks.Down before the disk loses anything, Hooks.Cut after, Hooks.Booted).
//
// # A turn
//
// Step is one turn of the host's loop: time moves to the next event or to the
// alarm; the wall clock may be tampered with; a choice says how many of the
// ready events this turn sees (all, one, two, or all after a stall); each is
// delivered; Tick is called if the alarm is due; then EndTurn. Before every
// event and before EndTurn the world may crash. Each delivery takes
// Config.EventCost of virtual time.
//
// # The end of a process
//
// PowerCut drops the engine and replaces the disk's contents by a crash image.
// Kill drops the engine and keeps the page cache. Exit is an engine that says
// it has stopped, of its own or after a CleanStop. In all cases connections
// break, the wall clock may jump while time passes, and Hooks.Engine is asked
// for the next engine, which may well have other settings.
package world
