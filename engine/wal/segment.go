package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

const (
	segMagic   = "HOLDFLOG"
	segVersion = 3   // what is written; every older one is read
	segHeader  = 112 // bytes of one copy, inside one sector
	segCache   = 1   // flag: of a cache epoch
	segForming = 2   // flag: of an epoch that counts once a durable one follows
)

// segHead is a segment's header; its layout is drawn in doc.go.
type segHead struct {
	sum       uint32 // also what the first batch is chained to
	no        uint64
	epoch     uint64
	size      int64 // of every segment of this log
	align     int64 // copies at 0 and align, batches from 2*align on, in steps of align
	flags     uint32
	gen       uint64   // how many times the file has been a segment
	head      unit.LSN // of the log
	prevEnd   unit.LSN // where the segment before ended; 0: there is none
	prevChain uint32   // checksum of the last batch before prevEnd
	attested  unit.LSN
}

func (h *segHead) data() int64     { return 2 * h.align }
func (h *segHead) start() unit.LSN { return unit.LSN(h.no * uint64(h.size)) }
func (h *segHead) cache() bool     { return h.flags&segCache != 0 }

// void reports whether a log that ends in this segment does not count.
func (h *segHead) void() bool {
	return h.flags&(segCache|segForming) != 0
}

// put writes one copy to p and sets h.sum.
func (h *segHead) put(p []byte) {
	le := binary.LittleEndian
	clear(p)
	copy(p, segMagic)
	le.PutUint32(p[8:], segVersion)
	le.PutUint32(p[16:], uint32(h.align))
	le.PutUint32(p[20:], h.flags)
	le.PutUint64(p[24:], h.no)
	le.PutUint64(p[32:], h.epoch)
	le.PutUint64(p[40:], uint64(h.size))
	le.PutUint64(p[48:], h.gen)
	le.PutUint64(p[56:], uint64(h.head))
	le.PutUint64(p[64:], uint64(h.prevEnd))
	le.PutUint64(p[72:], uint64(h.attested))
	le.PutUint32(p[80:], h.prevChain)
	h.sum = headSum(p)
	le.PutUint32(p[12:], h.sum)
}

// headSum is the checksum of the copy in p, as if its own field were zero.
func headSum(p []byte) uint32 {
	s := crc32.Update(0, castagnoli, p[:12])
	return crc32.Update(s, castagnoli, p[16:segHeader])
}

func getSegHead(p []byte) (h segHead, ok bool) {
	le := binary.LittleEndian
	if string(p[:8]) != segMagic || le.Uint32(p[12:]) != headSum(p) || le.Uint32(p[8:])-1 >= segVersion {
		return h, false
	}
	h = segHead{
		sum:       le.Uint32(p[12:]),
		align:     int64(le.Uint32(p[16:])),
		flags:     le.Uint32(p[20:]),
		no:        le.Uint64(p[24:]),
		epoch:     le.Uint64(p[32:]),
		size:      int64(le.Uint64(p[40:])),
		gen:       le.Uint64(p[48:]),
		head:      unit.LSN(le.Uint64(p[56:])),
		prevEnd:   unit.LSN(le.Uint64(p[64:])),
		attested:  unit.LSN(le.Uint64(p[72:])),
		prevChain: le.Uint32(p[80:]),
	}
	// A checksum over nonsense is still nonsense: arithmetic relies on these.
	sane := (h.align == 512 || h.align == 4096) && h.size >= 4*h.align && h.size <= 1<<40 &&
		h.size%h.align == 0 && h.no > 0 && h.no < 1<<62/uint64(h.size) && h.prevEnd <= h.start()
	return h, sane
}

// headState is what the start of a file looks like.
type headState uint8

const (
	headBad     headState = iota // our magic, no copy checks
	headGood                     // some copy checks
	headZero                     // never a segment
	headForeign                  // somebody else's
	headNewer                    // of a later version
)

// headSlots are the places where a copy can be, for either block size.
var headSlots = [3]int{0, 512, 4096}

// readHead judges the first bytes of a file, at least 4096+segHeader of them.
// Of two good copies, left by a crash in the middle of writing them, the
// younger counts: it says where the log ended as truly as one that was
// finished.
func readHead(p []byte) (h segHead, st headState) {
	magics, newer, zero := 0, 0, true
	for i, at := range headSlots {
		c := p[at : at+segHeader]
		if string(c[:8]) == segMagic {
			magics++
			if binary.LittleEndian.Uint32(c[8:]) > segVersion {
				newer++
			}
		}
		if at < 4096 {
			for _, b := range c {
				zero = zero && b == 0
			}
		}
		g, ok := getSegHead(c)
		if !ok || i > 0 && g.align != int64(at) {
			continue
		}
		if st != headGood || g.epoch > h.epoch || g.epoch == h.epoch && g.no > h.no {
			h, st = g, headGood
		}
	}
	switch {
	case st == headGood:
	case newer > 1:
		st = headNewer
	case magics > 0:
		st = headBad
	case zero:
		st = headZero
	default:
		st = headForeign
	}
	return h, st
}

