package wal

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// recovery is the state machine behind Recover. Its steps, each a method that
// ends by submitting an operation or by calling the next:
//
//	list, openNext, headRead   every file's header
//	choose                     the youngest good header is the tail
//	walkTail                   where does it end, what is the log's head
//	beyond                     does anything further on contradict that
//	suspects                   do files without a place hold what is missed
//	link                       the chain of segments from head to tail
//	Start, Replay (base.go)    where the records begin
//	replay (replay.go)         the records
//	seal, sealed               the end, in a new segment of a new epoch
type recovery struct {
	l        *Log
	sink     Sink
	op       task
	names    []string
	files    []*segment
	i        int
	w        window
	tail     *segment
	live     []*segment // the chain, oldest first
	epoch    uint64     // highest seen
	no       uint64
	off      int64
	prev     uint32
	again    bool // this place was read twice
	end      unit.LSN
	attested unit.LSN // the tail's batches know all below to be durable
	chain    uint32   // checksum of the last batch
	head     unit.LSN
	from     unit.LSN // records below are not applied
	time     unit.Time
	others   []string // files that are no segments
	replay   replay
	linked   []*segment // not in the chain, and not to be used again
	sum      Recovered
}

// Recover reads the log and offers every record of every whole unit from the
// head on to sink. LogRecovered follows; nothing else may be called before,
// but Resume.
func (l *Log) Recover(sink Sink) {
	r := &recovery{l: l, sink: sink, w: window{l: l}}
	l.rec = r
	r.run(vfs.List, r.listed)
}

func (r *recovery) run(kind vfs.Kind, then func()) {
	r.op.fn = then
	r.l.submit(&r.op, kind)
}

// fail ends recovery with an error. The log stays unusable, the files as they
// are.
func (r *recovery) fail(err error) {
	l := r.l
	l.rec = nil
	r.w.close()
	l.fs.Release(r.op.op.Buf)
	l.failed, l.failedTold = fmt.Errorf("%w: %w", ErrFailed, err), true
	l.owner.LogRecovered(r.sum, err)
}

func (r *recovery) listed() {
	if err := r.op.op.Err; err != nil {
		r.fail(fmt.Errorf("cannot list the data directory: %w", err))
		return
	}
	for _, name := range r.op.op.Names {
		mid, ours := strings.CutPrefix(name, r.l.cfg.Prefix)
		mid, segment := strings.CutSuffix(mid, ".seg")
		if !ours || !segment {
			r.others = append(r.others, name)
			continue
		}
		id, digits := 0, len(mid) > 0 && len(mid) < 12
		for _, c := range []byte(mid) {
			digits = digits && c >= '0' && c <= '9'
			id = id*10 + int(c-'0')
		}
		if !digits {
			r.fail(fmt.Errorf("%w: file %s", ErrForeign, name))
			return
		}
		r.l.nextID = max(r.l.nextID, id)
		r.names = append(r.names, name)
	}
	r.l.files = len(r.names)
	r.op.op.Buf = r.l.fs.Buffer(8192 + 4096)
	r.openNext()
}

func (r *recovery) openNext() {
	if len(r.files) == len(r.names) {
		r.choose()
		return
	}
	r.again = false
	r.op.op.Name = r.names[len(r.files)]
	r.run(vfs.Open, func() {
		if op := &r.op.op; op.Err != nil {
			r.fail(fmt.Errorf("cannot open %s: %w", op.Name, op.Err))
			return
		}
		op := &r.op.op
		r.readHead(&segment{name: op.Name, file: op.File, size: int64(op.N), linked: op.Links > 1})
	})
}

