package ckpt

import (
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/tier"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/vfs"
)

// Keeper takes a shard's checkpoints and loads the newest at its start. It is
// what recovery applies the log to. One goroutine owns it.
type Keeper struct {
	cfg   *config.Config
	state *tx.State
	tier  *tier.Tier
	log   *wal.Log
	fs    vfs.FS
	obs   *event.Observer

	next    int      // number of the next file
	old     []string // files that the next checkpoint makes superfluous
	torn    []string // what a crash has left unfinished
	bytes   int64    // of the newest checkpoint
	redo    unit.LSN // of the newest checkpoint; without one where the log began
	take    *taker
	load    *loader
	nextAt  int64 // monotonic instant of the next slice
	giveUp  int64 // a stop waits no longer than this
	retryAt int64
	mono    int64 // of the last call
	ending  bool
	warned  bool

	redone redo
	stats  Stats
}

// Stats is what INFO shows.
type Stats struct {
	Taken, Failed, Entries int64
	Bytes                  int64    // of the newest
	Redo                   unit.LSN // of the newest
	Running                bool
	Loaded                 bool // the last start used one
}

// New returns the keeper of a shard whose log is kept over restarts.
func New(cfg *config.Config, s *tx.State, t *tier.Tier, l *wal.Log, fs vfs.FS, o *event.Observer) *Keeper {
	return &Keeper{cfg: cfg, state: s, tier: t, log: l, fs: fs, obs: o}
}

// Stats returns the present figures.
func (k *Keeper) Stats() Stats {
	s := k.stats
	s.Bytes, s.Redo, s.Running = k.bytes, k.redo, k.take != nil
	return s
}

// Bytes returns the memory in use.
func (k *Keeper) Bytes() int64 {
	n := int64(0)
	if k.take != nil {
		n += k.take.memory
	}
	if k.load != nil {
		n += int64(len(k.load.buf))
	}
	return n + k.redone.held
}

func (k *Keeper) mark(name string) {
	if k.obs.Mark != nil {
		k.obs.Mark(name)
	}
}

func (k *Keeper) warn(line string) {
	if k.obs.Warn != nil {
		k.obs.Warn(line)
	}
}

// interval returns how many bytes are logged between two checkpoints: writing
// one shall cost little beside them.
func (k *Keeper) interval() unit.LSN {
	return unit.LSN(max(k.cfg.CheckpointLogBytes, 4*k.bytes))
}

// able reports whether checkpoints are wanted and possible.
func (k *Keeper) able() bool {
	return k.cfg.CheckpointLogBytes > 0 && k.state.Logging() && k.log.Era() == wal.Durable && k.log.Err() == nil
}

// Step goes on with a checkpoint, or begins one when it is time: a bounded
// amount of work, once a turn.
func (k *Keeper) Step(now unit.Time, mono int64) {
	k.mono = mono
	switch {
	case k.take != nil:
		if !k.able() {
			k.take.abort(nil)
		}
		if mono >= k.nextAt {
			k.take.step(now, mono)
		}
	case len(k.torn) > 0:
		t := &taker{k: k, drops: k.torn}
		k.take, k.torn = t, nil
		t.remove()
	case k.able() && mono >= k.retryAt && k.log.Tail()-k.redo >= k.interval() && k.fits():
		k.begin()
	}
}

// fits reports whether the log can do without the space of a checkpoint.
func (k *Keeper) fits() bool {
	keys := 0
	for _, d := range k.state.Databases() {
		if d.KS != nil {
			keys += d.KS.Len()
		}
	}
	return k.log.Fits(max(k.bytes, int64(keys)*entryGuess))
}

// entryGuess is about what an entry takes in a checkpoint.
const entryGuess = 48

// Due returns the monotonic instant at which Step, or Finish, wants to be called;
// 0 is no wish.
func (k *Keeper) Due() int64 {
	if k.take == nil {
		return 0
	}
	at := int64(0)
	if k.take.phase == scanning && k.take.flying < flights {
		at = max(k.nextAt, 1)
	}
	if k.ending && k.take.phase < publishing && (at == 0 || k.giveUp < at) {
		at = k.giveUp
	}
	return at
}

// stopSeconds bounds how long a clean stop waits for its checkpoint.
const stopSeconds = 10

// Finish is for a clean stop, in place of Step, when nothing changes any more:
// it takes a last checkpoint unless a recent one exists, and reports whether
// that is over.
func (k *Keeper) Finish(now unit.Time, mono int64) bool {
	k.mono = mono
	if !k.ending {
		k.ending, k.giveUp = true, mono+stopSeconds*1_000_000_000
		if k.take == nil && k.able() && k.log.Tail()-k.redo >= k.interval()/4 && k.fits() {
			k.begin()
		}
	}
	if t := k.take; t != nil {
		if mono >= k.giveUp || !k.able() {
			t.abort(nil)
		}
		t.step(now, mono)
	}
	return k.take == nil
}

// account tells the log what checkpoints take beside it.
func (k *Keeper) account() {
	n := k.bytes
	if k.take != nil {
		n += k.take.off
	}
	k.log.Beside(n)
}
