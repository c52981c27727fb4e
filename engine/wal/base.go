package wal

import (
	"fmt"

	"holdfast/engine/unit"
)

// Mark names a batch, and by its checksum, which is chained to those before it,
// all that was logged up to there.
type Mark struct {
	LSN   unit.LSN
	Epoch uint64
	Sum   uint32
}

// Mark returns the last batch that was written, and where it ends. Without one
// since recovery its LSN is 0.
func (l *Log) Mark() (m Mark, end unit.LSN) { return l.mark, l.written }

// Time returns the engine time of the last unit.
func (l *Log) Time() unit.Time { return l.now }

// SegmentBytes returns the size of a segment: the log's own, once recovered.
func (l *Log) SegmentBytes() int64 { return l.cfg.SegmentBytes }

// Attest sees to it that there is a Mark, if need be by an empty batch.
func (l *Log) Attest() {
	if l.failed == nil && l.cur != nil && !l.closing && l.mark.LSN == 0 && len(l.q) == 0 {
		l.attestNow, l.flushing = true, true
		l.pump()
	}
}

// Fits reports whether bytes of other files would leave writers their room.
func (l *Log) Fits(bytes int64) bool {
	r := l.roomLeft()
	return l.failed == nil && min(r.capped, r.real)-bytes >= l.kept(Writes)+l.data()
}

// Beside tells how many bytes the files take that are no segments: they count
// towards CapBytes.
func (l *Log) Beside(bytes int64) { l.beside = bytes }

// Cap returns what segments may take together; 0 is no limit.
func (l *Log) Cap() int64 {
	if l.cfg.CapBytes <= 0 {
		return 0
	}
	return max(l.cfg.CapBytes-l.beside, 1)
}

// Starter is a Sink that may know the state at some point of the log, so that
// not every record needs to be read.
type Starter interface {
	Sink
	// Start is called once, before the first Apply. It calls Replay or Refuse, at
	// once or later, and may call Verify before.
	Start(c Chain)
}

// Refuse ends a recovery in place of Replay: the Starter knows that the log is
// not what it was. Nothing has been written.
func (l *Log) Refuse(why error) { l.rec.fail(fmt.Errorf("%w: %w", ErrDamaged, why)) }

// Chain is the log that recovery has found.
type Chain struct {
	Head, End unit.LSN
	Others    []string // files in the directory that are no segments, sorted
}

// Verify asks, between Start and Replay, whether the log has the batch that m
// names, and calls then with the answer.
func (l *Log) Verify(m Mark, then func(ok bool)) {
	r := l.rec
	var in *segment
	for _, s := range r.live {
		if m.LSN >= s.head.start() && m.LSN < s.end && s.head.epoch == m.Epoch {
			in = s
		}
	}
	if in == nil || in.offset(m.LSN)%in.head.align != 0 {
		then(false)
		return
	}
	r.w.open(in)
	off := in.offset(m.LSN)
	var look func(error)
	look = func(err error) {
		h, _, need, what := r.w.batch(off, false)
		if err == nil && what == foundMore {
			r.w.load(off, need, look)
			return
		}
		then(err == nil && what == foundGood && h.sum == m.Sum)
	}
	look(nil)
}

// Replay goes on with recovery after Start: records are offered from an address
// on, all of them if it is below the head. What came before it was at engine
// time t.
func (l *Log) Replay(from unit.LSN, t unit.Time) {
	r, p := l.rec, &l.rec.replay
	r.from, r.time = unit.Max(r.head, from), max(r.time, t)
	p.asm.skip, p.next = true, -1
	for p.seg < len(r.live) && r.live[p.seg].end <= r.from {
		p.seg++
	}
	for _, s := range r.live[p.seg:] {
		r.sum.Total += s.offset(s.end) - s.head.data()
	}
	if p.seg < len(r.live) {
		r.enter()
	}
	r.walk(nil)
}

// Replayed returns, during recovery, how many bytes of batches have been read
// and how many there are to read. Both are 0 before Replay.
func (l *Log) Replayed() (done, total int64) {
	if l.rec == nil {
		return 0, 0
	}
	return l.rec.sum.Bytes, l.rec.sum.Total
}
