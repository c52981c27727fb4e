package ckpt

import (
	"encoding/binary"

	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// A delta that is redone needs the value it changes, and a checkpoint brings
// values cold. Such values are read many at a time: a record waits here until its
// key's value has come, and so do all later ones of that key. Records of other
// keys go on, for no record depends on another key's.

// redoReads bounds the reads in flight; their bytes, and those of the records
// that wait, are bounded by fetch-memory.
const redoReads = 64

// redo is what the redo of the log's end waits for.
type redo struct {
	waiting map[string]*redone // by database and key
	held    int64              // bytes
	paused  bool               // until some of it has come
	over    func()             // to be called when all has; the log has been read
	name    []byte
}

// redone is a key whose value is on its way, with the records that wait for it.
type redone struct {
	wal.Read
	at    unit.LSN // of the value
	load  tx.Loader
	k     *Keeper
	name  string
	recs  []wal.Record
	bytes int64
}

// Apply implements wal.Sink.
func (k *Keeper) Apply(rec *wal.Record) bool {
	q := &k.redone
	if len(q.waiting) > 0 {
		w := q.waiting[string(q.nameOf(rec))]
		if rec.DB == 0 || w != nil && q.held > k.cfg.FetchBytes {
			q.paused = true // what the metadata says may be about any key
			return false
		}
		if w != nil {
			w.wait(rec)
			return true
		}
	}
	at, bytes, cold := k.state.Needs(rec)
	if !cold {
		return k.state.Apply(rec)
	}
	if n := len(q.waiting); n >= redoReads || n > 0 && q.held+bytes > k.cfg.FetchBytes {
		q.paused = true
		return false
	}
	k.await(rec, at, bytes)
	return true
}

// nameOf returns what rec's key is called in the map.
func (q *redo) nameOf(rec *wal.Record) []byte {
	q.name = append(binary.LittleEndian.AppendUint64(q.name[:0], rec.DB), rec.Key...)
	return q.name
}

// await begins to read the value that rec changes.
func (k *Keeper) await(rec *wal.Record, at tx.Location, bytes int64) {
	q := &k.redone
	if q.waiting == nil {
		q.waiting = map[string]*redone{}
	}
	w := &redone{k: k, name: string(q.nameOf(rec)), bytes: bytes, at: at.LSN}
	q.held += w.bytes
	q.waiting[w.name] = w
	w.wait(rec)
	w.LSN, w.Span, w.Owner = at.LSN, at.Span, w
	k.mark("redo waits for a value")
	k.log.Read(&w.Read)
}

// wait keeps a copy of rec.
func (w *redone) wait(rec *wal.Record) {
	c := *rec
	b := append(append(append(make([]byte, 0, len(rec.Key)+len(rec.Field)+len(rec.Value)), rec.Key...), rec.Field...), rec.Value...)
	f, v := len(rec.Key), len(rec.Key)+len(rec.Field)
	c.Key, c.Field, c.Value = b[:f:f], b[f:v:v], b[v:]
	w.recs = append(w.recs, c)
	n := int64(len(b)) + 128
	w.bytes += n
	w.k.redone.held += n
}

// ReadDone implements wal.ReadOwner.
func (w *redone) ReadDone(r *wal.Read) {
	k, q := w.k, &w.k.redone
	if r.Err == nil {
		next, more, err := w.load.Take(k.state, w.recs[0].Key, &r.Rec)
		if more {
			w.LSN, w.Span = next.LSN, next.Span
			k.log.Read(&w.Read)
			return
		}
		r.Err = err
	}
	delete(q.waiting, w.name)
	q.held -= w.bytes
	if r.Err == nil {
		k.state.Arrived(w.recs[0].DB, w.recs[0].Key, w.at, &w.load, &r.Rec)
	}
	for i := range w.recs {
		k.state.Apply(&w.recs[i]) // without its value it tries again and says why there is none
	}
	if q.paused {
		q.paused = false
		k.log.Resume()
	}
	if over := q.over; over != nil && len(q.waiting) == 0 {
		q.over = nil
		over()
	}
}

// Redone has then called when every record that was redone has been applied, and
// reports whether that is so already; then it is not called.
func (k *Keeper) Redone(then func()) bool {
	if len(k.redone.waiting) == 0 {
		return true
	}
	k.redone.over = then
	return false
}
