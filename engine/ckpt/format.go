package ckpt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

const (
	magic      = "HOLDFIDX"
	version    = 2 // what is written; every older one is read
	headBytes  = 128
	page       = 4096 // header and blocks begin at multiples
	blockMagic = 0x31494648
	blockHead  = 24

	typeBits    = 15
	hasDeadline = 16
	hasValue    = 32
	hasParts    = 64
	newDatabase = 15 // in the place of a type
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Why a checkpoint is passed over.
var (
	errForeign = errors.New("it is not a checkpoint")
	errVersion = errors.New("its format is newer")
	errDamaged = errors.New("it is damaged")
	errLog     = errors.New("it belongs to another log")
	errStale   = errors.New("the log's head has passed it")
)

// header is what stands at the start of the file.
type header struct {
	segment         int64
	redo, end, head unit.LSN
	mark            wal.Mark
	sum             uint32
	blocks          uint64
	entries         uint64
	bytes           int64
	time            unit.Time
	seed            uint64
}

func (h *header) put(p []byte) {
	le := binary.LittleEndian
	clear(p[:page])
	copy(p, magic)
	le.PutUint32(p[8:], version)
	for i, v := range [...]uint64{uint64(h.segment), uint64(h.redo), uint64(h.end), uint64(h.head), uint64(h.mark.LSN), h.mark.Epoch} {
		le.PutUint64(p[16+8*i:], v)
	}
	le.PutUint32(p[64:], h.mark.Sum)
	le.PutUint32(p[68:], h.sum)
	le.PutUint64(p[72:], h.blocks)
	le.PutUint64(p[80:], h.entries)
	le.PutUint64(p[88:], uint64(h.bytes))
	le.PutUint64(p[96:], uint64(h.time))
	le.PutUint64(p[104:], h.seed)
	le.PutUint32(p[12:], headSum(p))
}

func headSum(p []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, p[:12]), castagnoli, p[16:headBytes])
}

func (h *header) get(p []byte) error {
	le := binary.LittleEndian
	switch {
	case len(p) < headBytes || string(p[:8]) != magic:
		return errForeign
	case le.Uint32(p[8:]) > version:
		return errVersion
	case le.Uint32(p[12:]) != headSum(p):
		return errDamaged
	}
	u := func(at int) uint64 { return le.Uint64(p[at:]) }
	*h = header{segment: int64(u(16)), redo: unit.LSN(u(24)), end: unit.LSN(u(32)), head: unit.LSN(u(40)),
		mark: wal.Mark{LSN: unit.LSN(u(48)), Epoch: u(56), Sum: le.Uint32(p[64:])},
		sum:  le.Uint32(p[68:]), blocks: u(72), entries: u(80), bytes: int64(u(88)), time: unit.Time(u(96)), seed: u(104)}
	if h.redo > h.end || h.end > h.mark.LSN+2<<20 || h.bytes < page || h.blocks > uint64(h.bytes)/page {
		return errDamaged // a checksum over nonsense is still nonsense
	}
	return nil
}

// appendEntry appends e to p.
func appendEntry(p []byte, e *tx.Stored) []byte {
	at := len(p)
	p = append(p, e.Type)
	p = binary.AppendUvarint(p, uint64(len(e.Key)))
	p = append(p, e.Key...)
	p = binary.AppendUvarint(p, uint64(e.LSN))
	p = binary.AppendUvarint(p, uint64(e.Span))
	p = append(p, byte(e.Clock), byte(e.Clock>>8), e.Counter)
	if e.Deadline != 0 {
		p[at] |= hasDeadline
		p = binary.AppendUvarint(p, uint64(e.Deadline))
	}
	if e.Parts != 0 {
		p[at] |= hasParts
		p = binary.AppendUvarint(p, uint64(e.LSN-e.First))
		p = binary.AppendUvarint(p, uint64(e.Parts))
	}
	if e.Inline {
		p[at] |= hasValue
		p = binary.AppendUvarint(p, uint64(len(e.Value)))
		return append(p, e.Value...)
	}
	return binary.AppendUvarint(p, uint64(e.Len))
}

