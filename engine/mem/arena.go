package mem

import "math/bits"

// Ptr is the place of a cell: 40 bits, slab number above offset, in units of 8
// bytes. 0 is nothing.
type Ptr uint64

// PtrBits is how many bits a Ptr takes, and MinPtr the lowest one given out:
// below it an owner may put marks of its own among pointers.
const (
	PtrBits = 40
	MinPtr  = 2048
)

// DefaultSlabBytes is the slab size for a server; a simulation uses a few KiB.
const DefaultSlabBytes = 1 << 20

const minSlabBytes = 4096

// slabInfo is what an arena knows of one slab. Free cells and the list of slabs
// with room are threaded by number, so this too is free of pointers.
type slabInfo struct {
	bytes      int64 // held from the Go heap
	cell       int   // bytes of a cell
	free       uint32
	bump       uint32 // cells ever used: the ones beyond were never written
	live       uint32
	cells      uint32
	prev, next int32 // in the class's list of slabs with room; -1 ends it
	class      uint8
	listed     bool
	retiring   bool // being emptied by the owner: gives out no cell
}

// noCell ends a slab's list of free cells.
const noCell = ^uint32(0)

// FreeMark is what the low four bits of a free cell's first word hold. An owner
// that keeps another value there in live cells can walk a slab with Cells.
const FreeMark = 0xf

// Arena is a set of slabs. The zero value is not usable; see New.
type Arena struct {
	slabs [][]byte
	info  []slabInfo
	shift uint   // Ptr >> shift is the slab number
	mask  uint64 // Ptr & mask the offset in units of 8

	slabBytes int
	maxSmall  int
	room      [classesTotal]int32 // first slab with a free cell, -1 none
	held      [classesTotal]int64 // bytes of the class's slabs
	freeCells [classesTotal]int64
	unused    []int32              // slab numbers to use again
	spare     [spareSizes][][]byte // empty slabs of each size, against thrashing
	live      int64                // bytes of the cells handed out
	bytes     int64                // bytes of slabs, spares included
	cursor    int                  // where Victim goes on looking
}

// New makes an empty arena. slabBytes is rounded up to a power of two; 0 means
// DefaultSlabBytes.
func New(slabBytes int) *Arena {
	if slabBytes <= 0 {
		slabBytes = DefaultSlabBytes
	}
	slabBytes = max(slabBytes, minSlabBytes)
	slabBytes = 1 << bits.Len(uint(slabBytes-1))
	a := &Arena{slabBytes: slabBytes, maxSmall: min(slabBytes/8, largestSmall)}
	a.shift = uint(bits.Len(uint(slabBytes/8)) - 1)
	a.mask = 1<<a.shift - 1
	for i := range a.room {
		a.room[i] = -1
	}
	first := (MinPtr-1)>>a.shift + 1
	a.slabs = make([][]byte, first, first+8)
	a.info = make([]slabInfo, first, first+8)
	return a
}

// Live returns the bytes of all cells handed out, rounding included.
func (a *Arena) Live() int64 { return a.live }

// Bytes returns the bytes held from the Go heap: cells in use or not, spare
// slabs and the arena's own directory.
func (a *Arena) Bytes() int64 {
	const perSlab = 24 + 56
	return a.bytes + int64(cap(a.slabs))*perSlab
}

// Round returns the size of the cell that Alloc(n) hands out.
func (a *Arena) Round(n int) int {
	if n <= a.maxSmall {
		return classSize(classOf(n))
	}
	if n > roundedToPage {
		return (n + pageBytes - 1) &^ (pageBytes - 1)
	}
	return (n + 7) &^ 7
}

// At returns the bytes from p to the end of its slab. It is the fast way to
// read a cell whose length its contents tell.
func (a *Arena) At(p Ptr) []byte {
	return a.slabs[p>>(a.shift&63)][(uint64(p)&a.mask)<<3:] // a shift that the compiler need not check
}

// Size returns the size of the cell at p.
func (a *Arena) Size(p Ptr) int { return a.info[p>>a.shift].cell }

// Cell returns the whole cell at p.
func (a *Arena) Cell(p Ptr) []byte {
	s := p >> a.shift
	o, n := (uint64(p)&a.mask)<<3, uint64(a.info[s].cell)
	return a.slabs[s][o : o+n : o+n]
}

// Alloc hands out a cell of at least n bytes, with anything in it.
func (a *Arena) Alloc(n int) Ptr {
	if n > a.maxSmall {
		return a.allocBig(n)
	}
	c := classOf(n)
	s := a.room[c]
	if s < 0 {
		s = a.addSlab(c)
	}
	in := &a.info[s]
	i := in.free
	if i != noCell {
		w := Load64(a.slabs[s][int(i)*in.cell:])
		in.free = uint32(w >> 32)
	} else {
		i = in.bump
		in.bump++
	}
	in.live++
	a.freeCells[c]--
	a.live += int64(in.cell)
	if in.live == in.cells {
		a.unlist(s)
	}
	return Ptr(uint64(s)<<a.shift | uint64(int(i)*in.cell)>>3)
}

