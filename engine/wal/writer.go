package wal

import (
	"holdfast/engine/unit"
	"holdfast/vfs"
)

// Flush ends a turn: what has been appended is submitted as far as the bound
// on batches in flight allows; completions submit the rest. Where nothing
// waits for the write, the open batch first gathers more, until Tick.
func (l *Log) Flush() {
	if b := l.backup; b != nil && b.stage == cutting && l.first.b == nil {
		b.cut()
	}
	l.flushing = true
	l.pump()
}

// Hasten has the next Flush write what was gathered: somebody waits for it.
func (l *Log) Hasten() { l.tick.gathered = l.tick.gathered || l.open != nil }

// Sync has what is appended up to lsn made durable soon, under any policy, and
// LogCommitted called when it is.
func (l *Log) Sync(lsn unit.LSN) {
	l.wanted = unit.Max(l.wanted, lsn)
	l.Hasten()
	if l.cur != nil {
		l.maybeSync()
	}
}

// pump submits batches, oldest first. Nothing of an open unit is submitted,
// for its first and last frames are not final.
func (l *Log) pump() {
	if l.failed != nil || l.cur == nil {
		return
	}
	for l.inflight < l.cfg.InFlight {
		b := l.ready()
		if b == nil {
			return
		}
		if b.no != l.cur.head.no {
			l.rollTo(b.no)
			return
		}
		if b == l.open && (l.gathers(b) || l.joins(b) || l.awaits(b)) || !l.cleared(b) {
			return
		}
		if b == l.open {
			l.seal()
		}
		l.write(b)
	}
}

// joins reports whether the open batch b had better wait for the one in flight:
// what it holds becomes durable no earlier than that one does, and while it is
// small a write of its own costs more than it gains. Measured with 50 clients
// under Always, one write for all of them at a time beats two for half of them.
func (l *Log) joins(b *batch) bool { return l.inflight > 0 && b.n < l.cfg.BatchBytes/8 }

// gathers reports whether the open batch b may wait for more. Under EverySec
// and No, and in a cache, no reply waits for the write, so many turns share
// one; but not while something else does: a writer that was refused, a head to
// be recorded, replies held since the policy was Always.
func (l *Log) gathers(b *batch) bool {
	if l.policy == Always && l.era != Cache || l.tick.gathered || l.closing {
		return false
	}
	if l.wantRoom || l.synced < max(l.floor, l.wanted) || b.n == batchHeader || l.head > l.headDurable {
		return false
	}
	return b.n < min(gatherBytes, l.cfg.BatchBytes/2) && l.unwritten < l.cfg.MaxUnwritten/4
}

// ready returns the next batch to submit, or nil.
func (l *Log) ready() *batch {
	if l.inflight == len(l.q) {
		moved := l.head > l.headDurable
		if !l.attestNow && !(moved && l.headPendAt == 0) {
			l.flushing = moved // once the pending one is durable
			return nil
		}
		l.attestNow = false
		l.openBatch().time = l.now
	}
	b := l.q[l.inflight]
	if l.first.b != nil && b.seq >= l.first.b.seq {
		return nil
	}
	return b
}

// write submits b, whose contents are final.
func (l *Log) write(b *batch) {
	h := batchHead{lsn: b.lsn, epoch: l.epoch, prev: l.chain, attested: l.synced, head: l.head, time: b.time}
	if l.era == Cache {
		h.flags = batchCache
	}
	b.sum = putBatchHead(b.buf[:b.n], &h)
	l.chain = b.sum
	end := b.end(l.align)
	b.attest = h.attested
	if l.headPendAt == 0 && l.head > l.headDurable {
		l.headPending, l.headPendAt = l.head, end
	}
	if b.n > batchHeader {
		l.dataEnd = end
	}
	kind := vfs.WriteDurable
	b.durable = true
	if l.era == Cache || l.policy != Always {
		kind, b.durable = vfs.Write, false
		l.plainEnd = end
	}
	l.inflight++
	l.company.submitted(b)
	if l.open == nil { // else what is to hasten still waits
		l.tick.gathered, l.tick.gatherAt = false, 0
	}
	l.stats.Batches++
	l.stats.BytesWritten += int64(end - b.lsn)
	l.stats.BytesPadded += int64(end-b.lsn) - int64(b.n)
	op := &b.op
	op.Kind, op.File, op.Owner, op.Err, op.N = kind, l.cur.file, b, nil, 0
	op.Off, op.Buf = l.cur.offset(b.lsn), b.buf[:end-b.lsn]
	b.begun = l.book.Now()
	l.fs.Submit(op)
}

// batchDone takes a completion. Batches may finish in any order; the offsets
// move over the contiguous prefix only.
func (l *Log) batchDone(b *batch) {
	b.done = true
	if b.durable {
		l.timed(b.begun)
	}
	if b.op.Err != nil {
		l.fail("write to", l.cur, &b.op)
	}
	for l.inflight > 0 && l.q[0].done {
		b := l.q[0]
		if l.failed == nil {
			l.written = b.end(l.align)
			l.mark = Mark{LSN: b.lsn, Epoch: l.epoch, Sum: b.sum}
			if l.attestPend.end == 0 && b.attest > l.attested {
				l.attestPend = attestation{b.attest, l.written}
			}
		}
		l.company.dropping += b.units
		l.dropBatch()
	}
	if l.inflight == 0 {
		l.company.finished(l.open)
	}
	l.settle()
}

