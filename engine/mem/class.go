package mem

import "math/bits"

// The size classes: steps of 8 to 128 bytes (16 classes), of 16 to 256 (8), of
// 32 to 512 (8), then eight to a doubling. Entries of a few dozen bytes are the
// common case and waste at most 7 bytes; big ones waste an eighth at most.
const (
	classesFine   = 16
	classesTo256  = classesFine + 8
	classesTo512  = classesTo256 + 8
	classesTotal  = classesTo512 + 8*8 // up to 128 KiB
	classBig      = 0xff               // a slab of its own
	largestSmall  = 128 << 10
	pageBytes     = 8 << 10 // what the Go heap rounds large objects to
	roundedToPage = 32 << 10
)

// classOf returns the class of the smallest cell that holds n bytes.
func classOf(n int) int {
	switch {
	case n <= 8:
		return 0
	case n <= 128:
		return (n+7)>>3 - 1
	case n <= 256:
		return classesFine + (n-129)>>4
	case n <= 512:
		return classesTo256 + (n-257)>>5
	}
	// 512 < n: the doubling (2^e, 2^(e+1)] in eight steps.
	e := bits.Len(uint(n-1)) - 1
	return classesTo512 + (e-9)<<3 + (n-1-1<<e)>>(e-3)
}

// classSize returns the bytes of a cell of class c.
func classSize(c int) int {
	switch {
	case c < classesFine:
		return (c + 1) << 3
	case c < classesTo256:
		return 128 + (c-classesFine+1)<<4
	case c < classesTo512:
		return 256 + (c-classesTo256+1)<<5
	}
	c -= classesTo512
	e := c>>3 + 9
	return 1<<e + (c&7+1)<<(e-3)
}
