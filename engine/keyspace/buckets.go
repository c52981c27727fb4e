package keyspace

// bucket is one cache line: seven slots, packed from the front, and a link.
//
// A slot is tag<<40 | Ref, 0 when empty. The link's low half is the number of
// the overflow bucket that follows, 0 for none (they count from 1); in an
// overflow bucket the high half is the number of the bucket that heads its chain.
type bucket = [8]uint64

const (
	bucketSlots = 7
	linkWord    = 7
	linkMask    = 1<<32 - 1

	chunkShift   = 10 // 1024 buckets, 64 KiB, to a chunk
	chunkBuckets = 1 << chunkShift
	chunkMask    = chunkBuckets - 1
)

// buckets is a growing and shrinking row of buckets. Beyond the first chunk it
// grows by whole chunks, so that no call ever copies much; the first doubles up
// to its full size, so that an empty database costs a few lines.
type buckets struct {
	chunks [][]uint64
	n      int
	held   int64 // bytes
}

func (b *buckets) at(i int) *bucket {
	return (*bucket)(b.chunks[i>>chunkShift][(i&chunkMask)<<3:])
}

// push adds an empty bucket and returns its number.
func (b *buckets) push(atLeast int) int {
	i := b.n
	b.n++
	c := i >> chunkShift
	switch {
	case c < len(b.chunks) && i&chunkMask < len(b.chunks[c])>>3:
		*b.at(i) = bucket{} // room left by an earlier shrink
	case c == 0:
		size := 8 * min(chunkBuckets, max(atLeast, 2*i, 1))
		grown := make([]uint64, size)
		if len(b.chunks) == 0 {
			b.chunks = append(b.chunks, nil)
		}
		copy(grown, b.chunks[0])
		b.held += int64(size-len(b.chunks[0])) * 8
		b.chunks[0] = grown
	default:
		b.chunks = append(b.chunks, make([]uint64, chunkBuckets*8))
		b.held += chunkBuckets * 64
	}
	return i
}

// pop gives up the last bucket. A chunk goes when half of the one before it is
// empty too, so that a size that swings about an edge allocates nothing.
func (b *buckets) pop() {
	b.n--
	last := len(b.chunks) - 1
	if last > 0 && b.n <= (last-1)<<chunkShift+chunkBuckets/2 {
		b.chunks[last] = nil
		b.chunks = b.chunks[:last]
		b.held -= chunkBuckets * 64
	}
}

func (b *buckets) bytes() int64 { return b.held + int64(cap(b.chunks))*24 }
