package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"holdfast/engine/wal"
)

// logPrefix begins the names of the log's files.
const logPrefix = "log"

// subcommand is a subcommand: what is done to a data directory while no server has
// it, and the import. run returns the exit code.
type subcommand struct {
	name, usage string
	args        int
	run         func(args []string, stdout io.Writer) (int, error)
}

func subcommands() []subcommand {
	return []subcommand{
		{"check", "check DIR: verify a data directory or a backup; exit code 1 means damage", 1, check},
		{"salvage", "salvage DIR NEWDIR: write what can be read of DIR to NEWDIR and list what cannot", 2, salvage},
		{"restore", "restore BACKUP DIR: make a data directory of a backup", 2, restore},
		{"import", "import SOURCE DESTINATION: copy a Redis server's data and follow its changes, see docs/migration.md", 2, importFrom},
	}
}

// tool runs a subcommand; false: args name none.
func tool(args []string, stdout, stderr io.Writer) (code int, is bool) {
	if len(args) == 0 {
		return 0, false
	}
	list := subcommands()
	i := slices.IndexFunc(list, func(t subcommand) bool { return t.name == args[0] })
	if i < 0 {
		return 0, false
	}
	t := list[i]
	code, err := 2, errors.New("usage: holdfast "+t.usage)
	if len(args) == t.args+1 {
		code, err = t.run(args[1:], stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "holdfast:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 2, true
	}
	return code, true
}

// offline is a data directory that a tool reads and nobody else has open.
type offline struct {
	dir    string
	files  []wal.AuditFile
	others []string // names of files that are no segments
	open   []*os.File
}

// audited is a file that is open for reading.
type audited struct {
	file  *os.File
	bytes int64
}

func openAudit(dir, name string) (a audited, err error) {
	if a.file, err = os.Open(filepath.Join(dir, name)); err != nil {
		return a, fmt.Errorf("cannot open %s: %w", name, err)
	}
	st, err := a.file.Stat()
	if err != nil {
		return a, fmt.Errorf("cannot read %s: %w", name, err)
	}
	a.bytes = st.Size()
	return a, nil
}

// read reads at an offset; at the end of the file it reads less.
func (a audited) read(p []byte, off int64) (int, error) {
	n, err := a.file.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// openOffline opens the segments of a directory for reading, and its lock: a
// server must not be at work in it. It writes nothing.
func openOffline(dir string) (*offline, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the data directory: %w", err)
	}
	o := &offline{dir: dir}
	if lock, err := os.Open(filepath.Join(dir, "LOCK")); err == nil {
		o.open = append(o.open, lock)
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			o.close()
			return nil, fmt.Errorf("data directory %s is in use by another process", dir)
		}
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), logPrefix) || !strings.HasSuffix(e.Name(), ".seg") {
			o.others = append(o.others, e.Name())
			continue
		}
		if err := o.add(e.Name()); err != nil {
			o.close()
			return nil, err
		}
	}
	if len(o.files) == 0 {
		o.close()
		return nil, fmt.Errorf("%s holds no log", dir)
	}
	return o, nil
}

func (o *offline) add(name string) error {
	f, err := openAudit(o.dir, name)
	if f.file != nil {
		o.open = append(o.open, f.file)
	}
	o.files = append(o.files, wal.AuditFile{Name: name, Bytes: f.bytes, ReadAt: f.read})
	return err
}

func (o *offline) close() {
	for _, f := range o.open {
		_ = f.Close()
	}
}

// manifest reads a folder's manifest; nil if it has none.
func manifest(dir string) (*wal.Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, wal.ManifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	m, err := wal.ParseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, wal.ManifestName), err)
	}
	return &m, nil
}
