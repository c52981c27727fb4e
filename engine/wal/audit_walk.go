package wal

import (
	"encoding/binary"
	"fmt"

	"holdfast/engine/unit"
)

// headFormat returns the version that the good copy of a header states.
func headFormat(p []byte, h *segHead) int {
	at := 0
	if _, ok := getSegHead(p[:segHeader]); !ok {
		at = int(h.align)
	}
	return int(binary.LittleEndian.Uint32(p[at+8:]))
}

// auditWalk is the walk over one segment.
type auditWalk struct {
	s      *auditSegment
	off    int64
	prev   uint32 // of the batch before
	unsure bool   // that one is damaged
	bad    int64  // where damage that is being passed over began; 0: none is
}

// walk takes the batches of one segment. Where it ends is known from its
// successor; the last one ends where nothing further on says otherwise.
func (a *auditor) walk(s *auditSegment, last bool) error {
	w := &auditWalk{s: s, off: s.head.data(), prev: s.head.sum, unsure: s.guess}
	end := s.head.size
	if s.stop != 0 {
		end = min(end, s.offset(s.stop))
	} else if last {
		var err error
		if end, err = a.lastEnd(w); err != nil {
			return err
		}
	}
	if err := a.copies(s, last && end == w.off); err != nil {
		return err
	}
	for w.off+batchHeader <= end {
		h, ok, err := a.batch(s, w.off, s.head.size)
		if err != nil {
			return err
		}
		size := roundUp(int64(batchHeader+h.payload), s.head.align)
		if !ok || h.lsn != s.head.start()+unit.LSN(w.off) || h.epoch != s.head.epoch || w.off+size > end {
			if w.bad == 0 {
				w.bad = w.off
			}
			w.off += s.head.align
			continue
		}
		a.passed(w, w.off)
		if h.prev != w.prev && !w.unsure {
			a.damage(s, w.off, 0, 0, "a batch that does not follow the one before it")
		}
		a.take(s, &h, a.buf[batchHeader:batchHeader+h.payload])
		w.prev, w.unsure = h.sum, false
		w.off += size
		a.sum.Bytes += size
		a.sum.Time = max(a.sum.Time, h.time)
		a.sum.Tail = unit.Max(a.sum.Tail, s.head.start()+unit.LSN(w.off))
	}
	if s.stop != 0 {
		a.passed(w, end)
		if s.stopAt != 0 && !w.unsure && w.prev != s.stopAt {
			a.damage(s, w.off, 0, 0, "an end that its successor does not know")
		}
		a.sum.Tail = unit.Max(a.sum.Tail, s.stop)
	}
	return nil
}

// passed ends damage that reaches to off.
func (a *auditor) passed(w *auditWalk, off int64) {
	if w.bad == 0 {
		return
	}
	start := w.s.head.start()
	a.damage(w.s, w.bad, start+unit.LSN(w.bad), start+unit.LSN(off), "a batch that does not check")
	w.bad, w.unsure = 0, true
}

// lastEnd finds where the log ends: at the first batch that does not check,
// unless one further on knew more to be durable. Then that one's word counts.
func (a *auditor) lastEnd(w *auditWalk) (int64, error) {
	s := w.s
	end, whole, vouched := w.off, true, s.head.attested
	known := w.off // the furthest that some batch vouches for
	for off := w.off; off+batchHeader <= s.head.size; {
		h, ok, err := a.batch(s, off, s.head.size)
		if err != nil {
			return 0, err
		}
		if !ok || h.lsn != s.head.start()+unit.LSN(off) || h.epoch != s.head.epoch {
			whole = false
			off += s.head.align
			continue
		}
		size := roundUp(int64(batchHeader+h.payload), s.head.align)
		vouched = unit.Max(vouched, h.attested)
		if whole {
			end = off + size
		} else {
			a.sum.Torn = true
			if h.attested > s.head.start()+unit.LSN(end) {
				known = max(known, off+size) // it was submitted when what is missing was durable
			}
		}
		off += size
	}
	if known > end {
		return known, nil
	}
	return end, nil
}

// copies verifies both copies of a header. Of a last segment that is empty the
// writing of the header may have been cut off: batches wait for it.
func (a *auditor) copies(s *auditSegment, fresh bool) error {
	if s.guess {
		a.damage(s, 0, 0, 0, "no header before the batches of a segment")
		return nil
	}
	p, err := a.read(s, 0, 8192)
	if err != nil {
		return err
	}
	for _, at := range [...]int64{0, s.head.align} {
		if h, ok := getSegHead(p[at : at+segHeader]); !ok || h.sum != s.head.sum {
			if fresh {
				a.sum.Torn = true
				continue
			}
			a.damage(s, at, 0, 0, "a copy of the header that does not check")
		}
	}
	return nil
}

// take hands out the units that the batch completes.
func (a *auditor) take(s *auditSegment, h *batchHead, payload []byte) {
	m := &a.asm
	m.begin(h)
	for at := h.lsn + batchHeader; len(payload) > 0; {
		if a.drop && len(payload) > 6 && payload[6]&bitBegin != 0 {
			a.drop = false
			m.reset()
		}
		size, rec := m.frame(payload, at)
		if size == 0 {
			off := s.offset(at)
			a.damage(s, off, at, at+unit.LSN(len(payload)), fmt.Sprintf("a record that does not check, in a batch at %d", h.lsn))
			return
		}
		payload, at = payload[size:], at+unit.LSN(size)
		if rec && m.recs[len(m.recs)-1].Last {
			a.unit()
		}
	}
	m.own()
}

// unit offers what is above the head of the unit that is complete.
func (a *auditor) unit() {
	m := &a.asm
	n := 0
	for n < len(m.recs) && m.recs[n].LSN < a.head {
		n++
	}
	if recs := m.recs[n:]; len(recs) > 0 && !a.drop {
		for i := range recs {
			recs[i].Time = m.time
		}
		a.sum.Units++
		a.sum.Records += int64(len(recs))
		a.sum.Time = max(a.sum.Time, m.time)
		if a.sink != nil {
			a.sink.AuditUnit(recs)
		}
	}
	m.reset()
}
