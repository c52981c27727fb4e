package wal

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// reader keeps what a read found.
type reader struct {
	Read
	done int
	got  Record
}

func (r *reader) ReadDone(*Read) {
	r.done++
	r.got = clone(&r.Rec)
}

func (h *host) read(lsn unit.LSN, span uint32) *reader {
	r := &reader{}
	r.LSN, r.Span, r.Owner = lsn, span, r
	h.l.Read(&r.Read)
	require.Zero(h.t, r.done, "never from inside")
	h.fs.run()
	require.Equal(h.t, 1, r.done)
	return r
}

func TestRead(t *testing.T) {
	for _, align := range []int{512, 4096} {
		cfg := Config{SegmentBytes: int64(8 * align), BatchBytes: 2 * align}
		h := settled(t, cfg, align)
		var recs []Record
		for i := range 30 {
			r := Record{Kind: HashSet, DB: uint64(i), Key: value(i, i), Field: value(i, 3), Value: value(i, i*i*align/100)}
			h.l.Append(&r)
			if i%2 == 1 {
				h.l.EndUnit(1)
			}
			recs = append(recs, clone(&r))
		}
		h.l.Flush()
		h.fs.run()
		bufs := h.fs.bufs
		for _, w := range recs {
			for _, r := range []*reader{h.read(w.LSN, w.Span), h.readNow(w.LSN, w.Span)} {
				require.NoError(t, r.Err)
				require.Equal(t, w.Value, r.got.Value[:len(r.got.Value):len(r.got.Value)])
				require.Equal(t, norm(w.Key), norm(r.got.Key))
				require.Equal(t, w.DB, r.got.DB)
				require.Equal(t, w.LSN, r.got.LSN)
			}
			for _, wrong := range []unit.LSN{w.LSN + 1, w.LSN - 1, w.LSN + 512, 1, 1 << 60} {
				r := h.read(wrong, w.Span)
				require.Error(t, r.Err)
				require.True(t, errors.Is(r.Err, ErrDamaged) || errors.Is(r.Err, ErrNotYet))
			}
			require.Error(t, h.read(w.LSN, w.Span+1).Err)
			require.Error(t, h.read(w.LSN, w.Span-1).Err)
			require.Error(t, h.read(w.LSN, 0).Err)
		}
		require.LessOrEqual(t, h.fs.bufs, bufs+1, "buffers of reads are given back")
		for _, s := range h.l.Segments() {
			require.Zero(t, s.Pins)
		}
	}
}

func (h *host) readNow(lsn unit.LSN, span uint32) *reader {
	r := &reader{}
	r.LSN, r.Span, r.Owner = lsn, span, r
	h.l.ReadNow(&r.Read)
	require.Zero(h.t, r.done)
	r.got = clone(&r.Rec)
	return r
}

func TestReadDamage(t *testing.T) {
	h := settled(t, tiny(), 512)
	lsn, span := h.l.Append(&Record{Kind: String, Key: []byte("k"), Value: value(1, 100)})
	h.l.EndUnit(1)
	h.l.Flush()
	h.fs.run()
	s := h.l.find(lsn)
	h.fs.files[s.name].data[s.offset(lsn)+60] ^= 4
	r := h.read(lsn, span)
	require.ErrorIs(t, r.Err, ErrDamaged)
	require.ErrorContains(t, r.Err, s.name)
	h.fs.fail = func(op *vfs.Op) error {
		if op.Kind == vfs.Read {
			return vfs.ErrIO
		}
		return nil
	}
	r = h.read(lsn, span)
	require.ErrorIs(t, r.Err, vfs.ErrIO)
	require.NotErrorIs(t, r.Err, ErrDamaged)
	require.NoError(t, h.failed, "a failed read harms nobody else")
}

// TestReadMisdirected: intact bytes of another address are not the record,
// though its shape be the same.
func TestReadMisdirected(t *testing.T) {
	h := settled(t, tiny(), 512)
	var at [2]unit.LSN
	var span uint32
	for i := range at {
		at[i], span = h.l.Append(&Record{Kind: String, Key: []byte("k"), Value: value(i, 100)})
		h.l.EndUnit(1)
		h.l.Flush()
		h.fs.run()
	}
	data := h.fs.files[h.l.cur.name].data
	off := h.l.cur.offset(at[0])
	copy(data[off:off+int64(span)], data[h.l.cur.offset(at[1]):])
	require.ErrorIs(t, h.read(at[0], span).Err, ErrDamaged)
	require.NoError(t, h.read(at[1], span).Err)
}

// TestScanGap: a number that recovery left out holds nothing.
func TestScanGap(t *testing.T) {
	h := settled(t, tiny(), 512)
	h.set("a", value(1, 10))
	h.l.Flush()
	h.fs.run()
	for range 3 { // each finds an empty tail
		h = start(t, h.fs.killed(), tiny())
		h.fs.run()
	}
	require.Len(t, h.got, 1)
	segs := h.l.Segments()
	require.Len(t, segs, 2)
	require.Greater(t, segs[1].Number, segs[0].Number+1)
	h.set("b", value(1, 10))
	h.l.Flush()
	h.fs.run()
	head := h.l.Head()
	for range segs[1].Number - segs[0].Number {
		s := &scanner{}
		h.scan(h.l.Head(), s, s)
		require.NoError(t, s.err)
		_, end := h.l.SegmentOf(h.l.Head())
		h.l.SetHead(end)
		h.l.Flush()
		h.fs.run()
	}
	require.Greater(t, h.l.Head(), head)
	require.Equal(t, segs[1].Start, h.l.Head())
	require.Len(t, h.l.Segments(), 1)
	g := start(t, h.fs.killed(), tiny())
	require.Len(t, g.got, 1)
}

