package wal

import (
	"errors"
	"fmt"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// Class says what space is reserved for, and so which reserves may be used.
type Class uint8

// The classes.
const (
	Writes     Class = iota // leaves all reserves alone
	Deletes                 // have a small reserve of their own
	Compaction              // may use all but that and the next
	Times                   // records of time, without which expiry stops
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
	noSpace bool       // the last attempt failed; Tick tries again
	why     error

	zero    task
	zeroing *segment
	buf     []byte
	deletes int64 // of the deletes' reserve, in use
}

// Reserve reports whether a unit of records with the given sum of sizes may
// be appended now. It promises the space until the next call of the log, no
// longer. ErrBusy and ErrFull are followed by LogRoom.
func (l *Log) Reserve(bytes int, c Class) error {
	if l.failed != nil {
		return l.failed
	}
	if l.unwritten > 0 && l.unwritten+int64(bytes) > l.cfg.MaxUnwritten {
		l.wantRoom = true
		return ErrBusy
	}
	per := max(l.cfg.BatchBytes-batchHeader-int(l.align), int(l.align))
	cost := int64(bytes) + int64(bytes/per+2)*(batchHeader+32+l.align)
	times := l.timesReserve()
	small := min(times, 1<<20)
	room, ready := l.roomLeft()
	if ready < cost { // the disk may turn out to be full, the cap may fall: promise what is there
		if cost <= l.data() {
			l.maintain()
		}
		l.wantRoom = true
		if (l.space.prep != nil || l.rolling()) && !l.space.noSpace {
			return ErrBusy
		}
		if cost <= l.data() && (c == Times || c == Compaction) { // they try again by themselves
			return l.full()
		}
	}
	room -= cost
	full := int64(l.cfg.ReserveSegments)*l.data() + small
	ok := room >= full
	if ok {
		l.space.deletes = 0
		return nil
	}
	switch c {
	case Deletes:
		if ok = room >= times && l.space.deletes+cost <= small; ok {
			l.space.deletes += cost
		}
	case Compaction:
		ok = room >= small-l.space.deletes+times
	case Times:
		ok = room >= 0
	}
	if ok {
		return nil
	}
	l.wantRoom = true
	return l.full()
}

// rolling reports that what was appended has yet to move on to a prepared
// segment; only then is the next one prepared.
func (l *Log) rolling() bool {
	return len(l.q) > 0 || l.roll.seg != nil || l.open != nil && l.open.no > l.cur.head.no
}

func (l *Log) full() error {
	if l.space.noSpace {
		return fmt.Errorf("%w: cannot prepare a segment: %w", ErrFull, l.space.why)
	}
	return ErrFull
}

// timesReserve is what records of time may use beyond all others, a part of what
// is kept for compaction. It is twice the garbage that makes compaction of a full
// log worth while: so they have what they need until it gives their own space
// back.
func (l *Log) timesReserve() int64 {
	return min(max(l.data()/4, 8*(batchHeader+32+l.align)), l.data()/2)
}

// roomLeft returns how many bytes of batches can still be appended, if all that
// is to be prepared can be, and in what is prepared.
func (l *Log) roomLeft() (room, ready int64) {
	size := l.cfg.SegmentBytes
	at, no := int64(l.pos)%size, l.number(l.pos)
	if l.open != nil {
		no, at = l.open.no, int64(l.open.lsn)%size+int64(l.open.n)
	} else if at == 0 && no > l.cur.head.no {
		no, at = no-1, size
	}
	ahead := int64(len(l.spares)) - int64(no-l.cur.head.no)
	if l.roll.seg != nil {
		ahead++ // taken from the spares, not yet current
	}
	ready = size - at + ahead*l.data()
	ahead += int64(len(l.space.todo))
	if l.space.prep != nil && !l.space.noSpace {
		ahead++
	}
	if !l.space.noSpace {
		ahead += max(l.maxFiles()-int64(l.files), 0)
	}
	return size - at + ahead*l.data(), ready
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

func (l *Log) maxFiles() int64 {
	if l.cfg.CapBytes <= 0 {
		return 1 << 20
	}
	return max((l.cfg.CapBytes-l.beside)/l.cfg.SegmentBytes, int64(l.cfg.ReserveSegments)+2)
}

// maintain keeps prepared segments ahead of need.
func (l *Log) maintain() {
	if l.failed != nil || l.cur == nil || l.closing && len(l.q) == l.inflight {
		return
	}
	sp := &l.space
	if sp.prep == nil && !sp.noSpace && len(l.spares) <= l.cfg.ReserveSegments {
		if n := len(sp.todo); n > 0 {
			sp.prep, sp.todo = sp.todo[n-1], sp.todo[:n-1]
			l.prepare(sp.prep, l.prepared)
		} else if int64(l.files) < l.maxFiles() {
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
		l.segs = append(l.segs[:i], l.segs[i+1:]...)
		if s.linked {
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
