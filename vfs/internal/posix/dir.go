//go:build linux || darwin

// Package posix is what the real disks share: the blocking form of every
// operation, handles, aligned buffers and errors.
package posix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/vfs"

	"golang.org/x/sys/unix"
)

// LockName is the file that marks a data directory as in use. It is neither
// listed nor given out.
const LockName = "LOCK"

// Dir is an open data directory. Run may be called from any goroutine.
type Dir struct {
	Path   string
	FD     int
	Direct bool // files bypass the page cache
	Align  int  // of offsets and lengths; memory is aligned to it as well
	Mount  *Mount
}

// Mount shows a folder from elsewhere under a name in the data directory.
type Mount struct {
	Name, Path string
	FD         int
}

// at finds the folder, by descriptor and by path, in which a name's rest is.
func (d *Dir) at(name string) (fd int, path, rest string) {
	if m := d.Mount; m != nil {
		if name == m.Name {
			return m.FD, m.Path, "."
		}
		if rest, ok := strings.CutPrefix(name, m.Name+"/"); ok {
			return m.FD, m.Path, rest
		}
	}
	if name == "" {
		name = "."
	}
	return d.FD, d.Path, name
}

// Job is an Op on its way: FD is its file's descriptor, or what Open made.
type Job struct {
	Op   *vfs.Op
	FD   int
	Slot uint32 // of its file in Files
	Name string // the file's, for errors
}

var verbs = [...]string{vfs.Open: "open", vfs.Create: "create", vfs.Close: "close",
	vfs.Allocate: "allocate", vfs.Read: "read", vfs.ReadNow: "read", vfs.Write: "write",
	vfs.WriteDurable: "write", vfs.Sync: "sync", vfs.Rename: "rename", vfs.Link: "link",
	vfs.Remove: "remove", vfs.SyncDir: "sync directory for", vfs.List: "list",
	vfs.MakeDir: "make folder", vfs.RemoveDir: "remove folder"}

// Wrap makes an error of a system call one that vfs knows, naming file and
// action. Nil stays nil.
func Wrap(op *vfs.Op, name string, err error) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf("cannot %s %q", verbs[op.Kind], name)
	switch op.Kind {
	case vfs.Read, vfs.ReadNow, vfs.Write, vfs.WriteDurable:
		what = fmt.Sprintf("%s at %d", what, op.Off)
	}
	switch {
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%s: %w", what, vfs.ErrNotExist)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("%s: %w", what, vfs.ErrNoSpace)
	case errors.Is(err, unix.EXDEV):
		return fmt.Errorf("%s: %w", what, vfs.ErrOtherDevice)
	case errors.Is(err, unix.EIO):
		return fmt.Errorf("%s: %w", what, vfs.ErrIO)
	}
	return fmt.Errorf("%s: %w: %w", what, vfs.ErrIO, err)
}

// CheckName refuses what does not name a file of the directory or of a folder
// in it.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || part == LockName || strings.Contains(part, "\x00") {
			return fmt.Errorf("%q is not a plain file name: %w", name, vfs.ErrIO)
		}
	}
	return nil
}

// Check refuses an Op that is wrong in itself.
func (d *Dir) Check(op *vfs.Op) error {
	var err error
	switch op.Kind {
	case vfs.Open, vfs.Create, vfs.Remove, vfs.MakeDir, vfs.RemoveDir:
		err = CheckName(op.Name)
	case vfs.Rename, vfs.Link:
		err = errors.Join(CheckName(op.Name), CheckName(op.To))
	case vfs.Read, vfs.ReadNow, vfs.Write, vfs.WriteDurable:
		if op.Off < 0 || op.Off%int64(d.Align) != 0 || len(op.Buf)%d.Align != 0 || len(op.Buf) == 0 {
			err = Wrap(op, "", fmt.Errorf("%d bytes at %d are not aligned to %d", len(op.Buf), op.Off, d.Align))
		}
	case vfs.SyncDir, vfs.List:
		if op.Name != "" {
			err = CheckName(op.Name)
		}
	case vfs.Close, vfs.Allocate, vfs.Sync:
	default:
		err = fmt.Errorf("unknown kind of operation %d: %w", op.Kind, vfs.ErrIO)
	}
	return err
}

