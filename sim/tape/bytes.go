package tape

// byteFeed reads outcomes from a byte string: two bytes for most choices, four
// for wide ones. Thresholds are cumulative with zero first, so a smaller byte
// is a more benign outcome and a fuzzer's minimiser works toward calm.
type byteFeed struct {
	data []byte
	rate []uint32
}

func (f *byteFeed) reset(data []byte, p *Profile) {
	f.data = data
	if len(f.rate) != len(sites) {
		f.rate = make([]uint32, len(sites))
	}
	for i := range sites {
		f.rate[i] = 0
		// There is no seed to select a swarm by: take the likeliest rate, and
		// let the fuzzer do without what it does not need.
		for _, r := range p.Rates[sites[i].group] {
			f.rate[i] = max(f.rate[i], r>>sites[i].rare)
		}
	}
	for _, s := range p.Muted {
		f.rate[s] = 0
		if isFree(s) {
			f.rate[s] = muted
		}
	}
}

func (f *byteFeed) take(n int) uint64 {
	if len(f.data) < n {
		f.data = nil
		return 0
	}
	var v uint64
	for _, b := range f.data[:n] {
		v = v<<8 | uint64(b)
	}
	f.data = f.data[n:]
	return v
}

func (f *byteFeed) draw(s Site, n int) int {
	if n <= 1 || len(f.data) == 0 {
		return 0
	}
	info := &sites[s]
	if f.rate[s] == muted {
		return 0
	}
	if isFree(s) {
		switch {
		case len(info.weights) > 0:
			return weighted(info.weights, f.take(1), 8, n)
		case n <= 1<<8:
			return int(f.take(1) * uint64(n) >> 8)
		case n <= 1<<16:
			return int(f.take(2) * uint64(n) >> 16)
		}
		return int(f.take(4) * uint64(n) >> 32)
	}
	rate := uint64(f.rate[s])
	if rate == 0 {
		return 0
	}
	zero := 1<<32 - rate // what lies at or above it is not zero
	r := f.take(2) << 16
	if r < zero {
		return 0
	}
	if n == 2 {
		return 1
	}
	return 1 + weighted(info.weights, f.take(1), 8, n-1)
}
