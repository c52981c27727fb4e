package tx

// pcg is a small seeded generator (PCG XSH-RR): the engine's only source of
// arbitrary choices, so that one seed gives one history.
type pcg struct{ state uint64 }

func (p *pcg) next32() uint32 {
	old := p.state
	p.state = old*6364136223846793005 + 1442695040888963407
	x := uint32(((old >> 18) ^ old) >> 27)
	rot := uint(old >> 59)
	return x>>rot | x<<((32-rot)&31)
}

func (p *pcg) next() uint64 { return uint64(p.next32())<<32 | uint64(p.next32()) }
