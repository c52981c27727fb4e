// Package cut computes, from the bytes on the simulated disk alone, how far the
// engine's log is stable: up to which LSN a power cut at this instant could
// take nothing away.
//
// It reads the log the way a recovery would (the format is documented in
// engine/wal) but shares no code with it: a batch counts when its header says
// the address it is found at and the whole of it, as it would be after losing
// every write that is not durable, matches its checksum. So it depends neither
// on what the engine believes nor on what the disk has acknowledged, and a disk
// that lies is found out.
package cut

import (
	"encoding/binary"
	"hash/crc32"

	"holdfast/sim/disk"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	segMagic  = "HOLDFLOG"
	segHeader = 112
	batMagic  = 0x31424648
	batHeader = 64
)

// segment is what a durable header says of a file.
type segment struct {
	file    disk.FileID
	no      uint64
	size    uint64
	align   uint64
	epoch   uint64
	prevEnd uint64
	cache   bool
}

// Cut follows one log. The zero value is empty; Reset before each run.
type Cut struct {
	disk    *disk.Disk
	segs    []segment // one for each file, its newest durable header
	cur     int       // index in segs; -1 none
	pos     uint64    // everything below is stable
	end     uint64    // of the last stable batch
	attest  uint64    // the highest address that a stable batch vouches for
	early   []early   // batches that were stable before one in front of them
	changed bool      // something became durable since Stable last looked
	buf     []byte
	batches int64
}

// early is a batch that was found stable: it counts although it may rot before it is reached.
type early struct{ lsn, epoch, bytes, attest uint64 }

// Reset begins a run on d.
func (c *Cut) Reset(d *disk.Disk) {
	c.disk, c.segs, c.cur, c.pos, c.end, c.attest, c.changed = d, c.segs[:0], -1, 0, 0, 0, false
	c.batches, c.early = 0, c.early[:0]
}

// Batches returns how many batches were found stable.
func (c *Cut) Batches() int64 { return c.batches }

// Wrote is for disk.Watch.Stable.
func (c *Cut) Wrote(f disk.FileID, _ string, off int64, p []byte) {
	c.changed = true
	// Look at once: what rots later was stable all the same.
	defer c.Stable()
	c.ahead(f, off)
	for off < 8192 && len(p) >= segHeader { // copies of the header stand at 0 and at the alignment
		if string(p[:8]) == segMagic {
			var h [segHeader]byte // p may be the disk's scratch
			copy(h[:], p)
			if c.cur >= 0 { // now or never: the file may be a link of our chain
				for c.step() {
				}
			}
			c.header(f, h[:])
			return
		}
		n := min(disk.Sector, len(p))
		off, p = off+int64(n), p[n:]
	}
}

func (c *Cut) header(f disk.FileID, p []byte) {
	le := binary.LittleEndian
	sum := crc32.Update(crc32.Update(0, castagnoli, p[:12]), castagnoli, p[16:segHeader])
	if le.Uint32(p[12:]) != sum {
		return
	}
	s := segment{file: f, align: uint64(le.Uint32(p[16:])), no: le.Uint64(p[24:]), epoch: le.Uint64(p[32:]),
		size: le.Uint64(p[40:]), prevEnd: le.Uint64(p[64:]), cache: le.Uint32(p[20:])&1 != 0}
	for i := range c.segs {
		if c.segs[i].file == f {
			if i == c.cur && (c.segs[i].no != s.no || c.segs[i].epoch != s.epoch) {
				c.cur = -1 // recycled under us: look for our place anew
			}
			c.segs[i] = s
			return
		}
	}
	c.segs = append(c.segs, s)
}

// Restarted begins again at the newest segment: the one a recovery has opened.
func (c *Cut) Restarted() {
	c.cur, c.pos, c.changed, c.early = -1, 0, true, c.early[:0]
	for i := range c.segs {
		c.reread(i)
		s := &c.segs[i]
		if c.cur < 0 || s.epoch > c.segs[c.cur].epoch || s.epoch == c.segs[c.cur].epoch && s.no > c.segs[c.cur].no {
			c.cur = i
		}
	}
	if c.cur >= 0 {
		c.pos, c.end = c.segs[c.cur].first(), c.segs[c.cur].prevEnd
		c.attest = c.end
	}
}

