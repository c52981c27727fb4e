//go:build linux || darwin

package posix

import (
	"math/bits"
	"unsafe"
)

const (
	smallMax  = 64 << 10 // up to here sizes are rounded to powers of two
	largeUnit = 64 << 10 // and above to multiples of this
	keepSmall = 1 << 20  // bytes kept for reuse per small size
	keepLarge = 8 << 20  // and over all large ones
)

// Buffers hands out aligned memory and keeps a bounded amount for reuse. It is
// plain Go memory: a buffer that is never released is the collector's.
type Buffers struct {
	align  int
	small  [17][][]byte // by log2 of the capacity
	large  [][]byte
	larges int // bytes in large
}

// NewBuffers returns an empty store. align is a power of two.
func NewBuffers(align int) *Buffers { return &Buffers{align: align} }

// Get returns n bytes, zeroed or not.
func (b *Buffers) Get(n int) []byte {
	if n > smallMax {
		return b.getLarge(n)
	}
	class := bits.Len(uint(max(n, b.align) - 1))
	if list := b.small[class]; len(list) > 0 {
		p := list[len(list)-1]
		list[len(list)-1] = nil
		b.small[class] = list[:len(list)-1]
		return p[:n]
	}
	return b.fresh(1 << class)[:n]
}

func (b *Buffers) getLarge(n int) []byte {
	for i, p := range b.large {
		if cap(p) >= n && cap(p) <= n+n/4 {
			last := len(b.large) - 1
			b.large[i], b.large[last] = b.large[last], nil
			b.large = b.large[:last]
			b.larges -= cap(p)
			return p[:n]
		}
	}
	return b.fresh((n + largeUnit - 1) / largeUnit * largeUnit)[:n]
}

// fresh allocates size bytes. Go aligns sizes like these anyhow; the second
// attempt is for the day it does not.
func (b *Buffers) fresh(size int) []byte {
	p := make([]byte, size)
	if b.offset(p) == 0 {
		return p
	}
	p = make([]byte, size+b.align)
	if o := b.offset(p); o != 0 {
		p = p[b.align-o:]
	}
	return p[:size:size]
}

func (b *Buffers) offset(p []byte) int {
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(p))) % uintptr(b.align))
}

// Put takes a buffer of Get back.
func (b *Buffers) Put(p []byte) {
	c := cap(p)
	if c == 0 {
		return
	}
	if p = p[:c]; c > smallMax {
		if b.larges+c <= keepLarge {
			b.large = append(b.large, p)
			b.larges += c
		}
		return
	}
	class := bits.Len(uint(c - 1))
	if c == 1<<class && len(b.small[class])<<class < keepSmall {
		b.small[class] = append(b.small[class], p)
	}
}
