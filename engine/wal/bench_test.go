package wal

import "testing"

// BenchmarkAppend is the log's own cost of a unit with one SET: 16 B key, 64 B
// value, flushed every 16 units to a disk that does nothing.
func BenchmarkAppend(b *testing.B) {
	cfg := tiny()
	cfg.SegmentBytes, cfg.BatchBytes = 1<<26, 1<<16
	fs := newFakeFS(4096)
	h := start(b, fs, cfg)
	idle := func() {
		for len(fs.ops) > 0 {
			op := fs.ops[0]
			fs.ops = append(fs.ops[:0], fs.ops[1:]...)
			op.N = len(op.Buf)
			op.Owner.Complete(op)
		}
	}
	idle()
	r := Record{Kind: String, DB: 1, Key: value(1, 16), Value: value(1, 64)}
	b.ReportAllocs()
	b.SetBytes(80)
	for i := 0; b.Loop(); i++ {
		if h.l.Reserve(r.Size(), Writes) != nil {
			b.Fatal("full")
		}
		h.l.Append(&r)
		h.l.EndUnit(1)
		if i%16 == 15 {
			h.l.Flush()
			idle()
		}
	}
}
