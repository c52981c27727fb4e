package mem

// Load64 reads the little-endian word at the start of b. The compiler turns it
// into one load; the order of bytes is fixed, so a layout is the same anywhere.
func Load64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// Store64 writes v at the start of b.
func Store64(b []byte, v uint64) {
	_ = b[7]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	b[4], b[5], b[6], b[7] = byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56)
}

// Load32 reads the little-endian half word at the start of b.
func Load32(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// Store32 writes v at the start of b.
func Store32(b []byte, v uint32) {
	_ = b[3]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// Equal reports whether a and b, of one length, hold the same bytes. Of 8 to 16
// bytes, as keys often are, it makes two comparisons and no call.
func Equal(a, b []byte) bool {
	if n := len(a); n >= 8 && n <= 16 && len(b) == n {
		return Load64(a) == Load64(b) && Load64(a[n-8:]) == Load64(b[n-8:])
	}
	return string(a) == string(b)
}
