//go:build linux || darwin

package disk_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"holdfast/vfs"
	"holdfast/vfs/disk"
	"holdfast/vfs/vfstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// driver pumps a disk the way the host does.
type driver struct {
	t    *testing.T
	fs   disk.FS
	wake chan struct{}
}

func open(t *testing.T, dir string, opt disk.Options) (*driver, disk.Info, error) {
	d := &driver{t: t, wake: make(chan struct{}, 1)}
	opt.Wake = func() {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
	var info disk.Info
	var err error
	d.fs, info, err = disk.Open(dir, opt)
	return d, info, err
}

func (d *driver) pump() bool {
	d.fs.Flush()
	for d.fs.Busy() {
		if d.fs.Reap() > 0 {
			return true
		}
		d.fs.Flush()
		if efd := d.fs.EventFD(); efd >= 0 {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(efd), Events: unix.POLLIN}}, 10000)
			if err == unix.EINTR {
				continue // a signal of the runtime
			}
			require.NoError(d.t, err)
			var b [8]byte
			_, err = unix.Read(efd, b[:])
			require.NoError(d.t, err, "no completion within ten seconds")
			continue
		}
		select {
		case <-d.wake:
		case <-time.After(10 * time.Second):
			require.FailNow(d.t, "no completion within ten seconds")
		}
	}
	return false
}

func run(t *testing.T, parent string, opt disk.Options, check func(*testing.T, disk.Info)) {
	vfstest.Run(t, func(t *testing.T) *vfstest.Harness {
		runtime.LockOSThread()
		t.Cleanup(runtime.UnlockOSThread)
		dir, err := os.MkdirTemp(parent, "disk")
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		d, info, err := open(t, dir, opt)
		require.NoError(t, err)
		check(t, info)
		require.Positive(t, info.Free)
		t.Cleanup(func() { require.NoError(t, d.fs.Close()) })
		return &vfstest.Harness{FS: d.fs, Pump: func() bool { return d.pump() }, Restart: func() vfs.FS {
			require.NoError(t, d.fs.Close())
			d, _, err = open(t, dir, opt)
			require.NoError(t, err)
			return d.fs
		}}
	})
}

func TestDefault(t *testing.T) {
	run(t, "", disk.Options{}, func(t *testing.T, info disk.Info) {
		if runtime.GOOS == "linux" && info.Backend != "io_uring" {
			require.NotEmpty(t, info.Notes)
		}
	})
}

func TestAlign4096(t *testing.T) {
	run(t, "", disk.Options{Align: 4096}, func(t *testing.T, info disk.Info) {
		require.Equal(t, 4096, info.Align)
	})
}

func TestBuffered(t *testing.T) {
	run(t, "", disk.Options{Buffered: true}, func(t *testing.T, info disk.Info) {
		require.False(t, info.Direct)
		require.NotEmpty(t, info.Notes)
	})
}

func TestPool(t *testing.T) {
	run(t, "", disk.Options{Pool: true}, func(t *testing.T, info disk.Info) {
		require.Equal(t, "pool", info.Backend)
	})
}

func TestPoolBuffered(t *testing.T) {
	run(t, "", disk.Options{Pool: true, Buffered: true, Workers: 1}, func(*testing.T, disk.Info) {})
}

// TestMemory runs on a file system in memory, which may refuse direct I/O.
func TestMemory(t *testing.T) {
	const shm = "/dev/shm"
	if unix.Access(shm, unix.W_OK) != nil {
		t.Skip("there is no " + shm)
	}
	run(t, shm, disk.Options{}, func(t *testing.T, info disk.Info) {
		require.True(t, info.Direct || len(info.Notes) > 0)
	})
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	a, _, err := open(t, dir, disk.Options{})
	require.NoError(t, err)
	_, _, err = open(t, dir, disk.Options{})
	require.ErrorContains(t, err, dir+" is in use by another process")
	require.NoError(t, a.fs.Close())
	b, _, err := open(t, dir, disk.Options{})
	require.NoError(t, err)
	require.NoError(t, b.fs.Close())
}

func TestUnusable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, _, err := open(t, file, disk.Options{})
	require.ErrorContains(t, err, "cannot use data directory "+file)
	if os.Getuid() != 0 { // root may write anywhere
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o500))
		_, _, err = open(t, dir, disk.Options{})
		require.ErrorContains(t, err, "cannot write to data directory "+dir)
	}
}
