package wal

import (
	"fmt"
	"slices"

	"holdfast/engine/unit"
)

// AuditFile is a file of a data directory that nobody has open.
type AuditFile struct {
	Name  string
	Bytes int64
	// ReadAt reads at an offset. At the end of the file n is short and err nil.
	ReadAt func(p []byte, off int64) (n int, err error)
}

// AuditSink takes what an audit finds, in the order of the log.
type AuditSink interface {
	// AuditHead comes first: what lies below is not looked at.
	AuditHead(head unit.LSN)
	// AuditUnit takes a whole unit, or what of it lies above the head. The
	// records last until it returns.
	AuditUnit(recs []Record)
	// AuditLost: what was logged in [from, to) cannot be read.
	AuditLost(from, to unit.LSN)
}

// Damage is one place of a data directory that does not check.
type Damage struct {
	File     string // "" when the file itself is missing
	Off      int64
	From, To unit.LSN // what of the log is lost by it
	What     string
}

// String says it in one line.
func (d Damage) String() string {
	s := d.What
	if d.File != "" {
		s = fmt.Sprintf("%s at offset %d: %s", d.File, d.Off, s)
	}
	if d.To > d.From {
		s += fmt.Sprintf("; lost: addresses %d to %d", d.From, d.To)
	}
	return s
}

// Audited sums up an audit.
type Audited struct {
	Files, Segments int // found; of those in the log
	Epochs          int
	Head, Tail      unit.LSN
	Time            unit.Time
	Format          int // the newest met
	SegmentBytes    int64
	Units, Records  int64
	Bytes           int64 // of batches
	Torn            bool  // the log ends in a torn write, which a crash leaves
	Cache           bool  // of a cache, or becoming a log: nothing in it counts
	Damage          []Damage
}

// auditor is an audit while it runs.
type auditor struct {
	sum   *Audited
	sink  AuditSink
	segs  []*auditSegment
	chain []*auditSegment
	head  unit.LSN
	buf   []byte

	asm  assembler
	drop bool // the unit at hand began in what is lost
}

// auditSegment is a file as an audit sees it.
type auditSegment struct {
	segment
	readAt func(p []byte, off int64) (int, error)
	bytes  int64
	guess  bool     // the header is made up from the batches behind it
	stop   unit.LSN // where the next header says that it ends; 0: not known
	stopAt uint32   // the checksum of its last batch, with stop
	format int
}

// Audit verifies a log offline: headers, chain, every batch and every record. It
// goes on behind damage. An error says that there is nothing to verify: a file
// cannot be read, is not a segment, or has a newer format. limit, if not 0, is
// where the log ends: a backup's cut.
func Audit(files []AuditFile, limit unit.LSN, sink AuditSink) (*Audited, error) {
	a := &auditor{sum: &Audited{Files: len(files)}, sink: sink}
	for _, f := range files {
		if err := a.open(f); err != nil {
			return a.sum, err
		}
	}
	tail := a.tail()
	if tail == nil {
		return a.sum, nil
	}
	a.sum.SegmentBytes, a.sum.Cache = tail.head.size, tail.head.void()
	if a.sum.Cache {
		return a.sum, nil
	}
	if err := a.strays(tail); err != nil {
		return a.sum, err
	}
	tail = a.tail()
	a.twins(tail)
	if err := a.findHead(tail); err != nil {
		return a.sum, err
	}
	if sink != nil {
		sink.AuditHead(a.head)
	}
	a.link(tail, limit)
	a.asm.skip = true
	for i, s := range a.chain {
		if i > 0 && s.head.epoch != a.chain[i-1].head.epoch {
			a.newEpoch()
		}
		if err := a.walk(s, i == len(a.chain)-1); err != nil {
			return a.sum, err
		}
	}
	a.sum.Torn = a.sum.Torn || len(a.asm.recs) > 0 || a.asm.partial
	a.sum.Head, a.sum.Segments = a.head, len(a.chain)
	if limit > 0 && a.sum.Tail < limit {
		a.damage(nil, 0, a.sum.Tail, limit, fmt.Sprintf("the log ends at %d, before its cut at %d", a.sum.Tail, limit))
	}
	return a.sum, nil
}

// damage notes what is wrong at off of s, and what is lost by it.
func (a *auditor) damage(s *auditSegment, off int64, from, to unit.LSN, what string) {
	d := Damage{Off: off, From: from, To: to, What: what}
	if s != nil {
		d.File = s.name
	}
	a.sum.Damage = append(a.sum.Damage, d)
	if to > from {
		a.asm.reset()
		a.asm.skip, a.drop = true, true
		if from < to && a.sink != nil && to > a.head {
			a.sink.AuditLost(from, to)
		}
	}
}

// open judges a file's header.
func (a *auditor) open(f AuditFile) error {
	s := &auditSegment{readAt: f.ReadAt, bytes: f.Bytes}
	s.name = f.Name
	p, err := a.read(s, 0, 8192)
	if err != nil {
		return err
	}
	s.head, s.state = readHead(p)
	switch s.state {
	case headForeign:
		return fmt.Errorf("%w: file %s", ErrForeign, s.name)
	case headNewer:
		return fmt.Errorf("%w: file %s has a format newer than %d", ErrVersion, s.name, segVersion)
	}
	if s.state == headGood {
		s.format = headFormat(p, &s.head)
		a.sum.Format = max(a.sum.Format, s.format)
	}
	a.segs = append(a.segs, s)
	return nil
}