// Free takes the cell at p back. Its contents are gone.
func (a *Arena) Free(p Ptr) {
	s := int32(p >> a.shift)
	in := &a.info[s]
	if in.live == 0 {
		panic("mem: free of a cell in an empty slab")
	}
	in.live--
	a.live -= int64(in.cell)
	if in.class == classBig {
		a.release(s)
		return
	}
	if !in.retiring {
		a.freeCells[in.class]++
	}
	if in.live == 0 {
		a.release(s)
		return
	}
	off := int(uint64(p)&a.mask) << 3
	Store64(a.slabs[s][off:], uint64(in.free)<<32|FreeMark)
	in.free = uint32(off / in.cell)
	if !in.listed && !in.retiring {
		a.list(s)
	}
}

// allocBig gives a cell a slab of its own.
func (a *Arena) allocBig(n int) Ptr {
	n = a.Round(n)
	s := a.number()
	a.slabs[s] = make([]byte, n)
	a.info[s] = slabInfo{bytes: int64(n), cell: n, free: noCell, bump: 1, live: 1, cells: 1,
		prev: -1, next: -1, class: classBig}
	a.bytes += int64(n)
	a.live += int64(n)
	return Ptr(uint64(s) << a.shift)
}

// addSlab gives class c one more slab, sized by what the class holds already:
// the room it may waste stays a fraction of what it uses.
func (a *Arena) addSlab(c int) int32 {
	cell := classSize(c)
	want := max(int64(a.slabBytes/16), a.held[c]/4, int64(4*cell))
	size := min(a.slabBytes, 1<<bits.Len64(uint64(want-1)))
	s := a.number()
	k := spareIndex(a.slabBytes, size)
	if n := len(a.spare[k]); n > 0 {
		a.slabs[s], a.spare[k][n-1] = a.spare[k][n-1], nil
		a.spare[k] = a.spare[k][:n-1]
	} else {
		a.slabs[s] = make([]byte, size)
		a.bytes += int64(size)
	}
	a.info[s] = slabInfo{bytes: int64(size), cell: cell, free: noCell, cells: uint32(size / cell),
		prev: -1, next: -1, class: uint8(c)}
	a.held[c] += int64(size)
	a.freeCells[c] += int64(size / cell)
	a.list(s)
	return s
}

// spareSizes is how many slab sizes there are: SlabBytes down to a sixteenth.
const spareSizes = 5

// spareIndex numbers the slab sizes: 0 is the full one, 1 half of it, ...
func spareIndex(full, size int) int {
	return bits.Len(uint(full)) - bits.Len(uint(size))
}

// number finds an unused slab number.
func (a *Arena) number() int32 {
	if n := len(a.unused); n > 0 {
		s := a.unused[n-1]
		a.unused = a.unused[:n-1]
		return s
	}
	s := len(a.slabs)
	if uint64(s+1)<<a.shift > 1<<PtrBits {
		panic("mem: more slabs than a pointer can name")
	}
	a.slabs = append(a.slabs, nil)
	a.info = append(a.info, slabInfo{})
	return int32(s)
}

// release returns an empty slab to the Go heap, or keeps it for the next that
// asks for its size. At most SlabBytes/2 of each size are kept, and one full slab.
func (a *Arena) release(s int32) {
	in := &a.info[s]
	if in.listed {
		a.unlist(s)
	}
	keep := false
	if in.class != classBig {
		a.held[in.class] -= in.bytes
		if !in.retiring {
			a.freeCells[in.class] -= int64(in.cells)
		}
		k := spareIndex(a.slabBytes, int(in.bytes))
		if len(a.spare[k]) < max(1, 1<<k/2) {
			a.spare[k], keep = append(a.spare[k], a.slabs[s]), true
		}
	}
	if !keep {
		a.bytes -= in.bytes
	}
	a.slabs[s] = nil
	*in = slabInfo{}
	a.unused = append(a.unused, s)
}

func (a *Arena) list(s int32) {
	in := &a.info[s]
	in.prev, in.next, in.listed = -1, a.room[in.class], true
	if in.next >= 0 {
		a.info[in.next].prev = s
	}
	a.room[in.class] = s
}

func (a *Arena) unlist(s int32) {
	in := &a.info[s]
	if in.prev >= 0 {
		a.info[in.prev].next = in.next
	} else {
		a.room[in.class] = in.next
	}
	if in.next >= 0 {
		a.info[in.next].prev = in.prev
	}
	in.prev, in.next, in.listed = -1, -1, false
}

// Zeroed reports whether a cell just handed out at p is known to hold zeros.
func (a *Arena) Zeroed(p Ptr) bool { return a.info[p>>a.shift].class == classBig }
