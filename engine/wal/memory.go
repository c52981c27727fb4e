package wal

// Bytes returns the memory of the buffers that the log holds: batches that
// wait, are in flight or are spare, and what preparing, walking and recovering
// use. Buffers of reads are their owner's to count.
func (l *Log) Bytes() int64 {
	n := int64(len(l.q)+len(l.free)) * int64(l.cfg.BatchBytes)
	n += int64(len(l.space.buf) + len(l.roll.buf) + len(l.nowBuf))
	if l.scan != nil {
		n += int64(len(l.scan.w.buf) + cap(l.scan.asm.body))
	}
	if l.rec != nil {
		a := &l.rec.replay.asm
		n += int64(len(l.rec.w.buf) + cap(a.arena) + cap(a.body))
	}
	return n
}
