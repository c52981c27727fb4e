package tx

import "holdfast/engine/unit"

// ring remembers, for every key changed by an undurable unit, the newest such
// unit's end: hash(database, key) -> LSN. It is pruned first in, first out
// behind the committed offset. Two keys that share a hash hold each other's
// readers a little longer; nothing else can go wrong.
type ring struct {
	keys []uint64 // open addressing, 0 is free
	lsns []unit.LSN
	n    int
	fifo []ringItem
	head int
}

type ringItem struct {
	h   uint64
	lsn unit.LSN
}

// ringKeeps is how many items' memory an empty ring keeps: what a pause or a
// slow disk has let pile up counts towards maxmemory until it is given back.
const ringKeeps = 1 << 18

// get returns the newest undurable LSN noted for h, or 0.
func (r *ring) get(h uint64) unit.LSN {
	if r.n == 0 {
		return 0
	}
	h |= 1
	mask := uint64(len(r.keys) - 1)
	for i := (h >> 1) & mask; ; i = (i + 1) & mask {
		switch r.keys[i] {
		case h:
			return r.lsns[i]
		case 0:
			return 0
		}
	}
}

// put notes that h is undurable up to lsn. An LSN below the newest stays in the
// ring a little longer than it must.
func (r *ring) put(h uint64, lsn unit.LSN) {
	h |= 1
	if r.n*4 >= len(r.keys)*3 {
		r.grow()
	}
	r.fifo = append(r.fifo, ringItem{h, lsn})
	r.insert(h, lsn)
}

func (r *ring) insert(h uint64, lsn unit.LSN) {
	mask := uint64(len(r.keys) - 1)
	for i := (h >> 1) & mask; ; i = (i + 1) & mask {
		if r.keys[i] == 0 {
			r.keys[i], r.lsns[i] = h, lsn
			r.n++
			return
		}
		if r.keys[i] == h {
			r.lsns[i] = unit.Max(r.lsns[i], lsn)
			return
		}
	}
}

func (r *ring) grow() {
	keys, lsns := r.keys, r.lsns
	n := max(64, len(keys)*2)
	r.keys, r.lsns, r.n = make([]uint64, n), make([]unit.LSN, n), 0
	for i, k := range keys {
		if k != 0 {
			r.insert(k, lsns[i])
		}
	}
}

// prune forgets everything at or below the committed offset.
func (r *ring) prune(committed unit.LSN) {
	for r.head < len(r.fifo) && r.fifo[r.head].lsn <= committed {
		it := r.fifo[r.head]
		r.head++
		r.drop(it.h, it.lsn)
	}
	switch {
	case r.head == len(r.fifo) && cap(r.fifo) > ringKeeps:
		*r = ring{}
	case r.head == len(r.fifo):
		r.fifo, r.head = r.fifo[:0], 0
	case r.head > 1024 && r.head*2 > len(r.fifo):
		r.fifo = r.fifo[:copy(r.fifo, r.fifo[r.head:])]
		r.head = 0
	}
}

// drop removes h unless a newer unit noted it since, closing the probe run.
func (r *ring) drop(h uint64, lsn unit.LSN) {
	mask := uint64(len(r.keys) - 1)
	i := (h >> 1) & mask
	for r.keys[i] != h {
		if r.keys[i] == 0 {
			return
		}
		i = (i + 1) & mask
	}
	if r.lsns[i] > lsn {
		return
	}
	r.n--
	for j := (i + 1) & mask; r.keys[j] != 0; j = (j + 1) & mask {
		home := (r.keys[j] >> 1) & mask
		if (j-home)&mask >= (j-i)&mask {
			r.keys[i], r.lsns[i] = r.keys[j], r.lsns[j]
			i = j
		}
	}
	r.keys[i] = 0
}

// len returns how many keys are undurable.
func (r *ring) len() int { return r.n }

// bytes returns the memory the ring holds.
func (r *ring) bytes() int64 { return int64(len(r.keys)*16 + cap(r.fifo)*16) }