// attestation is a batch's, which counts once the batch itself is synced.
type attestation struct{ lsn, end unit.LSN }

// settle draws the conclusions of a completion and then tells the owner.
func (l *Log) settle() {
	if b := l.backup; b != nil && l.failed != nil && (b.stage == cutting || b.stage == rolling) {
		b.fail(l.failed)
	}
	l.advance()
	l.recycle()
	l.maybeSync()
	l.finishClose()
	if l.flushing {
		l.pump()
	}
	l.maintain()
	l.notify()
}

// advance moves the durable and the committed offsets. After a failure
// neither ever moves again.
func (l *Log) advance() {
	if l.failed != nil {
		return
	}
	// Behind plainEnd every batch brought its own sync.
	if l.era == Cache || l.synced >= l.plainEnd {
		l.synced = l.written
	}
	c := l.synced
	if l.policy == No && l.synced >= l.floor {
		c = l.written
	}
	if !l.frozen {
		l.committed = unit.Max(l.committed, c)
	}
	if p := l.attestPend; p.end != 0 && l.synced >= p.end {
		l.attested, l.attestPend = unit.Max(l.attested, p.lsn), attestation{}
	}
	if l.headPendAt != 0 && l.synced >= l.headPendAt {
		l.headDurable, l.headPendAt = l.headPending, 0
	}
}

// maybeSync starts a sync when something waits for one. EverySec's own comes
// from Tick.
func (l *Log) maybeSync() {
	if l.failed != nil || l.era == Cache || l.synced == l.written {
		return
	}
	switch {
	case l.policy == Always: // switched to while plain writes were unsynced
	case l.headPendAt != 0 && l.written >= l.headPendAt: // space waits for it
	case l.policy == No && l.synced < l.floor && l.written >= l.floor:
	case l.synced < l.wanted && l.written >= l.wanted:
	default:
		return
	}
	l.startSync()
}

// startSync makes all that is written now durable. Everything unsynced is in
// the current segment, since rolling syncs first.
func (l *Log) startSync() {
	if l.syncing || l.failed != nil {
		return
	}
	l.syncing, l.syncTarget = true, l.written
	l.sync.op.File = l.cur.file
	l.stats.Syncs++
	l.syncBegun = l.book.Now()
	l.submit(&l.sync, vfs.Sync)
}

func (l *Log) syncDone() {
	l.syncing = false
	l.timed(l.syncBegun)
	if l.sync.op.Err != nil {
		// Never again: the pages may be marked clean and be gone.
		l.fail("sync", l.cur, &l.sync.op)
	} else {
		l.synced = unit.Max(l.synced, l.syncTarget)
	}
	l.settle()
}

// notify tells the owner what has changed, last of all, so that it may call
// back into a log in good order.
func (l *Log) notify() {
	wanted := l.wanted != 0 && l.Synced() >= l.wanted
	if wanted {
		l.wanted = 0
	}
	if l.committed > l.told || wanted || l.closed && !l.closeTold {
		l.told, l.closeTold = l.committed, l.closed
		l.owner.LogCommitted(l.committed)
	}
	if l.failed != nil && !l.failedTold {
		l.failedTold = true
		l.owner.LogFailed(l.failed)
	}
	if l.wantRoom && (l.failed != nil || l.unwritten < l.cfg.MaxUnwritten) {
		l.wantRoom = false
		l.owner.LogRoom()
	}
}

// SetPolicy changes when batches commit. What was appended under a stricter
// policy commits as that policy has it: going to No syncs it first. Going to
// Always first syncs what was written plainly before.
func (l *Log) SetPolicy(p Policy) {
	if p == l.policy {
		return
	}
	if p == No {
		l.floor = l.pos
		if l.open != nil {
			l.floor = l.open.lsn + 1
		}
	}
	l.policy = p
	if l.cur != nil {
		l.maybeSync()
	}
}

// Close writes what is left and a last batch that attests it, stamped with
// engine time t, all of it durable under any policy but in a cache. When that
// is over, Closed is true and LogCommitted is called. Nothing may be appended
// any more.
func (l *Log) Close(t unit.Time) {
	if l.closing {
		return
	}
	l.closing, l.now = true, t
	if l.cur == nil {
		return
	}
	l.SetPolicy(Always)
	l.flushing = true
	l.pump()
	l.finishClose()
}

// finishClose writes the last batch once all others are durable.
func (l *Log) finishClose() {
	if !l.closing || l.failed != nil || len(l.q) > 0 || l.synced < l.written {
		return
	}
	if l.lastBatch {
		l.closed = true
		return
	}
	l.lastBatch, l.attestNow, l.flushing = true, true, true
	l.pump()
}
