package wal

import (
	"errors"
	"fmt"

	"holdfast/engine/unit"
)

// Class says what space is reserved for, and so how much must be left behind it.
type Class uint8

// The classes. Each has what it needs to make room for those before it:
// deletions make garbage, and what they may take is itself enough of it for
// compaction; that may take what moving a segment takes; records of time, as much
// as makes compaction worth while again.
const (
	Writes     Class = iota // leave room for all the others
	Deletes                 // may use what writes leave to them
	Compaction              // may use all but a little of that and the next
	Times                   // records of time, without which expiry stops
)

// room is what can still be appended, in bytes of batches.
type room struct {
	capped int64 // with no more segments than the cap allows; below 0: there are more
	real   int64 // in all segments that there are, or can be made within the cap
	ready  int64 // of that, in segments that are prepared
	owed   bool  // what is appended needs a segment that is not there
}

// Reserve reports whether a unit of records with the given sum of sizes may
// be appended now. It promises the space until the next call of the log, no
// longer. ErrBusy and ErrFull are followed by LogRoom.
//
// Writers keep to the cap. The others may use what segments there are beyond it,
// and compaction and records of time have some made: if they could not go on there
// would never be room again. That is given up as soon as it is free.
func (l *Log) Reserve(bytes int, c Class) error {
	if l.failed != nil {
		return l.failed
	}
	if l.claimed && c != Times || l.unwritten > 0 && l.unwritten+int64(bytes) > l.cfg.MaxUnwritten {
		l.wantRoom = true
		return ErrBusy
	}
	cost := l.cost(int64(bytes))
	r, want := l.roomLeft(), cost
	if !l.grants(cost, c, &r) {
		l.wantRoom = true
		if c == Writes || c == Deletes || l.space.noSpace {
			return l.full()
		}
		want += l.kept(c)
	} else if r.ready >= cost {
		return nil
	}
	// The disk may turn out to be full, the cap may fall: promise what is there.
	l.space.want = max(l.space.want, want)
	l.maintain()
	l.wantRoom = true
	return ErrBusy
}

// Claim is Reserve for one who asks again each turn.
// While it is busy everybody else is refused too, but for records of time: who
// needs much room would be overtaken for ever by those who need little. Unclaim
// ends that.
func (l *Log) Claim(bytes int, c Class) error {
	l.claimed = false
	err := l.Reserve(bytes, c)
	l.claimed = errors.Is(err, ErrBusy)
	return err
}

// Unclaim gives up what was claimed, and reports whether somebody waited.
func (l *Log) Unclaim() bool {
	if !l.claimed {
		return false
	}
	l.claimed = false
	if !l.wantRoom || l.failed != nil {
		return false
	}
	l.wantRoom = false
	l.owner.LogRoom()
	return true
}

// Holds reports whether so many bytes could be appended within the cap if
// compaction did it.
func (l *Log) Holds(bytes int64) bool {
	r := l.roomLeft()
	return min(r.capped, r.real)-l.cost(bytes) >= l.kept(Compaction)
}

// cost returns what records of so many bytes may take of the log, with all that
// batches add.
func (l *Log) cost(bytes int64) int64 {
	per := max(int64(l.cfg.BatchBytes-batchHeader)-l.align, l.align)
	return bytes + (bytes/per+2)*(batchHeader+32+l.align)
}

// grants reports whether a unit that costs so much leaves what has to be left.
func (l *Log) grants(cost int64, c Class, r *room) bool {
	if c == Compaction || c == Times {
		return r.real-cost >= l.kept(c)
	}
	if min(r.capped, r.real)-cost >= l.kept(c) {
		l.space.deletes = 0
		return true
	}
	times := l.timesReserve()
	switch {
	case c == Writes || r.real-cost < times:
		return false
	case !l.space.noSpace: // compaction passes the cap, if it must
		return true
	case l.space.deletes+cost > times:
		return false
	}
	l.space.deletes += cost
	return true
}

