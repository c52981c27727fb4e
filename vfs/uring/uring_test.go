//go:build linux

package uring

import (
	"runtime"
	"testing"

	"holdfast/vfs"
	"holdfast/vfs/internal/posix"
	"holdfast/vfs/vfstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func newTest(t *testing.T, entries, completions uint32, mode uint32) *FS {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	path := t.TempDir()
	fd, err := unix.Open(path, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	f, err := newFS(&posix.Dir{Path: path, FD: fd, Align: 4096}, entries, completions, mode)
	if err != nil {
		_ = unix.Close(fd)
		t.Skip(err) // the machine forbids or lacks it
	}
	t.Cleanup(func() {
		require.NoError(t, f.Close())
		_ = unix.Close(fd)
	})
	return f
}

func pump(t *testing.T, f *FS) bool {
	for f.Flush(); f.Busy(); f.Flush() {
		if f.Reap() > 0 {
			return true
		}
		f.Flush()
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(f.EventFD()), Events: unix.POLLIN}}, 10000)
		if err == unix.EINTR {
			continue // a signal of the runtime
		}
		require.NoError(t, err)
		var b [8]byte
		_, err = unix.Read(f.EventFD(), b[:])
		require.NoError(t, err, "no completion within ten seconds")
	}
	return false
}

// TestRings runs the suite in both modes, on rings so small that most
// operations have to wait for room.
func TestRings(t *testing.T) {
	for name, mode := range map[string]uint32{"deferred": modeDeferred, "plain": modePlain} {
		t.Run(name, func(t *testing.T) {
			vfstest.Run(t, func(t *testing.T) *vfstest.Harness {
				f := newTest(t, 4, 8, mode)
				return &vfstest.Harness{FS: f, Pump: func() bool { return pump(t, f) }}
			})
		})
	}
}

// TestAdvance: what a result makes of an operation, short ones above all.
func TestAdvance(t *testing.T) {
	f := newTest(t, 4, 8, modeDeferred)
	const block = 4096
	full := func(kind vfs.Kind) vfs.Op { return vfs.Op{Kind: kind, Buf: make([]byte, 4*block)} }
	for _, tc := range []struct {
		name      string
		op        vfs.Op
		done, res int
		again     bool
		n         int
		err       error
	}{
		{"all read", full(vfs.Read), 0, 4 * block, false, 4 * block, nil},
		{"short read goes on", full(vfs.Read), 0, block, true, block, nil},
		{"rest of a read", full(vfs.Read), block, 3 * block, false, 4 * block, nil},
		{"end of file", full(vfs.Read), block, 0, false, block, nil},
		{"end within a block", full(vfs.Read), 0, block + 7, false, block + 7, nil},
		{"short write goes on", full(vfs.Write), 0, block, true, block, nil},
		{"write short of a block", full(vfs.Write), 0, block + 7, true, block, nil},
		{"write of nothing", full(vfs.Write), block, 0, false, 0, vfs.ErrIO},
		{"write of less than a block", full(vfs.WriteDurable), block, 7, false, 0, vfs.ErrIO},
		{"interrupted", full(vfs.Write), block, -int(unix.EINTR), true, 0, nil},
		{"try again", full(vfs.Read), 0, -int(unix.EAGAIN), true, 0, nil},
		{"full", full(vfs.WriteDurable), 0, -int(unix.ENOSPC), false, 0, vfs.ErrNoSpace},
		{"broken", full(vfs.Write), 0, -int(unix.EIO), false, 0, vfs.ErrIO},
		{"synced", vfs.Op{Kind: vfs.Sync}, 0, 0, false, 0, nil},
		{"not synced", vfs.Op{Kind: vfs.Sync}, 0, -int(unix.EIO), false, 0, vfs.ErrIO},
	} {
		fl := flight{job: posix.Job{Op: &tc.op, Name: "x"}, done: tc.done}
		require.Equal(t, tc.again, f.advance(&fl, int32(tc.res)), tc.name)
		require.Equal(t, tc.n, tc.op.N, tc.name)
		require.ErrorIs(t, tc.op.Err, tc.err, tc.name)
	}
}
