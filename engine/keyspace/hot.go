package keyspace

import "holdfast/engine/mem"

// lfu is how access counters move, by the rules of Redis's LFU.
type lfu struct {
	factor uint64 // the higher, the more accesses saturate a counter
	decay  uint16 // clock units for a counter to lose one; 0 never
	clock  uint16 // last one that Touch was given
}

// lfuInit is the counter of a new entry, so that it is not the first to go.
const lfuInit = 5

var defaultLFU = lfu{factor: 10, decay: 1}

// fresh returns the hotness part of a new entry's head.
func (l *lfu) fresh() uint64 { return lfuInit<<counterPos | uint64(l.clock)<<clockPos }

// decayed returns the counter in head h as it stands at clock now.
func (l *lfu) decayed(h uint64, now uint16) uint8 {
	c := uint8(h >> counterPos)
	if l.decay == 0 {
		return c
	}
	gone := (now - uint16(h>>clockPos)) / l.decay
	return c - uint8(min(uint16(c), gone))
}

// SetLFU sets lfu-log-factor and lfu-decay-time; the latter in clock units.
func (d *DB) SetLFU(logFactor uint32, decay uint16) {
	d.lfu.factor, d.lfu.decay = uint64(logFactor), decay
}

// SetClock tells the clock that entries inserted from now on start with. Touch
// tells it too.
func (d *DB) SetClock(now uint16) { d.lfu.clock = now }

// Touch notes an access to r. now is a coarse clock of the caller's choice of
// unit (Redis's is the minute) that may wrap; rnd is a fair random number, which
// decides whether the logarithmic counter moves.
func (d *DB) Touch(r Ref, now uint16, rnd uint32) {
	rec := d.rec(r)
	h := mem.Load64(rec)
	c := d.lfu.decayed(h, now)
	if c < 255 {
		base := uint64(max(c, lfuInit) - lfuInit)
		// rnd/2^32 < 1/(base*factor+1), without a division or a float.
		if uint64(rnd)*(base*d.lfu.factor+1) < 1<<32 {
			c++
		}
	}
	mem.Store64(rec, h&^(0xffffff<<counterPos)|uint64(c)<<counterPos|uint64(now)<<clockPos)
	d.lfu.clock = now
}

// SetHot sets the hotness of r outright, as RESTORE may ask.
func (d *DB) SetHot(r Ref, clock uint16, counter uint8) {
	rec := d.rec(r)
	h := mem.Load64(rec)
	mem.Store64(rec, h&^(0xffffff<<counterPos)|uint64(counter)<<counterPos|uint64(clock)<<clockPos)
}

// Hot returns what SetHot sets.
func (d *DB) Hot(r Ref) (clock uint16, counter uint8) {
	h := mem.Load64(d.rec(r))
	return uint16(h >> clockPos), uint8(h >> counterPos)
}

// Idle returns the clock units since the last Touch of r.
func (d *DB) Idle(r Ref, now uint16) uint16 {
	return now - uint16(mem.Load64(d.rec(r))>>clockPos)
}

// Freq returns the access counter of r, decayed to now.
func (d *DB) Freq(r Ref, now uint16) uint8 { return d.lfu.decayed(mem.Load64(d.rec(r)), now) }