func (r *recovery) readHead(s *segment) {
	op := &r.op.op
	op.Off = 0
	r.run(vfs.Read, func() {
		if op.Err != nil {
			r.fail(fmt.Errorf("cannot read %s: %w", s.name, op.Err))
			return
		}
		clear(op.Buf[op.N:])
		s.head, s.state = readHead(op.Buf)
		if s.state == headGood {
			s.probe, s.probed = parseBatchHead(op.Buf[s.head.data():])
		}
		if s.state != headGood && !r.again { // a read that went astray looks like this too
			r.again = true
			r.readHead(s)
			return
		}
		switch s.state {
		case headForeign:
			r.fail(fmt.Errorf("%w: file %s", ErrForeign, s.name))
			return
		case headNewer:
			r.fail(fmt.Errorf("%w: file %s has a format newer than %d", ErrVersion, s.name, segVersion))
			return
		}
		r.files = append(r.files, s)
		r.openNext()
	})
}

// younger orders segments by who was opened later.
func younger(a, b *segment) bool {
	return a.head.epoch > b.head.epoch || a.head.epoch == b.head.epoch && a.head.no > b.head.no
}

// choose finds the tail and the log's own size of segment.
func (r *recovery) choose() {
	for _, s := range r.files {
		if s.state != headGood {
			continue
		}
		r.epoch, r.no = max(r.epoch, s.head.epoch), max(r.no, s.head.no)
		if r.tail == nil || younger(s, r.tail) {
			r.tail = s
		}
	}
	for _, s := range r.files {
		if t := r.tail; s != t && s.state == headGood && s.head.no == t.head.no && s.head.epoch == t.head.epoch {
			r.fail(s.damaged(0, twinOf(t.name)))
			return
		}
	}
	if r.tail == nil {
		r.i = 0
		r.suspects()
		return
	}
	l, h := r.l, &r.tail.head
	l.cfg.SegmentBytes = h.size
	if n := roundUp(h.size, 4096); n != h.size || h.size < 8*l.align {
		r.fail(fmt.Errorf("%w: %s has segments of %d bytes, which this disk cannot extend", ErrFailed, r.tail.name, h.size))
		return
	}
	switch {
	case h.void():
		r.link() // nothing in it counts, so nothing in it can be damaged
		return
	case l.cfg.Cache:
		r.fail(fmt.Errorf("%w, in %s: start with appendonly yes to serve it, or in another folder", ErrKept, r.tail.name))
		return
	}
	r.w.open(r.tail)
	r.off, r.prev, r.again = h.data(), h.sum, false
	r.head, r.chain, r.time = h.head, h.prevChain, 0
	r.attested = h.attested
	r.walkTail(nil)
}

// walkTail follows the tail's batches to the first that does not check.
func (r *recovery) walkTail(err error) {
	if err != nil {
		r.fail(err)
		return
	}
	for {
		h, _, need, what := r.w.batch(r.off, false)
		if what == foundMore {
			r.w.load(r.off, need, r.walkTail)
			return
		}
		if what == foundGood && h.prev == r.prev {
			r.again = false
			r.prev, r.chain = h.sum, h.sum
			r.head, r.time = unit.Max(r.head, h.head), max(r.time, h.time)
			r.attested = unit.Max(r.attested, h.attested)
			r.off += roundUp(int64(batchHeader+h.payload), r.tail.head.align)
			continue
		}
		if !r.again { // believe a second look only
			r.again = true
			r.w.open(r.tail)
			continue
		}
		break
	}
	r.end = r.tail.head.start() + unit.LSN(r.off)
	r.off += r.tail.head.align
	r.beyond(nil)
}

// beyond looks for a batch past the end that knew the end to be durable. Then
// the end is no torn write but damage.
func (r *recovery) beyond(err error) {
	if err != nil {
		r.fail(err)
		return
	}
	a := r.tail.head.align
	for ; r.off+batchHeader <= r.l.cfg.SegmentBytes; r.off += a {
		h, _, need, what := r.w.batch(r.off, false)
		if what == foundMore {
			r.w.load(r.off, need, r.beyond)
			return
		}
		if what == foundBad {
			continue
		}
		r.sum.Cut = true
		if h.attested > r.end {
			r.fail(r.tail.damaged(r.tail.offset(r.end), fmt.Sprintf("a batch known to be durable to %d", h.attested)))
			return
		}
	}
	r.i = 0
	r.suspects()
}