// kept returns how much must be left behind a unit of class c.
func (l *Log) kept(c Class) (n int64) {
	times := l.timesReserve()
	switch c {
	case Writes:
		n = int64(l.cfg.ReserveSegments)*l.data() + times
	case Deletes:
		n = int64(l.cfg.ReserveSegments) * l.data()
	case Compaction:
		if n = times; l.space.noSpace {
			n += times - l.space.deletes
		}
	case Times:
		n = 4 * l.align // for batches that hold nothing
	}
	if l.Era() == Forming {
		n += l.data() // what ends it begins a segment
	}
	return n
}

func (l *Log) full() error {
	if l.space.noSpace {
		return fmt.Errorf("%w: cannot prepare a segment: %w", ErrFull, l.space.why)
	}
	return ErrFull
}

// LeastGarbage is what makes compaction of a full log worth while. It is more than
// what is written at its end: padding, and batches that hold nothing.
func (l *Log) LeastGarbage() int64 { return min(max(l.data()/8, 8*l.align), l.data()/2) }

// timesReserve is what records of time may use beyond all others, a part of what
// is kept for compaction: twice that garbage, so they have what they need until it
// gives their own space back. Deletions have as much.
func (l *Log) timesReserve() int64 { return min(2*l.LeastGarbage(), l.data()/2) }

// Tight reports whether writers are refused, or will be after another segment.
func (l *Log) Tight() bool {
	r := l.roomLeft()
	return min(r.capped, r.real) < l.kept(Writes)+l.data()
}

// End returns where the next record goes, or before it: what lies between the
// newest unit and that is lost to padding.
func (l *Log) End() unit.LSN { return unit.Max(l.tail, l.pos) }

func (l *Log) roomLeft() (r room) {
	size := l.cfg.SegmentBytes
	at, no := int64(l.pos)%size, l.number(l.pos)
	if l.open != nil {
		no, at = l.open.no, int64(l.open.lsn)%size+int64(l.open.n)
	} else if at == 0 && no > l.cur.head.no {
		no, at = no-1, size
	}
	rolls := int64(no - l.cur.head.no) // segments that what is appended takes, but for the current one
	ahead := int64(len(l.spares)) - rolls
	if l.roll.seg != nil {
		ahead++ // taken from the spares, not yet current
	}
	left := size - at
	r.owed = ahead < 0
	r.ready = left + ahead*l.data()
	r.capped = left + (l.maxFiles()-int64(len(l.segs))-rolls)*l.data()
	if !l.space.noSpace {
		ahead += int64(len(l.space.todo)) + max(l.maxFiles()-int64(l.files), 0)
		if l.space.prep != nil {
			ahead++
		}
	}
	r.real = left + ahead*l.data()
	return r
}

// maxFiles returns how many segments the cap allows.
func (l *Log) maxFiles() int64 {
	if l.cfg.CapBytes <= 0 {
		return 1 << 20
	}
	return l.filesIn(l.cfg.CapBytes - l.beside)
}

// filesIn returns how many segments a cap of so many bytes allows: no fewer than
// compaction needs.
func (l *Log) filesIn(bytes int64) int64 {
	return max(bytes/l.cfg.SegmentBytes, int64(l.cfg.ReserveSegments)+2)
}

// wants reports whether another segment is to be prepared, and whether one that
// the cap does not allow.
func (l *Log) wants() (more, beyond bool) {
	r := l.roomLeft()
	if r.ready >= l.space.want {
		l.space.want = 0
	}
	beyond = r.owed || r.real < l.space.want
	return beyond || l.space.want > 0 || len(l.spares) <= l.cfg.ReserveSegments, beyond
}

// surplus reports whether a segment that is free is one too many: the cap was
// lowered, or has been passed.
func (l *Log) surplus() bool {
	return l.cfg.CapBytes > 0 && len(l.spares) > l.cfg.ReserveSegments && !l.roomLeft().owed &&
		int64(l.files) > l.filesIn(l.cfg.CapBytes)
}
