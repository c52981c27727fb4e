//go:build linux || darwin

// Package disk opens a data directory with the best disk the machine allows,
// and says what it could not have.
package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"holdfast/vfs"
	"holdfast/vfs/internal/posix"
	"holdfast/vfs/pool"

	"golang.org/x/sys/unix"
)

// FS is a disk as the host drives it.
type FS interface {
	vfs.FS
	// Reap calls Complete for what has finished and returns how many did.
	Reap() int
	// Flush starts what was submitted; once at the end of each turn.
	Flush()
	// EventFD becomes readable when Reap has work; to be watched
	// edge-triggered. -1: Options.Wake is called instead.
	EventFD() int
	// Busy says whether anything is in flight.
	Busy() bool
	// Close gives everything up. Nothing may be in flight.
	Close() error
}

// Options choose what Open would otherwise find out. The zero value is good but
// for Wake.
type Options struct {
	// Wake makes the host's loop call Reap; any goroutine may call it.
	Wake func()
	// Pool forbids io_uring, Buffered forbids direct I/O.
	Pool, Buffered bool
	// Align is 512 or 4096; 0 is the smallest that the device takes.
	Align int
	// Workers is how many operations the pool runs at once; 0 is 16.
	Workers int
	// Backup is a folder elsewhere that is shown as "backup"; "" is none.
	Backup string
}

// Info says what was opened.
type Info struct {
	Backend string   // "io_uring" or "pool"
	Direct  bool     // writes and reads bypass the page cache
	Align   int      // unit of I/O in bytes
	Free    int64    // bytes free on the file system for this user
	Notes   []string // why it is not the best there is, for people
}

// Open opens dir, creating it if it is missing, and locks it: no other process
// can open it until Close or the end of this one. Under io_uring the thread
// that first flushes must be the one that goes on.
func Open(dir string, opt Options) (FS, Info, error) {
	d, unlock, err := openDir(dir)
	if err != nil {
		return nil, Info{}, err
	}
	if opt.Backup != "" {
		undo := unlock
		m := &posix.Mount{Name: "backup", Path: opt.Backup}
		if m.FD, err = openFolder(opt.Backup); err != nil {
			unlock()
			return nil, Info{}, fmt.Errorf("cannot use the folder for backups: %w", err)
		}
		d.Mount, unlock = m, func() { _ = unix.Close(m.FD); undo() }
	}
	info, err := probe(d, opt)
	if err != nil {
		unlock()
		return nil, Info{}, err
	}
	var fs FS
	if fs, err = ring(d, opt); err != nil {
		info.Notes = append(info.Notes, err.Error()+"; using a pool of threads")
	}
	if info.Backend = "io_uring"; fs == nil {
		if opt.Workers == 0 {
			opt.Workers = 16
		}
		info.Backend, fs = "pool", pool.New(d, opt.Workers, opt.Wake)
	}
	return &locked{fs, unlock}, info, nil
}

// locked is a disk with its directory's lock.
type locked struct {
	FS
	unlock func()
}

// Close implements FS.
func (l *locked) Close() error {
	err := l.FS.Close()
	l.unlock()
	return err
}

// openDir opens and locks the directory.
func openDir(dir string) (*posix.Dir, func(), error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot use data directory %s: %w", dir, err)
	}
	fd, err := openFolder(path)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot use data directory %s: %w", path, err)
	}
	lock, err := unix.Openat(fd, posix.LockName, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o640)
	if err != nil {
		_ = unix.Close(fd)
		return nil, nil, fmt.Errorf("cannot write to data directory %s: %w", path, err)
	}
	unlock := func() { _, _ = unix.Close(lock), unix.Close(fd) }
	if err := unix.Flock(lock, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		unlock()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, nil, fmt.Errorf("data directory %s is in use by another process", path)
		}
		return nil, nil, fmt.Errorf("cannot lock data directory %s: %w", path, err)
	}
	syncAncestors(path)
	return &posix.Dir{Path: path, FD: fd}, unlock, nil
}

// openFolder opens a folder, creating what is missing of it.
func openFolder(path string) (int, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return -1, err
	}
	return unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// syncAncestors makes it durable that path exists. Whoever created it may have
// done so a moment ago, and a power cut must not take the whole directory back.
// Ancestors that may not be read were not created by us.
func syncAncestors(path string) {
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		if f, err := os.Open(at); err == nil {
			_ = f.Sync()
			_ = f.Close()
		}
		if at == filepath.Dir(at) {
			return
		}
	}
}

// probe finds out, by trying, how files of d can be written.
func probe(d *posix.Dir, opt Options) (Info, error) {
	var info Info
	try := []int{512, 4096}
	if opt.Align != 0 {
		try = []int{opt.Align}
	}
	err := errors.New("direct I/O is switched off")
	if !opt.Buffered {
		for _, align := range try {
			if err = tryWrite(d, true, align); err == nil {
				d.Direct, d.Align = true, align
				break
			}
		}
	}
	if errors.Is(err, unix.ENOSPC) {
		// A full disk must not keep what is on it from being read: writers will
		// be told, and space may come.
		err = tryRead(d, opt.Buffered, try)
	}
	if err != nil {
		if e := tryWrite(d, false, 4096); e != nil && !errors.Is(e, unix.ENOSPC) {
			return info, fmt.Errorf("cannot write to data directory %s: %w", d.Path, e)
		}
		if d.Align = opt.Align; d.Align == 0 {
			d.Align = 4096
		}
		info.Notes = append(info.Notes, fmt.Sprintf("no direct I/O in %s (%v); using the page cache", d.Path, err))
	}
	var st unix.Statfs_t
	if unix.Fstatfs(d.FD, &st) == nil {
		info.Free = int64(st.Bavail) * int64(st.Bsize)
	}
	info.Direct, info.Align = d.Direct, d.Align
	return info, nil
}

// tryRead finds the alignment of direct I/O with a file that is there already.
func tryRead(d *posix.Dir, buffered bool, try []int) error {
	names, err := os.ReadDir(d.Path)
	if err != nil || buffered {
		return errors.New("direct I/O could not be tried: the disk is full")
	}
	err = errors.New("the disk is full")
	for _, align := range try {
		for _, n := range names {
			if st, e := n.Info(); e != nil || !st.Mode().IsRegular() || st.Size() < 8192 {
				continue
			}
			fd, e := posix.OpenFile(d.FD, n.Name(), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, true)
			if e == nil {
				buf := posix.NewBuffers(4096).Get(8192)[align : 2*align]
				_, e = unix.Pread(fd, buf, int64(align))
				_ = unix.Close(fd)
			}
			if err = e; err == nil {
				d.Direct, d.Align = true, align
				return nil
			}
		}
	}
	return err
}

// tryWrite writes and reads the second block of a file, at memory aligned to no
// more than align.
func tryWrite(d *posix.Dir, direct bool, align int) error {
	const name = ".probe"
	fd, err := posix.OpenFile(d.FD, name, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC|unix.O_NOFOLLOW, direct)
	if err != nil {
		return err
	}
	defer func() { _, _ = unix.Close(fd), unix.Unlinkat(d.FD, name, 0) }()
	buf := posix.NewBuffers(4096).Get(8192)[align : 2*align]
	if _, err = unix.Pwrite(fd, buf, int64(align)); err == nil {
		_, err = unix.Pread(fd, buf, int64(align))
	}
	return err
}
