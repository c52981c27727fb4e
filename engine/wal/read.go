package wal

import (
	"fmt"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// ReadOwner is told that a read is over.
type ReadOwner interface {
	// ReadDone: r.Rec holds the record, aliasing a buffer that lasts until
	// ReadDone returns, or r.Err says why not.
	ReadDone(r *Read)
}

// Read is one read of one record. Embed it in the request that owns it and
// reuse it; it must not be touched between Log.Read and ReadDone.
type Read struct {
	LSN   unit.LSN
	Span  uint32
	Owner ReadOwner
	Rec   Record
	Err   error

	log    *Log
	op     vfs.Op
	buf    []byte
	pieces []piece
	next   int // piece being read
}

// piece is what one segment holds of a record.
type piece struct {
	seg  *segment
	from unit.LSN // first byte of the record in this segment
	off  int64    // where the reading starts in the file
	buf  int      // and in the buffer
	n    int
	got  int
}

// Read reads the record at r.LSN. ReadDone follows, never from inside.
func (l *Log) Read(r *Read) {
	l.stats.Reads++
	if r.Err = l.plan(r); r.Err != nil {
		// A completion must carry the answer: read a block that is there.
		s := l.segs[len(l.segs)-1]
		r.pieces = append(r.pieces[:0], piece{seg: s, n: int(l.align)})
		s.pins++
	}
	r.issue(vfs.Read)
}

// ReadNow reads the record at r.LSN and returns when it is there, blocking
// everybody: the counted exception. ReadDone is not called; r.Rec is valid
// until the next ReadNow.
func (l *Log) ReadNow(r *Read) {
	l.stats.Reads++
	l.stats.ReadsNow++
	if r.Err = l.plan(r); r.Err != nil {
		return
	}
	l.fs.Release(l.nowBuf)
	l.nowBuf = nil
	for r.issue(vfs.ReadNow); r.took(); r.submit(vfs.ReadNow) {
	}
	r.finish()
	l.nowBuf, r.buf = r.buf, nil
}

// plan finds the segments that hold r and pins them.
func (l *Log) plan(r *Read) error {
	r.log, r.pieces, r.Rec = l, r.pieces[:0], Record{}
	end := r.LSN + unit.LSN(r.Span)
	if r.Span == 0 || end > l.written {
		return fmt.Errorf("%w: %d bytes at %d", ErrNotYet, r.Span, r.LSN)
	}
	align := int64(l.fs.Align())
	at := 0
	for lsn := r.LSN; lsn < end; {
		s := l.find(lsn)
		if s == nil || lsn < s.head.start()+unit.LSN(s.head.data()) {
			return fmt.Errorf("%w: no segment holds address %d", ErrDamaged, lsn)
		}
		stop := min(end, s.head.start()+unit.LSN(s.head.size))
		off := s.offset(lsn) / align * align
		n := int(roundUp(s.offset(stop), align) - off)
		r.pieces = append(r.pieces, piece{seg: s, from: lsn, off: off, buf: at, n: n})
		at += n
		lsn = stop
		if lsn < end {
			lsn += unit.LSN(s.head.data()) // the next segment's header is in between
		}
	}
	for i := range r.pieces {
		r.pieces[i].seg.pins++
	}
	return nil
}

func (r *Read) issue(kind vfs.Kind) {
	last := &r.pieces[len(r.pieces)-1]
	r.buf = r.log.fs.Buffer(last.buf + last.n)
	r.next = 0
	r.submit(kind)
}

func (r *Read) submit(kind vfs.Kind) {
	p := &r.pieces[r.next]
	r.op = vfs.Op{Kind: kind, File: p.seg.file, Off: p.off, Buf: r.buf[p.buf : p.buf+p.n], Owner: r}
	r.log.stats.BytesRead += int64(p.n)
	r.log.fs.Submit(&r.op)
}

// took takes the piece that was read and reports whether there is another.
func (r *Read) took() bool {
	p := &r.pieces[r.next]
	p.got = r.op.N
	if r.op.Err != nil {
		if r.Err == nil {
			r.Err = fmt.Errorf("cannot read %s at offset %d: %w", p.seg.name, p.off, r.op.Err)
		}
		return false
	}
	r.next++
	return r.next < len(r.pieces)
}

// Complete implements vfs.Completer.
func (r *Read) Complete(*vfs.Op) {
	if r.took() {
		r.submit(vfs.Read)
		return
	}
	r.finish()
	buf, l := r.buf, r.log
	r.buf = nil
	r.Owner.ReadDone(r)
	l.fs.Release(buf)
}

// finish decodes what was read and lets go of the segments.
func (r *Read) finish() {
	if r.Err == nil {
		r.Err = r.decode()
	}
	if r.Err != nil {
		r.Rec = Record{}
		r.log.stats.ReadErrors++
	}
	for i := range r.pieces {
		r.log.unpin(r.pieces[i].seg)
	}
}

// decode checks that the bytes are the record that was logged at r.LSN, whole,
// and gathers the chunks of one that was split, in place.
func (r *Read) decode() error {
	var body []byte
	var m meta
	left := 0
	for i, lsn := 0, r.LSN; ; {
		p := &r.pieces[i]
		off := p.seg.offset(lsn) - p.off
		bad := func() error { return p.seg.damaged(p.seg.offset(lsn), "a record that does not check") }
		if off >= int64(p.got) {
			return bad()
		}
		at := p.buf + int(off)
		f, ok := parseFrame(r.buf[at:p.buf+min(p.got, p.n)], lsn)
		if !ok || (f.bits&bitCont != 0) != (lsn != r.LSN) {
			return bad()
		}
		if lsn == r.LSN {
			m, left = f.meta, f.meta.total()
			r.Rec = Record{Kind: f.kind, Flags: f.flags, LSN: lsn, Span: r.Span}
			start := at + f.size - len(f.chunk)
			body = r.buf[start:start:cap(r.buf)]
		}
		left -= len(f.chunk)
		if left < 0 || (left > 0) != (f.bits&bitMore != 0) {
			return bad()
		}
		body = append(body, f.chunk...) // moves down: never over what is not read yet
		lsn += unit.LSN(f.size)
		if left == 0 {
			if lsn != r.LSN+unit.LSN(r.Span) {
				return bad()
			}
			r.Rec.Last = f.bits&bitEnd != 0
			break
		}
		// The record goes on behind the header of the next batch.
		a := unit.LSN(p.seg.head.align)
		lsn = (lsn + a - 1) / a * a
		if lsn == p.seg.head.start()+unit.LSN(p.seg.head.size) {
			i++
			if i == len(r.pieces) {
				return bad()
			}
			lsn = r.pieces[i].from
		}
		lsn += batchHeader
		if lsn >= r.LSN+unit.LSN(r.Span) {
			return bad()
		}
	}
	m.fill(&r.Rec, body)
	return nil
}
