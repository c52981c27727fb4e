package tape

// Both tables are open addressing with an epoch per slot, so that a reset is
// one increment and a run allocates nothing once they have grown.

// occTable counts how often each label was asked.
type occTable struct {
	slots []occSlot
	used  int
	epoch uint32
}

type occSlot struct {
	label Label
	n     uint32
	epoch uint32
}

func (t *occTable) reset() {
	t.used = 0
	t.epoch++
	if t.epoch == 0 { // wrapped: no old epoch may look current
		clear(t.slots)
		t.epoch = 1
	}
}

func spread(x uint64) uint64 {
	x ^= x >> 29
	x *= 0x9fb21c651e98df25
	return x ^ x>>32
}

// next returns the occurrence number of this asking of l.
func (t *occTable) next(l Label) uint32 {
	if t.used*4 >= len(t.slots)*3 {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := spread(uint64(l)) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.epoch != t.epoch {
			*s = occSlot{label: l, n: 1, epoch: t.epoch}
			t.used++
			return 0
		}
		if s.label == l {
			s.n++
			return s.n - 1
		}
	}
}

// count returns how often l has been asked.
func (t *occTable) count(l Label) uint32 {
	mask := uint64(len(t.slots) - 1)
	for i := spread(uint64(l)) & mask; len(t.slots) > 0; i = (i + 1) & mask {
		if s := &t.slots[i]; s.epoch != t.epoch {
			break
		} else if s.label == l {
			return s.n
		}
	}
	return 0
}

func (t *occTable) grow() {
	old := t.slots
	t.slots = make([]occSlot, max(256, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.epoch != t.epoch {
			continue
		}
		i := spread(uint64(s.label)) & mask
		for t.slots[i].epoch == t.epoch && t.slots[i].n != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// outcomeTable finds a recorded outcome by label and occurrence.
type outcomeTable struct {
	slots []Outcome // Value 0: empty
}

func key(l Label, occ uint32) uint64 { return spread(uint64(l)) + uint64(occ)*0x9e3779b97f4a7c15 }

func (t *outcomeTable) load(list []Outcome) {
	size := 64
	for size < 2*len(list) {
		size *= 2
	}
	if size > len(t.slots) {
		t.slots = make([]Outcome, size)
	} else {
		clear(t.slots)
	}
	mask := uint64(len(t.slots) - 1)
	for _, o := range list {
		if o.Value == 0 {
			continue
		}
		i := spread(key(o.Label, o.Occurrence)) & mask
		for t.slots[i].Value != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = o
	}
}

func (t *outcomeTable) get(l Label, occ uint32) int {
	mask := uint64(len(t.slots) - 1)
	for i := spread(key(l, occ)) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.Value == 0 {
			return 0
		}
		if s.Label == l && s.Occurrence == occ {
			return int(s.Value)
		}
	}
}
