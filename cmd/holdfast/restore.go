package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"holdfast/engine/wal"
)

// restore makes a data directory of a backup: verified first, complete or not
// there. Files are linked where the file system can, else copied.
func restore(args []string, out io.Writer) (int, error) {
	from, dir := args[0], args[1]
	m, err := manifest(from)
	if err == nil && m == nil {
		err = fmt.Errorf("%s is no backup: it has no file %s", from, wal.ManifestName)
	}
	if err != nil {
		return 2, err
	}
	if err := empty(dir); err != nil {
		return 2, err
	}
	if len(m.Files) > 0 {
		o, err := openOffline(from)
		if err != nil {
			return 2, err
		}
		defer o.close()
		sum, err := audit(o, m, nil)
		if err != nil {
			return 2, err
		}
		if len(sum.Damage) > 0 {
			return 2, fmt.Errorf("the backup is damaged: %s", sum.Damage[0])
		}
	}
	linked := 0
	if err := whole(dir, func(draft string) (err error) {
		linked, err = fill(draft, from, m)
		return err
	}); err != nil {
		return 2, fmt.Errorf("cannot restore: %w", err)
	}
	fmt.Fprintf(out, "restored %d segments, %d of them as links, up to %d\n", len(m.Files), linked, m.Cut)
	return 0, nil
}

// whole has a directory built under another name. It gets its own last, for one
// with half the segments could pass for a whole one.
func whole(dir string, build func(draft string) error) error {
	dir = filepath.Clean(dir)
	draft := dir + ".unfinished"
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	if err := os.Mkdir(draft, 0o750); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is in the way: a run that was cut off has left it, remove it", draft)
	} else if err != nil {
		return err
	}
	err := build(draft)
	if err == nil {
		err = os.Rename(draft, dir)
	}
	if err == nil {
		err = syncPath(filepath.Dir(dir))
	}
	if err != nil {
		err = errors.Join(err, os.RemoveAll(draft))
	}
	return err
}

// empty refuses a directory that holds anything.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot use %s: %w", dir, err)
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: it holds %s", dir, entries[0].Name())
	}
	return nil
}

func fill(dir, from string, m *wal.Manifest) (linked int, err error) {
	for _, f := range m.Files {
		source, target := filepath.Join(from, f.Name), filepath.Join(dir, f.Name)
		if os.Link(source, target) == nil {
			linked++
		} else if err := copyFile(target, source); err != nil {
			return linked, err
		}
	}
	if name := m.Beside; name != "" { // only makes the start faster
		if os.Link(filepath.Join(from, name), filepath.Join(dir, name)) != nil {
			_ = copyFile(filepath.Join(dir, name), filepath.Join(from, name))
		}
	}
	return linked, syncPath(dir)
}

func copyFile(target, source string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func syncPath(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
