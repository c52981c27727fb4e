package obj

import (
	"encoding/binary"
	"math/bits"
)

// Odd constants with half their bits set: fractional digits of the square roots
// of the first primes.
const (
	mixA = 0x6a09e667f3bcc909
	mixB = 0xbb67ae8584caa73b
	mixC = 0x3c6ef372fe94f82b
	mixD = 0xa54ff53a5f1d36f1
)

// mix multiplies to 128 bits and folds the halves together.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Hash64 hashes p. It gives the same result on every machine and in every
// build, so it may be written to disk. It is fast and mixes well but is no
// defence by itself: an adversary who knows seed can make keys collide.
func Hash64(seed uint64, p []byte) uint64 {
	n := uint64(len(p))
	h := seed ^ mixA
	if len(p) > 16 {
		if len(p) > 48 {
			h2, h3 := h^mixB, h^mixC
			for len(p) > 48 {
				h = mix(word(p)^mixB, word(p[8:])^h)
				h2 = mix(word(p[16:])^mixC, word(p[24:])^h2)
				h3 = mix(word(p[32:])^mixD, word(p[40:])^h3)
				p = p[48:]
			}
			h ^= h2 ^ bits.RotateLeft64(h3, 32)
			if len(p) <= 16 {
				return finish(h, n, p)
			}
		}
		for len(p) > 16 {
			h = mix(word(p)^mixB, word(p[8:])^h)
			p = p[16:]
		}
	}
	return finish(h, n, p)
}

// finish takes the last 0 to 16 bytes.
func finish(h, n uint64, p []byte) uint64 {
	var a, b uint64
	switch {
	case len(p) >= 8:
		a, b = word(p), word(p[len(p)-8:])
	case len(p) >= 4:
		a, b = half(p), half(p[len(p)-4:])
	case len(p) > 0:
		a = uint64(p[0])<<16 | uint64(p[len(p)/2])<<8 | uint64(p[len(p)-1])
	}
	return mix(mixD^n, mix(a^mixC, b^h^bits.RotateLeft64(n, 40)))
}

func word(p []byte) uint64 { return binary.LittleEndian.Uint64(p) }
func half(p []byte) uint64 { return uint64(binary.LittleEndian.Uint32(p)) }
