package wal

import (
	"fmt"

	"holdfast/engine/unit"
)

// ScanOwner takes the records of a walk.
type ScanOwner interface {
	// ScanRecords takes the records of one batch, valid until it returns.
	// False pauses the walk until Log.Resume; those records count as taken.
	ScanRecords(recs []Record) bool
	// ScanDone ends the walk. Damage wraps ErrDamaged; ErrNotYet says that the
	// segment's last record is not wholly written: walk again later.
	ScanDone(err error)
}

// ScanDamager is a ScanOwner that goes on behind damage.
type ScanDamager interface {
	// ScanDamaged: what was logged in [from, to) does not check. The walk
	// goes on at to.
	ScanDamaged(from, to unit.LSN, err error)
}

// scan is a walk over one segment.
type scan struct {
	l      *Log
	c      ScanOwner
	w      window
	asm    assembler
	from   unit.LSN
	seg    *segment
	off    int64
	end    unit.LSN // of what the walk covers in seg
	tail   bool     // only finishing a record that began in the segment before
	again  bool
	bad    unit.LSN // where damage that is being skipped began
	err    error
	empty  bool
	paused bool
}

// Scan walks over the records from an address on to the end of its segment as
// it is written now. A record that began before is left out, one that goes on
// in the next segment is whole. One scan at a time; it pins its segment.
func (l *Log) Scan(from unit.LSN, c ScanOwner) {
	if l.scan != nil {
		panic("wal: a scan is running")
	}
	s := &scan{l: l, c: c, w: window{l: l}, from: from}
	l.scan = s
	s.seg = l.find(from)
	if s.seg == nil {
		// Recovery leaves numbers out. Nothing was ever logged there.
		s.empty = from >= l.head && from < l.written
		if !s.empty {
			s.err = fmt.Errorf("%w: no segment holds address %d", ErrDamaged, from)
		}
		s.seg = l.cur
	}
	s.seg.pins++
	s.asm.skip = true
	s.enter()
	s.w.load(s.off, batchHeader, s.walk)
}

func (s *scan) enter() {
	s.w.open(s.seg)
	s.off, s.end = s.seg.head.data(), s.l.ended(s.seg)
}

func (s *scan) done(err error) {
	s.w.close()
	s.l.scan = nil
	s.l.unpin(s.seg)
	s.c.ScanDone(err)
}

// walk takes batch after batch.
func (s *scan) walk(err error) {
	if err == nil {
		err = s.err
	}
	for err == nil {
		if s.empty {
			s.done(nil)
			return
		}
		if s.off >= s.seg.offset(s.end) {
			if s.bad != 0 {
				s.skipped()
			}
			if !s.goOn() {
				s.done(s.unfinished())
				return
			}
			continue
		}
		h, payload, need, what := s.w.batch(s.off, false)
		if what == foundMore {
			s.w.load(s.off, need, s.walk)
			return
		}
		if what == foundBad {
			err = s.damage()
			continue
		}
		s.again = false
		if s.bad != 0 {
			s.skipped()
		}
		s.off += roundUp(int64(batchHeader+h.payload), s.seg.head.align)
		if err = s.take(&h, payload); err == nil && (s.paused || s.tail && !s.asm.partial) {
			if !s.paused {
				s.done(nil)
			}
			return
		}
	}
	s.done(err)
}

// goOn moves to the next segment if a record is unfinished there.
func (s *scan) goOn() bool {
	if end := s.l.ended(s.seg); s.asm.partial && end > s.end {
		s.end = end // more of it has been written meanwhile
		return true
	}
	next := s.l.find(s.l.start(s.seg.head.no + 1))
	if !s.asm.partial || next == nil || next.head.epoch != s.seg.head.epoch {
		return false
	}
	s.l.unpin(s.seg)
	s.seg, s.tail = next, true
	next.pins++
	s.enter()
	return true
}

// unfinished says why a record that began in the segment has no end: it is not
// written yet, and the walk must be made again. What a crash cut off never will
// be; a newer epoch follows it.
func (s *scan) unfinished() error {
	if !s.asm.partial || s.seg.head.epoch != s.l.epoch {
		return nil
	}
	return fmt.Errorf("%w: a record of segment %d goes on past %d", ErrNotYet, s.seg.head.no, s.end)
}

// damage looks twice, then reports or passes over what does not check.
func (s *scan) damage() error {
	if !s.again && s.bad == 0 {
		s.again = true
		s.w.open(s.seg)
		return nil
	}
	if s.bad == 0 {
		if _, ok := s.c.(ScanDamager); !ok {
			return s.seg.damaged(s.off, "a batch that does not check")
		}
		s.bad = s.seg.head.start() + unit.LSN(s.off)
		s.asm.reset()
		s.asm.skip = true
	}
	s.off += s.seg.head.align
	return nil
}

func (s *scan) skipped() {
	err := s.seg.damaged(s.seg.offset(s.bad), "a batch that does not check")
	s.c.(ScanDamager).ScanDamaged(s.bad, s.seg.head.start()+unit.LSN(s.off), err)
	s.bad = 0
}

// take hands out the records that the batch completes.
func (s *scan) take(h *batchHead, payload []byte) error {
	a := &s.asm
	a.recs = a.recs[:0]
	a.begin(h)
	at := h.lsn + batchHeader
	for len(payload) > 0 {
		size, rec := a.frame(payload, at)
		if size == 0 {
			return s.seg.damaged(s.seg.offset(at), "a record that does not check")
		}
		if n := len(a.recs) - 1; rec && (a.recs[n].LSN < s.from || s.tail && n > 0) {
			a.recs = a.recs[:n]
		}
		payload, at = payload[size:], at+unit.LSN(size)
		if s.tail && !a.partial {
			break
		}
	}
	if len(a.recs) > 0 && !s.c.ScanRecords(a.recs) {
		s.paused = true
	}
	return nil
}
