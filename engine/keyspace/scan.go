package keyspace

import "math/bits"

// collect appends the entries of a bucket's chain.
func (d *DB) collect(out []Ref, home int) []Ref {
	for b := d.table.main.at(home); b != nil; b = d.table.next(b) {
		for i := 0; i < bucketSlots && b[i] != 0; i++ {
			out = append(out, Ref(b[i]&refMask))
		}
	}
	return out
}

// Scan reports the entries at cursor and returns the next one; 0 begins, and 0
// returned ends the walk. An entry present during the whole walk is reported at
// least once, however the table grows or shrinks between the calls.
//
// The cursor counts with its bits reversed, highest first. What a call reports is
// all whose hash agrees with the cursor in the low bits that every bucket uses:
// the bucket itself and, if it was split at this level, the one split off. Those
// then are the hashes that no later cursor need cover, at any table size.
//
// fn may change or remove the entry it was given and insert others, but not
// remove or move others.
func (d *DB) Scan(cursor uint64, fn func(Ref)) uint64 {
	t := &d.table
	size := uint64(1) << t.level
	home := int(cursor & (size - 1))
	start := len(d.scanned)
	d.scanned = d.collect(d.scanned, home)
	if home+int(size) < t.main.n {
		d.scanned = d.collect(d.scanned, home+int(size))
	}
	for i, end := start, len(d.scanned); i < end; i++ {
		fn(d.scanned[i])
	}
	d.scanned = d.scanned[:start]
	return bits.Reverse64(bits.Reverse64(cursor|^(size-1)) + 1)
}

// Reserve grows the table at once for n entries, for a load that knows how many
// will come.
func (d *DB) Reserve(n int) {
	for d.table.main.n*growAbove < n {
		d.table.split()
	}
}

// Random returns some entry, all nearly equally likely; 0 if there is none.
func (d *DB) Random(rnd uint64) Ref {
	t := &d.table
	if t.count == 0 {
		return 0
	}
	// Draw a bucket and a place in it until the place is taken: entries are then
	// equally likely. Chains longer than places lose a little.
	const places, tries = 16, 64
	for range tries {
		rnd = mix(rnd)
		home, _ := bits.Mul64(rnd, uint64(t.main.n))
		place := int(mix(rnd^1) & (places - 1))
		for b := t.main.at(int(home)); b != nil && place >= 0; b = t.next(b) {
			if place < bucketSlots && b[place] != 0 {
				return Ref(b[place] & refMask)
			}
			place -= bucketSlots
		}
	}
	var one [1]Ref
	d.Sample(rnd, one[:])
	return one[0]
}

// Sample fills out with different entries from around a random place, and
// returns how many there were.
func (d *DB) Sample(rnd uint64, out []Ref) int {
	t := &d.table
	if t.count == 0 {
		return 0
	}
	hi, _ := bits.Mul64(mix(rnd), uint64(t.main.n))
	n, home := 0, int(hi)
	for range t.main.n {
		for b := t.main.at(home); b != nil; b = t.next(b) {
			for i := 0; i < bucketSlots && b[i] != 0; i++ {
				if n == len(out) {
					return n
				}
				out[n] = Ref(b[i] & refMask)
				n++
			}
		}
		if home++; home == t.main.n {
			home = 0
		}
	}
	return n
}

// mix spreads a number over all its bits, and walks through all numbers.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return x ^ x>>32
}