// TestPin: a read in flight keeps its segment from being recycled.
func TestPin(t *testing.T) {
	h := settled(t, tiny(), 512)
	lsn, span := h.l.Append(&Record{Kind: String, Key: []byte("k"), Value: value(1, 100)})
	h.l.EndUnit(1)
	for i := range 8 {
		h.set(keyOf(i, 0), value(i, 1900))
	}
	h.l.Flush()
	h.fs.run()
	r := &reader{}
	r.LSN, r.Span, r.Owner = lsn, span, r
	h.l.Read(&r.Read)
	h.l.SetHead(h.l.Segments()[1].Start)
	h.l.Flush()
	for h.fs.step(vfs.WriteDurable) {
	}
	require.Zero(t, h.l.Stats().Recycled)
	h.fs.run()
	require.NoError(t, r.Err)
	require.Equal(t, value(1, 100), r.got.Value)
	require.Equal(t, int64(1), h.l.Stats().Recycled)
}

// scanner keeps what a scan found.
type scanner struct {
	recs   []Record
	err    error
	done   int
	pause  bool
	damage []unit.LSN
}

func (s *scanner) ScanRecords(recs []Record) bool {
	for i := range recs {
		s.recs = append(s.recs, clone(&recs[i]))
	}
	return !s.pause
}

func (s *scanner) ScanDone(err error) { s.err, s.done = err, s.done+1 }

func (h *host) scan(from unit.LSN, s *scanner, c ScanOwner) {
	h.l.Scan(from, c)
	for s.done == 0 {
		if len(h.fs.ops) == 0 {
			h.l.Resume()
			continue
		}
		h.fs.complete(0)
	}
}

func TestScan(t *testing.T) {
	h := settled(t, tiny(), 512)
	var recs []Record
	for i := range 40 {
		r := Record{Kind: String, Key: value(i, 5), Value: value(i, i*i*4)}
		h.l.Append(&r)
		if i%3 != 0 {
			h.l.EndUnit(unit.Time(i))
		}
		recs = append(recs, clone(&r))
	}
	h.l.EndUnit(1)
	h.l.Flush()
	h.fs.run()
	for _, pause := range []bool{false, true} {
		var all []Record
		for _, seg := range h.l.Segments() {
			s := &scanner{pause: pause}
			h.scan(seg.Start, s, s)
			require.NoError(t, s.err)
			for _, r := range s.recs {
				require.Equal(t, seg.Number, h.l.number(r.LSN))
			}
			all = append(all, s.recs...)
		}
		require.Equal(t, len(recs), len(all))
		for i := range recs {
			require.Equal(t, recs[i].LSN, all[i].LSN)
			require.Equal(t, recs[i].Span, all[i].Span)
			require.Equal(t, recs[i].Value, all[i].Value[:len(all[i].Value):len(all[i].Value)])
		}
	}
	s := &scanner{}
	h.scan(recs[7].LSN, s, s)
	require.Equal(t, recs[7].LSN, s.recs[0].LSN)
	for _, seg := range h.l.Segments() {
		require.Zero(t, seg.Pins)
	}
}

// damageScanner goes on behind damage.
type damageScanner struct{ scanner }

func (s *damageScanner) ScanDamaged(from, to unit.LSN, err error) {
	s.damage = append(s.damage, from, to)
}

func TestScanDamage(t *testing.T) {
	h := settled(t, tiny(), 512)
	for i := range 5 {
		h.set(keyOf(i, 0), value(i, 10))
		h.l.Flush()
		h.fs.run()
	}
	h.fs.files[h.l.cur.name].data[1024+512+80] ^= 1
	s := &scanner{}
	h.scan(h.l.cur.head.start(), s, s)
	require.ErrorIs(t, s.err, ErrDamaged)
	d := &damageScanner{}
	h.scan(h.l.cur.head.start(), &d.scanner, d)
	require.NoError(t, d.err)
	require.Len(t, d.recs, 4)
	at := h.l.cur.head.start() + 1024 + 512
	require.Equal(t, []unit.LSN{at, at + 512}, d.damage)
}

// TestScanUnfinished: a record that is not written to its end yet is not
// passed over in silence. Whoever frees the segment would lose it.
func TestScanUnfinished(t *testing.T) {
	h := settled(t, tiny(), 512)
	lsn, span := h.l.Append(&Record{Kind: String, Key: []byte("k"), Value: value(1, 14000)})
	h.l.EndUnit(1)
	end := lsn + unit.LSN(span)
	h.l.Flush()
	first, _ := h.l.SegmentOf(lsn)
	met := false
	for len(h.fs.ops) > 0 && h.l.written < end {
		if h.l.number(h.l.written) > h.l.number(first) {
			met = true
			s := &scanner{}
			h.l.Scan(first, s)
			for n := 0; s.done == 0 && n < 100; n++ {
				for i, op := range h.fs.ops {
					if op.Kind == vfs.Read {
						h.fs.complete(i)
						break
					}
				}
			}
			require.ErrorIs(t, s.err, ErrNotYet)
		}
		h.fs.complete(0)
	}
	require.True(t, met)
	h.fs.run()
	s := &scanner{}
	h.scan(first, s, s)
	require.NoError(t, s.err)
	require.Len(t, s.recs, 1)
}
