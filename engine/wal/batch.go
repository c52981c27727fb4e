package wal

import (
	"encoding/binary"
	"hash/crc32"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

const (
	batchMagic  = 0x31424648 // "HFB1"
	batchHeader = 64
	maxBatch    = 1 << 20 // no batch of any configuration is larger
)

const batchCache = 1 // flag: of a cache epoch

// batchHead is a batch's header; its layout is drawn in doc.go.
type batchHead struct {
	sum      uint32
	lsn      unit.LSN
	epoch    uint64
	payload  int
	prev     uint32   // checksum of the batch before, or of the segment header
	attested unit.LSN // everything below was durable when this was submitted
	head     unit.LSN
	time     unit.Time // of the unit that the first frame belongs to
	flags    uint32
}

// putBatchHead completes the batch in p, header and payload, and returns its
// checksum.
func putBatchHead(p []byte, h *batchHead) uint32 {
	le := binary.LittleEndian
	le.PutUint32(p[4:], batchMagic)
	le.PutUint64(p[8:], uint64(h.lsn))
	le.PutUint64(p[16:], h.epoch)
	le.PutUint32(p[24:], uint32(len(p)-batchHeader))
	le.PutUint32(p[28:], h.prev)
	le.PutUint64(p[32:], uint64(h.attested))
	le.PutUint64(p[40:], uint64(h.head))
	le.PutUint64(p[48:], uint64(h.time))
	le.PutUint32(p[56:], h.flags)
	le.PutUint32(p[60:], 0)
	sum := crc32.Update(seed(h.lsn), castagnoli, p[4:])
	le.PutUint32(p, sum)
	return sum
}

// parseBatchHead reads the header at the start of p, which has at least
// batchHeader bytes. It vouches for nothing but the magic and the length's
// bound: the checksum needs the payload, see batchSums.
func parseBatchHead(p []byte) (h batchHead, ok bool) {
	le := binary.LittleEndian
	if le.Uint32(p[4:]) != batchMagic {
		return h, false
	}
	n := le.Uint32(p[24:])
	if n > maxBatch-batchHeader {
		return h, false
	}
	return batchHead{
		sum:      le.Uint32(p),
		lsn:      unit.LSN(le.Uint64(p[8:])),
		epoch:    le.Uint64(p[16:]),
		payload:  int(n),
		prev:     le.Uint32(p[28:]),
		attested: unit.LSN(le.Uint64(p[32:])),
		head:     unit.LSN(le.Uint64(p[40:])),
		time:     unit.Time(le.Uint64(p[48:])),
		flags:    le.Uint32(p[56:]),
	}, true
}

// batchSums reports whether the batch in p, header and payload and nothing
// more, is what was written for h.lsn.
func batchSums(p []byte, h *batchHead) bool {
	return h.sum == crc32.Update(seed(h.lsn), castagnoli, p[4:])
}

// batch is one write, from its first record to its completion.
type batch struct {
	op      vfs.Op
	log     *Log
	seq     uint64
	lsn     unit.LSN
	no      uint64 // of its segment
	buf     []byte
	room    int // bytes of buf that may be used: the segment's end may be near
	n       int // bytes used, header included
	units   int // that end in it
	time    unit.Time
	done    bool
	sum     uint32
	durable bool // written with its own sync
	attest  unit.LSN
	begun   int64 // when it was submitted, as the book has it
}

func (b *batch) end(align int64) unit.LSN { return b.lsn + unit.LSN(roundUp(int64(b.n), align)) }

// Complete implements vfs.Completer.
func (b *batch) Complete(*vfs.Op) { b.log.batchDone(b) }

// openBatch starts a batch where the last one ended.
func (l *Log) openBatch() *batch {
	size := unit.LSN(l.cfg.SegmentBytes)
	if l.pos%size == 0 { // the segment is full, the next one starts with its header
		l.pos += unit.LSN(2 * l.align)
	}
	var b *batch
	if n := len(l.free); n > 0 {
		b, l.free = l.free[n-1], l.free[:n-1]
	} else {
		b = &batch{log: l, buf: l.fs.Buffer(l.cfg.BatchBytes)}
	}
	l.seq++
	b.seq, b.lsn, b.no = l.seq, l.pos, l.number(l.pos)
	b.room = int(min(int64(l.cfg.BatchBytes), int64(size-l.pos%size)))
	b.units = 0
	b.n, b.time, b.done, b.durable, b.attest = batchHeader, 0, false, false, 0
	l.q = append(l.q, b)
	l.open = b
	l.unwritten += batchHeader
	return b
}

// seal ends the open batch: the next one starts behind its padding.
func (l *Log) seal() {
	b := l.open
	l.open = nil
	l.pos = b.end(l.align)
	clear(b.buf[b.n : b.n+int(l.pos-b.lsn)-b.n])
}

// dropBatch takes the oldest batch out of the queue and keeps its buffer for
// the next, within reason.
func (l *Log) dropBatch() {
	b := l.q[0]
	copy(l.q, l.q[1:])
	l.q = l.q[:len(l.q)-1]
	l.inflight--
	l.unwritten -= int64(b.n)
	if len(l.free) < l.cfg.InFlight+2 {
		l.free = append(l.free, b)
		return
	}
	l.fs.Release(b.buf)
}