// read returns n bytes of a file; what lies past its end is zero.
func (a *auditor) read(s *auditSegment, off int64, n int) ([]byte, error) {
	if cap(a.buf) < n {
		a.buf = make([]byte, max(n, int(min(s.bytes, maxBatch+2*8192))))
	}
	p := a.buf[:n]
	got, err := s.readAt(p, off)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s at offset %d: %w", s.name, off, err)
	}
	clear(p[got:])
	return p, nil
}

// tail returns the youngest segment.
func (a *auditor) tail() (t *auditSegment) {
	for _, s := range a.segs {
		if s.state == headGood && (t == nil || younger(&s.segment, &t.segment)) {
			t = s
		}
	}
	return t
}

// twins notes files with the same header as the tail, which a start refuses.
func (a *auditor) twins(tail *auditSegment) {
	for _, s := range a.segs {
		if s != tail && s.state == headGood && s.head.no == tail.head.no && s.head.epoch == tail.head.epoch {
			a.damage(s, 0, 0, 0, twinOf(tail.name))
		}
	}
}

// strays gives files without a header one, if batches in them are of this log:
// a header is two sectors, and what is behind it may be whole.
func (a *auditor) strays(tail *auditSegment) error {
	size, align := tail.head.size, tail.head.align
	for _, s := range a.segs {
		if s.state == headGood {
			continue
		}
		for off := 2 * align; off+batchHeader <= min(s.bytes, size); off += align {
			h, ok, err := a.batch(s, off, size)
			if err != nil {
				return err
			}
			if !ok || int64(h.lsn)%size != off || a.holds(uint64(h.lsn)/uint64(size), h.epoch) {
				continue
			}
			s.head = segHead{no: uint64(h.lsn) / uint64(size), epoch: h.epoch, size: size, align: align}
			s.state, s.guess = headGood, true
			break
		}
	}
	return nil
}

// holds reports whether a file with a good header is segment no, or one that is
// younger than epoch took its place.
func (a *auditor) holds(no uint64, epoch uint64) bool {
	for _, s := range a.segs {
		if s.state == headGood && !s.guess && s.head.no == no && s.head.epoch >= epoch {
			return true
		}
	}
	return false
}

// batch reads the batch at off of s, wherever it was written for, and checks
// its sums. Its payload is in a.buf behind the header.
func (a *auditor) batch(s *auditSegment, off, size int64) (h batchHead, ok bool, err error) {
	p, err := a.read(s, off, batchHeader)
	if err != nil {
		return h, false, err
	}
	if h, ok = parseBatchHead(p); !ok || off+int64(batchHeader+h.payload) > size {
		return h, false, nil
	}
	if p, err = a.read(s, off, batchHeader+h.payload); err != nil {
		return h, false, err
	}
	return h, batchSums(p, &h), nil
}

// findHead finds the log's head: the highest that the tail's header and batches
// state, as a recovery has it.
func (a *auditor) findHead(tail *auditSegment) error {
	a.head = tail.head.head
	for off := tail.head.data(); off+batchHeader <= tail.head.size; {
		h, ok, err := a.batch(tail, off, tail.head.size)
		if err != nil {
			return err
		}
		if !ok || h.lsn != tail.head.start()+unit.LSN(off) || h.epoch != tail.head.epoch {
			off += tail.head.align
			continue
		}
		a.head = unit.Max(a.head, h.head)
		off += roundUp(int64(batchHeader+h.payload), tail.head.align)
	}
	return nil
}

// link orders the segments of the log, from the tail down to the head, by what
// each says of the one before it.
func (a *auditor) link(tail *auditSegment, limit unit.LSN) {
	epochs := map[uint64]bool{}
	for s := tail; s != nil; {
		epochs[s.head.epoch] = true
		a.chain = append(a.chain, s)
		if limit > 0 && s == tail {
			s.stop = limit
		}
		s = a.before(s)
	}
	slices.Reverse(a.chain)
	a.sum.Epochs = len(epochs)
}

// before returns the segment before s; nil: s holds the head.
func (a *auditor) before(s *auditSegment) *auditSegment {
	if s.head.start() <= a.head || !s.guess && s.head.prevEnd <= a.head {
		return nil
	}
	want := s.head.no - 1 // of a made-up header: the nearest there is
	if !s.guess {
		want = uint64(s.head.prevEnd-1) / uint64(s.head.size)
	}
	var best *auditSegment
	for _, t := range a.segs {
		if t.state != headGood || t.head.no > want || t.head.epoch > s.head.epoch || t.head.cache() || t.head.size != s.head.size ||
			t.head.start()+unit.LSN(t.head.size) <= a.head {
			continue
		}
		if best == nil || t.head.no > best.head.no || t.head.no == best.head.no && t.head.epoch > best.head.epoch {
			best = t
		}
	}
	if !s.guess && (best == nil || best.head.no < want) {
		from := unit.Max(a.head, unit.LSN(want)*unit.LSN(s.head.size))
		a.damage(nil, 0, from, s.head.prevEnd, fmt.Sprintf("no file holds segment %d, which ends at %d", want, s.head.prevEnd))
	} else if !s.guess {
		best.stop, best.stopAt = s.head.prevEnd, s.head.prevChain
	}
	return best
}

// newEpoch drops what the epoch before left unfinished.
func (a *auditor) newEpoch() {
	a.asm.reset()
	a.drop = false
}