// segment is a file of the log, live or spare.
type segment struct {
	name        string
	file        vfs.File
	size        int64 // of the file, as far as known
	head        segHead
	state       headState
	frontier    int64     // everything below has been written once
	end         unit.LSN  // end of the last batch; 0 while the segment is current
	endSum      uint32    // checksum of the last batch, set by recovery
	probe       batchHead // what looks like the first batch's header, for recovery
	probed      bool
	pins        int // reads in flight
	quarantined bool
	linked      bool // the file has another name: its contents must stay as they are
}

// offset returns where lsn is in the segment's file.
func (s *segment) offset(lsn unit.LSN) int64 { return int64(lsn - s.head.start()) }

func (s *segment) damaged(off int64, what string) error {
	return fmt.Errorf("%w: %s in %s at offset %d", ErrDamaged, what, s.name, off)
}

// twinOf says that a file has the header of another.
func twinOf(name string) string { return "a second segment with the header of " + name }

// find returns the live segment that holds lsn, or nil.
func (l *Log) find(lsn unit.LSN) *segment {
	no := l.number(lsn)
	lo, hi := 0, len(l.segs)
	for lo < hi {
		if mid := (lo + hi) / 2; l.segs[mid].head.no < no {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(l.segs) && l.segs[lo].head.no == no {
		return l.segs[lo]
	}
	return nil
}

// ended returns the end of what is written in s.
func (l *Log) ended(s *segment) unit.LSN {
	if s == l.cur {
		return unit.Max(l.written, s.head.start()+unit.LSN(s.head.data()))
	}
	return s.end
}

// rollState is the opening of the next segment.
type rollState struct {
	task task
	buf  []byte
	seg  *segment // whose header is being written
}

// rollTo opens segment no once everything before it is written and synced, so
// that its header can say where its predecessor ended, and vouch for it.
func (l *Log) rollTo(no uint64) {
	if l.inflight > 0 || l.roll.seg != nil || l.syncing {
		return
	}
	if l.synced < l.written {
		l.startSync()
		return
	}
	if len(l.spares) == 0 {
		// The new header states the head, so what is below may take it.
		l.recycleBelow(l.number(l.head))
	}
	if len(l.spares) == 0 {
		l.maintain()
		if b := l.backup; b == nil || b.stage != rolling || l.space.prep != nil && !l.space.noSpace {
			return
		}
		l.backup.fail(fmt.Errorf("%w for a segment behind the backup", ErrFull)) // what it pins may be what is missing
		return
	}
	s := l.spares[0]
	copy(l.spares, l.spares[1:])
	l.spares = l.spares[:len(l.spares)-1]
	l.writeHead(s, segHead{no: no, epoch: l.epoch, head: l.head, prevEnd: l.written, prevChain: l.chain, attested: l.synced})
}

// writeHead makes s the segment that h describes.
func (l *Log) writeHead(s *segment, h segHead) {
	if l.roll.buf == nil {
		l.roll.buf = l.fs.Buffer(int(2 * l.align))
	}
	h.size, h.align, h.gen = l.cfg.SegmentBytes, l.align, s.head.gen+1
	l.inherit(&h)
	clear(l.roll.buf)
	h.put(l.roll.buf[:segHeader])
	h.put(l.roll.buf[l.align : l.align+segHeader])
	s.head, s.state = h, headGood
	l.roll.seg = s
	t := &l.roll.task
	t.op.File, t.op.Off, t.op.Buf = s.file, 0, l.roll.buf
	l.submit(t, vfs.WriteDurable)
}

func (l *Log) headerWritten() {
	s, op := l.roll.seg, &l.roll.task.op
	l.roll.seg = nil
	if l.rec != nil {
		l.rec.sealed(s, op)
		return
	}
	if op.Err != nil {
		l.fail("write the header of", s, op)
	} else {
		l.openSegment(s)
	}
	l.settle()
}

// openSegment makes s, whose header is durable, the one that is written to.
func (l *Log) openSegment(s *segment) {
	if l.cur != nil {
		l.cur.end = l.written
	}
	s.frontier = max(s.frontier, s.head.data())
	s.end = 0
	l.segs = append(l.segs, s)
	l.cur, l.chain = s, s.head.sum
	l.turned(s)
	l.headDurable = unit.Max(l.headDurable, s.head.head)
	l.stats.Rolls++
	if l.backup != nil {
		l.backup.opened()
	}
}
