package wal

import (
	"errors"
	"fmt"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

const (
	zeroBytes = 1 << 20 // written at a time when a segment is prepared
	zeroAhead = 4       // chunks between the tail and the frontier
)

// spaceState is the making of segments ahead of use.
type spaceState struct {
	task    task
	prep    *segment   // being prepared
	todo    []*segment // files found by recovery that need preparing
	want    int64      // bytes to be ready for a unit that waits for them
	noSpace bool       // the last attempt failed; Tick tries again
	why     error

	zero    task
	zeroing *segment
	buf     []byte
	deletes int64 // of the deletes' last resort, in use
}

// SetCap changes how large all segments together may be. What is there stays.
func (l *Log) SetCap(bytes int64) {
	l.cfg.CapBytes = bytes
	if l.rec == nil {
		l.maintain()
	}
}

// Short returns why a segment that is wanted cannot be prepared: the disk is
// full. Nil: it is not. While it is, recovery does not end.
func (l *Log) Short() error { return l.space.why }

// Freeing reports that segments below the head are to be recycled as soon as it
// is durable.
func (l *Log) Freeing() bool { return l.head > l.headDurable }

// Durable reports that nothing that was appended waits to be written or synced.
func (l *Log) Durable() bool { return len(l.q) == 0 && (l.synced >= l.written || l.cfg.Cache) }

// maintain keeps prepared segments ahead of need.
func (l *Log) maintain() {
	if l.failed != nil || l.cur == nil || l.closing && len(l.q) == l.inflight {
		return
	}
	sp := &l.space
	if more, beyond := l.wants(); more && sp.prep == nil && !sp.noSpace {
		if n := len(sp.todo); n > 0 {
			sp.prep, sp.todo = sp.todo[n-1], sp.todo[:n-1]
			l.prepare(sp.prep, l.prepared)
		} else if beyond || int64(l.files) < l.maxFiles() {
			sp.prep = l.newFile()
			l.prepare(sp.prep, l.prepared)
		}
	}
	l.zeroAhead()
}

func (l *Log) newFile() *segment {
	l.nextID++
	l.files++
	return &segment{name: fmt.Sprintf("%s%06d.seg", l.cfg.Prefix, l.nextID)}
}

// prepare creates what is missing of s: the file, its blocks, and last the
// durability of its name, without which nothing in it counts.
func (l *Log) prepare(s *segment, then func(*vfs.Op)) {
	t := &l.space.task
	t.op.Name, t.op.File = s.name, s.file
	step := func(kind vfs.Kind, next func()) {
		t.fn = func() {
			if t.op.Err != nil {
				then(&t.op)
				return
			}
			next()
		}
		t.op.N = int(l.cfg.SegmentBytes)
		if kind == vfs.SyncDir {
			t.op.Name = "" // the data directory
		}
		l.submit(t, kind)
	}
	syncDir := func() { step(vfs.SyncDir, func() { then(&t.op) }) }
	allocate := func() {
		if s.size >= l.cfg.SegmentBytes {
			syncDir()
			return
		}
		step(vfs.Allocate, func() {
			s.size = l.cfg.SegmentBytes
			syncDir()
		})
	}
	if s.file != 0 {
		allocate()
		return
	}
	step(vfs.Create, func() {
		s.file, s.size = t.op.File, int64(t.op.N)
		allocate()
	})
}

// prepared ends prepare. A lack of space heals: Tick tries again. A sync of
// the directory that failed does not, like any other sync.
func (l *Log) prepared(op *vfs.Op) {
	s := l.space.prep
	switch {
	case op.Err == nil:
		l.space.prep, l.space.noSpace, l.space.why = nil, false, nil
		s.frontier = max(s.frontier, 2*l.align)
		l.spares = append(l.spares, s)
	case op.Kind == vfs.SyncDir && !errors.Is(op.Err, vfs.ErrNoSpace):
		l.fail("sync the directory of", s, op)
	default:
		l.space.noSpace, l.space.why = true, op.Err
	}
	l.settle()
}

// zeroAhead writes zeroes where batches will go, one bounded chunk at a time
// and no further ahead than that takes, so that a batch never has to change
// the file system's idea of the file, and a start costs no burst of writing.
// Recycled segments need none.
func (l *Log) zeroAhead() {
	sp := &l.space
	if sp.zeroing != nil {
		return
	}
	chunk := min(zeroBytes, roundUp(l.cfg.SegmentBytes/4, l.align))
	s, limit := l.cur, l.cur.offset(l.ended(l.cur))+zeroAhead*chunk
	for i := 0; s.frontier >= min(limit, l.cfg.SegmentBytes); i++ {
		if i == len(l.spares) {
			if l.cur.frontier >= l.cfg.SegmentBytes {
				l.fs.Release(sp.buf)
				sp.buf = nil
			}
			return
		}
		s, limit = l.spares[i], 2*l.align+chunk
	}
	if sp.buf == nil {
		sp.buf = l.fs.Buffer(int(chunk))
		clear(sp.buf)
	}
	sp.zeroing = s
	op := &sp.zero.op
	op.File, op.Off = s.file, s.frontier
	op.Buf = sp.buf[:min(int64(len(sp.buf)), l.cfg.SegmentBytes-s.frontier)]
	l.submit(&sp.zero, vfs.Write)
}

func (l *Log) zeroDone() {
	s := l.space.zeroing
	l.space.zeroing = nil
	if l.space.zero.op.Err != nil {
		s.frontier = l.cfg.SegmentBytes // zeroes are for speed: the batch itself will tell
	} else {
		s.frontier += int64(len(l.space.zero.op.Buf))
		l.stats.BytesZeroed += int64(len(l.space.zero.op.Buf))
	}
	l.settle()
}

// cleared reports whether b may be written: no zeroes may be on their way to
// its place.
func (l *Log) cleared(b *batch) bool {
	end := l.cur.offset(b.end(l.align))
	if end <= l.cur.frontier {
		return true
	}
	if l.space.zeroing == l.cur {
		return false
	}
	l.cur.frontier = end
	return true
}

// SetHead moves the head of the log to lsn, a unit's start or a segment's.
// Everything live below has been moved and is committed. The next batch, an
// empty one if need be, records it; segments below are recycled when that
// batch is durable.
func (l *Log) SetHead(lsn unit.LSN) {
	if lsn > l.head && lsn <= l.written {
		l.head = lsn
	}
}

// recycle frees the segments below the durable head that no read is using.
func (l *Log) recycle() {
	if l.cur != nil && l.failed == nil {
		l.recycleBelow(l.number(l.headDurable))
	}
}

func (l *Log) recycleBelow(below uint64) {
	for i := 0; i < len(l.segs) && l.segs[i].head.no < below; {
		s := l.segs[i]
		if s.pins > 0 || s == l.cur || s.keeps(l) {
			i++
			continue
		}
		l.segs, l.space.deletes = append(l.segs[:i], l.segs[i+1:]...), 0
		if s.linked || l.surplus() {
			l.discard(s)
			continue
		}
		s.frontier = l.cfg.SegmentBytes
		l.spares = append(l.spares, s)
		l.stats.Recycled++
	}
}

// keeps reports whether s may not even be given up yet: it is damaged and has no
// other name, or zeroes are on their way to it.
func (s *segment) keeps(l *Log) bool {
	return s.quarantined && !s.linked || l.space.zeroing == s
}

func (l *Log) unpin(s *segment) {
	s.pins--
	if s.pins == 0 && s.head.no < l.number(l.headDurable) {
		l.recycle()
	}
}

// tickState is what Tick remembers.
type tickState struct {
	lastSync  int64 // EverySec: the last second that began
	idleSince int64
	retryAt   int64
	gatherAt  int64 // the open batch gathers until then
	gathered  bool  // that is over: write it
}

const (
	second    = int64(1e9)
	idleAfter = second / 20

	// How long and how far a batch gathers that nobody waits for. The end of
	// the process may lose what was gathered, whatever was replied.
	gatherFor   = 4 * second / 1000
	gatherBytes = 128 << 10
)

// Tick does what is due at the monotonic instant mono, in ns, and returns
// when it wants to be called next, 0 for not at all. Call it at the end of
// every turn, after Flush: that is cheap, and what it wants may have changed.
func (l *Log) Tick(mono int64) (next int64) {
	if l.rec != nil {
		return l.rec.tick(mono)
	}
	if l.failed != nil || l.cur == nil || l.closed {
		return 0
	}
	if l.thawed {
		l.thawed = false
		l.advance()
		l.notify()
		return mono // what is released leaves in the next turn
	}
	want := func(at *int64, delay int64) bool {
		if *at == 0 {
			*at = mono + delay
		}
		if mono >= *at {
			*at = 0
			return true
		}
		if next == 0 || *at < next {
			next = *at
		}
		return false
	}
	t := &l.tick
	if b := l.open; b == nil || b.n == batchHeader || !l.gathers(b) {
		t.gatherAt = 0
	} else if want(&t.gatherAt, gatherFor) {
		t.gathered = true
		l.pump()
	}
	if at := l.tickCompany(mono); at != 0 {
		want(&at, 0)
	}
	if l.policy == EverySec && l.era != Cache && l.synced < l.written && !l.syncing {
		// What was gathered before it was written counts too.
		if want(&t.lastSync, second-gatherFor) {
			l.startSync()
		}
	}
	if !l.space.noSpace {
		t.retryAt = 0
	} else if want(&t.retryAt, second) {
		l.space.noSpace = false
		l.prepare(l.space.prep, l.prepared)
	}
	if !l.idle() {
		t.idleSince = 0
	} else if want(&t.idleSince, idleAfter) {
		l.attestNow, l.flushing = true, true
		l.pump()
	}
	return next
}

// idle reports whether everything is durable and nothing says so yet.
func (l *Log) idle() bool {
	return l.era != Cache && len(l.q) == 0 && l.synced >= l.written && l.dataEnd > l.attested &&
		l.attestPend.end == 0 && !l.attestNow
}
