// Package tx is the one door to state. A command reads and changes data only
// through a Tx: its mutations apply themselves and log themselves, its lookups
// raise the offset its reply must wait for.
package tx

import (
	"errors"

	"holdfast/engine/obj"
	"holdfast/engine/unit"
)

// Errors a handler passes on unchanged.
var (
	// ErrWrongType is Redis's reply to a command of another type.
	ErrWrongType = errors.New("WRONGTYPE Operation against a key holding the wrong kind of value")
	// ErrCold says that a value is on disk only; the unit is to be run again
	// once it is resident. It never reaches a client.
	ErrCold = errors.New("value is not resident")
)

// Entry is what is known of a key without reading its value.
type Entry struct {
	Type     obj.Type // None: absent, or dead at the unit's instant
	Deadline unit.Deadline
	Len      int // string length; element count of a resident collection
	Resident bool
	Dirty    bool   // changed since its newest image on disk
	Span     uint32 // bytes on disk of a copy that may serve reads; 0 none
}

// Tx is one unit: an outermost command, or an EXEC and all it runs.
type Tx struct{ sel int }

func (t *Tx) Now() unit.Time                                                 { panic(0) }
func (t *Tx) NowMS() int64                                                   { panic(0) }
func (t *Tx) DB() int                                                        { panic(0) }
func (t *Tx) Databases() int                                                 { panic(0) }
func (t *Tx) Rand() uint64                                                   { panic(0) }
func (t *Tx) Lookup(key []byte) Entry                                        { panic(0) }
func (t *Tx) LookupIn(db int, key []byte) Entry                              { panic(0) }
func (t *Tx) String(key []byte) ([]byte, bool, error)                        { panic(0) }
func (t *Tx) StringLen(key []byte) (int, error)                              { panic(0) }
func (t *Tx) Hash(key []byte) (*obj.Hash, error)                             { panic(0) }
func (t *Tx) Size() int                                                      { panic(0) }
func (t *Tx) Scan(cursor uint64, fn func(key []byte, e Entry)) uint64         { panic(0) }
func (t *Tx) RandomKey() ([]byte, bool)                                      { panic(0) }
func (t *Tx) Hotness(key []byte) (idleSeconds int64, freq int)                { panic(0) }
func (t *Tx) SetString(key, v []byte, dl unit.Deadline)                       { panic(0) }
func (t *Tx) Append(key, v []byte) int                                       { panic(0) }
func (t *Tx) SetRange(key []byte, off int, v []byte) int                      { panic(0) }
func (t *Tx) HashSet(key, field, v []byte) bool                              { panic(0) }
func (t *Tx) HashDel(key, field []byte) bool                                 { panic(0) }
func (t *Tx) Delete(key []byte) bool                                         { panic(0) }
func (t *Tx) SetDeadline(key []byte, dl unit.Deadline)                        { panic(0) }
func (t *Tx) Rename(src, dst []byte) error                                   { panic(0) }
func (t *Tx) Copy(src []byte, dstDB int, dst []byte) error                    { panic(0) }
func (t *Tx) Move(key []byte, dstDB int) error                               { panic(0) }
func (t *Tx) FlushDB(db int)                                                 { panic(0) }
func (t *Tx) FlushAll()                                                      { panic(0) }
func (t *Tx) SwapDB(a, b int)                                                { panic(0) }
