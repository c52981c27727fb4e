// Package vfs is the engine's port to the disk: operations submitted now and
// completed later, on the files of one data directory and of folders in it.
// Names are plain ("a"), or lead through folders ("folder/a").
//
// An Op is embedded in the request that owns it and reused, so the steady
// state allocates nothing. Contract, the same for every implementation and
// checked by the conformance suite in vfs/vfstest:
//
//   - Submit never blocks and never calls back. Complete is called later, from
//     the host's loop goroutine, exactly once per Op. ReadNow is the exception:
//     it finishes inside Submit and Complete is not called.
//   - From Submit until Complete the Op and its Buf belong to the port. The
//     owner neither reads nor writes them; there is no cancellation, the owner
//     compares identity in Complete instead.
//   - Operations may complete in any order. Two operations that overlap on a
//     file are unordered unless one was submitted after the other completed.
//   - Off and len(Buf) are multiples of Align, and Buf came from Buffer.
//   - A failed operation has done an unknown part of its work.
package vfs

import "errors"

// Kind says what an Op does.
type Kind uint8

// The kinds of operation. "Durable" means: survives a power cut.
const (
	// Open opens the existing file Name for reading and writing. Sets File,
	// N to the file's size and Links to the number of its names. Err is
	// ErrNotExist when it is missing.
	Open Kind = iota + 1
	// Create opens Name, creating it empty if missing, else keeping its
	// contents. Sets File, N and Links as Open does. The directory entry is durable
	// only after SyncDir.
	Create
	// Close gives the handle up. Not durable.
	Close
	// Allocate reserves N bytes from offset 0 so that later writes below N
	// do not meet ErrNoSpace. May extend the file with zeroes.
	Allocate
	// Read fills Buf from Off. N is the bytes read; past the end of the file
	// N is short and Err nil.
	Read
	// ReadNow is Read done inside Submit: the counted exception for values
	// that nothing could foresee. It blocks the caller.
	ReadNow
	// Write writes Buf at Off; durable only after a Sync that was submitted
	// after this Write completed.
	Write
	// WriteDurable writes Buf at Off and completes when it is durable.
	WriteDurable
	// Sync makes every Write on File that completed before its Submit durable.
	Sync
	// Rename renames Name to To, replacing it; durable after SyncDir.
	Rename
	// Link makes To another name of the file Name; durable after SyncDir of To's
	// folder. To must not exist. ErrOtherDevice: To lies on another file system.
	Link
	// Remove removes Name; durable after SyncDir. Missing is ErrNotExist.
	Remove
	// SyncDir makes creations, links, renames and removals in the folder Name
	// that completed before its Submit durable. "" is the data directory.
	SyncDir
	// List sets Names to what the folder Name holds, sorted: files, and folders
	// with a slash behind. "" is the data directory.
	List
	// MakeDir makes the folder Name; one that is there will do. Durable after
	// SyncDir of the folder above.
	MakeDir
	// RemoveDir removes the empty folder Name; durable as MakeDir.
	RemoveDir
)

// File is a handle given by Open or Create. 0 is no file.
type File uint32

// Op is one operation. The owner fills the upper fields, the port the lower.
type Op struct {
	Kind     Kind
	File     File   // target; set by Open and Create
	Name, To string // in the data directory
	Off      int64
	Buf      []byte
	Owner    Completer

	N     int      // see Kind; for Allocate the size asked for
	Links int      // Open and Create: names that the file has
	Names []string // List
	Err   error    // nil, or wraps one of the errors below
}

// Completer is told that an Op has finished.
type Completer interface {
	// Complete is called on the host's loop goroutine. The Op is the owner's
	// again and may be submitted anew from inside.
	Complete(*Op)
}

// FS is the disk. All methods are called on the host's loop goroutine only.
type FS interface {
	// Submit starts an operation.
	Submit(*Op)
	// Buffer returns a zeroed-or-dirty buffer of exactly n bytes, aligned in
	// memory as the device needs; n is rounded up to Align by the caller.
	Buffer(n int) []byte
	// Release gives a buffer of Buffer back. Nil is allowed.
	Release([]byte)
	// Align returns the unit of offsets and lengths: 512 or 4096.
	Align() int
}

// Errors that Op.Err wraps. Any other error counts as ErrIO.
var (
	ErrNotExist = errors.New("file does not exist")
	ErrNoSpace  = errors.New("no space left on device")
	ErrIO       = errors.New("input/output error")

	// ErrOtherDevice: a link cannot lead to another file system.
	ErrOtherDevice = errors.New("on another file system")
)
