package ckpt

import (
	"fmt"

	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// Newest returns the newest published checkpoint among the names of a data
// directory, "" if there is none.
func Newest(names []string) (newest string) {
	best := -1
	for _, name := range names {
		if no, finished, ours := parseName(name); ours && finished && no > best {
			best, newest = no, name
		}
	}
	return newest
}

// Verified is what a checkpoint's file says that checks.
type Verified struct {
	Entries      uint64
	End          unit.LSN // the log reached so far
	SegmentBytes int64    // of that log
}

// Verify checks a checkpoint's file offline: header, blocks, every entry. read
// reads at an offset; at the end of the file it reads less. off is where it does
// not check.
func Verify(read func(p []byte, off int64) (int, error)) (v Verified, off int64, err error) {
	piece := func(off int64, n int) ([]byte, error) {
		p := make([]byte, n)
		got, err := read(p, off)
		return p[:got], err
	}
	var h header
	p, err := piece(0, headBytes)
	if err == nil {
		err = h.get(p)
	}
	sum := uint32(0)
	off = page
	for no := uint64(0); err == nil && no < h.blocks; no++ {
		if p, err = piece(off, blockHead); err != nil {
			break
		}
		payload, n, next, need, bad := getBlock(p, no, sum)
		if need > 0 && bad == nil && int64(need) <= h.bytes-off {
			if p, err = piece(off, need); err != nil {
				break
			}
			payload, n, next, need, bad = getBlock(p, no, sum)
		}
		if need > 0 || bad != nil || !checks(payload, n) {
			return v, off, fmt.Errorf("block %d: %w", no, errDamaged)
		}
		sum, v.Entries = next, v.Entries+uint64(n)
		off += int64(roundUp(blockHead + len(payload)))
	}
	if err != nil {
		return v, 0, err
	}
	if sum != h.sum || v.Entries != h.entries {
		return v, off, errDamaged
	}
	v.End, v.SegmentBytes = h.end, h.segment
	return v, 0, nil
}

// checks reports whether a payload is so many entries and nothing else.
func checks(payload []byte, entries int) bool {
	c := cursor{p: payload}
	var e tx.Stored
	for len(c.p) > 0 && !c.bad {
		first := c.p[0]
		c.p = c.p[1:]
		if first == newDatabase {
			c.database()
			continue
		}
		c.entry(first, &e)
		entries--
	}
	return !c.bad && entries == 0
}
