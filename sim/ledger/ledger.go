// Package ledger is the payload taint oracle's book: which write made each
// payload, what the world drew for it, and what became of that write.
//
// Every value that a simulated client writes carries marks: a write number and
// check bytes that only the ledger can make. Whoever sees bytes, on the
// engine's side of a socket for instance, finds the marks in them without
// knowing what command they answer, and asks here. The ledger knows nothing of
// the engine, and the engine nothing of marks.
package ledger

import (
	"bytes"

	"holdfast/engine/unit"
)

// ID is a write number. 0 is no write.
type ID uint32

// State is what is known of a write.
type State uint8

// The states of a write.
const (
	Sent     State = iota // on its way, or never arrived
	Executed              // the engine declared its unit
	Lost                  // a crash undid it: its bytes must not be seen again
)

// Record is one write.
type Record struct {
	Key   int32 // the number in the key's name
	Moves bool  // its value can travel: the world has sent RENAME, COPY, ... since
	State State
	End   unit.LSN  // where its unit ends in the log
	Now   unit.Time // its unit's instant
	// Logged reports that the unit is in the log at all.
	Logged bool
}

// Ledger is one run's book. The zero value is ready.
type Ledger struct {
	recs []Record
	// Travels reports that some command of this run moves values between keys,
	// so that a payload under another key is no finding by itself.
	Travels bool
	// Found counts the marks that lookups have met.
	Found int64
}

// MarkLen is the length of a mark: '~' and nine digits of base 32, a number of
// 20 bits and a check of 25.
const MarkLen = 10

const digits = "abcdefghijklmnopqrstuvwxyz234567"

// values inverts digits; 255 is none.
var values = func() (v [256]byte) {
	for i := range v {
		v[i] = 255
	}
	for i := range digits {
		v[digits[i]] = byte(i)
	}
	return v
}()

// maxID bounds a run's writes.
const maxID = 1<<20 - 1

// Reset begins a run.
func (l *Ledger) Reset() {
	l.recs = append(l.recs[:0], Record{})
	l.Travels, l.Found = false, 0
}

// Mint enters a write of a key and returns its number.
func (l *Ledger) Mint(key int32) ID {
	if len(l.recs) > maxID {
		return 0
	}
	l.recs = append(l.recs, Record{Key: key})
	return ID(len(l.recs) - 1)
}

// Get returns a write's record.
func (l *Ledger) Get(id ID) *Record { return &l.recs[id] }

// Len returns how many writes there are.
func (l *Ledger) Len() int { return len(l.recs) - 1 }

func check(id ID) uint64 {
	x := (uint64(id) + 0x51ed270b) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xd1342543de82ef95
	return x >> 39
}

// Append appends the mark of a write.
func Append(dst []byte, id ID) []byte {
	x := uint64(id)<<25 | check(id)
	dst = append(dst, '~')
	for i := 8; i >= 0; i-- {
		dst = append(dst, digits[x>>(5*i)&31])
	}
	return dst
}

// Fill appends n bytes that carry the mark over and over: any cut of twice a
// mark's length has it whole.
func Fill(dst []byte, id ID, n int) []byte {
	from, end := len(dst), len(dst)+n
	dst = Append(dst, id)
	for len(dst) < end {
		dst = append(dst, dst[from:min(len(dst), from+end-len(dst))]...)
	}
	return dst[:end]
}

// Each calls fn with every mark that checks in p, each run of equal ones once.
func (l *Ledger) Each(p []byte, fn func(ID)) {
	last, mark := ID(0), []byte(nil)
	for {
		i := bytes.IndexByte(p, '~')
		if i < 0 || len(p)-i < MarkLen {
			return
		}
		if last != 0 && bytes.Equal(p[i:i+MarkLen], mark) {
			p = p[i+MarkLen:]
			continue
		}
		id, ok := parse(p[i+1 : i+MarkLen])
		if !ok || int(id) >= len(l.recs) {
			p = p[i+1:]
			continue
		}
		mark, p = p[i:i+MarkLen], p[i+MarkLen:]
		if id != last {
			last = id
			l.Found++
			fn(id)
		}
	}
}

func parse(p []byte) (ID, bool) {
	var x uint64
	for _, ch := range p {
		v := values[ch]
		if v == 255 {
			return 0, false
		}
		x = x<<5 | uint64(v)
	}
	id := ID(x >> 25)
	return id, id != 0 && x&(1<<25-1) == check(id)
}

// Cut marks every write as lost whose unit was declared and ends beyond the
// cut that a recovery came back to.
func (l *Ledger) Cut(cut unit.LSN, logged bool) {
	for i := range l.recs {
		r := &l.recs[i]
		if r.State == Executed && (!logged || r.End > cut) {
			r.State = Lost
		}
	}
}