// suspects looks into files that have no header, or an old one, for batches
// younger than the tail: a header that was written and is not there.
func (r *recovery) suspects() {
	for ; r.i < len(r.files); r.i++ {
		s := r.files[r.i]
		if s == r.tail || s.size == 0 {
			continue
		}
		r.off = 512
		if s.state == headGood {
			r.off = s.head.data()
			if !s.probed || !r.misplaced(s, &s.probe) {
				continue
			}
		}
		r.w.open(s)
		r.suspect(nil)
		return
	}
	r.link()
}

func (r *recovery) suspect(err error) {
	if err != nil {
		r.fail(err)
		return
	}
	s := r.w.s
	limit := min(s.size, r.l.cfg.SegmentBytes)
	if s.state == headZero {
		limit = min(limit, maxBatch+8192) // new files; the first batch is at the start
	}
	for r.off < limit {
		h, _, need, what := r.w.batch(r.off, true)
		if what == foundMore && (need == batchHeader || r.misplaced(s, &h)) {
			r.w.load(r.off, need, r.suspect)
			return
		}
		if what == foundGood && r.misplaced(s, &h) {
			r.fail(s.damaged(0, "no header before the batches of a segment"))
			return
		}
		if s.state == headGood {
			break
		}
		r.off += 512
	}
	r.i++
	r.suspects()
}

// misplaced reports whether a batch found in s belongs to a segment younger
// than the tail. Older ones are left over from an earlier use of the file.
func (r *recovery) misplaced(s *segment, h *batchHead) bool {
	if r.tail == nil {
		return true
	}
	t := &r.tail.head
	if h.epoch < t.epoch || h.epoch == t.epoch && r.l.number(h.lsn) <= t.no {
		return false
	}
	return s.state != headGood || h.lsn != s.head.start()+unit.LSN(r.off)
}

// link walks back from the tail to the head by what each header says of its
// predecessor. A tail without batches is left out of the chain: it holds
// nothing, and its file is free again.
func (r *recovery) link() {
	t := r.tail
	if t == nil || t.head.void() {
		r.sum.Void = t != nil
		r.head = 0
		r.end = 0
		r.seal()
		return
	}
	slices.SortFunc(r.files, func(a, b *segment) int {
		if younger(b, a) {
			return -1
		}
		return 1
	})
	r.i = len(r.files) - 1
	s, end, sum := t, r.end, r.chain
	if t.offset(end) == t.head.data() {
		s, end, sum = r.before(&t.head), t.head.prevEnd, t.head.prevChain
		r.end = end
	}
	for end > r.head {
		if s == nil {
			r.fail(r.missing(r.l.number(end-1), end))
			return
		}
		s.end, s.endSum = end, sum
		r.live = append(r.live, s)
		h := &s.head
		end, sum, s = h.prevEnd, h.prevChain, r.before(h)
	}
	slices.Reverse(r.live)
	r.startReplay()
}

// missing says that a segment is gone, and which files could be it.
func (r *recovery) missing(no uint64, end unit.LSN) error {
	bare := ""
	for _, s := range r.files {
		if s.state != headGood && s.size > 0 {
			bare += " " + s.name
		}
	}
	if bare != "" {
		bare = "; without a header are" + bare
	}
	return fmt.Errorf("%w: no file holds segment %d, which ends at %d%s", ErrDamaged, no, end, bare)
}

// before returns the segment that h names as its predecessor, or nil. The
// chain only goes down, so the search never turns back.
func (r *recovery) before(h *segHead) *segment {
	if h.prevEnd == 0 {
		return nil
	}
	no := r.l.number(h.prevEnd - 1)
	for ; r.i >= 0; r.i-- {
		s := r.files[r.i]
		if s.state == headGood && s.head.no == no && s.head.epoch <= h.epoch && !s.head.cache() && s.head.size == h.size {
			return s
		}
	}
	return nil
}
