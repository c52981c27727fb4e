package wal

import (
	"fmt"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// window is a piece of one segment's file in memory, moved forward by whoever
// walks the segment. What lies past the end of the file reads as zeroes.
type window struct {
	l    *Log
	s    *segment
	buf  []byte
	off  int64 // of buf[0] in the file
	n    int   // valid bytes of buf
	op   vfs.Op
	then func(error)
}

// open points the window at s, with nothing loaded.
func (w *window) open(s *segment) { w.s, w.n, w.off = s, 0, 0 }

func (w *window) close() {
	w.l.fs.Release(w.buf)
	w.buf, w.n = nil, 0
}

// at returns the loaded bytes from off on.
func (w *window) at(off int64) []byte {
	if off < w.off || off >= w.off+int64(w.n) {
		return nil
	}
	return w.buf[off-w.off : w.n]
}

// load reads so that at(off) has n bytes or more, then calls then.
func (w *window) load(off int64, n int, then func(error)) {
	a := int64(w.l.fs.Align())
	w.off = off / a * a
	file := roundUp(max(w.s.size, w.l.cfg.SegmentBytes), a) // more would only be zeroes
	n = max(int(roundUp(off-w.off+int64(n), a)), int(min(file, int64(w.l.cfg.ReadBytes))))
	if n > len(w.buf) {
		w.l.fs.Release(w.buf)
		w.buf = w.l.fs.Buffer(n)
	}
	w.then, w.n = then, n
	w.op = vfs.Op{Kind: vfs.Read, File: w.s.file, Off: w.off, Buf: w.buf[:n], Owner: w}
	w.l.stats.BytesScanned += int64(n)
	w.l.fs.Submit(&w.op)
}

// Complete implements vfs.Completer.
func (w *window) Complete(op *vfs.Op) {
	if op.Err != nil {
		w.n = 0
		w.then(fmt.Errorf("cannot read %s at offset %d: %w", w.s.name, op.Off, op.Err))
		return
	}
	clear(w.buf[op.N:w.n])
	w.then(nil)
}

// found is what batch has to say.
type found uint8

const (
	foundBad  found = iota // nothing that checks
	foundGood              // a batch that was written for this place
	foundMore              // more bytes are needed to tell
)

// batch looks for the batch at off. With anyPlace it accepts one that was
// written for the same offset of another segment or epoch.
func (w *window) batch(off int64, anyPlace bool) (h batchHead, payload []byte, need int, what found) {
	limit := w.l.cfg.SegmentBytes
	if off+batchHeader > limit {
		return h, nil, 0, foundBad
	}
	p := w.at(off)
	if len(p) < batchHeader {
		return h, nil, batchHeader, foundMore
	}
	h, ok := parseBatchHead(p)
	if !ok {
		return h, nil, 0, foundBad
	}
	if !anyPlace && (h.lsn != w.s.head.start()+unit.LSN(off) || h.epoch != w.s.head.epoch) {
		return h, nil, 0, foundBad
	}
	n := batchHeader + h.payload
	if off+int64(n) > limit {
		return h, nil, 0, foundBad
	}
	if len(p) < n {
		return h, nil, n, foundMore
	}
	if !batchSums(p[:n], &h) {
		return h, nil, 0, foundBad
	}
	return h, p[batchHeader:n:n], 0, foundGood
}
