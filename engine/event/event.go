// Package event is how the engine tells the outside what it does: a struct of
// funcs, each with one argument. Logs, metrics, MONITOR, golden traces and the
// simulator's oracles all listen here; nothing else leaves the engine but
// replies and log writes.
//
// Every func is optional and is called on the shard's goroutine. The argument
// and every slice in it are valid only until the func returns. A func must not
// call into the shard.
package event

import "holdfast/engine/unit"

// Observer receives events. The zero value ignores all of them.
type Observer struct {
	// Unit reports one executed unit, in the engine's serial order.
	Unit func(*Unit)
	// Withdrawn reports that a connection's newest unsent replies are void:
	// their reads will run again, and be reported again, or become an error.
	Withdrawn func(*Withdrawn)
	// Blocked reports that a command found nothing and waits for a key, or that
	// it will be answered without having got anything.
	Blocked func(*Blocked)
	// Gone reports a key that expiry or eviction removed.
	Gone func(*Gone)
	// Committed reports a move of the committed offset.
	Committed func(unit.LSN)
	// Saved reports a backup that is whole and durable.
	Saved func(*Saved)
	// Recovered reports the end of recovery.
	Recovered func(*Recovered)
	// Mark reports that a rare state was reached, by name (a constant string).
	Mark func(name string)
	// Note reports something an operator may like to know, in one line.
	Note func(line string)
	// Warn reports a condition an operator should see, in one line.
	Warn func(line string)
}

// Unit is one outermost command, or one EXEC with the commands it ran.
type Unit struct {
	Conn     uint64     // net.Conn that asked; 0 for the engine itself
	DB       int        // selected database when it began
	Proto    int        // 2 or 3: the reply's protocol
	Now      unit.Time  // its one instant
	Exec     bool       // Commands ran inside MULTI/EXEC
	Commands [][][]byte // name and arguments of each, as received
	Reply    []byte     // what it answered, whole
	Begin    unit.LSN   // log tail before it
	End      unit.LSN   // log tail after it; equal to Begin when it wrote nothing
	Need     unit.LSN   // committed must reach this before Reply may leave
	Source   bool       // the connection is an import source
	Woken    []byte     // the key that got elements for the command, which waited and looked at no other; else nil
}

// Blocked is one command that begins to wait, or ends to, In vain. What a
// command has waited for is told by a Unit with Woken.
type Blocked struct {
	Conn    uint64
	DB      int
	Command [][]byte // when it begins
	Now     unit.Time
	InVain  bool
	Reply   []byte // what it answers, in vain
}

// Withdrawn voids replies that had not begun to leave: a value they show died
// while they were held.
type Withdrawn struct {
	Conn uint64
	// Units counts the connection's newest units, all reads, that are void and
	// will be reported anew. With Failed it counts the units behind the one
	// whose reply is void; those stand.
	Units int
	// Failed: it will not run again; Reply takes the place of its own.
	Failed bool
	Reply  []byte
}

// Gone is one key removed without a client asking.
type Gone struct {
	DB       int
	Key      []byte
	Deadline unit.Deadline
	Now      unit.Time
	Evicted  bool     // else expired
	End      unit.LSN // of an eviction: log tail after it
}

// Recovered sums up a recovery.
type Recovered struct {
	Head, Tail unit.LSN
	Records    uint64
	Keys       int
	Now        unit.Time // engine time at which serving starts
	Fresh      bool      // there was no log
	Void       bool      // there was one that does not count: it ended as a cache
}

// Saved is a backup: all units that end at or below Cut, none above.
type Saved struct {
	Folder string
	Cut    unit.LSN
	Files  int
}
