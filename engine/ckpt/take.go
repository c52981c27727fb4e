package ckpt

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/vfs"
)

// phase is where a checkpoint that is being taken stands.
type phase uint8

const (
	opening    phase = iota // the file is being made
	scanning                // the index is visited, blocks are written
	draining                // the last blocks are on their way
	committing              // until the log is durable as far as the entries go
	publishing              // header, sync, rename, sync of the directory, removals
	giving                  // it failed: the file goes
)

const (
	flights      = 2    // blocks being written at a time
	sliceEntries = 512  // visited in a turn
	group        = 64   // whose records are brought into the cache together
	sliceBuckets = 2048 // of the table, were they all empty
	sliceImages  = 256 << 10
	pace         = 1_000_000 // ns between two slices
	recordGuess  = 256
	again        = 30_000_000_000
	blockBytes   = 256 << 10
)

// taker is a checkpoint being taken.
type taker struct {
	k     *Keeper
	no    int
	phase phase
	h     header
	err   error

	dbs    []*tx.Database
	cursor uint64
	began  bool     // the first of dbs has begun
	old    unit.LSN // an image below is written anew, rather than redo from it
	refs   []keyspace.Ref
	stored tx.Stored

	file    vfs.File
	off     int64 // where the next block goes
	block   []byte
	n       int // bytes of block in use
	entries int // in block
	scratch []byte
	free    [][]byte
	flying  int
	memory  int64
	need    unit.LSN // the mark's batch ends here

	op    vfs.Op // of everything but blocks
	then  func()
	busy  bool
	drops []string
}

// begin starts a checkpoint.
func (k *Keeper) begin() {
	k.next++
	t := &taker{k: k, no: k.next, off: page}
	k.take = t
	start := k.log.Tail()
	t.old = start - min(start, k.interval())
	t.h.redo = start
	t.old = max(t.old, k.state.ImportBegan())
	if at := k.tier.OldestCopy(); at != 0 {
		t.h.redo = min(t.h.redo, at)
	}
	t.dbs = append(t.dbs, k.state.Meta())
	t.dbs = append(t.dbs, k.state.Databases()...)
	t.op.Name = nameOf(t.no, temporary)
	t.run(vfs.Create, func() {
		t.file = t.op.File
		if t.phase == opening {
			t.phase = scanning
			t.grab()
		}
	})
}

// run does one operation on the file or its name; then follows unless it fails.
func (t *taker) run(kind vfs.Kind, then func()) {
	t.op.Kind, t.op.File, t.op.Owner, t.op.Err = kind, t.file, t, nil
	t.then, t.busy = then, true
	t.k.fs.Submit(&t.op)
}

// Complete implements vfs.Completer.
func (t *taker) Complete(op *vfs.Op) {
	t.busy = false
	if op.Err != nil && t.phase != giving {
		t.abort(op.Err)
	} else {
		t.then()
	}
	t.settle()
}

// step visits a slice of the index, or looks whether the log is durable.
func (t *taker) step(now unit.Time, mono int64) {
	if t.phase == scanning && t.flying < flights {
		t.scan(now)
		t.k.nextAt = mono + pace
		if t.k.ending {
			t.k.nextAt = 0
		}
	}
	t.settle()
}

// slice returns how many entries a turn visits: more while the log grows fast,
// or when nobody is kept waiting.
func (t *taker) slice() int {
	if t.k.ending {
		return 16 * sliceEntries
	}
	grown := (t.k.log.Tail() - t.h.redo) * 4 / max(t.k.interval(), 1)
	return sliceEntries * int(1+min(grown, 7))
}

// scan visits a slice.
func (t *taker) scan(now unit.Time) {
	k, left, images := t.k, t.slice(), 0
	for buckets := 0; left > 0 && buckets < sliceBuckets && images < sliceImages && t.flying < flights; {
		if len(t.dbs) == 0 {
			t.seal()
			if at := k.state.ImportBegan(); at != 0 && at >= t.h.redo {
				t.abort(nil) // the next one will do
				return
			}
			t.h.end, t.h.time, t.h.head = k.log.Tail(), max(now, k.log.Time()), k.log.Head()
			t.phase = draining
			return
		}
		d := t.dbs[0]
		if d.KS == nil || k.state.ByID(d.ID) != d {
			t.nextDatabase()
			buckets++
			continue
		}
		if !t.began {
			t.began = true
			t.append(appendDatabase(t.scratch[:0], d.ID, d.KS.Len()), 0)
		}
		cursor := t.cursor
		for t.refs = t.refs[:0]; len(t.refs) < group && buckets < sliceBuckets; buckets++ {
			cursor = d.KS.Scan(cursor, func(r keyspace.Ref) { t.refs = append(t.refs, r) })
			if cursor == 0 {
				break
			}
		}
		d.KS.WarmRefs(t.refs)
		n, ok := t.image(d, now)
		images += n
		if !ok {
			return // the same entries again when the log has room
		}
		t.visit(d)
		left -= len(t.refs)
		if t.cursor = cursor; cursor == 0 {
			t.nextDatabase()
		}
	}
}

