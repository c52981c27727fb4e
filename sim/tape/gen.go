package tape

import (
	"math/bits"
	"slices"
)

// Profile gives each group of sites the rates that swarm selection draws from:
// chances, of 2^32, that a choice leaves zero. One rate is drawn for each site
// and seed; several equal entries make a rate likelier.
type Profile struct {
	Name  string
	Rates [numGroups][]uint32
	// Muted sites always answer 0, whatever their group: how to ask what a
	// fault is good for.
	Muted []Site
}

// Without returns a copy of the profile with more sites muted.
func (p *Profile) Without(s ...Site) *Profile {
	q := *p
	q.Muted = append(slices.Clone(p.Muted), s...)
	return &q
}

// muted is the rate of a muted site of the groups that have no rate.
const muted = 1

// Part returns the rate of one in n.
func Part(n uint32) uint32 { return uint32((1 << 32) / uint64(n)) }

// generator draws outcomes from a seed. Per-site rates depend on the seed and
// the site's stable id only, so linking another package in changes no run of a
// world that does not ask it.
type generator struct {
	state uint64
	seeds []uint64 // by site: whose rates and mixes it has
	rate  []uint32
	mixes []mix // by site; only of group Mixed
}

// mix is a seed's distribution over the outcomes of a Mixed site.
type mix struct {
	seed uint64 // +1; whose it is
	n    int
	cum  [64]uint32
}

func hash2(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1342543de82ef95)
	x := hi ^ lo
	hi, lo = bits.Mul64(x^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	return hi ^ lo
}

func (g *generator) reset(seed uint64, p *Profile) {
	g.begin(seed)
	g.size()
	for i := range sites {
		g.seeds[i] = seed
	}
	g.rates(p)
}

// resetEach is reset with a seed for each site; begin follows.
func (g *generator) resetEach(seeds []uint64, p *Profile) {
	g.size()
	copy(g.seeds, seeds)
	g.rates(p)
}

func (g *generator) begin(seed uint64) { g.state = hash2(seed, 0x5851f42d4c957f2d) }

func (g *generator) size() {
	if len(g.rate) != len(sites) {
		g.seeds = make([]uint64, len(sites))
		g.rate = make([]uint32, len(sites))
		g.mixes = make([]mix, len(sites))
	}
}

func (g *generator) rates(p *Profile) {
	for i := range sites {
		s := &sites[i]
		g.rate[i] = 0
		if menu := p.Rates[s.group]; len(menu) > 0 {
			hi, _ := bits.Mul64(hash2(g.seeds[i], uint64(s.id)), uint64(len(menu)))
			g.rate[i] = menu[hi] >> s.rare
		}
	}
	for _, s := range p.Muted {
		g.rate[s] = 0
		if isFree(s) {
			g.rate[s] = muted
		}
	}
}

func isFree(s Site) bool { return sites[s].group == Free || sites[s].group == Mixed }

func (g *generator) next() uint64 {
	g.state += 0x9e3779b97f4a7c15
	hi, lo := bits.Mul64(g.state, g.state^0xe7037ed1a0b428db)
	return hi ^ lo
}

func uniform(r uint64, n int) int {
	hi, _ := bits.Mul64(r, uint64(n))
	return int(hi)
}

func (g *generator) draw(s Site, n int) int {
	if n <= 1 {
		return 0
	}
	info := &sites[s]
	rate := g.rate[s]
	if rate == muted {
		return 0
	}
	switch info.group {
	case Free:
		if len(info.weights) > 0 {
			return weighted(info.weights, g.next()>>32, 32, n)
		}
		return uniform(g.next(), n)
	case Mixed:
		if n <= 64 {
			return g.mixed(s, n)
		}
		return uniform(g.next(), n)
	}
	if rate == 0 || uint32(g.next()) >= rate {
		return 0
	}
	return 1 + weighted(info.weights, g.next()>>32, 32, n-1)
}

// weighted maps r, of bits bits, to an outcome in [0, n) by cumulative
// thresholds in the outcomes' order.
func weighted(weights []uint16, r uint64, bits uint, n int) int {
	weights = weights[:min(len(weights), n)]
	total := uint64(n - len(weights))
	for _, w := range weights {
		total += uint64(w)
	}
	at := r * total >> bits
	for i, w := range weights {
		if at < uint64(w) {
			return i
		}
		at -= uint64(w)
	}
	return len(weights) + int(at) // unweighted ones count 1 each
}

func (g *generator) mixed(s Site, n int) int {
	m := &g.mixes[s]
	if m.seed != g.seeds[s]+1 || m.n != n {
		g.remix(m, s, n)
	}
	v := uint32(g.next() >> 48)
	for i := 0; i < n-1; i++ {
		if v < m.cum[i] {
			return i
		}
	}
	return n - 1
}

// remix draws the seed's weights for the outcomes: a quarter are forbidden, others
// weigh 1, 2 or 6. An outcome with a weight of its own is drawn for so many times.
func (g *generator) remix(m *mix, s Site, n int) {
	m.seed, m.n = g.seeds[s]+1, n
	menu := [4]uint64{0, 1, 2, 6}
	var w [64]uint64
	var total uint64
	base := hash2(g.seeds[s], uint64(sites[s].id)+1<<32)
	weights := sites[s].weights
	for i := 0; i < n; i++ {
		times := 1
		if i < len(weights) {
			times = int(weights[i])
		}
		for k := range times {
			w[i] += menu[hash2(base, uint64(i|k<<8))>>62]
		}
		total += w[i]
	}
	if total == 0 {
		w[uniform(base, n)], total = 1, 1
	}
	var sum uint64
	for i := 0; i < n; i++ {
		sum += w[i]
		m.cum[i] = uint32(sum * 65536 / total) // 65536 from the last allowed outcome on
	}
}
