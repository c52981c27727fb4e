package mem

// victimWindow is how many slabs one call of Victim looks at.
const victimWindow = 64

// Victim looks on from where it last stopped for a slab at most three quarters
// full whose cells would fit into its class's other slabs. It returns the
// sparsest of those it looked at, or -1. The slab gives out no more cells until
// it is empty or Relent is called: the owner is expected to move what it holds.
func (a *Arena) Victim() int {
	best, bestFree := -1, uint32(0)
	for range min(victimWindow, len(a.slabs)) {
		if a.cursor++; a.cursor >= len(a.slabs) {
			a.cursor = 0
		}
		in := &a.info[a.cursor]
		if a.slabs[a.cursor] == nil || in.class == classBig || in.retiring {
			continue
		}
		free := in.cells - in.live
		elsewhere := a.freeCells[in.class] - int64(free)
		if free*4 < in.cells || elsewhere < int64(in.live) {
			continue
		}
		// Compared by share, in 1/65536.
		if share := free << 16 / in.cells; best < 0 || share > bestFree {
			best, bestFree = a.cursor, share
		}
	}
	if best >= 0 {
		in := &a.info[best]
		if in.listed {
			a.unlist(int32(best))
		}
		in.retiring = true
		a.freeCells[in.class] -= int64(in.cells - in.live)
	}
	return best
}

// Relent takes a slab that Victim named back into use.
func (a *Arena) Relent(slab int) {
	in := &a.info[slab]
	if a.slabs[slab] == nil || !in.retiring {
		return
	}
	in.retiring = false
	a.freeCells[in.class] += int64(in.cells - in.live)
	if in.live < in.cells {
		a.list(int32(slab))
	}
}

// Retiring reports whether slab is still being emptied after Victim named it.
func (a *Arena) Retiring(slab int) bool { return a.info[slab].retiring }

// NextCell returns the first live cell of a slab at or after its i-th, and the
// i to go on from; 0 ends the walk. It relies on the owner's live cells never
// having FreeMark in the low four bits of their first word.
func (a *Arena) NextCell(slab, i int) (Ptr, int) {
	in := &a.info[slab]
	for ; i < int(in.bump); i++ {
		off := i * in.cell
		if a.slabs[slab][off]&0xf != FreeMark {
			return Ptr(uint64(slab)<<a.shift | uint64(off)>>3), i + 1
		}
	}
	return 0, i
}
