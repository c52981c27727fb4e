package latency

import "math/bits"

// A slot holds the values that agree in their highest bit and the five behind
// it, so what is read back is at most a thirty-second too large.
const (
	fine  = 32                   // slots for each power of two
	limit = 1<<37 - 1            // ns; larger values count as this, 137 s
	slots = (37-6)*fine + fine*2 // of which the first 64 hold one value each
	rows  = slots / fine
)

// Histogram counts durations in nanoseconds. The zero value is empty and takes
// no memory for slots until something is recorded, and then only for powers of
// two that were.
type Histogram struct {
	counts *[rows]*[fine]uint64
	n      uint64
	sum    uint64
	max    int64
}

func slotOf(ns int64) int {
	v := uint64(max(0, min(ns, limit)))
	if v < 2*fine {
		return int(v)
	}
	e := bits.Len64(v) - 6
	return e*fine + int(v>>e)
}

// top is the largest value of a slot.
func top(slot int) int64 {
	if slot < 2*fine {
		return int64(slot)
	}
	e := slot/fine - 1
	return int64(slot-e*fine+1)<<e - 1
}

// Record counts one duration.
func (h *Histogram) Record(ns int64) { h.RecordN(ns, 1) }

// RecordN counts n durations alike.
func (h *Histogram) RecordN(ns int64, n uint64) {
	if h.counts == nil {
		h.counts = new([rows]*[fine]uint64)
	}
	ns = max(ns, 0)
	slot := slotOf(ns)
	row := h.counts[slot/fine]
	if row == nil {
		row = new([fine]uint64)
		h.counts[slot/fine] = row
	}
	row[slot%fine] += n
	h.n += n
	h.sum += uint64(ns) * n
	h.max = max(h.max, ns)
}

// Count returns how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.n }

// Sum returns all durations together, in nanoseconds.
func (h *Histogram) Sum() uint64 { return h.sum }

// Max returns the longest duration.
func (h *Histogram) Max() int64 { return h.max }

// Bytes returns the memory it takes.
func (h *Histogram) Bytes() int64 {
	if h.counts == nil {
		return 0
	}
	bytes := int64(rows * 8)
	for _, row := range h.counts {
		if row != nil {
			bytes += fine * 8
		}
	}
	return bytes
}

// at returns the count of a slot.
func (h *Histogram) at(slot int) uint64 {
	if row := h.counts[slot/fine]; row != nil {
		return row[slot%fine]
	}
	return 0
}

// Reset empties it.
func (h *Histogram) Reset() { *h = Histogram{} }

// Percentile returns the duration that a share of all, in percent, does not
// exceed; 0 when there are none.
func (h *Histogram) Percentile(percent float64) int64 {
	if h.n == 0 {
		return 0
	}
	share := float64(percent * float64(h.n))
	want := max(uint64(float64(share/100)+0.5), 1)
	seen := uint64(0)
	for i := range slots {
		if seen += h.at(i); seen >= want {
			return min(top(i), h.max)
		}
	}
	return h.max
}

// Cumulative calls fn, in order, for each of Redis's limits (1 us and its
// doublings, rounded as its histograms round) at which the count has grown:
// count durations were shorter.
func (h *Histogram) Cumulative(fn func(us int64, count uint64)) {
	if h.n == 0 {
		return
	}
	seen, told, slot := uint64(0), uint64(0), 0
	for level := int64(1 << 10); seen < h.n; level <<= 1 {
		for ; slot < slots && top(slot) < level; slot++ {
			seen += h.at(slot)
		}
		if seen > told {
			fn((level+level>>7-1)/1000, seen)
			told = seen
		}
	}
}
