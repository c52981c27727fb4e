package wal

import "holdfast/engine/unit"

// Stats counts what the log did since it was made.
type Stats struct {
	Records, Units           int64 // appended
	Batches, Syncs, Rolls    int64
	BytesWritten             int64 // batches with their padding
	BytesPadded              int64 // of those
	BytesZeroed              int64
	BytesScanned             int64 // by recovery and Scan
	Reads, ReadsNow          int64
	ReadErrors, BytesRead    int64
	Recycled, Unlinked       int64 // segments: to be used again, given up because a file has other names
	Segments, Spares         int   // now
	Unwritten                int64 // now
	InFlight                 int   // now
	Queued                   int   // batches in flight or to be written, now
	NoSpace                  bool  // now: a segment cannot be prepared
	Epoch                    uint64
	Written, Synced, Attests unit.LSN // offsets: written, durable, attested
}

// Stats returns the counters and the present state.
func (l *Log) Stats() Stats {
	s := l.stats
	s.Segments, s.Spares, s.Unwritten, s.InFlight = len(l.segs), len(l.spares), l.unwritten, l.inflight
	s.Queued = len(l.q)
	s.NoSpace, s.Epoch = l.space.noSpace, l.epoch
	s.Written, s.Synced, s.Attests = l.written, l.synced, l.attested
	return s
}

// SegmentInfo describes a live segment.
type SegmentInfo struct {
	Name       string
	Number     uint64
	Epoch      uint64
	Start, End unit.LSN // End: of what is written
	Pins       int
	Current    bool
	Quarantine bool
}

// Segments returns the live segments, oldest first.
func (l *Log) Segments() []SegmentInfo {
	out := make([]SegmentInfo, 0, len(l.segs))
	for _, s := range l.segs {
		out = append(out, SegmentInfo{Name: s.name, Number: s.head.no, Epoch: s.head.epoch, Start: s.head.start(),
			End: l.ended(s), Pins: s.pins, Current: s == l.cur, Quarantine: s.quarantined})
	}
	return out
}

// SegmentOf returns the addresses that the segment of lsn spans.
func (l *Log) SegmentOf(lsn unit.LSN) (start, end unit.LSN) {
	start = l.start(l.number(lsn))
	return start, start + unit.LSN(l.cfg.SegmentBytes)
}