// reread looks at a file's header again: a crash may have kept one that was
// never reported as durable.
func (c *Cut) reread(i int) {
	const most = 4096 + segHeader
	if cap(c.buf) < most {
		c.buf = make([]byte, most)
	}
	p := c.buf[:most]
	f := c.segs[i].file
	n := c.disk.Stable(f, 0, p)
	c.segs[i] = segment{file: f}
	for at := 0; at+segHeader <= n; at += disk.Sector {
		if string(p[at:at+8]) == segMagic {
			c.header(f, p[at:at+segHeader])
			if c.segs[i].size != 0 {
				return
			}
		}
	}
}

// End returns the end of the last stable batch: what a recovery must come back
// to at the least.
func (c *Cut) End() uint64 {
	c.Stable()
	return c.end
}

// Attested returns the highest address that a stable batch has vouched for: what
// lies below was durable for good, and if it is missing the engine must say so.
func (c *Cut) Attested() uint64 { return c.attest }

func (s *segment) first() uint64 { return s.no*s.size + 2*s.align }

// Stable returns the stable cut now: every unit that ends at or below it
// survives any power cut.
func (c *Cut) Stable() uint64 {
	if !c.changed {
		return c.pos
	}
	c.changed = false
	if c.cur < 0 {
		c.Restarted()
		c.changed = false
	}
	if c.cur < 0 {
		return 0
	}
	for c.step() {
	}
	return c.pos
}

// step moves the cut over one batch, or into the next segment.
func (c *Cut) step() bool {
	s := &c.segs[c.cur]
	off := c.pos - s.no*s.size
	if off+batHeader <= s.size {
		n, attest := c.batch(s, c.pos)
		for _, e := range c.early {
			if n == 0 && e.lsn == c.pos && e.epoch == s.epoch {
				n, attest = e.bytes, e.attest
			}
		}
		if n > 0 {
			if attest != s.first() { // else all before this segment, of which its header tells
				c.attest = max(c.attest, attest)
			}
			c.pos += n
			c.end = c.pos
			c.batches++
			return true
		}
	}
	best := -1
	for i := range c.segs {
		t := &c.segs[i]
		if t.no > s.no && (t.prevEnd == c.pos || s.cache && t.epoch > s.epoch) && (best < 0 || t.no < c.segs[best].no) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	c.cur, c.pos = best, c.segs[best].first()
	return true
}

// ahead notes the batch that a write has made stable, if it is not next.
func (c *Cut) ahead(f disk.FileID, off int64) {
	if c.cur < 0 {
		return
	}
	for i := range c.segs {
		s := &c.segs[i]
		if lsn := s.no*s.size + uint64(off); s.file == f && lsn > c.pos && s.epoch == c.segs[c.cur].epoch {
			if n, attest := c.batch(s, lsn); n > 0 {
				c.early = append(c.early, early{lsn, s.epoch, n, attest})
			}
		}
	}
	kept := c.early[:0]
	for _, e := range c.early {
		if e.lsn >= c.pos {
			kept = append(kept, e)
		}
	}
	c.early = kept
}

// batch returns the padded length of the stable batch at lsn, 0 if there is none,
// and up to where it vouches for what is before it.
func (c *Cut) batch(s *segment, lsn uint64) (padded, attest uint64) {
	off := lsn - s.no*s.size
	var h [batHeader]byte
	if c.disk.Stable(s.file, int64(off), h[:]) < batHeader {
		return 0, 0
	}
	le := binary.LittleEndian
	n := uint64(le.Uint32(h[24:])) + batHeader
	if le.Uint32(h[4:]) != batMagic || lsn != le.Uint64(h[8:]) || le.Uint64(h[16:]) != s.epoch || n > s.size-off {
		return 0, 0
	}
	if uint64(cap(c.buf)) < n {
		c.buf = make([]byte, n)
	}
	p := c.buf[:n]
	if c.disk.Stable(s.file, int64(off), p) < int(n) {
		return 0, 0
	}
	seed := uint32(lsn * 0x9e3779b97f4a7c15 >> 32)
	if le.Uint32(p) != crc32.Update(seed, castagnoli, p[4:]) {
		return 0, 0
	}
	return (n + s.align - 1) / s.align * s.align, le.Uint64(p[32:])
}
