package judge

import (
	"fmt"

	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/sim/bump"
	"holdfast/sim/ledger"
	"holdfast/sim/model"
)

// Oracle names one of the package's oracles.
type Oracle uint8

// The oracles, see the package's documentation.
const (
	Taint Oracle = iota
	Envelope
	CutRule
	Alive
	Time
	Punctual
	Recovery
	Twin
	Order
	Linear      // package linear's
	Metamorphic // package meta's
	Ports       // the world's own: contracts of the ports, panics
	NumOracles
)

var oracleNames = [NumOracles]string{"taint", "envelope", "cut", "alive", "time", "punctual", "recovery", "twin", "order", "linear", "metamorphic", "ports"}

// String names the oracle as signatures spell it.
func (o Oracle) String() string { return oracleNames[o] }

// OracleNamed finds an oracle by the name in signatures.
func OracleNamed(name string) (Oracle, bool) {
	for o := range NumOracles {
		if oracleNames[o] == name {
			return o, true
		}
	}
	return 0, false
}

// Failure is what ends a run.
type Failure struct {
	Oracle  Oracle
	Promise string // DURABLE, ALIVE, ...
	What    string // constant: with oracle and promise the signature
	Story   []string
}

// Signature names the failure without its particulars.
func (f *Failure) Signature() string { return f.Oracle.String() + "/" + f.Promise + ": " + f.What }

// Rules are what the settings of a run promise.
type Rules struct {
	Logged bool // appendonly yes, for a while at least: the log survives a restart
	Sure   bool // appendfsync always, for a while: replies wait for the log
	// Damage says that the world destroys durable data: errors that say so
	// are no finding.
	Damage    bool
	Flaws     int   // how many times it has
	Misreads  int   // reads that returned other bytes than the disk holds
	PersistMS int64 // how long a forward step of the wall lasts before it counts
	// Limited says that memory is short: writers may be refused.
	Limited bool
	// Capped says that the log may take a few segments only: writers may be refused.
	Capped bool
	// Evicts says that keys may go at any time.
	Evicts bool
	// Volatile says that only those with a deadline may.
	Volatile bool
	// Import says that the configuration has import mode on.
	Import bool
}

// World is what the judge asks of the world around it.
type World interface {
	Mono() int64    // ns, never back within a process
	Wall() int64    // us, exact
	Stable() uint64 // the stable cut, from the disk's bytes
	// Troubled says that the disk has failed an operation in this run.
	Troubled() bool
	// Logs and Holds tell what the engine's settings are at this instant:
	// appendonly yes, and appendfsync always besides.
	Logs() bool
	Holds() bool
}

// Counts are the checks of each oracle that could have failed, and what ran.
type Counts struct {
	Checks   [NumOracles]int64
	Replies  int64
	Units    int64
	Refused  int64
	Short    int64 // refused because memory is full
	Values   int64 // released replies that carried values
	Held     int64 // released replies that had to wait for the log
	Reruns   int64
	Expired  int64
	Evicted  int64
	Aborted  int64
	Told     int64 // messages that answered no command
	Restarts int64
	Unknown  int64
	Woken    int64 // blocked clients that were given something
}

// Add adds another run's counts.
func (c *Counts) Add(o *Counts) {
	for i := range c.Checks {
		c.Checks[i] += o.Checks[i]
	}
	c.Replies += o.Replies
	c.Units += o.Units
	c.Refused += o.Refused
	c.Short += o.Short
	c.Values += o.Values
	c.Held += o.Held
	c.Reruns += o.Reruns
	c.Expired += o.Expired
	c.Evicted += o.Evicted
	c.Aborted += o.Aborted
	c.Told += o.Told
	c.Restarts += o.Restarts
	c.Unknown += o.Unknown
	c.Woken += o.Woken
}

// pending is a declared unit whose reply has not left yet.
type pending struct {
	u       event.Unit
	no      int64  // how many units had been declared
	tail    uint64 // end of the newest unit before it
	pure    bool   // only reads, outside EXEC
	sure    bool   // it has to be durable before it is told
	values  bool
	changed bool
	refused bool
	source  bool // its client was marked as an import source
	aborted bool
	abort   uint64        // end of the earliest write that made EXEC nil
	expired unit.Deadline // the newest deadline that it showed to have passed
	refs    [maxRefs]model.Ref
	nrefs   int
}

const maxRefs = 8

