package wal

// Bytes returns the memory that batches hold: waiting to be written, in
// flight, and spare.
func (l *Log) Bytes() int64 {
	n := int64(0)
	for _, b := range l.q {
		n += int64(cap(b.buf))
	}
	for _, b := range l.free {
		n += int64(cap(b.buf))
	}
	return n
}
