package wal

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// ErrBackup: a backup runs already, or this log cannot have one.
var ErrBackup = errors.New("no backup")

// BackupDone sums up a backup that was asked for.
type BackupDone struct {
	Folder   string
	Manifest Manifest
	Err      error // nil: it is whole and durable
}

// backup is the state machine behind Backup. Its steps:
//
//	list            which other file is to be linked too
//	list, sweep     folders that a crash left without a manifest go
//	folder          the new one, durable by name
//	cut             at the end of a turn: the log rolls to a new segment
//	link            once that is open, all before is sealed and synced
//	publish         manifest written, synced, renamed; its folder synced
//
// From cut to link the segments are pinned: compaction goes on, but what it
// frees is recycled only afterwards, or unlinked, for it has another name now.
type backup struct {
	l      *Log
	folder string
	done   func(*BackupDone)
	stage  backupStage
	no     uint64 // the segment that must be open
	pinned []*segment
	m      Manifest
	buf    []byte
	beside func(names []string) string
	file   vfs.File // the manifest while it is written
	left   []string // folders still to be looked at
}

type backupStage uint8

const (
	preparing backupStage = iota
	cutting               // the next end of a turn is the cut
	rolling               // the new segment is not open yet
	linking
)

// Backup copies the log as it will be at the end of a turn soon, by links, into a
// folder of BackupFolder, which must not exist. One whose name is not of the form
// 20061231-235959.999999 is not swept should a crash leave it unfinished. done is called when that is over.
// beside picks one more file to be linked, of the names in the data directory
// before the cut, or "": a checkpoint. One that is gone by then is left out.
func (l *Log) Backup(folder string, beside func(names []string) string, done func(*BackupDone)) error {
	switch {
	case l.failed != nil:
		return l.failed
	case l.cur == nil || l.closing:
		return fmt.Errorf("%w: the log is not open", ErrBackup)
	case l.Era() != Durable || l.turn.no != 0:
		return fmt.Errorf("%w: a cache is not kept", ErrBackup)
	case l.backup != nil:
		return fmt.Errorf("%w: another one is running", ErrBackup)
	}
	b := &backup{l: l, folder: BackupFolder + "/" + folder, done: done, beside: beside}
	l.backup = b
	b.run(chore{kind: vfs.MakeDir, name: BackupFolder}, func(*vfs.Op) {
		b.run(chore{kind: vfs.SyncDir}, func(*vfs.Op) { b.list() })
	})
	return nil
}

func (b *backup) list() {
	b.run(chore{kind: vfs.List}, func(op *vfs.Op) {
		b.m.Beside = b.beside(op.Names)
		b.run(chore{kind: vfs.List, name: BackupFolder}, func(op *vfs.Op) {
			b.left = slices.Clone(op.Names)
			b.sweep()
		})
	})
}

// run does one operation; its failure is the backup's.
func (b *backup) run(c chore, then func(*vfs.Op)) {
	c.then = func(op *vfs.Op) {
		if op.Err != nil {
			b.fail(op.Err)
			return
		}
		then(op)
	}
	b.l.chore(c)
}

// sweep removes what earlier backups have left unfinished: their links hold
// space. A folder of another name is somebody else's.
func (b *backup) sweep() {
	for len(b.left) > 0 {
		folder, is := strings.CutSuffix(b.left[0], "/")
		b.left = b.left[1:]
		if is && isStamp(folder) {
			b.l.sweepFolder(BackupFolder+"/"+folder, b.sweep)
			return
		}
	}
	b.run(chore{kind: vfs.MakeDir, name: b.folder}, func(*vfs.Op) {
		b.run(chore{kind: vfs.SyncDir, name: BackupFolder}, func(*vfs.Op) { b.stage = cutting })
	})
}

// isStamp reports whether a folder is named as backups are, by their time.
func isStamp(name string) bool {
	const stamp = "00000000-000000.000000"
	for i := range len(stamp) {
		if len(name) != len(stamp) || name[i] != stamp[i] && (stamp[i] != '0' || name[i] < '0' || name[i] > '9') {
			return false
		}
	}
	return true
}

// sweepFolder removes a folder without a manifest, once it cannot come back with
// one: a power cut may undo that a manifest was removed and not that its files
// were. What fails stays for the next time.
func (l *Log) sweepFolder(folder string, then func()) {
	l.chore(chore{kind: vfs.List, name: folder, then: func(op *vfs.Op) {
		if op.Err != nil || slices.Contains(op.Names, ManifestName) {
			then()
			return
		}
		names := slices.Clone(op.Names)
		l.chore(chore{kind: vfs.SyncDir, name: folder, then: func(op *vfs.Op) {
			if op.Err != nil {
				then()
				return
			}
			for _, name := range names {
				l.chore(chore{kind: vfs.Remove, name: folder + "/" + name})
			}
			l.chore(chore{kind: vfs.RemoveDir, name: folder, then: func(*vfs.Op) { then() }})
		}})
	}})
}

// affords reports whether the rest of the segment may be given up for a roll. A
// full log must not be made fuller: what is left is compaction's. False for
// now, or for good, when the backup has failed.
func (b *backup) affords() bool {
	l := b.l
	rest := l.cfg.SegmentBytes - int64(l.pos)%l.cfg.SegmentBytes
	if l.roomLeft().ready < rest+l.data() && l.space.prep != nil && !l.space.noSpace {
		return false // a segment is being prepared
	}
	switch err := l.Reserve(int(rest), Writes); {
	case errors.Is(err, ErrBusy):
		return false
	case err != nil:
		b.fail(fmt.Errorf("a new segment is needed: %w", err))
		return false
	}
	return true
}

