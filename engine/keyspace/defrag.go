package keyspace

import "holdfast/engine/mem"

// Defrag moves up to n records out of sparse slabs, so that those can be
// returned, and reports how many it moved. All Refs end. 0 means that it found
// nothing worth moving where it looked; slabs are looked at a few per call.
func (d *DB) Defrag(n int) int {
	moved := 0
	for moved < n {
		if d.victim >= 0 && !d.arena.Retiring(d.victim) {
			d.victim = -1 // emptied by other means
		}
		if d.victim < 0 {
			if d.victim, d.cell = d.arena.Victim(), 0; d.victim < 0 {
				break
			}
		}
		p, next := d.arena.NextCell(d.victim, d.cell)
		if p == 0 {
			d.arena.Relent(d.victim)
			d.victim = -1
			continue
		}
		d.cell = next
		to := d.arena.Alloc(d.arena.Size(p))
		rec := d.arena.Cell(to)
		copy(rec, d.arena.Cell(p))
		d.moved(Ref(p), Ref(to), rec, mem.Load64(rec))
		moved++
	}
	return moved
}
