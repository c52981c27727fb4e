package ckpt

import (
	"errors"

	"holdfast/vfs"
)

// settle goes on once the blocks are written and the log is durable as far as
// the entries go.
func (t *taker) settle() {
	k := t.k
	if t.busy || k.take != t {
		return
	}
	if t.phase == giving {
		if t.flying == 0 {
			t.undo()
		}
		return
	}
	if t.phase == draining && t.flying == 0 {
		t.phase = committing
	}
	if t.phase != committing {
		return
	}
	if t.need == 0 {
		m, end := k.log.Mark()
		if m.LSN == 0 || end < t.h.end {
			k.log.Attest()
			k.log.Sync(t.h.end)
			return
		}
		t.h.mark, t.need = m, end
		k.log.Sync(end)
	}
	if k.log.Synced() >= t.need && k.log.Committed() >= t.h.end {
		t.publish()
	}
}

// publish gives the file its header and its name.
func (t *taker) publish() {
	k, name := t.k, nameOf(t.no, suffix)
	t.phase = publishing
	t.h.segment, t.h.bytes, t.h.seed = k.log.SegmentBytes(), t.off, k.state.Seed()
	t.h.put(t.block)
	t.op.Off, t.op.Buf = 0, t.block[:page]
	steps := []func(next func()){
		func(next func()) { t.run(vfs.Write, next) },
		func(next func()) { t.run(vfs.Sync, next) },
		func(next func()) {
			t.run(vfs.Close, next)
			t.file = 0
		},
		func(next func()) {
			t.op.Name, t.op.To = nameOf(t.no, temporary), name
			t.k.old = append(t.k.old, name) // whether this fails or not
			t.run(vfs.Rename, next)
		},
		func(next func()) {
			t.op.Name, t.op.To = "", ""
			t.run(vfs.SyncDir, next)
		},
	}
	var do func(i int)
	do = func(i int) {
		if i == len(steps) {
			t.published(name)
			return
		}
		steps[i](func() { do(i + 1) })
	}
	do(0)
}

// published: from now on a restart begins with it.
func (t *taker) published(name string) {
	k := t.k
	k.redo, k.bytes = t.h.redo, t.h.bytes
	k.stats.Taken++
	k.stats.Entries = int64(t.h.entries)
	k.warned = false
	t.drops, k.old = k.old[:len(k.old)-1], []string{name}
	k.mark("checkpoint published")
	t.remove()
}

// remove unlinks the files that are superfluous, one after another. What cannot
// be removed is tried again with the next checkpoint.
func (t *taker) remove() {
	if len(t.drops) == 0 {
		t.end()
		return
	}
	t.phase = giving // errors change nothing any more
	t.op.Name, t.drops = t.drops[0], t.drops[1:]
	name := t.op.Name
	t.run(vfs.Remove, func() {
		if t.op.Err != nil && !errors.Is(t.op.Err, vfs.ErrNotExist) {
			t.k.old = append([]string{name}, t.k.old...)
		}
		t.remove()
	})
}

// abort gives the checkpoint up: for a failure, which is told once, or because
// it is not wanted any more. Only the publication itself is not stopped.
func (t *taker) abort(err error) {
	if t.phase == giving || t.phase == publishing && err == nil {
		return
	}
	k := t.k
	t.phase, t.err = giving, err
	if err != nil {
		k.stats.Failed++
		k.retryAt = k.mono + again
		if !k.warned {
			k.warned = true
			k.warn("no checkpoint of the index was taken, a restart reads the whole log: " + err.Error())
		}
	}
}

// undo removes what there is of the file.
func (t *taker) undo() {
	t.drops = []string{nameOf(t.no, temporary)}
	if t.file == 0 {
		t.remove()
		return
	}
	t.run(vfs.Close, t.remove)
	t.file = 0
}

// end frees everything.
func (t *taker) end() {
	k := t.k
	if t.block != nil {
		k.fs.Release(t.block)
	}
	for _, p := range t.free {
		k.fs.Release(p)
	}
	k.take = nil
	k.account()
}