// cutAt is where the newest backup was cut.
type cutAt struct {
	no   uint64 // the segment behind it
	head unit.LSN
}

// unchanged reports whether nothing has been logged since the newest cut: then
// another one is where that was, and costs no segment.
func (l *Log) unchanged() bool {
	at := l.cutAt
	return at.no != 0 && at.no == l.cur.head.no && len(l.q) == 0 && l.roll.seg == nil &&
		l.dataEnd <= l.cur.head.start() && l.head == at.head && l.headDurable == at.head
}

// cut seals the log at its end. No unit is open.
func (b *backup) cut() {
	l := b.l
	if l.failed != nil {
		b.fail(l.failed)
		return
	}
	unchanged := l.unchanged()
	if !unchanged && !b.affords() {
		return
	}
	if l.open != nil {
		l.seal()
	}
	data := l.cur.head.start() + unit.LSN(l.cur.head.data())
	if !unchanged && len(l.segs) > 1 && l.pos == data && len(l.q) == 0 && l.roll.seg == nil {
		// As after a recovery. Its header may be the only one that knows how far the
		// head has moved: it goes into the backup, with a batch, for an empty
		// segment at the end of a log is passed over.
		l.attestNow, l.flushing = true, true
		return
	}
	switch size := l.cfg.SegmentBytes; {
	case unchanged, len(l.q) == 0 && l.pos == data && l.roll.seg == nil: // nothing in it yet, as after a recovery
		b.no = l.cur.head.no
	case int64(l.pos)%size == 0:
		b.no = l.number(l.pos)
	default:
		b.no = l.number(l.pos) + 1
	}
	m := &b.m
	m.Format, m.Head, m.Time, m.Epoch, m.SegmentBytes = segVersion, l.headDurable, l.now, l.epoch, l.cfg.SegmentBytes
	for _, s := range l.segs {
		if s.head.no < b.no && (s == l.cur || s.end > l.headDurable) {
			s.pins++
			b.pinned = append(b.pinned, s)
		}
	}
	l.cutAt = cutAt{b.no, m.Head}
	b.stage = rolling
	if b.no == l.cur.head.no {
		b.opened()
		return
	}
	l.pos = l.start(b.no)
	l.attestNow, l.flushing = true, true // an empty batch will do, to open the segment
}

// opened follows the opening of a segment: everything in those before is
// written and synced, whatever the policy.
func (b *backup) opened() {
	l := b.l
	if b.stage != rolling || l.cur.head.no < b.no {
		// A segment that began behind the cut's request and ends before it.
		if s := l.cur; b.stage == rolling && !slices.Contains(b.pinned, s) {
			s.pins++
			b.pinned = append(b.pinned, s)
		}
		return
	}
	b.stage = linking
	for _, s := range b.pinned {
		b.m.Files = append(b.m.Files, ManifestFile{Name: s.name, Bytes: l.cfg.SegmentBytes, Number: s.head.no, End: s.end})
		b.m.Cut = s.end
	}
	b.link(0)
}

// link gives each of the segments its second name.
func (b *backup) link(n int) {
	if n == len(b.pinned) {
		b.linkBeside()
		return
	}
	s := b.pinned[n]
	s.linked = true // even if that fails: it may have been done
	b.run(chore{kind: vfs.Link, name: s.name, to: b.folder + "/" + s.name}, func(*vfs.Op) { b.link(n + 1) })
}

func (b *backup) linkBeside() {
	linked := func() { b.run(chore{kind: vfs.SyncDir, name: b.folder}, func(*vfs.Op) { b.publish() }) }
	name := b.m.Beside
	if name == "" {
		linked()
		return
	}
	b.l.chore(chore{kind: vfs.Link, name: name, to: b.folder + "/" + name, then: func(op *vfs.Op) {
		if op.Err != nil { // a newer one has taken its place, and the log alone suffices
			b.m.Beside = ""
		}
		linked()
	}})
}

// publish writes the manifest, which makes a backup of the folder.
func (b *backup) publish() {
	l := b.l
	text := b.m.Encode()
	b.buf = l.fs.Buffer(int(roundUp(int64(len(text)), l.align)))
	for i := copy(b.buf, text); i < len(b.buf); i++ {
		b.buf[i] = '\n'
	}
	draft, name := b.folder+"/"+ManifestName+".new", b.folder+"/"+ManifestName
	b.run(chore{kind: vfs.Create, name: draft}, func(op *vfs.Op) {
		b.file = op.File
		b.run(chore{kind: vfs.WriteDurable, file: b.file, buf: b.buf}, func(*vfs.Op) {
			b.run(chore{kind: vfs.Sync, file: b.file}, func(*vfs.Op) {
				b.run(chore{kind: vfs.Rename, name: draft, to: name}, func(*vfs.Op) {
					b.run(chore{kind: vfs.SyncDir, name: b.folder}, func(*vfs.Op) { b.end(nil) })
				})
			})
		})
	})
}

// fail ends the backup without a manifest, as far as that is known, and takes
// away what there is of it.
func (b *backup) fail(err error) {
	if b.stage == linking {
		b.l.chore(chore{kind: vfs.Remove, name: b.folder + "/" + ManifestName})
	}
	b.l.sweepFolder(b.folder, func() {})
	b.end(err)
}

func (b *backup) end(err error) {
	l := b.l
	l.backup = nil
	l.fs.Release(b.buf)
	if b.file != 0 {
		l.chore(chore{kind: vfs.Close, file: b.file})
	}
	for _, s := range b.pinned {
		s.pins--
	}
	b.done(&BackupDone{Folder: b.folder, Manifest: b.m, Err: err})
	l.settle()
}
