// Package command is the command table and the handlers behind it.
//
// The table is data: each Command states its arity, flags, key positions and
// documentation, and everything that needs to know a command reads it there:
// the runner (which keys, are their values needed, how much may it add), ACL
// categories, COMMAND's replies, the fuzzers' grammar. Nothing registers
// itself; the tables are literals in table_*.go, one file a group.
//
// A handler is a plain function of a transaction, the arguments and a reply
// writer. It runs to its end at one instant, t.Now(), on resident data:
//
//	func getCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
//		v, ok, err := t.String(a[1])
//		if err != nil {
//			return fail(w, err)
//		}
//		bulkOrNull(w, v, ok)
//		return Done
//	}
//
// Three rules hold for all of them. Every lookup that may find a value cold
// comes before the first mutation, since nothing is undone. A slice from the
// transaction is answered before the next mutation, which may move it. An
// error of the transaction goes to fail unchanged. The caller has checked the
// arity (Resolve does), so a handler indexes its fixed arguments freely.
//
// Commands without a handler belong to a connection (MULTI, CLIENT, HELLO and
// such): the session implements them; the table still describes them.
package command

import (
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// Args are a command's words; the first is its name as received.
type Args [][]byte

// Outcome is how a handler ended.
type Outcome uint8

// The outcomes.
const (
	Done  Outcome = iota // the reply is written
	Cold                 // a value it needs is on disk; nothing was changed or answered
	Block                // waits for a key; nothing was changed or answered
)

// Handler executes a command.
type Handler func(t *tx.Tx, a Args, w *resp.Writer) Outcome

// Flag is a set of a command's properties.
type Flag uint32

// The flags. Those up to AllowBusy are Redis's own and appear in COMMAND INFO
// in this order; the rest are the engine's and appear nowhere.
const (
	Write Flag = 1 << iota
	ReadOnly
	DenyOOM
	Module
	Admin
	PubSub
	NoScript
	Blocking
	Loading
	Stale
	SkipMonitor
	SkipSlowlog
	Asking
	Fast
	NoAuth
	MayReplicate
	NoMandatoryKeys
	NoAsyncLoading
	NoMulti
	MovableKeys
	AllowBusy

	Fetch     // the values under its keys must be resident before it runs
	Passes    // it may write again an element from an end of the lists under its keys
	Carries   // it may write again, whole, what is under its keys: their sizes add to its footprint
	Drains    // what is due is removed before it runs
	WholeDB   // its reply or effect depends on keys it does not name
	Random    // its reply may differ between equal states
	Unordered // the elements of its reply may come in any order
)

// Category is a set of ACL categories.
type Category uint32

// The categories, in the order in which COMMAND INFO lists them.
const (
	CatKeyspace Category = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

// Keys says where a command's keys stand among its arguments. A negative Last
// counts from the end. First 0: it names no keys.
type Keys struct{ First, Last, Step int }

// Access is a set of what a command does to the keys of one KeySpec.
type Access uint16

// What is done to a key, and to its value.
const (
	RO Access = 1 << iota // reads the value, changes neither it nor its metadata
	RW                    // changes the value or its metadata, in place
	OW                    // overwrites the value whatever it was
	RM                    // removes the key
	ReadsValue
	UpdatesValue
	InsertsValue
	DeletesValue
	NotKey
	Incomplete
	VariableAccess
)

// KeySpec is one of Redis 7's key specifications of the forms index and range,
// and index and keynum, which are all that the commands here need.
type KeySpec struct {
	Access Access
	Index  int // where the first key stands, or their number with the keys behind it
	Last   int // relative to Index; negative from the end; Counted: see there
	Step   int
}

// Counted as a KeySpec's Last says that Index is the place of the keys' number.
const Counted = 1 << 20

// Arg documents one argument, for COMMAND DOCS.
type Arg struct {
	Name       string
	Type       string // key, string, integer, double, pattern, unix-time, pure-token, oneof, block
	Spec       int    // of a key: the index of its KeySpec
	Token      string // a word that precedes it
	Since      string
	Deprecated string // since when
	Optional   bool
	Multiple   bool
	Repeat     bool // the token is repeated with every value
	Args       []Arg
}

// Gift is what a command does that gives a value to another key.
type Gift struct {
	Key   []byte
	DB    int
	Moves bool // the value does not stay where it is
	Fresh bool // only where nothing is there
}

// Command is one entry of the table, or a subcommand of one.
type Command struct {
	Name       string // lower case; of a subcommand whole, "client|id"
	ID         int    // from 0 to Count()-1, subcommands included
	Arity      int    // words including the name; negative: at least so many
	Flags      Flag
	Categories Category
	Keys       Keys
	// FindKeys gives the positions of irregular keys. Nil: Keys says it.
	FindKeys func(a Args) []int
	// Values reports whether these arguments read the values under the keys.
	// Nil: the flag Fetch says it.
	Values func(a Args) bool
	// Sources are the keys whose values are read, when that is not all of
	// them (RENAME does not read what it replaces).
	Sources Keys
	// Narrow returns the same command for one of its keys alone, for one that
	// blocks and is woken by that key. Nil: it has one.
	Narrow func(a Args, key []byte) Args
	// Access says what these arguments do to the key, for a KeySpec of
	// VariableAccess.
	Access func(a Args) Access
	// Gives says to which key these arguments give the value of the first one;
	// false if they are not in order. Nil: they give none.
	Gives func(a Args, db, databases int) (g Gift, ok bool)
	// Adds bounds what these arguments may add to the log, and to memory.
	// Nil: the arguments' own size.
	Adds    func(a Args) int
	Handler Handler // nil: the session's
	Specs   []KeySpec
	Tips    []string

	Summary    string
	Since      string
	Group      string
	Complexity string
	Deprecated string // since when; empty: it is not
	Instead    string // what to use instead of a deprecated command
	System     bool   // for the server's own developers: a "syscmd"
	Args       []Arg
	Subs       []Command
}

// Is reports whether the command has all flags of f.
func (c *Command) Is(f Flag) bool { return c.Flags&f == f }

// ArityOK reports whether the command may have n words.
func (c *Command) ArityOK(n int) bool {
	if c.Arity < 0 {
		return n >= -c.Arity
	}
	return n == c.Arity
}

// EachKey calls fn with every key among the arguments, in order, repeats
// included. The arguments have passed the arity check.
func (c *Command) EachKey(a Args, fn func(key []byte)) {
	if c.FindKeys != nil {
		for _, i := range c.FindKeys(a) {
			fn(a[i])
		}
		return
	}
	c.Keys.each(a, fn)
}

// EachValue calls fn with every key whose value must be resident before the
// command can run with these arguments.
func (c *Command) EachValue(a Args, fn func(key []byte)) {
	if !c.NeedsValues(a) {
		return
	}
	if c.Sources.First != 0 {
		c.Sources.each(a, fn)
		return
	}
	c.EachKey(a, fn)
}

// NeedsValues reports whether these arguments read any value under the keys.
func (c *Command) NeedsValues(a Args) bool {
	if c.Values != nil {
		return c.Values(a)
	}
	return c.Flags&Fetch != 0
}

func (k Keys) each(a Args, fn func(key []byte)) {
	if k.First == 0 {
		return
	}
	last := k.Last
	if last < 0 {
		last += len(a)
	}
	for i := k.First; i <= last && i < len(a); i += k.Step {
		fn(a[i])
	}
}

// What one record and one entry cost beyond the bytes they carry: more than
// any record header with its share of batch framing, or a new entry with its
// share of the table.
const perItem = 160

// Footprint bounds the bytes that the command may add to the log and, each
// taken alone, to memory. The runner reserves so much before it runs the
// command, and the sizes under its keys as well if it Carries them.
func (c *Command) Footprint(a Args) int {
	if c.Flags&Write == 0 {
		return 0
	}
	if c.Adds != nil {
		return c.Adds(a)
	}
	return sizeOf(a)
}

func sizeOf(a Args) int {
	n := perItem
	for _, p := range a {
		n += len(p) + perItem
	}
	return n
}
