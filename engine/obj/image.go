package obj

import (
	"errors"
	"math"
	"math/bits"
	"slices"
)

// An image is one byte for the encoding, the number of fields, and the fields
// in order, each as two strings; a string is its length and its bytes; a number
// is in groups of seven bits, low first, in as few bytes as can be.
const (
	imageSmall = 1
	imageTable = 2
)

// ErrImage is the error of DecodeHash.
var ErrImage = errors.New("not the image of a hash")

// smallImageEntries is how many fields an image may claim for the small encoding
// when that is more than the limits now allow: a limit that was lowered converts
// nothing by itself, but a bad image must not make lookups slow.
const smallImageEntries = 1 << 12

// AppendImage appends the image of the hash, from which DecodeHash makes one
// that cannot be told from this.
func (h *Hash) AppendImage(dst []byte) []byte {
	if h.table == nil {
		dst = appendLength(append(dst, imageSmall), h.count)
		return append(dst, h.small...)
	}
	// Growing step by step would take longer than all else.
	dst = slices.Grow(dst, h.table.stores[0].live+h.table.stores[1].live+2*h.table.n)
	dst = appendLength(append(dst, imageTable), h.table.n)
	h.table.each(func(f, v []byte) bool {
		dst = appendString(appendString(dst, f), v)
		return true
	})
	return dst
}

// DecodeHash returns the hash an image was made of, with Redis's limits. It
// takes any bytes and keeps none of them.
func DecodeHash(image []byte) (*Hash, error) { return DecodeHashLimits(image, &defaultLimits) }

// DecodeHashLimits returns the hash an image was made of.
func DecodeHashLimits(image []byte, lim *Limits) (*Hash, error) {
	if len(image) == 0 {
		return nil, ErrImage
	}
	encoding := image[0]
	count, at, ok := readLength(image, 1)
	if !ok || count > (len(image)-at)/2 { // a pair has two lengths at least
		return nil, ErrImage
	}
	switch {
	case encoding == imageSmall && count <= max(lim.Entries, smallImageEntries):
		return decodeSmall(image[at:], count, lim)
	case encoding == imageSmall, encoding == imageTable:
		return decodeTable(image[at:], count, lim)
	}
	return nil, ErrImage
}

func decodeSmall(pairs []byte, count int, lim *Limits) (*Hash, error) {
	at := 0
	var seen fieldFilter
	for range count {
		f, next, ok := readString(pairs, at)
		if !ok {
			return nil, ErrImage
		}
		if seen.maybe(f) && inPairs(pairs[:at], f) {
			return nil, ErrImage
		}
		if _, next, ok = readString(pairs, next); !ok {
			return nil, ErrImage
		}
		at = next
	}
	if at != len(pairs) {
		return nil, ErrImage
	}
	return &Hash{lim: lim, count: count, small: append(make([]byte, 0, roundUp(at)), pairs...)}, nil
}

func decodeTable(pairs []byte, count int, lim *Limits) (*Hash, error) {
	t := newTable(lim)
	at := 0
	for range count {
		f, next, ok := readString(pairs, at)
		if !ok {
			return nil, ErrImage
		}
		var v []byte
		if v, next, ok = readString(pairs, next); !ok || !t.set(f, v) {
			return nil, ErrImage
		}
		at = next
	}
	if at != len(pairs) {
		return nil, ErrImage
	}
	return &Hash{lim: lim, table: t}, nil
}

// fieldFilter remembers fields by a few bits of their hash, so that checking an
// image for a field that comes twice takes no time for all but one in some.
type fieldFilter [16]uint64

// maybe adds f and reports whether it may have been there.
func (s *fieldFilter) maybe(f []byte) bool {
	x := Hash64(0, f)
	word, bit := x>>6&15, uint64(1)<<(x&63)
	was := s[word]&bit != 0
	s[word] |= bit
	return was
}

// inPairs looks a field up in well-formed pairs.
func inPairs(pairs, f []byte) bool {
	h := Hash{small: pairs}
	_, ok := h.find(f)
	return ok
}

// lengthSize returns how many bytes appendLength appends.
func lengthSize(n int) int { return (bits.Len(uint(n)|1) + 6) / 7 }

// appendLength appends a number.
func appendLength(dst []byte, n int) []byte {
	for n >= 0x80 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}

// appendString appends a string's length and bytes.
func appendString(dst, s []byte) []byte { return append(appendLength(dst, len(s)), s...) }

// readLength reads a number of input that nobody vouches for. None is larger than
// a length can be in memory on any machine, so that sums of them do not overflow.
func readLength(b []byte, at int) (n, next int, ok bool) {
	var x uint64
	for shift := 0; at < len(b) && shift < 35; shift += 7 {
		c := b[at]
		at++
		x |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return int(x), at, (c != 0 || shift == 0) && x <= math.MaxInt32
		}
	}
	return 0, 0, false
}

// readString reads a string of input that nobody vouches for.
func readString(b []byte, at int) (s []byte, next int, ok bool) {
	n, at, ok := readLength(b, at)
	if !ok || n > len(b)-at {
		return nil, 0, false
	}
	return b[at : at+n : at+n], at + n, true
}

// cutString reads a string that this package wrote.
func cutString(b []byte, at int) (s []byte, next int) {
	n := int(b[at])
	at++
	if n >= 0x80 {
		n, at, _ = readLength(b, at-1)
	}
	return b[at : at+n : at+n], at + n
}

// skipString returns the place behind a string that this package wrote.
func skipString(b []byte, at int) int {
	_, next := cutString(b, at)
	return next
}
