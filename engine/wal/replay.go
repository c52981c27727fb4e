package wal

import (
	"errors"
	"fmt"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// replay is the second half of recovery: the records, and the seal.
type replay struct {
	asm     assembler
	seg     int
	off     int64
	prev    uint32
	payload []byte   // of the batch being taken, from its next frame on
	at      unit.LSN // of payload[0]
	next    int      // record of the unit being applied; -1: none is
	again   bool
	paused  bool
}

func (r *recovery) startReplay() {
	// The sink may read what it has been given the addresses of.
	r.l.segs, r.l.written, r.l.head = append(r.l.segs, r.live...), r.end, r.head
	if s, ok := r.sink.(Starter); ok {
		s.Start(Chain{Head: r.head, End: r.end, Others: r.others})
		return
	}
	r.l.Replay(0, 0)
}

// enter begins with the next segment. A unit that an earlier epoch left
// incomplete will never be completed.
func (r *recovery) enter() {
	p := &r.replay
	s := r.live[p.seg]
	if p.seg > 0 && s.head.epoch != r.live[p.seg-1].head.epoch {
		p.asm.reset()
	}
	r.w.open(s)
	p.off, p.prev = s.head.data(), s.head.sum
	r.sum.Segments++
}

// Resume goes on with the recovery or scan that Apply or ScanRecords paused,
// and may call them, or ScanDone, before it returns.
func (l *Log) Resume() {
	if r := l.rec; r != nil && r.replay.paused {
		r.replay.paused = false
		r.walk(nil)
	}
	if s := l.scan; s != nil && s.paused {
		s.paused = false
		if s.tail && !s.asm.partial {
			s.done(nil)
			return
		}
		s.walk(nil)
	}
}

// walk takes the chain's batches one by one. Where each segment ends is known,
// so whatever does not check before is damage.
func (r *recovery) walk(err error) {
	p := &r.replay
	for err == nil {
		if !r.take() {
			return
		}
		if p.seg == len(r.live) {
			r.w.close()
			r.sum.Cut = r.sum.Cut || len(p.asm.recs) > 0 || p.asm.partial
			r.seal()
			return
		}
		s := r.live[p.seg]
		if p.off == s.offset(s.end) {
			if p.prev != s.endSum {
				err = s.damaged(p.off, "an end that its successor does not know")
				break
			}
			p.seg++
			if p.seg < len(r.live) {
				r.enter()
			}
			continue
		}
		h, payload, need, what := r.w.batch(p.off, false)
		if what == foundMore {
			r.w.load(p.off, need, r.walk)
			return
		}
		size := roundUp(int64(batchHeader+h.payload), s.head.align)
		if what == foundBad || h.prev != p.prev || p.off+size > s.offset(s.end) {
			if !p.again {
				p.again = true
				r.w.open(s)
				continue
			}
			err = s.damaged(p.off, "a batch that does not check")
			break
		}
		p.again = false
		p.asm.begin(&h)
		p.payload, p.at = payload, h.lsn+batchHeader
		p.prev, p.off = h.sum, p.off+size
		r.time = max(r.time, h.time)
		r.sum.Bytes += size
	}
	r.fail(err)
}

// take applies the batch at hand as far as its units are complete. False: the
// sink paused, or the batch is damaged and recovery is over.
func (r *recovery) take() bool {
	p := &r.replay
	a := &p.asm
	for {
		if p.next >= 0 && !r.apply() {
			return false
		}
		if len(p.payload) == 0 {
			break
		}
		size, rec := a.frame(p.payload, p.at)
		if size == 0 {
			s := r.live[p.seg]
			r.fail(s.damaged(s.offset(p.at), "a record that does not check"))
			return false
		}
		p.payload, p.at = p.payload[size:], p.at+unit.LSN(size)
		if rec && a.recs[len(a.recs)-1].Last {
			p.next = 0
		}
	}
	p.payload = nil
	a.own()
	return true
}

// apply offers the unit's records, as far as they count, to the sink.
func (r *recovery) apply() bool {
	p := &r.replay
	for ; p.next < len(p.asm.recs); p.next++ {
		rec := &p.asm.recs[p.next]
		if rec.LSN < r.from {
			continue
		}
		rec.Time = p.asm.time
		if !r.sink.Apply(rec) {
			p.paused = true
			return false
		}
		r.sum.Records++
	}
	r.time = max(r.time, p.asm.time)
	r.sum.Units++
	p.next = -1
	p.asm.reset()
	return true
}

// seal ends the old log at r.end for ever: it makes everything below durable
// and opens a segment of a new epoch whose header says so.
func (r *recovery) seal() {
	if r.tail == nil {
		r.spare()
		return
	}
	r.w.open(r.tail)
	r.off = r.tail.head.data()
	if from := r.attested; from > r.tail.head.start() {
		r.off = max(r.off, r.tail.offset(from))
	}
	r.rewrite(nil)
}

// rewrite writes what no batch attests once more, unchanged, before anything is
// built upon it: so far it may be in a cache only, and a sync that failed in an
// earlier life may have left it in the page cache marked clean.
func (r *recovery) rewrite(err error) {
	if err != nil {
		r.fail(err)
		return
	}
	end := int64(0)
	if start := r.tail.head.start(); r.end > start {
		end = r.tail.offset(r.end)
	}
	if r.off >= end {
		r.syncTail()
		return
	}
	if r.w.at(r.off) == nil {
		r.w.load(r.off, 1, r.rewrite)
		return
	}
	n := min(int64(r.w.n), roundUp(end-r.w.off, int64(r.l.fs.Align())))
	op := &r.op.op
	mine := op.Buf
	op.File, op.Off, op.Buf = r.tail.file, r.w.off, r.w.buf[:n]
	r.run(vfs.WriteDurable, func() {
		op.Buf = mine
		if op.Err != nil {
			r.fail(fmt.Errorf("cannot rewrite the end of %s: %w", r.tail.name, op.Err))
			return
		}
		r.off = op.Off + n
		r.rewrite(nil)
	})
}

// syncTail makes the tail's file durable as a whole, its size included.
func (r *recovery) syncTail() {
	r.op.op.File = r.tail.file
	r.run(vfs.Sync, func() {
		if err := r.op.op.Err; err != nil {
			r.fail(fmt.Errorf("cannot sync %s: %w", r.tail.name, err))
			return
		}
		r.spare()
	})
}

// spare picks the file for the new segment: one without a place in the chain,
// the empty tail's last of all.
func (r *recovery) spare() {
	l := r.l
	best := -1
	for i, s := range r.files {
		if s.end != 0 || s.linked { // in the chain, or somebody else's too
			continue
		}
		if best < 0 || r.files[best] == r.tail || s != r.tail && s.size > r.files[best].size {
			best = i
		}
	}
	s := (*segment)(nil)
	for i, f := range r.files {
		switch {
		case f.end != 0:
		case f.linked:
			r.linked = append(r.linked, f)
		case i == best:
			s = f
		case f.size >= l.cfg.SegmentBytes:
			f.frontier = 2 * l.align
			if f.state == headGood {
				f.frontier = l.cfg.SegmentBytes
			}
			l.spares = append(l.spares, f)
		default:
			l.space.todo = append(l.space.todo, f)
		}
	}
	if s == nil {
		s = l.newFile()
	}
	l.space.prep = s
	l.prepare(s, r.prepared)
}

// prepared ends that. Where there is no space for the file recovery waits:
// Short says why, and Tick tries again.
func (r *recovery) prepared(op *vfs.Op) {
	l := r.l
	s := l.space.prep
	switch {
	case op.Err == nil:
		l.space.prep, l.space.noSpace, l.space.why = nil, false, nil
		h := segHead{no: max(r.no+1, 1), epoch: r.epoch + 1, head: r.head, prevEnd: r.end, prevChain: r.chain, attested: r.end}
		if h.head == 0 {
			h.head = l.start(h.no)
		}
		l.writeHead(s, h)
	case errors.Is(op.Err, vfs.ErrNoSpace):
		l.space.noSpace, l.space.why = true, op.Err
	default:
		l.space.prep = nil
		r.fail(fmt.Errorf("cannot prepare segment %s: %w", s.name, op.Err))
	}
}

// tick tries again to make the file for which there was no space.
func (r *recovery) tick(mono int64) (next int64) {
	l := r.l
	if !l.space.noSpace {
		return 0
	}
	at := &l.tick.retryAt
	if *at == 0 {
		*at = mono + second
	}
	if mono < *at {
		return *at
	}
	*at, l.space.noSpace = 0, false
	l.prepare(l.space.prep, r.prepared)
	return 0
}

// sealed is the last step: the new segment's header is durable, or not.
func (r *recovery) sealed(s *segment, op *vfs.Op) {
	l := r.l
	if op.Err != nil {
		r.fail(fmt.Errorf("cannot write the header of %s: %w", s.name, op.Err))
		return
	}
	l.fs.Release(r.op.op.Buf)
	r.w.close()
	l.rec = nil
	for _, f := range r.linked {
		l.discard(f)
	}
	l.openSegment(s)
	h := &s.head
	at := h.start() + unit.LSN(h.data())
	l.epoch, l.head, l.headDurable, l.now = h.epoch, h.head, h.head, r.time
	l.pos, l.tail, l.written, l.synced, l.committed, l.told, l.attested = at, at, at, at, at, at, at
	r.sum.Head, r.sum.Tail, r.sum.Epoch, r.sum.Time = h.head, r.end, h.epoch, r.time
	l.maintain()
	l.owner.LogRecovered(r.sum, nil)
}