func (t *taker) nextDatabase() {
	t.dbs, t.cursor, t.began = t.dbs[1:], 0, false
}

// image writes an image of every value at hand that has none, or deltas on top
// of one so old that the redo would be long. It returns the bytes logged; false
// says that the log has no room for what must be written.
func (t *taker) image(d *tx.Database, now unit.Time) (n int, ok bool) {
	k := t.k
	for i, r := range t.refs {
		lsn, _ := d.KS.Addr(r)
		if lsn != 0 && (!d.KS.Dirty(r) || lsn >= t.old) {
			continue
		}
		weight := k.tier.Weight(d.KS, r) + recordGuess
		if !k.ending && k.tier.Large(d, r) {
			if lsn != 0 && !k.log.Holds(int64(weight)) {
				continue
			}
			k.tier.Image(d, r, 0)
			return n, false
		}
		if k.log.Reserve(weight, wal.Compaction) != nil {
			if lsn == 0 {
				return n, false
			}
			continue
		}
		k.state.Begin(now, 0)
		t.refs[i] = k.state.Image(d, r)
		k.state.SealImage()
		n += weight
	}
	return n, true
}

// visit adds the entries at hand.
func (t *taker) visit(d *tx.Database) {
	for _, r := range t.refs {
		e := &t.stored
		t.k.state.Store(d, r, e)
		if d.KS.Dirty(r) {
			t.h.redo = min(t.h.redo, e.LSN)
		}
		t.append(appendEntry(t.scratch[:0], e), 1)
	}
}

// append puts an encoded entry into the block, or begins the next one.
func (t *taker) append(p []byte, entries int) {
	t.scratch = p
	if t.n > blockHead && t.n+len(p) > len(t.block) {
		t.seal()
	}
	if t.n+len(p) > len(t.block) {
		t.drop(t.block)
		t.block = t.k.fs.Buffer(roundUp(blockHead + len(p)))
		t.memory += int64(len(t.block))
	}
	t.n += copy(t.block[t.n:], p)
	t.entries += entries
}

// block buffers: grab takes one to fill, drop gives one back.
func (t *taker) grab() {
	t.n, t.entries = blockHead, 0
	if i := len(t.free) - 1; i >= 0 {
		t.block, t.free = t.free[i], t.free[:i]
		return
	}
	t.block = t.k.fs.Buffer(t.size())
	t.memory += int64(len(t.block))
}

func (t *taker) drop(p []byte) {
	if len(p) == t.size() && len(t.free) < flights {
		t.free = append(t.free, p)
		return
	}
	t.memory -= int64(len(p))
	t.k.fs.Release(p)
}

func (t *taker) size() int { return roundUp(min(blockBytes, t.k.cfg.BatchBytes)) }

// write is a block on its way to the disk.
type write struct {
	op vfs.Op
	t  *taker
	p  []byte
}

// seal writes the block that was filled and begins another.
func (t *taker) seal() {
	if t.n == blockHead {
		return
	}
	t.h.sum = putBlock(t.block[:t.n], t.h.blocks, t.entries, t.h.sum)
	t.h.blocks++
	t.h.entries += uint64(t.entries)
	size := roundUp(t.n)
	clear(t.block[t.n:size])
	w := &write{t: t, p: t.block}
	w.op = vfs.Op{Kind: vfs.Write, File: t.file, Off: t.off, Buf: t.block[:size], Owner: w}
	t.off += int64(size)
	t.flying++
	t.k.fs.Submit(&w.op)
	t.k.account()
	t.grab()
}

// Complete implements vfs.Completer.
func (w *write) Complete(op *vfs.Op) {
	t := w.t
	t.flying--
	t.drop(w.p)
	if op.Err != nil {
		t.abort(op.Err)
	}
	t.settle()
}
