package wal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

func none([]string) string { return "" }

// backed begins a backup and lets the disk work until it is over.
func (h *host) backed(folder string) *BackupDone {
	var done *BackupDone
	require.NoError(h.t, h.l.Backup(folder, none, func(d *BackupDone) { done = d }))
	for n := 0; done == nil; n++ {
		require.Less(h.t, n, 10_000, "the backup never ends")
		h.l.Flush()
		if len(h.fs.ops) > 0 {
			h.fs.complete(0)
		}
	}
	h.l.Flush()
	h.fs.run()
	return done
}

// only returns a disk with the files of a folder.
func only(fs *fakeFS, folder string) *fakeFS {
	n := newFakeFS(fs.align)
	for name, f := range fs.killed().files {
		if file, in := strings.CutPrefix(name, folder+"/"); in && strings.HasSuffix(file, ".seg") {
			n.files[file] = f
		}
	}
	return n
}

// TestBackup takes one under each policy, in the middle of a segment, and wants
// exactly the units up to the cut, whatever comes later and is recycled.
func TestBackup(t *testing.T) {
	for _, p := range []Policy{Always, EverySec, No} {
		cfg := tiny()
		fs := newFakeFS(512)
		h := start(t, fs, cfg)
		h.l.SetPolicy(p)
		n := 0
		set := func() {
			h.set(keyOf(n, 0), value(n, 700))
			n++
			h.l.Flush()
			fs.run()
		}
		for range 30 {
			set()
		}
		files := len(h.l.Segments())
		d := h.backed("first")
		require.NoError(t, d.Err)
		require.Len(t, d.Manifest.Files, files)
		require.LessOrEqual(t, h.l.Tail(), d.Manifest.Cut+unit.LSN(cfg.SegmentBytes))
		require.GreaterOrEqual(t, h.l.Committed(), d.Manifest.Cut)
		for range 60 {
			set()
			h.l.SetHead(h.l.Segments()[len(h.l.Segments())-1].Start)
		}
		require.Equal(t, int64(files), h.l.Stats().Unlinked)

		sum, _, err := audit(only(fs, d.Folder), d.Manifest.Cut)
		require.NoError(t, err)
		require.Empty(t, sum.Damage)
		g := start(t, only(fs, d.Folder), cfg)
		require.Len(t, g.got, 30)
		require.Equal(t, d.Manifest.Cut, g.recovered.Tail)
	}
}

// TestLinksAreAskedForAgain: a restart may not reuse the files of a backup, and
// those that lost their place are given up.
func TestLinksAreAskedForAgain(t *testing.T) {
	cfg := tiny()
	fs := newFakeFS(512)
	h := start(t, fs, cfg)
	for i := range 30 {
		h.set(keyOf(i, 0), value(i, 700))
		h.l.Flush()
		fs.run()
	}
	d := h.backed("b")
	require.NoError(t, d.Err)
	// The head moves, and the process ends before anything is unlinked.
	h.l.SetHead(h.l.Segments()[len(h.l.Segments())-1].Start)
	fs.fail = func(op *vfs.Op) error {
		if op.Kind == vfs.Remove {
			return vfs.ErrIO
		}
		return nil
	}
	h.l.Flush()
	fs.run()
	fs.fail = nil
	h = start(t, fs.killed(), cfg)
	for i := range 60 {
		h.set(keyOf(i, 1), value(i, 700))
		h.l.Flush()
		h.fs.run()
	}
	g := start(t, only(h.fs, d.Folder), cfg)
	require.Len(t, g.got, 30)
	for _, f := range d.Manifest.Files {
		require.NotContains(t, h.fs.files, f.Name)
	}
}

// TestQuarantineLateIsGivenUp: the head passes a damaged segment before its second
// name is durable. Its place in the log is free once that is so.
func TestQuarantineLateIsGivenUp(t *testing.T) {
	fs := newFakeFS(512)
	h := start(t, fs, tiny())
	for i := range 30 {
		h.set(keyOf(i, 0), value(i, 700))
		h.l.Flush()
		fs.run()
	}
	s := h.l.Segments()[0]
	h.l.SetHead(h.l.Segments()[2].Start)
	h.l.Quarantine(s.Start + 2000)
	h.l.Flush()
	for fs.step(vfs.WriteDurable) { // the head is durable, the name is not
	}
	require.Contains(t, fs.files, s.Name)
	fs.run()
	require.NotContains(t, fs.files, s.Name)
}

