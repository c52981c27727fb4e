// Package bump hands out memory that lives until the end of a simulated run
// and is reused by the next one, so that a campaign allocates nothing once it
// is warm.
package bump

const chunk = 1 << 10

// Arena hands out slices of T. The zero value is ready.
type Arena[T any] struct {
	chunks [][]T
	at     int // chunk in use
	// Chunk is how many elements are allocated at a time; 0 is a default.
	Chunk int
}

// Reset takes everything back.
func (a *Arena[T]) Reset() {
	for i := range a.chunks {
		a.chunks[i] = a.chunks[i][:0]
	}
	a.at = 0
}

// Make returns a zeroed slice of n elements.
func (a *Arena[T]) Make(n int) []T {
	size := a.Chunk
	if size == 0 {
		size = chunk
	}
	if n > size/4 {
		return make([]T, n)
	}
	for ; a.at < len(a.chunks); a.at++ {
		if c := a.chunks[a.at]; len(c)+n <= cap(c) {
			a.chunks[a.at] = c[:len(c)+n]
			p := c[len(c) : len(c)+n : len(c)+n]
			clear(p)
			return p
		}
	}
	a.chunks = append(a.chunks, make([]T, n, size))
	return a.chunks[a.at][:n:n]
}

// Copy returns a copy of p.
func (a *Arena[T]) Copy(p []T) []T {
	q := a.Make(len(p))
	copy(q, p)
	return q
}

// Room returns an empty slice with room for n elements.
func (a *Arena[T]) Room(n int) []T { return a.Make(n)[:0] }