// appendDatabase appends the beginning of a database.
func appendDatabase(p []byte, id uint64, n int) []byte {
	p = append(p, newDatabase)
	p = binary.AppendUvarint(p, id)
	return binary.AppendUvarint(p, uint64(n))
}

// cursor takes a payload apart.
type cursor struct {
	p   []byte
	bad bool
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.p)
	if n <= 0 {
		c.bad, c.p = true, nil
		return 0
	}
	c.p = c.p[n:]
	return v
}

func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.p)) {
		c.bad, c.p = true, nil
		return nil
	}
	b := c.p[:n:n]
	c.p = c.p[n:]
	return b
}

// database takes what follows the byte that begins a database.
func (c *cursor) database() (id uint64, n int) {
	id = c.uvarint()
	return id, int(min(c.uvarint(), 1<<40))
}

// entry takes what follows an entry's first byte.
func (c *cursor) entry(first byte, e *tx.Stored) {
	*e = tx.Stored{Type: first & typeBits}
	e.Key = c.bytes(c.uvarint())
	e.LSN = unit.LSN(c.uvarint())
	e.Span = uint32(c.uvarint())
	if hot := c.bytes(3); hot != nil {
		e.Clock, e.Counter = uint16(hot[0])|uint16(hot[1])<<8, hot[2]
	}
	if first&hasDeadline != 0 {
		e.Deadline = unit.Deadline(c.uvarint())
	}
	e.First = e.LSN
	if first&hasParts != 0 {
		e.First -= unit.LSN(c.uvarint())
		e.Parts = int64(c.uvarint())
		c.bad = c.bad || e.First > e.LSN || e.Parts <= 0
	}
	n := c.uvarint()
	if first&hasValue != 0 {
		e.Inline, e.Value = true, c.bytes(n)
	} else {
		e.Len = int(min(n, 1<<32-1))
	}
	c.bad = c.bad || e.Type == keyspace.TypeNone || e.LSN == 0
}

// putBlock completes the block in p, whose payload stands behind its head, and
// returns its checksum.
func putBlock(p []byte, no uint64, entries int, before uint32) uint32 {
	le := binary.LittleEndian
	le.PutUint32(p[4:], blockMagic)
	le.PutUint64(p[8:], no)
	le.PutUint32(p[16:], uint32(len(p)-blockHead))
	le.PutUint32(p[20:], uint32(entries))
	sum := crc32.Update(before, castagnoli, p[4:])
	le.PutUint32(p, sum)
	return sum
}

// getBlock returns the payload of the block at the start of p, and its checksum.
// If p is too short, need says how much it takes.
func getBlock(p []byte, no uint64, before uint32) (payload []byte, entries int, sum uint32, need int, err error) {
	if len(p) < blockHead {
		return nil, 0, 0, blockHead, nil
	}
	le := binary.LittleEndian
	n := int64(le.Uint32(p[16:])) + blockHead
	if le.Uint32(p[4:]) != blockMagic || le.Uint64(p[8:]) != no {
		return nil, 0, 0, 0, errDamaged
	}
	if int64(len(p)) < n {
		return nil, 0, 0, int(n), nil
	}
	sum = le.Uint32(p)
	if sum != crc32.Update(before, castagnoli, p[4:n]) {
		return nil, 0, 0, 0, errDamaged
	}
	return p[blockHead:n:n], int(le.Uint32(p[20:])), sum, 0, nil
}

func roundUp(n int) int { return (n + page - 1) / page * page }

const (
	prefix    = "index"
	suffix    = ".ckpt"
	temporary = ".tmp"
)

func nameOf(no int, suffix string) string { return fmt.Sprintf("%s%06d%s", prefix, no, suffix) }

// parseName returns the number in the name of one of our files.
func parseName(name string) (no int, finished, ours bool) {
	mid, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false, false
	}
	mid, finished = strings.CutSuffix(mid, suffix)
	if !finished {
		if mid, ok = strings.CutSuffix(mid, temporary); !ok {
			return 0, false, false
		}
	}
	if mid == "" || len(mid) > 12 {
		return 0, false, false
	}
	for _, c := range []byte(mid) {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		no = no*10 + int(c-'0')
	}
	return no, finished, true
}
