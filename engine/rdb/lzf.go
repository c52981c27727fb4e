package rdb

// lzfExpands bounds what one compressed byte can stand for: three bytes say 264.
const lzfExpands = 88

// expand appends to dst the n bytes that p is the LZF of, or says that it is not.
// A run of literals is its length less 1, below 32, and the bytes. Else the high
// three bits are a length less 2, 7 for one that goes on in the next byte, and
// the low five with the byte that follows how far back to copy from, less 1.
func expand(dst, p []byte, n int) ([]byte, bool) {
	start, end := len(dst), len(dst)+n
	for len(p) > 0 {
		c := int(p[0])
		p = p[1:]
		if c < 32 {
			run := c + 1
			if run > len(p) || len(dst)+run > end {
				return dst, false
			}
			dst, p = append(dst, p[:run]...), p[run:]
			continue
		}
		size := c >> 5
		if size == 7 {
			if len(p) == 0 {
				return dst, false
			}
			size, p = size+int(p[0]), p[1:]
		}
		if len(p) == 0 {
			return dst, false
		}
		from := len(dst) - (c&31<<8 | int(p[0])) - 1
		p, size = p[1:], size+2
		if from < start || len(dst)+size > end {
			return dst, false
		}
		for ; size > 0; size, from = size-1, from+1 { // it may overlap what it makes
			dst = append(dst, dst[from])
		}
	}
	return dst, len(dst) == end
}