// Judge is one run's court. Reset before each run.
type Judge struct {
	world  World
	rules  Rules
	regime regime
	Model  model.Model
	Ledger *ledger.Ledger
	Counts Counts
	// Deaf oracles find nothing: how to ask what the others would have found.
	Deaf [NumOracles]bool
	// Commands counts answers by command. Whoever reads it may reset the numbers.
	Commands map[string]*int64
	// Twin, if set, executes every declared unit; it returns "" or what differs.
	Twin func(u *event.Unit) string
	// Replay, if set, makes the twin start over (nil) and execute again, for
	// their effect, the units that a recovery has brought back.
	Replay  func(u *event.Unit)
	history []event.Unit // units that changed something
	rest    event.Unit   // scratch of served

	fail *Failure
	// suspect is a removal that the next unit may explain.
	suspect     *Failure
	suspectGone event.Gone
	// suspectImport says that only a write to that key explains it.
	suspectImport bool
	last          string // the last recovery, for stories

	conns []conn
	index map[uint64]int

	bytes bump.Arena[byte]
	args  bump.Arena[[]byte]
	cmds  bump.Arena[[][]byte]

	serving    bool
	tail       uint64 // end of the newest declared unit
	acked      uint64 // what clients know to be durable
	left       uint64 // what a clean stop has left behind; 0: the process ended otherwise
	revealed   unit.Deadline
	revealedBy string
	time       timeline
	due        dueHeap
	failed     bool // the engine said that its log failed
	hearers    []*hearer
	numbers    map[string]uint64 // connections by CLIENT ID
	recent     []recently        // keys that have gone since the last unit

	waiters  []waiter // who is blocked, the longest first
	unblocks bool
	halt     halt
}

// Reset begins a run.
func (j *Judge) Reset(w World, r Rules, l *ledger.Ledger) {
	j.world, j.rules, j.Ledger = w, r, l
	j.regime = regime{off: true} // there is nothing yet
	j.Model.Volatile = j.push
	j.Model.Hear = nil
	j.hearers, j.recent = j.hearers[:0], j.recent[:0]
	clear(j.numbers)
	j.Model.Reset()
	j.Model.Import(r.Import)
	j.Counts = Counts{}
	j.fail, j.suspect, j.last = nil, nil, ""
	j.conns = j.conns[:0]
	clear(j.index)
	if j.index == nil {
		j.index = map[uint64]int{}
	}
	j.bytes.Chunk = 64 << 10
	j.bytes.Reset()
	j.args.Reset()
	j.cmds.Reset()
	j.serving, j.tail, j.acked, j.left, j.revealed, j.failed = false, 0, 0, 0, 0, false
	j.time = timeline{}
	j.due = j.due[:0]
	j.history = j.history[:0]
	j.waiters, j.unblocks, j.halt = j.waiters[:0], false, halt{}
}

// Failure returns the finding that ended the run, or nil.
func (j *Judge) Failure() *Failure { return j.fail }

// Answered counts an answer to a command.
func (j *Judge) Answered(name []byte) {
	if n := j.Commands[string(name)]; n != nil {
		*n++
		return
	}
	if j.Commands == nil {
		j.Commands = map[string]*int64{}
	}
	n := int64(1)
	j.Commands[string(name)] = &n
}

// Fail reports a finding; the first one stands.
func (j *Judge) Fail(o Oracle, promise, what string, story ...string) {
	if j.fail == nil && !j.Deaf[o] {
		j.fail = &Failure{Oracle: o, Promise: promise, What: what, Story: story}
	}
}

// Check counts a check that the caller makes.
func (j *Judge) Check(o Oracle) { j.check(o) }

// check counts a check that could have failed.
func (j *Judge) check(o Oracle) { j.Counts.Checks[o]++ }

// Rules returns the rules in force.
func (j *Judge) Rules() *Rules { return &j.rules }

// command spells a command for a story.
func command(args [][]byte) string {
	s := ""
	for i, a := range args {
		if i > 0 {
			s += " "
		}
		if len(a) > 48 {
			s += fmt.Sprintf("%q...(%d bytes)", a[:32], len(a))
		} else {
			s += clean(a)
		}
	}
	return s
}

func clean(p []byte) string {
	for _, c := range p {
		if c <= ' ' || c > '~' {
			return fmt.Sprintf("%q", p)
		}
	}
	return string(p)
}

func short(p []byte) string {
	if len(p) > 160 {
		return fmt.Sprintf("%q...(%d bytes)", p[:160], len(p))
	}
	return fmt.Sprintf("%q", p)
}

// story tells of a unit.
func story(u *event.Unit) []string {
	var s []string
	for _, c := range u.Commands {
		s = append(s, "command: "+command(c))
	}
	return append(s,
		fmt.Sprintf("connection %d, database %d, at %d us, log [%d, %d), needs %d", u.Conn, u.DB, u.Now, u.Begin, u.End, u.Need),
		"answered: "+short(u.Reply))
}