// Run does the Op and waits for it.
func (d *Dir) Run(j *Job) {
	op := j.Op
	var err error
	switch op.Kind {
	case vfs.Open, vfs.Create:
		err = d.open(j)
	case vfs.Close:
		err = unix.Close(j.FD)
	case vfs.Allocate:
		err = allocate(j.FD, int64(op.N), d.Align)
	case vfs.Read, vfs.ReadNow:
		op.N, err = d.read(j.FD, op.Buf, op.Off)
	case vfs.Write:
		op.N, err = d.write(j.FD, op.Buf, op.Off, unix.Pwrite)
	case vfs.WriteDurable:
		op.N, err = d.write(j.FD, op.Buf, op.Off, writeDurable)
	case vfs.Sync:
		err = retry(func() error { return syncData(j.FD) })
	default:
		err = d.names(op)
	}
	op.Err = Wrap(op, j.Name, err)
}

// names does the operations on directories.
func (d *Dir) names(op *vfs.Op) (err error) {
	fd, path, name := d.at(op.Name)
	switch op.Kind {
	case vfs.Rename:
		tofd, _, to := d.at(op.To)
		err = unix.Renameat(fd, name, tofd, to)
	case vfs.Link:
		tofd, _, to := d.at(op.To)
		err = unix.Linkat(fd, name, tofd, to, 0)
	case vfs.Remove:
		err = unix.Unlinkat(fd, name, 0)
	case vfs.MakeDir:
		if err = unix.Mkdirat(fd, name, 0o750); err == unix.EEXIST {
			err = nil
		}
	case vfs.RemoveDir:
		err = unix.Unlinkat(fd, name, unix.AT_REMOVEDIR)
	case vfs.SyncDir:
		err = syncFolder(fd, name)
	case vfs.List:
		op.Names, err = list(filepath.Join(path, name))
	}
	return err
}

func syncFolder(fd int, name string) error {
	if name != "." {
		sub, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sub)
		fd = sub
	}
	return retry(func() error { return unix.Fsync(fd) })
}

// retry repeats what a signal interrupted. A sync that failed otherwise is
// never repeated: the kernel may have dropped the pages.
func retry(fn func() error) error {
	for {
		if err := fn(); err != unix.EINTR {
			return err
		}
	}
}

func (d *Dir) open(j *Job) error {
	flags := unix.O_RDWR | unix.O_CLOEXEC | unix.O_NOFOLLOW
	if j.Op.Kind == vfs.Create {
		flags |= unix.O_CREAT
	}
	fd := -1
	dir, _, name := d.at(j.Op.Name)
	err := retry(func() (err error) { fd, err = OpenFile(dir, name, flags, d.Direct); return err })
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		_ = unix.Close(fd)
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = unix.Close(fd)
		return unix.EISDIR
	}
	j.FD, j.Op.N, j.Op.Links = fd, int(st.Size), int(st.Nlink)
	return nil
}

// read reads until the end of the file or of p.
func (d *Dir) read(fd int, p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Pread(fd, p[done:], off+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		if done += n; n == 0 || done%d.Align != 0 {
			break // the end: a file may end anywhere, a direct read goes on only at a block
		}
	}
	return done, nil
}

// write writes all of p. What a short write left of a block is written again.
func (d *Dir) write(fd int, p []byte, off int64, pwrite func(int, []byte, int64) (int, error)) (int, error) {
	done := 0
	for done < len(p) {
		n, err := pwrite(fd, p[done:], off+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		if n -= (done + n) % d.Align; n <= 0 {
			return done, unix.EIO
		}
		done += n
	}
	return done, nil
}

// zeroFill lengthens a file to size with zeroes, where the file system cannot
// allocate otherwise.
func zeroFill(fd int, size int64, align int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	const chunk = 1 << 20
	d, a := Dir{Align: align}, int64(align)
	buf := NewBuffers(align).Get(chunk)
	clear(buf)
	for off := (st.Size + a - 1) / a * a; off < size; off += chunk {
		n := min(chunk, (size-off+a-1)/a*a)
		if _, err := d.write(fd, buf[:n], off, unix.Pwrite); err != nil {
			return err
		}
	}
	return nil
}

func list(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		switch {
		case e.IsDir():
			names = append(names, e.Name()+"/")
		case e.Type().IsRegular() && e.Name() != LockName:
			names = append(names, e.Name())
		}
	}
	slices.Sort(names) // with their slashes
	return names, nil
}
