package keyspace

import "math/bits"

// The deadline index is a hierarchical timing wheel at a grain of 1 ms.
//
// Level L has slots 64^L ms wide. It has two banks of 64 of them: the block that
// it is working through (base) and the one after. An entry goes to the lowest
// level where its due instant falls into one of the two blocks. The second bank
// is what makes the wheel punctual with millions of entries: a slot of level L
// may be emptied into the levels below as soon as they work through the block
// before it, thus over the whole 64^L ms before its first entry is due, instead
// of all at once when that instant has come.
//
// A slot is a list through the records. The first entry's prev and the last
// one's next hold the number of the list (plus 1), which cannot be confused with
// a Ref because mem.MinPtr is above them; so an entry can leave its list without
// knowing where it is filed.
const (
	levels    = 9 // 54 bits of ms: more than unit.Time can say
	slotBits  = 6
	bankSlots = 1 << slotBits
	lists     = levels*2*bankSlots + 1
	overdue   = lists - 1 // due when filed
	lastWhen  = 1<<(levels*slotBits) - 1
)

// list is the two ends of a slot's list, as Refs; 0 when empty.
type list struct{ head, tail uint64 }

type wheel struct {
	now    int64                        // ms: whatever is due at or before it is due now
	slots  [levels]*[2 * bankSlots]list // a level's are made when it gets an entry
	late   list                         // list overdue
	banks  [levels][2]uint64
	base   [levels]int64 // the block of each level's first bank
	linked int           // entries in lists
	size   int64         // bytes of slots made
}

func listID(tag uint64) int  { return int(tag) - 1 }
func listTag(id int) uint64  { return uint64(id) + 1 }
func isTag(link uint64) bool { return link <= lists }

// list returns list id, which has had an entry.
func (w *wheel) list(id int) *list {
	if id == overdue {
		return &w.late
	}
	return &w.slots[id/(2*bankSlots)][id%(2*bankSlots)]
}

// made returns list id, making its level's if there are none.
func (w *wheel) made(id int) *list {
	if l := id / (2 * bankSlots); l < levels && w.slots[l] == nil {
		w.slots[l] = new([2 * bankSlots]list)
		w.size += 2 * bankSlots * 16
	}
	return w.list(id)
}

// bytes returns the memory that the lists take.
func (w *wheel) bytes() int64 { return w.size }

// slotID returns the list of slot s (an absolute number) of level l.
func slotID(l int, s int64) int { return l*2*bankSlots + int(s&(2*bankSlots-1)) }

// settle moves the base of level l on to the block of now, or to the first
// block before it that still has entries.
func (w *wheel) settle(l int) int64 {
	at := w.now >> (slotBits * (l + 1))
	for w.base[l] < at && w.banks[l][w.base[l]&1] == 0 {
		if w.base[l]++; w.banks[l][w.base[l]&1] == 0 {
			w.base[l] = at
		}
	}
	return w.base[l]
}

// place returns the list for an entry that is due at when.
func (w *wheel) place(when int64) int {
	if when <= w.now {
		return overdue
	}
	when = min(when, lastWhen)
	for l := range levels {
		// A block before the base cannot be: when is after now, base is not.
		if when>>(slotBits*(l+1))-w.settle(l) <= 1 {
			return slotID(l, when>>(slotBits*l))
		}
	}
	panic("keyspace: no slot for a deadline")
}

func (w *wheel) mark(id int) {
	if id != overdue {
		w.banks[id>>7][id>>6&1] |= 1 << (id & 63)
	}
}

func (w *wheel) clear(id int) {
	if id != overdue {
		w.banks[id>>7][id>>6&1] &^= 1 << (id & 63)
	}
}

// first returns the absolute number of the first slot of level l in use.
func (w *wheel) first(l int) (slot int64, ok bool) {
	if w.banks[l][0]|w.banks[l][1] == 0 {
		return 0, false
	}
	base := w.settle(l)
	for b := base; b <= base+1; b++ {
		if m := w.banks[l][b&1]; m != 0 {
			return b<<slotBits + int64(bits.TrailingZeros64(m)), true
		}
	}
	return 0, false
}

// ripe returns a list with something to do, or -1: entries that are due, or may
// be, or a slot that the level below can take in already.
func (w *wheel) ripe() int {
	if w.linked == 0 {
		return -1
	}
	if w.late.head != 0 {
		return overdue
	}
	ahead := -1
	for l := range levels {
		s, ok := w.first(l)
		if !ok {
			continue
		}
		if s<<(slotBits*l) <= w.now {
			return slotID(l, s)
		}
		if l > 0 && ahead < 0 && s-w.settle(l-1) <= 1 {
			ahead = slotID(l, s)
		}
	}
	return ahead
}

// stays reports whether ripe, which returned id, would do so again: the list is
// one of those that are due, and there is more in it.
func (w *wheel) stays(id int) bool {
	return id == overdue && w.late.head != 0 ||
		id >= 0 && id < 2*bankSlots && w.late.head == 0 && w.slots[0][id].head != 0
}

// next returns a lower bound of the instant at which ripe will find work.
func (w *wheel) next() (ms int64, ok bool) {
	if w.linked == 0 {
		return 0, false
	}
	if w.ripe() >= 0 {
		return w.now, true
	}
	for l := range levels {
		s, in := w.first(l)
		if !in {
			continue
		}
		if l > 0 {
			s-- // the level below begins with block s-1: time to empty slot s
		}
		if at := s << (slotBits * l); !ok || at < ms {
			ms, ok = at, true
		}
	}
	return ms, ok
}
