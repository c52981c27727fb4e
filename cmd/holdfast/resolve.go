package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"holdfast/engine/config"
)

// share is the part of the memory and of the free disk that is taken when
// nobody says how much: 80 %.
const sharePercent = 80

// resolve fills what only this machine can tell: sizes left at 0, addresses,
// identities.
func resolve(s *settings) error {
	c := s.cfg
	if folder := filepath.Dir(c.TieredPrefix); c.TieredPrefix != "" && folder != "." {
		// The log is the tier, so there is one folder for both.
		if s.has("dir") && filepath.Clean(c.Dir) != folder {
			return fmt.Errorf("tiered_prefix '%s' lies outside dir '%s': the log in dir is the tier, so give one folder", c.TieredPrefix, c.Dir)
		}
		c.Dir = folder
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return fmt.Errorf("cannot create the data directory: %w", err)
	}
	if full, err := filepath.Abs(c.Dir); err == nil {
		c.Dir = full
	}
	if full, err := filepath.Abs(c.BackupDir); err == nil && c.BackupDir != "" {
		c.BackupDir = full
	}
	c.MaxMemoryAuto = usableMemory() / 100 * sharePercent
	if c.MaxMemory == 0 {
		c.MaxMemory = c.MaxMemoryAuto
	}
	if c.MaxMemory < 1<<20 {
		s.warnings = append(s.warnings, fmt.Sprintf("maxmemory is %d bytes: is a unit missing?", c.MaxMemory))
	}
	if !s.has("log-segment-size") {
		size, err := diskSize(c.Dir)
		if err != nil {
			return fmt.Errorf("cannot tell the size of the disk of %s: %w", c.Dir, err)
		}
		c.SegmentBytes = segmentFor(c.SegmentBytes, size, c.TieredMaxFileSize)
	}
	limit, err := diskShare(c)
	if err != nil {
		return err
	}
	c.TieredMaxFileAuto = limit
	if c.TieredMaxFileSize == 0 {
		c.TieredMaxFileSize = limit
	}
	var descriptors unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &descriptors); err == nil {
		if err := s.fitClients(descriptors.Cur); err != nil {
			return err
		}
	}
	c.Listen = listenable(c)
	if path, err := os.Executable(); err == nil {
		c.ExecPath = path
	}
	var id [28]byte
	if _, err := rand.Read(id[:]); err != nil {
		return fmt.Errorf("cannot draw a run id: %w", err)
	}
	c.RunID = hex.EncodeToString(id[:20])
	c.Seed = binary.LittleEndian.Uint64(id[20:])
	return nil
}

// ownDescriptors is what the server opens beside clients and segments.
const ownDescriptors = 32

// fitClients lowers maxclients to what the process may open beside the log:
// clients must not keep it from its next segment. Segments of a log so large
// that half of all is not enough share with the clients.
func (s *settings) fitClients(descriptors uint64) error {
	c, all := s.cfg, int64(min(descriptors, math.MaxInt32))
	most := all - ownDescriptors - min(c.TieredMaxFileSize/c.SegmentBytes, all/2)
	if most < 1 {
		return fmt.Errorf("%d open files are too few (ulimit -n)", all)
	}
	c.MaxClientsMost = int(most)
	if c.MaxClients > c.MaxClientsMost {
		s.warnings = append(s.warnings, fmt.Sprintf(
			"maxclients is %d, not %d: no more than %d files may be open, and the log needs some (ulimit -n)", most, c.MaxClients, all))
		c.MaxClients = c.MaxClientsMost
	}
	return nil
}

// diskShare is the room that the log takes when nobody says how much.
func diskShare(c *config.Config) (int64, error) {
	free, err := freeDisk(c.Dir)
	if err != nil {
		return 0, fmt.Errorf("cannot tell the free space of %s: %w", c.Dir, err)
	}
	// What an earlier run wrote is ours already, and stays so.
	used := usedDisk(c.Dir)
	return max((free+used)/100*sharePercent, used, 4*c.SegmentBytes), nil
}

// lookAtDisk is how often a running server asks for the free space.
const lookAtDisk = int64(5e9)

// followDisk returns what has the log's cap grow when space has become free on
// the disk, called after each turn. It never shrinks: what was promised stays.
func followDisk(c *config.Config, mono func() int64) func() {
	last := mono()
	return func() {
		now := mono()
		if now-last < lookAtDisk {
			return
		}
		last = now
		limit, err := diskShare(c)
		if err != nil || limit <= c.TieredMaxFileAuto {
			return
		}
		c.TieredMaxFileAuto = limit
		if !c.TieredMaxFileFixed {
			c.TieredMaxFileSize = limit
		}
	}
}

// giveBack returns what has the runtime return memory to the system when the
// data has let go of much, called after each turn: the runtime by itself would
// not look before it has allocated as much again, or for minutes.
func giveBack(held func() int64, release func()) func() {
	const least = 32 << 20
	var busy atomic.Bool
	most := int64(0)
	return func() {
		now := held()
		if now >= most {
			most = now
			return
		}
		if most-now < most/8+least || busy.Swap(true) {
			return
		}
		most = now
		go func() {
			release()
			busy.Store(false)
		}()
	}
}

// segmentFor halves the size of segments until a small disk, or a small limit,
// holds many of them: compaction needs two to work with, and takes the oldest
// as a whole. It looks at what does not change from one start to the next. A
// log that exists keeps the size it was born with.
func segmentFor(size, disk, limit int64) int64 {
	if limit > 0 {
		disk = min(disk, limit)
	}
	for size > 1<<20 && size*48 > disk {
		size /= 2
	}
	return size
}

// listenable drops the addresses that may be missing and are.
func listenable(c *config.Config) (out []string) {
	addresses, optional := c.Addresses()
	for i, a := range addresses {
		if optional[i] {
			host, _, _ := net.SplitHostPort(strings.TrimPrefix(a, "tcp:"))
			l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
			if err != nil {
				continue
			}
			_ = l.Close()
		}
		out = append(out, a)
	}
	return out
}

// usableMemory returns the RAM, or what this process's control group may use
// of it where that is less.
func usableMemory() int64 {
	limit := physicalMemory()
	for _, file := range controlGroupLimits() {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	return limit
}

// controlGroupLimits names the files that may hold a limit on our memory: of
// our group and of those above it, in version 2 and in version 1.
func controlGroupLimits() []string {
	files := []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}
	text, _ := os.ReadFile("/proc/self/cgroup")
	for _, line := range strings.Split(string(text), "\n") {
		if group, ok := strings.CutPrefix(line, "0::"); ok {
			for g := filepath.Clean(group); g != "/" && g != "."; g = filepath.Dir(g) {
				files = append(files, filepath.Join("/sys/fs/cgroup", g, "memory.max"))
			}
		}
	}
	return files
}

func freeDisk(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

func diskSize(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Blocks) * int64(st.Bsize), nil
}

func usedDisk(dir string) (sum int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
	}
	return sum
}
