package ckpt

import (
	"errors"
	"fmt"
	"slices"

	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/vfs"
)

// loader reads the newest checkpoint at the start.
type loader struct {
	k     *Keeper
	chain wal.Chain
	name  string
	h     header
	file  vfs.File
	op    vfs.Op
	then  func()

	buf     []byte
	at      int64 // of buf[0] in the file
	n       int   // valid bytes of buf
	asked   int   // how many were asked for
	off     int64 // of the next block
	no      uint64
	sum     uint32
	entries uint64
	db      *tx.Database
	stored  tx.Stored
}

const readBytes = 1 << 20 // of the file at a time

// Start implements wal.Starter: it loads the newest checkpoint, if there is one
// of this log, and goes on with the replay where that ends.
func (k *Keeper) Start(c wal.Chain) {
	k.redo = c.Head
	l := &loader{k: k, chain: c}
	newest := -1
	for _, name := range c.Others {
		no, finished, ours := parseName(name)
		if !ours {
			continue
		}
		k.next = max(k.next, no)
		if !finished {
			k.torn = append(k.torn, name)
			continue
		}
		k.old = append(k.old, name)
		if no > newest {
			newest, l.name = no, name
		}
	}
	if l.name == "" || k.cfg.CheckpointLogBytes == 0 {
		k.log.Replay(0, 0)
		return
	}
	k.load = l
	l.op.Name = l.name
	l.run(vfs.Open, func() {
		l.file = l.op.File
		l.fill(0, headBytes, l.header)
	})
}

// run does one operation; a failure makes do without the checkpoint.
func (l *loader) run(kind vfs.Kind, then func()) {
	l.op.Kind, l.op.File, l.op.Owner, l.op.Err = kind, l.file, l, nil
	l.then = then
	l.k.fs.Submit(&l.op)
}

// Complete implements vfs.Completer.
func (l *loader) Complete(op *vfs.Op) {
	if op.Err != nil && op.Kind != vfs.Close {
		l.refuse(op.Err)
		return
	}
	l.then()
}

// fill reads so that need bytes from off on, or more, are in buf.
func (l *loader) fill(off int64, need int, then func()) {
	n := max(roundUp(need), min(readBytes, roundUp(l.k.cfg.BatchBytes)*4))
	if n > len(l.buf) {
		l.k.fs.Release(l.buf)
		l.buf = l.k.fs.Buffer(n)
	}
	l.at, l.n, l.asked = off, 0, need
	l.op.Off, l.op.Buf = off, l.buf[:n]
	l.run(vfs.Read, func() {
		l.n = l.op.N
		then()
	})
}

// header judges the file by its header and by the log.
func (l *loader) header() {
	k := l.k
	if err := l.h.get(l.buf[:l.n]); err != nil {
		l.refuse(err)
		return
	}
	if l.h.segment != k.log.SegmentBytes() || l.chain.End == 0 { // 0: the one before this log was void
		l.refuse(errLog)
		return
	}
	if l.h.end > l.chain.End {
		l.end(func() { k.log.Refuse(Short(l.name, l.h.end, l.chain.End)) })
		return
	}
	if l.h.redo < l.chain.Head {
		l.refuse(errStale)
		return
	}
	k.log.Verify(l.h.mark, func(ok bool) {
		if !ok {
			l.refuse(errLog)
			return
		}
		l.off = page
		k.state.Unload(l.h.seed)
		l.blocks()
	})
}

// blocks loads what is in memory, then asks for more: one reading at a time, so
// that the server answers meanwhile.
func (l *loader) blocks() {
	for l.no < l.h.blocks {
		p := l.buf[:l.n]
		if skip := l.off - l.at; skip <= int64(l.n) {
			p = p[skip:]
		} else {
			p = nil
		}
		payload, entries, sum, need, err := getBlock(p, l.no, l.sum)
		if err == nil && need > 0 {
			if int64(need) > l.h.bytes-l.off || l.off == l.at && need <= l.asked {
				err = errDamaged // the file is shorter than it says
			} else {
				l.fill(l.off, need, l.blocks)
				return
			}
		}
		if err == nil {
			err = l.take(payload, entries)
		}
		if err != nil {
			l.refuse(err)
			return
		}
		l.sum, l.no = sum, l.no+1
		l.off += int64(roundUp(blockHead + len(payload)))
	}
	if l.sum != l.h.sum || l.entries != l.h.entries {
		l.refuse(errDamaged)
		return
	}
	l.loaded()
}

// take loads the entries of a block. What the log's head has passed is dead, or
// will be redone.
func (l *loader) take(payload []byte, entries int) error {
	s, c := l.k.state, cursor{p: payload}
	for len(c.p) > 0 {
		first := c.p[0]
		c.p = c.p[1:]
		if first == newDatabase {
			id, n := c.database()
			if c.bad {
				return errDamaged
			}
			l.db = s.Loading(id, int(min(uint64(n), l.h.entries-l.entries)))
			continue
		}
		e := &l.stored
		c.entry(first, e)
		if c.bad || l.db == nil {
			return errDamaged
		}
		entries--
		l.entries++
		if e.First >= l.chain.Head {
			s.Load(l.db, e)
		}
	}
	if entries != 0 {
		return errDamaged
	}
	return nil
}

// loaded: the log's end follows.
func (l *loader) loaded() {
	k := l.k
	k.redo, k.bytes = l.h.redo, l.h.bytes
	k.stats.Loaded, k.stats.Entries = true, int64(l.h.entries)
	k.account()
	k.mark("checkpoint loaded")
	l.end(func() { k.log.Replay(l.h.redo, l.h.time) })
}

// Short says that the log ends before the checkpoint does, which was published
// when all up to there was durable: what looks like a torn tail is none.
func Short(name string, end, log unit.LSN) error {
	return fmt.Errorf("it ends at %d, but %s was made when it had reached %d: the newest segments are missing, cut short, or of another log", log, name, end)
}

// refuse forgets what was loaded: the whole log is read.
func (l *loader) refuse(err error) {
	k := l.k
	k.warn(fmt.Sprintf("the checkpoint %s is not used, the whole log is read: %v", l.name, err))
	if errors.Is(err, errStale) {
		k.mark("checkpoint out of date")
	} else {
		k.mark("checkpoint refused")
	}
	k.state.Unload(k.cfg.Seed)
	l.end(func() { k.log.Replay(0, 0) })
}

// end closes the file and goes on.
func (l *loader) end(then func()) {
	k := l.k
	k.fs.Release(l.buf)
	l.buf = nil
	next := func() {
		k.load = nil
		then()
	}
	if l.file == 0 {
		next()
		return
	}
	l.run(vfs.Close, next)
}

// Loading returns how many bytes of checkpoint and log have been read and how
// many there are to read, as far as known.
func (k *Keeper) Loading() (done, total int64) {
	done, total = k.log.Replayed()
	if l := k.load; l != nil {
		return l.off, l.h.bytes + max(0, int64(l.chain.End-l.h.redo))
	}
	if k.stats.Loaded {
		return done + k.bytes, total + k.bytes
	}
	return done, total
}

// Superfluous returns, for tests, the files that the next checkpoint removes.
func (k *Keeper) Superfluous() []string { return slices.Clone(k.old) }
