package mem

import "math/bits"

// Odd constants with 32 set bits each, from the digits of sqrt(2), sqrt(3) and
// sqrt(5): nothing up the sleeve, and no symmetry for the multiplication to keep.
const (
	hashK0 = 0x6a09e667f3bcc909
	hashK1 = 0xbb67ae8584caa73b
	hashK2 = 0x3c6ef372fe94f82b
)

// fold multiplies to 128 bits and folds the halves together: every bit of the
// result depends on every bit of both factors.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Hash hashes p under a seed by folded multiplication. It is the same on every
// machine and in every process, which a replayable history needs; a secret seed
// is what protects from chosen keys.
func Hash(seed uint64, p []byte) uint64 {
	n := len(p)
	seed ^= hashK0
	var a, b uint64
	switch {
	case n > 16:
		q := p
		for len(q) > 32 {
			s := fold(Load64(q)^hashK1, Load64(q[8:])^seed)
			t := fold(Load64(q[16:])^hashK2, Load64(q[24:])^seed)
			seed = s ^ bits.RotateLeft64(t, 23)
			q = q[32:]
		}
		if len(q) > 16 {
			seed = fold(Load64(q)^hashK1, Load64(q[8:])^seed)
		}
		a, b = Load64(p[n-16:]), Load64(p[n-8:])
	case n >= 8:
		a, b = Load64(p), Load64(p[n-8:])
	case n >= 4:
		a, b = uint64(Load32(p)), uint64(Load32(p[n-4:]))
	case n > 0:
		a = uint64(p[0])<<16 | uint64(p[n>>1])<<8 | uint64(p[n-1])
	}
	hi, lo := bits.Mul64(a^hashK1, b^seed)
	return fold(lo^hashK2^uint64(n), hi^hashK1)
}