// TestQuarantineOutlastsTheProcess: the file of a damaged segment has a second
// name, so it is never used again, and stays when the log gives it up.
func TestQuarantineOutlastsTheProcess(t *testing.T) {
	cfg := tiny()
	fs := newFakeFS(512)
	h := start(t, fs, cfg)
	for i := range 30 {
		h.set(keyOf(i, 0), value(i, 700))
		h.l.Flush()
		fs.run()
	}
	s := h.l.Segments()[0]
	h.l.Quarantine(s.Start + 2000)
	h.l.Quarantine(s.Start + 3000)
	fs.run()
	before := append([]byte(nil), fs.files[s.Name].data...)
	h.l.SetHead(h.l.Segments()[2].Start)
	for i := range 60 {
		h.set(keyOf(i, 1), value(i, 700))
		h.l.Flush()
		fs.run()
		if i == 20 {
			fs = fs.killed()
			h = start(t, fs, cfg)
		}
	}
	require.NotContains(t, fs.files, s.Name)
	require.Equal(t, before, fs.files[strings.TrimSuffix(s.Name, ".seg")+".damaged"].data)
}

// TestBackupFailures: each operation of a backup fails in turn. The log does not
// care, nothing stays behind, and the next one succeeds.
func TestBackupFailures(t *testing.T) {
	for n := 0; ; n++ {
		cfg := tiny()
		fs := newFakeFS(512)
		h := start(t, fs, cfg)
		for i := range 20 {
			h.set(keyOf(i, 0), value(i, 700))
			h.l.Flush()
			fs.run()
		}
		left, hit := n, false
		fs.fail = func(op *vfs.Op) error {
			switch op.Kind {
			case vfs.MakeDir, vfs.Link, vfs.Create, vfs.Rename, vfs.List, vfs.SyncDir:
			case vfs.WriteDurable, vfs.Sync:
				if !strings.Contains(string(op.Buf), "holdfast backup") {
					return nil
				}
			default:
				return nil
			}
			if op.Kind == vfs.Create && !strings.HasPrefix(op.Name, BackupFolder) || op.Kind == vfs.SyncDir && op.Name == "" {
				return nil // the log's own
			}
			if left--; left == -1 {
				hit = true
				return fmt.Errorf("injected: %w", vfs.ErrNoSpace)
			}
			return nil
		}
		d := h.backed("b")
		if !hit {
			require.NoError(t, d.Err)
			require.Greater(t, n, 8)
			return
		}
		require.NoError(t, h.l.Err())
		if d.Err != nil {
			for name := range fs.files {
				require.False(t, strings.HasPrefix(name, BackupFolder+"/b/"), "operation %d: %s stays", n, name)
			}
		}
		require.NoError(t, h.backed("c").Err)
		h.set("more", value(1, 100))
		h.l.Flush()
		fs.run()
		require.Equal(t, h.l.Tail(), min(h.l.Tail(), h.l.Committed()))
	}
}

// TestBackupSweepsItsOwn: a backup removes what one before it has left without a
// manifest, and nothing that an operator keeps beside.
func TestBackupSweepsItsOwn(t *testing.T) {
	fs := newFakeFS(512)
	h := start(t, fs, tiny())
	h.set("k", value(1, 100))
	h.l.Flush()
	fs.run()
	left := BackupFolder + "/20261122-101530.123456/log000001.seg"
	theirs := []string{"/notes/log000001.seg", "/20261122/a", "/20261122-101530.12345x/a", "/20261122-101530.123456.old/a"}
	fs.files[left] = &fakeFile{name: left}
	for _, name := range theirs {
		fs.files[BackupFolder+name] = &fakeFile{name: BackupFolder + name}
	}
	require.NoError(t, h.backed("20261122-101531.000000").Err)
	require.NotContains(t, fs.files, left)
	for _, name := range theirs {
		require.Contains(t, fs.files, BackupFolder+name)
	}
}

// TestBackupWithoutSpace: a log that is full cannot give up the rest of a segment
// for a backup, for compaction needs it.
func TestBackupWithoutSpace(t *testing.T) {
	cfg := tiny()
	cfg.CapBytes, cfg.ReserveSegments = 4*cfg.SegmentBytes, 1
	fs := newFakeFS(512)
	h := start(t, fs, cfg)
	for i := 0; len(h.l.Segments()) < 4; i++ { // to the last segment there is
		h.set(keyOf(i, 0), value(i, 700))
		h.l.Flush()
		fs.run()
	}
	segs := h.l.Segments()
	require.Len(t, segs, 4)
	room := h.l.roomLeft().real
	require.ErrorIs(t, h.backed("b").Err, ErrFull)
	now := h.l.roomLeft().real
	require.Equal(t, room, now, "the backup has cost room that compaction needs")
	require.NoError(t, h.l.Err())
	h.l.SetHead(segs[2].Start)
	h.l.Flush()
	fs.run()
	require.NoError(t, h.l.Reserve(900, Compaction))
	h.set("after", value(1, 700))
	h.l.Flush()
	fs.run()
	require.GreaterOrEqual(t, h.l.Committed(), h.l.Tail())
}
