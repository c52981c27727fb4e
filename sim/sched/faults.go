package sched

import "strconv"

// Effect is a fault, or another event of note, whose effect was observed: data
// did differ, a peer did see a reset. Counting effects and not intentions is
// what shows a fault walk that delivers no fault.
type Effect uint8

// The effects.
const (
	LostWrite Effect = iota
	TornWrite
	ReorderedWrite // a later unsynced write survived, an earlier one did not
	InFlightDone   // a write in flight at the crash reached the disk
	LostCreate
	LostRename
	LostRemove
	ShortFile // a file is shorter after the crash than before
	ZeroFill  // a file kept its length but not its bytes
	OutOfOrder
	SlowIO
	StuckIO
	ReadError
	WriteError
	ShortWrite // a write failed and left a part of itself
	SyncError
	SyncLostData // a failed sync left old bytes on the disk and clean pages
	LateError
	OpenError
	DirError
	NoSpace
	AllocateError // space could not be reserved
	SpaceHealed
	BitRot
	MisdirectedRead
	ShortRead
	PhantomWrite
	MisdirectedWrite
	FalseSync

	Fragmented
	SingleByte
	Coalesced
	NetDelay
	ResetMidCommand
	ResetMidReply
	ResetIdle
	Refused
	PartialSend
	StalledPeer
	HalfOpen
	Storm     // many connections at once
	LateBytes // arrived after the engine had closed the connection

	WallForward
	WallBack
	WallDays
	WallFreeze
	WallDrift
	WallCoarse
	WallAtCrash
	LateTick
	Preempted

	PowerCut
	Kill
	CrashInRecovery
	CleanStop
	OtherSettings // a process began with other settings than the last
	MemoryShort   // a command was refused because memory is full
	Aimed
	NumEffects
)

// Counts has a counter for each effect.
type Counts [NumEffects]int64

var effectNames = [NumEffects]string{
	"lost write", "torn write", "reordered write", "in-flight write done", "lost create", "lost rename", "lost remove",
	"short file", "zero-filled file", "out-of-order completion", "slow I/O", "stuck I/O", "read error", "write error", "short write",
	"sync error", "sync lost data", "late error", "open error", "directory error", "no space", "allocation failed", "space healed",
	"bit rot", "misdirected read", "short read", "phantom write", "misdirected write", "false sync",
	"fragment", "single byte", "coalesced", "network delay", "reset in command", "reset in reply", "reset idle", "refused",
	"partial send", "stalled peer", "half-open peer", "connection storm", "late bytes",
	"wall forward", "wall back", "wall days", "wall frozen", "wall drift", "wall coarse", "wall jump at crash",
	"late tick", "preempted",
	"power cut", "kill", "crash in recovery", "clean stop", "restart with other settings", "memory short", "aimed delay",
}

// String names the effect.
func (e Effect) String() string {
	if int(e) < len(effectNames) {
		return effectNames[e]
	}
	return "effect " + strconv.Itoa(int(e))
}

// Add adds the counters of another run.
func (c *Counts) Add(o *Counts) {
	for i := range c {
		c[i] += o[i]
	}
}
