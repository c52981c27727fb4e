package wal

import (
	"holdfast/engine/unit"
)

// assembler turns the frames of successive batches into records and units.
type assembler struct {
	recs    []Record // of the unit so far
	owned   int      // how many of them no longer alias the batch
	arena   []byte
	time    unit.Time
	skip    bool // frames that go on with a record begun before the walk are passed over
	part    Record
	partial bool
	meta    meta
	body    []byte
}

// reset forgets an incomplete unit and record.
func (a *assembler) reset() {
	a.recs, a.owned, a.arena, a.partial = a.recs[:0], 0, a.arena[:0], false
}

// begin takes note of a batch's header.
func (a *assembler) begin(h *batchHead) {
	if len(a.recs) == 0 && !a.partial {
		a.time = h.time
	}
}

// frame takes the frame at the start of p. size is 0 if it does not check,
// rec is true if it completed a record, the last of a.recs.
func (a *assembler) frame(p []byte, lsn unit.LSN) (size int, rec bool) {
	f, ok := parseFrame(p, lsn)
	if !ok {
		return 0, false
	}
	if f.bits&bitCont != 0 {
		return a.more(&f, lsn)
	}
	if a.partial {
		return 0, false
	}
	a.skip = false
	if f.bits&bitBegin != 0 {
		a.time = f.time
	}
	r := Record{Kind: f.kind, Flags: f.flags, LSN: lsn, Time: a.time}
	if f.bits&bitMore != 0 {
		a.part, a.partial, a.meta = r, true, f.meta
		a.body = append([]byte(nil), f.chunk...) // records keep it
		return f.size, false
	}
	r.Span, r.Last = uint32(f.size), f.bits&bitEnd != 0
	f.meta.fill(&r, f.chunk)
	a.recs = append(a.recs, r)
	return f.size, true
}

// more goes on with a record that the batch before left unfinished.
func (a *assembler) more(f *frame, lsn unit.LSN) (size int, rec bool) {
	if !a.partial {
		if a.skip {
			return f.size, false
		}
		return 0, false
	}
	left := a.meta.total() - len(a.body) - len(f.chunk)
	if left < 0 || (left > 0) != (f.bits&bitMore != 0) || f.kind != a.part.Kind {
		return 0, false
	}
	a.body = append(a.body, f.chunk...)
	if left > 0 {
		return f.size, false
	}
	r := a.part
	r.Span, r.Last = uint32(lsn+unit.LSN(f.size)-r.LSN), f.bits&bitEnd != 0
	a.meta.fill(&r, a.body)
	a.partial = false
	a.recs = append(a.recs, r)
	return f.size, true
}

// own copies what still aliases the batch, which is about to go.
func (a *assembler) own() {
	for ; a.owned < len(a.recs); a.owned++ {
		r := &a.recs[a.owned]
		for _, p := range [...]*[]byte{&r.Key, &r.Field, &r.Value} {
			at := len(a.arena)
			a.arena = append(a.arena, *p...)
			*p = a.arena[at:len(a.arena):len(a.arena)]
		}
	}
}
