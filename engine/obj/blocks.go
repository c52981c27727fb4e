package obj

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// blocks is where a table keeps its bytes: chunks that blocks are cut from, with
// a list of free blocks for each size, threaded through the blocks themselves.
// It knows no block's size; whoever frees one says it. Chunks grow with what is
// in them, so a small table wastes little and a large one has few.
type blocks struct {
	chunks  [][]byte
	vacant  []uint32 // numbers of chunks that are gone
	current uint32   // 1 + the chunk blocks are cut from, 0 for none
	used    int      // bytes of it
	freed   []ref    // by class: the first free block, 0 for none
	total   int      // bytes of all chunks
	live    int      // bytes of blocks in use
	tag     uint32   // in each ref it gives out: 0 or tagBit
}

// ref is the place of a block: 1 + its chunk, tagged with its store, and its
// offset there. The zero ref is none. Two words of 32 bits keep an entry at 24
// bytes.
type ref struct{ chunk, offset uint32 }

// tagBit marks the refs of the second of two stores.
const tagBit = 1 << 31

// store returns which of two stores the ref is of.
func (r ref) store() uint32 { return r.chunk >> 31 }

// index returns the number of the ref's chunk.
func (r ref) index() uint32 { return r.chunk&^tagBit - 1 }

const (
	grain      = 8    // sizes are multiples; a free block holds a ref
	fineMost   = 256  // up to here every multiple is a class
	classMost  = 4096 // up to here there are four classes a doubling; above, a block is a chunk of its own
	chunkLeast = 256
	chunkMost  = 64 << 10
	// slack is the waste below which tidying up is not worth the walk.
	slack = 4096
)

// classOf returns the class of blocks for n bytes and their size, 0 bytes taking
// a block too.
func classOf(n int) (class, size int) {
	if n <= fineMost {
		class = max((n+grain-1)/grain, 1)
		return class, class * grain
	}
	class, size = fineMost/grain, fineMost
	for step := fineMost / 4; ; step *= 2 {
		for range 4 {
			class, size = class+1, size+step
			if n <= size {
				return class, size
			}
		}
	}
}

// alloc returns a block for n bytes.
func (s *blocks) alloc(n int) ref {
	if n > classMost {
		c := s.addChunk(roundUp(n))
		s.live += len(s.chunks[c])
		return ref{s.tag | (c + 1), 0}
	}
	class, size := classOf(n)
	s.live += size
	if class < len(s.freed) && s.freed[class] != (ref{}) {
		r := s.freed[class]
		s.freed[class] = s.link(r)
		return r
	}
	if s.current == 0 || s.used+size > len(s.chunks[s.current-1]) {
		s.current = 1 + s.addChunk(roundUp(max(size, min(max(s.total/2, chunkLeast), chunkMost))))
		s.used = 0
	}
	r := ref{s.tag | s.current, uint32(s.used)}
	s.used += size
	return r
}

// addChunk adds a chunk and returns its number.
func (s *blocks) addChunk(size int) uint32 { return s.hold(make([]byte, size)) }

// hold makes a chunk one of the store's and returns its number.
func (s *blocks) hold(chunk []byte) uint32 {
	s.total += len(chunk)
	if last := len(s.vacant) - 1; last >= 0 {
		c := s.vacant[last]
		s.vacant = s.vacant[:last]
		s.chunks[c] = chunk
		return c
	}
	s.chunks = append(s.chunks, chunk)
	return uint32(len(s.chunks) - 1)
}

// free gives back the block at r, which is for n bytes.
func (s *blocks) free(r ref, n int) {
	if n > classMost {
		c := r.index()
		size := len(s.chunks[c])
		s.live -= size
		s.total -= size
		s.chunks[c] = nil
		s.vacant = append(s.vacant, c)
		return
	}
	class, size := classOf(n)
	s.live -= size
	if class >= len(s.freed) {
		longer := make([]ref, class+1)
		copy(longer, s.freed)
		s.freed = longer
	}
	b := s.chunks[r.index()][r.offset:]
	binary.LittleEndian.PutUint32(b, s.freed[class].chunk)
	binary.LittleEndian.PutUint32(b[4:], s.freed[class].offset)
	s.freed[class] = r
}

// link returns the free block that follows the free block at r.
func (s *blocks) link(r ref) ref {
	b := s.chunks[r.index()][r.offset:]
	return ref{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])}
}

// fits reports whether the block at r, which is for before bytes, is as good a
// place for after bytes as a new one would be.
func (s *blocks) fits(r ref, before, after int) bool {
	if before > classMost {
		size := len(s.chunks[r.index()])
		return after > classMost && after <= size && after >= size/2
	}
	if after > classMost {
		return false
	}
	was, _ := classOf(before)
	is, _ := classOf(after)
	return was == is
}

// take moves a block for n bytes here from another store and returns its place.
// A chunk of its own changes hands as it is.
func (s *blocks) take(from *blocks, r ref, n int) ref {
	if n > classMost {
		chunk := from.chunks[r.index()]
		from.free(r, n)
		s.live += len(chunk)
		return ref{s.tag | (1 + s.hold(chunk)), 0}
	}
	to := s.alloc(n)
	copy(s.at(to, n), from.at(r, n))
	from.free(r, n)
	return to
}

// at returns the first n bytes of the block at r.
func (s *blocks) at(r ref, n int) []byte {
	b := s.chunks[r.index()]
	return b[r.offset : int(r.offset)+n : int(r.offset)+n]
}

// sparse reports whether more is gaps than is in use.
func (s *blocks) sparse() bool {
	gaps := s.total - s.live
	if s.current != 0 {
		gaps -= len(s.chunks[s.current-1]) - s.used
	}
	return gaps > s.live+slack
}

func (s *blocks) clone() blocks {
	c := *s
	c.chunks = make([][]byte, len(s.chunks))
	for i, chunk := range s.chunks {
		if chunk != nil {
			c.chunks[i] = append(make([]byte, 0, len(chunk)), chunk...)
		}
	}
	c.vacant = append([]uint32(nil), s.vacant...)
	c.freed = append([]ref(nil), s.freed...)
	return c
}

// bytes returns the memory the blocks take.
func (s *blocks) bytes() int {
	return s.total + len(s.chunks)*int(unsafe.Sizeof([]byte(nil))) + len(s.vacant)*4 + len(s.freed)*8
}

// roundUp rounds an amount of memory up to one that allocators like: multiples
// of 16 at first, then four steps a doubling. Growth is never left to append,
// whose steps differ from one release of Go to the next: they would show in
// Bytes, and what is evicted when must be the same in every build.
func roundUp(n int) int {
	if n <= 64 {
		return (n + 15) &^ 15
	}
	step := 1 << (bits.Len(uint(n-1)) - 3)
	return (n + step - 1) &^ (step - 1)
}
