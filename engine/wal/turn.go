package wal

import "holdfast/engine/unit"

// Era says what a recovery makes of an epoch.
type Era uint8

// The eras.
const (
	Durable Era = iota // recovered
	// Cache is void, and so is everything before it.
	Cache
	// Forming is void too, until an epoch of Durable follows: then it is part
	// of the log. It is written and synced like Durable.
	Forming
)

// turn is a change of era that was asked for: segment no begins it.
type turn struct {
	no  uint64
	era Era
}

// Era returns the era that was last turned to.
func (l *Log) Era() Era {
	if l.turn.no != 0 {
		return l.turn.era
	}
	return l.era
}

// Turning reports whether the header that begins the era is not durable yet.
func (l *Log) Turning() bool { return l.turn.no != 0 }

// Kept reports whether what is synced outlives the process.
func (l *Log) Kept() bool { return l.era == Durable && l.turn.no == 0 }

// Turn ends the epoch behind what is appended so far and begins one of era e in
// a new segment, to which all that is appended from now on belongs. Before its
// header is written, everything before is synced under any policy. No unit may
// be open, and no other turn under way. It is over once Committed reaches from.
func (l *Log) Turn(e Era) (from unit.LSN) {
	if l.turn.no != 0 || l.first.b != nil {
		panic("wal: a turn within a turn or a unit")
	}
	if l.open != nil {
		l.seal()
	}
	no := l.number(l.pos)
	if int64(l.pos)%l.cfg.SegmentBytes != 0 {
		no++
	}
	l.turn = turn{no, e}
	l.pos = l.start(no)
	l.tail = l.pos + unit.LSN(l.data0())
	l.attestNow, l.flushing = true, true // an empty batch opens the segment
	l.Hasten()
	return l.tail
}

// data0 is where batches begin in a segment.
func (l *Log) data0() int64 { return 2 * l.align }

// turned follows the opening of a segment.
func (l *Log) turned(s *segment) {
	if t := l.turn; t.no != 0 && s.head.no >= t.no {
		l.era, l.epoch, l.turn = t.era, s.head.epoch, turn{}
	}
}

// inherit completes what a new segment's header says of its epoch.
func (l *Log) inherit(h *segHead) {
	era := l.era
	if t := l.turn; t.no != 0 && h.no >= t.no {
		era = t.era
		h.epoch++
	}
	switch era {
	case Cache:
		h.flags |= segCache
	case Forming:
		h.flags |= segForming
	}
}
