package obj

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// An image of a list is the byte imageList, the number of elements, the position
// of the first, as PackPosition has it, and the elements as entries of one node.
const imageList = 3

// ErrListImage is the error of DecodeList.
var ErrListImage = errors.New("not the image of a list")

// PackPosition returns a number that stands for a position and is short as a
// varint for those that a push gives.
func PackPosition(pos int64) uint64 {
	gaps := pos >> gapBits
	return uint64(pos)&(listGap-1)<<(64-gapBits) | uint64(gaps<<1^gaps>>63)&(1<<(64-gapBits)-1)
}

// UnpackPosition returns the position that a number stands for. Each stands for one.
func UnpackPosition(x uint64) int64 {
	gaps := x & (1<<(64-gapBits) - 1)
	return (int64(gaps>>1)^-int64(gaps&1))<<gapBits | int64(x>>(64-gapBits))
}

// AppendImage appends the image of the list, from which DecodeList makes one
// that cannot be told from this.
func (l *List) AppendImage(dst []byte) []byte {
	if l.many != nil { // growing step by step would take longer than all else
		dst = slices.Grow(dst, l.many.held+2*binary.MaxVarintLen64*l.nodes())
	}
	dst = binary.AppendUvarint(append(dst, imageList), uint64(l.Len()))
	if l.Len() == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, PackPosition(l.node(0).first))
	for i := range l.nodes() {
		nd, dist := l.node(i), uint64(listGap)
		_, size, value := head(nd.buf, 0)
		if i > 0 {
			dist = uint64(nd.first) - uint64(l.node(i-1).last)
		}
		dst = append(appendHead(dst, dist, size), nd.buf[value:]...)
	}
	return dst
}

// DecodeList returns the list an image was made of. It takes any bytes and keeps
// none of them.
func DecodeList(image []byte) (*List, error) {
	if len(image) == 0 || image[0] != imageList {
		return nil, ErrListImage
	}
	count, at, ok := readNumber(image, 1)
	if !ok || count > uint64(len(image)-at) {
		return nil, ErrListImage
	}
	l := NewList()
	if count == 0 {
		if at != len(image) {
			return nil, ErrListImage
		}
		return l, nil
	}
	packed, at, ok := readNumber(image, at)
	if !ok {
		return nil, ErrListImage
	}
	if err := l.decode(image[at:], int(count), UnpackPosition(packed)); err != nil {
		return nil, err
	}
	return l, nil
}

// decode fills an empty list with entries, a node at a time.
func (l *List) decode(b []byte, count int, pos int64) error {
	nd, start, end := node{first: pos}, 0, 0
	for i := range count {
		dist, size, value, ok := readHead(b, end)
		switch {
		case !ok, i == 0 && dist != listGap, i > 0 && dist > uint64(math.MaxInt64)-uint64(pos):
			return ErrListImage
		case i > 0:
			pos += int64(dist)
		}
		l.odd = l.odd || pos&1 != 0
		if nd.n == nodeEntries || nd.n > 0 && value+size-start > nodeBytes {
			l.adopt(nd, b[start:end])
			nd, start = node{first: pos}, end
		}
		nd.n++
		nd.last, end = pos, value+size
	}
	if end != len(b) {
		return ErrListImage
	}
	l.adopt(nd, b[start:end])
	return nil
}

// adopt adds a node of well-formed entries behind the last.
func (l *List) adopt(nd node, entries []byte) {
	_, size, value := head(entries, 0)
	var room [20]byte
	h := appendHead(room[:0], listGap, size)
	nd.buf = make([]byte, 0, roundUp(len(h)+len(entries)-value))
	nd.buf = append(append(nd.buf, h...), entries[value:]...)
	if l.nodes() == 0 {
		l.one = nd
		return
	}
	l.account(l.fresh(l.nodes()), func() { *l.node(l.nodes() - 1) = nd })
}

// readHead reads the numbers at the start of an entry of input that nobody
// vouches for, whose string is there.
func readHead(b []byte, at int) (dist uint64, size, next int, ok bool) {
	x, at, ok := readNumber(b, at)
	dist = listGap
	if ok && x&1 != 0 {
		dist, at, ok = readNumber(b, at)
		ok = ok && dist != listGap && dist != 0
	}
	return dist, int(x >> 1), at, ok && x>>1 <= uint64(len(b)-at)
}

// readNumber reads a number of input that nobody vouches for, in as few bytes as
// can be.
func readNumber(b []byte, at int) (x uint64, next int, ok bool) {
	x, n := binary.Uvarint(b[min(at, len(b)):])
	if n <= 0 || n > 1 && b[at+n-1] == 0 {
		return 0, 0, false
	}
	return x, at + n, true
}
