package wal

import (
	"holdfast/engine/unit"
	"holdfast/vfs"
)

// chore is one operation on names, of those that the log does one after the
// other and beside everything else.
type chore struct {
	kind     vfs.Kind
	file     vfs.File
	name, to string
	buf      []byte
	then     func(*vfs.Op) // may be nil
}

// choreState is the chores to be done.
type choreState struct {
	task  task
	queue []chore // the first is being done
}

// chore does op when its turn has come.
func (l *Log) chore(op chore) {
	l.chores.queue = append(l.chores.queue, op)
	if len(l.chores.queue) == 1 {
		l.nextChore()
	}
}

func (l *Log) nextChore() {
	q := &l.chores
	c := &q.queue[0]
	q.task.op = vfs.Op{Name: c.name, To: c.to, File: c.file, Buf: c.buf}
	q.task.fn = l.choreDone
	l.submit(&q.task, c.kind)
}

func (l *Log) choreDone() {
	q := &l.chores
	then, op := q.queue[0].then, q.task.op
	q.queue = append(q.queue[:0], q.queue[1:]...)
	if len(q.queue) > 0 {
		l.nextChore()
	}
	if then != nil {
		then(&op)
	}
}

// discard gives up a segment whose file has another name, a backup's or that of
// something damaged: the contents are not ours to change. After a restart the
// count of its names says so again, so nothing waits for this.
func (l *Log) discard(s *segment) {
	l.files--
	l.stats.Unlinked++
	l.chore(chore{kind: vfs.Close, file: s.file})
	l.chore(chore{kind: vfs.Remove, name: s.name})
}

// Quarantine keeps the segment that holds lsn from being used again: something
// in it is damaged, and somebody may want to look. The head may pass it. Its
// file gets a second name, PREFIX000007.damaged, so this outlasts the process.
func (l *Log) Quarantine(lsn unit.LSN) {
	s := l.find(lsn)
	if s == nil || s.quarantined {
		return
	}
	s.quarantined = true
	to := s.name[:len(s.name)-len(".seg")] + ".damaged"
	l.chore(chore{kind: vfs.Link, name: s.name, to: to, then: func(op *vfs.Op) {
		if op.Err == nil {
			l.chore(chore{kind: vfs.SyncDir, then: func(op *vfs.Op) {
				s.linked = s.linked || op.Err == nil
				l.recycle() // the head may have passed it meanwhile
			}})
		}
	}})
}
