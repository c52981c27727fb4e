package wal

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"

	"holdfast/engine/unit"
)

// Kind says what a record does. The log stores it and does not interpret it.
type Kind uint8

// The kinds of record.
const (
	String   Kind = iota + 1 // Value is the whole string
	Append                   // Value is appended to the string
	Range                    // Value overwrites the string from Arg on
	Hash                     // Value is the image of a hash
	HashSet                  // Field gets Value
	HashDel                  // Field goes
	Delete                   // the key goes
	Deadline                 // only the deadline changes
	Damaged                  // the value is lost; Value is its type. Reading it is an error
	List                     // Value is the image of a list
	ListSet                  // the element at position Arg gets Value
	ListDel                  // the element at position Arg goes, or all up to the position in Value
	Part                     // Value is part number Arg of the image of a collection
	PartsEnd                 // the image is complete: Value says where its parts are
)

var kindNames = [...]string{"none", "string", "append", "range", "hash", "hashset", "hashdel", "delete", "deadline", "damaged", "list", "listset", "listdel", "part", "partsend"}

// String returns the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind" + strconv.Itoa(int(k))
}

// Whole reports whether a record of this kind is a whole value, which needs
// nothing that was logged before it.
func (k Kind) Whole() bool {
	return k == String || k == Hash || k == List || k == Damaged || k == PartsEnd
}

// Flags of a record.
const (
	FlagNew  uint8 = 1 << iota // HashSet, ListSet: starts a new value, whatever was there
	FlagCopy                   // moved here by compaction
)

// Record is one entry of the log. Lengths of Key, Field and Value must each be
// below 4 GiB.
type Record struct {
	Kind     Kind
	Flags    uint8
	DB       uint64 // incarnation of the database
	Deadline unit.Deadline
	Arg      uint64
	Key      []byte
	Field    []byte
	Value    []byte

	LSN  unit.LSN
	Span uint32    // log bytes from LSN to the record's end, headers between its chunks included
	Time unit.Time // of its unit; only set by recovery and Scan
	Last bool      // ends its unit; only set when read
}

// Size returns the bytes that r takes in the log, padding and batch headers
// not counted. Sum it over a unit for Reserve.
func (r *Record) Size() int {
	return frameFixed + 8 + metaMax + len(r.Key) + len(r.Field) + len(r.Value)
}

// Bits of a frame, see doc.go.
const (
	bitBegin    = 1 << iota // first frame of a unit: the time follows
	bitEnd                  // last frame of a unit
	bitMore                 // the record goes on in the next batch
	bitCont                 // goes on with a record of the batch before
	bitDeadline             // the body has a deadline
	bitArg                  // the body has an arg
	bitField                // the body has a field
	bitExt                  // an extended unit header follows the time
)

const (
	frameFixed = 7            // checksum, kind, flags, bits
	metaMax    = 6 * 10       // six varints
	frameRoom  = 24 + metaMax // a record starts only where this much is left
	maxPart    = 1 << 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seed spreads an address over the checksum's start value, so that intact
// bytes at the wrong address do not check.
func seed(lsn unit.LSN) uint32 { return uint32(uint64(lsn) * 0x9e3779b97f4a7c15 >> 32) }

func frameSum(lsn unit.LSN, p []byte) uint32 {
	return crc32.Update(seed(lsn), castagnoli, p[4:])
}

// appendMeta appends the part of r's body before its key.
func appendMeta(p []byte, r *Record) ([]byte, uint8) {
	var bits uint8
	p = binary.AppendUvarint(p, r.DB)
	if r.Deadline != 0 {
		bits |= bitDeadline
		p = binary.AppendUvarint(p, uint64(r.Deadline))
	}
	if r.Arg != 0 {
		bits |= bitArg
		p = binary.AppendUvarint(p, r.Arg)
	}
	p = binary.AppendUvarint(p, uint64(len(r.Key)))
	if len(r.Field) != 0 {
		bits |= bitField
		p = binary.AppendUvarint(p, uint64(len(r.Field)))
	}
	return binary.AppendUvarint(p, uint64(len(r.Value))), bits
}

// meta is the decoded part of a body before the key.
type meta struct {
	db, deadline, arg, key, field, value uint64
	n                                    int // its own bytes
}

func (m *meta) total() int { return m.n + int(m.key) + int(m.field) + int(m.value) }

func parseMeta(p []byte, bits uint8) (m meta, ok bool) {
	ok = true
	next := func(v *uint64, present bool) {
		if !ok || !present {
			return
		}
		x, n := binary.Uvarint(p[m.n:])
		if n <= 0 {
			ok = false
			return
		}
		*v, m.n = x, m.n+n
	}
	next(&m.db, true)
	next(&m.deadline, bits&bitDeadline != 0)
	next(&m.arg, bits&bitArg != 0)
	next(&m.key, true)
	next(&m.field, bits&bitField != 0)
	next(&m.value, true)
	return m, ok && m.key < maxPart && m.field < maxPart && m.value < maxPart
}

// fill sets r's fields from m and the body that m was parsed from.
func (m *meta) fill(r *Record, body []byte) {
	r.DB, r.Deadline, r.Arg = m.db, unit.Deadline(m.deadline), m.arg
	k := m.n
	f := k + int(m.key)
	v := f + int(m.field)
	r.Key, r.Field, r.Value = body[k:f:f], body[f:v:v], body[v:v+int(m.value)]
}

// frame is one frame as found in a batch.
type frame struct {
	kind        Kind
	flags, bits uint8
	time        unit.Time
	meta        meta // unless bitCont
	chunk       []byte
	size        int // the whole frame
}

// parseFrame reads the frame at the start of p, which was logged at lsn. It
// never looks beyond p.
func parseFrame(p []byte, lsn unit.LSN) (f frame, ok bool) {
	if len(p) < frameFixed {
		return f, false
	}
	f.kind, f.flags, f.bits = Kind(p[4]), p[5], p[6]
	at := frameFixed
	if f.bits&bitBegin != 0 {
		if len(p) < at+8 {
			return f, false
		}
		f.time = unit.Time(binary.LittleEndian.Uint64(p[at:]))
		at += 8
	}
	if f.bits&bitExt != 0 { // length and bytes that this version skips
		n, w := binary.Uvarint(p[at:])
		if w <= 0 || n > uint64(len(p)-at-w) {
			return f, false
		}
		at += w + int(n)
	}
	n := -1
	if f.bits&(bitMore|bitCont) != 0 {
		if len(p) < at+4 {
			return f, false
		}
		n = int(binary.LittleEndian.Uint32(p[at:]))
		at += 4
	}
	if f.bits&bitCont == 0 {
		if f.meta, ok = parseMeta(p[at:], f.bits); !ok {
			return f, false
		}
		if n < 0 {
			n = f.meta.total()
		} else if n < f.meta.n || n >= f.meta.total() {
			return f, false
		}
	}
	if n > len(p)-at {
		return f, false
	}
	f.chunk, f.size = p[at:at+n:at+n], at+n
	return f, binary.LittleEndian.Uint32(p) == frameSum(lsn, p[:f.size])
}
