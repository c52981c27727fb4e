package disk

import (
	"math/bits"
	"unsafe"

	"holdfast/sim/sched"
)

const (
	poison   = 0xdb // what a read buffer holds until its read completes
	freed    = 0xdd // what a released buffer holds
	slabSize = 1 << 20
	grain    = 4096 // slabs are cut in pages, so buffers are aligned for any device
)

// buffers hands out aligned buffers cut from slabs and knows, for any slice,
// whether it is a live buffer or part of one.
type buffers struct {
	slabs  []slab
	blocks []block
	free   [24][]int32 // by size class: log2 of the pages
}

type slab struct {
	mem   []byte
	base  uintptr
	owner []int32 // by page: the block it belongs to
	used  int     // pages cut
}

type block struct {
	mem    []byte
	class  int8
	live   bool
	filled bool // holds the filling of released buffers
	pins   int32
}

// fill sets every byte of p, as fast as memory is copied.
func fill(p []byte, c byte) {
	if len(p) == 0 {
		return
	}
	p[0] = c
	for n := 1; n < len(p); {
		n += copy(p[n:], p[:min(n, 4096)])
	}
}

// reset takes every buffer back: their owner, the process, is gone.
func (b *buffers) reset() {
	for c := range b.free {
		b.free[c] = b.free[c][:0]
	}
	for i := len(b.blocks) - 1; i >= 0; i-- {
		k := &b.blocks[i]
		k.live, k.pins = false, 0
		b.free[k.class] = append(b.free[k.class], int32(i))
	}
}

func (b *buffers) get(n int) []byte {
	pages := (n + grain - 1) / grain
	class := bits.Len(uint(pages - 1))
	list := &b.free[class]
	if len(*list) == 0 {
		b.cut(class)
	}
	i := (*list)[len(*list)-1]
	*list = (*list)[:len(*list)-1]
	k := &b.blocks[i]
	k.live = true
	if !k.filled {
		fill(k.mem, freed) // dirty, but equally so in every run
	}
	k.filled = false
	return k.mem[:n:n]
}

// cut makes a new block of a class.
func (b *buffers) cut(class int) {
	pages := 1 << class
	last := len(b.slabs) - 1
	if last < 0 || b.slabs[last].used+pages > len(b.slabs[last].owner) {
		size := max(slabSize, pages*grain)
		mem := make([]byte, size+grain)
		base := uintptr(unsafe.Pointer(unsafe.SliceData(mem)))
		if r := int(base % grain); r != 0 {
			mem = mem[grain-r:]
		}
		mem = mem[:size]
		b.slabs = append(b.slabs, slab{mem: mem, base: uintptr(unsafe.Pointer(unsafe.SliceData(mem))), owner: make([]int32, size/grain)})
		last++
	}
	s := &b.slabs[last]
	id := int32(len(b.blocks))
	for p := s.used; p < s.used+pages; p++ {
		s.owner[p] = id
	}
	b.blocks = append(b.blocks, block{mem: s.mem[s.used*grain : (s.used+pages)*grain], class: int8(class)})
	s.used += pages
	b.free[class] = append(b.free[class], id)
}

// find returns the block that holds p, or -1.
func (b *buffers) find(p []byte) int32 {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(p)))
	for i := range b.slabs {
		s := &b.slabs[i]
		if at >= s.base && at < s.base+uintptr(s.used*grain) {
			return s.owner[(at-s.base)/grain]
		}
	}
	return -1
}

func (b *buffers) put(p []byte) {
	i := b.find(p)
	if i < 0 || !b.blocks[i].live {
		sched.Violate("vfs.Release: not a live buffer of this FS")
	}
	k := &b.blocks[i]
	if k.pins != 0 {
		sched.Violate("vfs.Release: the buffer belongs to an operation in flight")
	}
	if unsafe.SliceData(p) != unsafe.SliceData(k.mem) {
		sched.Violate("vfs.Release: not the start of a buffer")
	}
	fill(k.mem, freed)
	k.filled = true
	k.live = false
	b.free[k.class] = append(b.free[k.class], i)
}

// pin marks the buffer as in flight.
func (b *buffers) pin(p []byte) int32 {
	i := b.find(p)
	if i < 0 || !b.blocks[i].live {
		sched.Violate("vfs.Submit: Buf is not a live buffer of this FS")
	}
	b.blocks[i].pins++
	return i
}

func (b *buffers) unpin(i int32) { b.blocks[i].pins-- }

// Live returns how many buffers are handed out, for leak checks.
func (d *Disk) Live() int {
	n := 0
	for i := range d.bufs.blocks {
		if d.bufs.blocks[i].live {
			n++
		}
	}
	return n
}
