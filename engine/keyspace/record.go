package keyspace

import "holdfast/engine/mem"

// Ref names an entry: the place of its record. 0 is none.
type Ref uint64

// TypeNone and TypeString are the two types this package itself knows: an entry
// just inserted, and one whose value is bytes. Others, below MaxType, are names
// that the caller gives to its objects.
const (
	TypeNone   uint8 = 0
	TypeString uint8 = 1
	MaxType    uint8 = 14
)

// A record is, in this order and without gaps:
//
//	head     8         see below
//	links    5+5       Refs of the neighbours in a wheel slot  \ only with
//	deadline 6 or 8    ms                                      / a deadline
//	address  6 or 8    LSN of the last full image              \ only with
//	span     2 or 4    its bytes in the log                    / an address
//	keyLen   4         only if 256 or more
//	valueLen 4         only if 65536 or more, or an object's index
//	key
//	value              only if a resident string
//
// and the head word:
//
//	bits  0-3  type (15: a free cell)    16-23  access counter
//	      4,5  valueLen, keyLen wide     24-39  access clock
//	      8-15 flags                     40-47  keyLen
//	                                     48-63  valueLen
//
// The narrow widths serve LSNs to 256 TiB, spans to 64 KiB and deadlines to the
// year 10889; the wide ones serve everything else.
const (
	headWideValue uint64 = 1 << 4
	headLongKey   uint64 = 1 << 5

	headDeadline     uint64 = 1 << 8
	headWideDeadline uint64 = 1 << 9
	headAddr         uint64 = 1 << 10
	headWideAddr     uint64 = 1 << 11
	headResident     uint64 = 1 << 12
	headObject       uint64 = 1 << 13 // valueLen is an index into objects
	headDirty        uint64 = 1 << 14
	headPinned       uint64 = 1 << 15

	typeMask uint64 = 0xf
	mask40   uint64 = 1<<40 - 1
	mask48   uint64 = 1<<48 - 1

	// keptHead is what a new layout takes over from the old head word.
	keptHead uint64 = typeMask | headResident | headObject | headDirty | headPinned |
		0xff<<counterPos | 0xffff<<clockPos
)

// Places: bits of the head word, then bytes of the record.
const (
	counterPos = 16
	clockPos   = 24
	keyLenPos  = 40
	valLenPos  = 48

	linksAt    = 8
	deadlineAt = 18
)

// prefixLen is the length of all that stands before the key, by the six bits of
// the head that decide it.
var prefixLen = func() (t [64]uint8) {
	for i := range t {
		n := 8
		if i&1 != 0 { // wide valueLen
			n += 4
		}
		if i&2 != 0 { // long key
			n += 4
		}
		if i&4 != 0 { // deadline, narrow or wide
			n += 16
			if i&8 != 0 {
				n += 2
			}
		}
		if i&16 != 0 { // address, narrow or wide
			n += 8
			if i&32 != 0 {
				n += 4
			}
		}
		t[i] = uint8(n)
	}
	return t
}()

// prefix returns where the key starts in a record with head h.
func prefix(h uint64) int { return int(prefixLen[h>>4&3|h>>6&0x3c]) }

// addrAt returns where the address stands in a record with head h.
func addrAt(h uint64) int {
	if h&headDeadline == 0 {
		return 8
	}
	if h&headWideDeadline == 0 {
		return 24
	}
	return 26
}

// keyLen returns the length of the key of rec, whose head is h.
func keyLen(rec []byte, h uint64) int {
	if h&headLongKey == 0 {
		return int(h >> keyLenPos & 0xff)
	}
	at := prefix(h) - 4
	if h&headWideValue != 0 {
		at -= 4
	}
	return int(mem.Load32(rec[at:]))
}

// valueWord returns the length of the value, or the index of the object.
func valueWord(rec []byte, h uint64) uint32 {
	if h&headWideValue == 0 {
		return uint32(h >> valLenPos)
	}
	return mem.Load32(rec[prefix(h)-4:])
}

// valueBytes returns how many bytes of value the record itself holds.
func valueBytes(rec []byte, h uint64) int {
	if h&(headResident|headObject) != headResident {
		return 0
	}
	return int(valueWord(rec, h))
}

func loadDeadline(rec []byte, h uint64) int64 {
	if h&headDeadline == 0 {
		return 0
	}
	if h&headWideDeadline == 0 {
		return int64(mem.Load64(rec[deadlineAt-2:]) >> 16)
	}
	return int64(mem.Load64(rec[deadlineAt:]))
}

func loadAddr(rec []byte, h uint64) (lsn uint64, span uint32) {
	if h&headAddr == 0 {
		return 0, 0
	}
	at := addrAt(h)
	if h&headWideAddr == 0 {
		w := mem.Load64(rec[at:])
		return w & mask48, uint32(w >> 48)
	}
	return mem.Load64(rec[at:]), mem.Load32(rec[at+8:])
}

func storeAddr(rec []byte, h, lsn uint64, span uint32) {
	at := addrAt(h)
	if h&headWideAddr == 0 {
		mem.Store64(rec[at:], lsn|uint64(span)<<48)
		return
	}
	mem.Store64(rec[at:], lsn)
	mem.Store32(rec[at+8:], span)
}

func narrowDeadline(dl int64) bool            { return uint64(dl) <= mask48 }
func narrowAddr(lsn uint64, span uint32) bool { return lsn <= mask48 && span < 1<<16 }

// Links of the wheel. A word of 0 in both says that the entry is in no slot.

func loadPrev(rec []byte) uint64 { return mem.Load64(rec[linksAt:]) & mask40 }
func loadNext(rec []byte) uint64 { return mem.Load64(rec[linksAt+5:]) & mask40 }

func storePrev(rec []byte, v uint64) {
	w := rec[linksAt:]
	mem.Store64(w, mem.Load64(w)&^mask40|v)
}

func storeNext(rec []byte, v uint64) {
	w := rec[linksAt+5:]
	mem.Store64(w, mem.Load64(w)&^mask40|v)
}

// fields is a record taken apart, for the changes that alter its layout.
type fields struct {
	head       uint64 // only what keptHead covers counts
	deadline   int64
	prev, next uint64
	lsn        uint64
	span       uint32
	value      uint32 // valueWord
	key        int    // its length
}

func unpack(rec []byte) (f fields) {
	h := mem.Load64(rec)
	f.head = h & keptHead
	if h&headDeadline != 0 {
		f.deadline = loadDeadline(rec, h)
		f.prev, f.next = loadPrev(rec), loadNext(rec)
	}
	f.lsn, f.span = loadAddr(rec, h)
	f.value = valueWord(rec, h)
	f.key = keyLen(rec, h)
	return f
}

// layout returns the head word of the record that f describes.
func (f *fields) layout() uint64 {
	h := f.head & keptHead
	if f.deadline != 0 {
		h |= headDeadline
		if !narrowDeadline(f.deadline) {
			h |= headWideDeadline
		}
	}
	if f.lsn != 0 {
		h |= headAddr
		if !narrowAddr(f.lsn, f.span) {
			h |= headWideAddr
		}
	}
	if f.key < 1<<8 {
		h |= uint64(f.key) << keyLenPos
	} else {
		h |= headLongKey
	}
	// An object's index is kept wide: then nothing moves when it changes.
	if f.value < 1<<16 && h&headObject == 0 {
		h |= uint64(f.value) << valLenPos
	} else {
		h |= headWideValue
	}
	return h
}

// need returns the bytes of a record with head h that f describes.
func (f *fields) need(h uint64) int {
	n := prefix(h) + f.key
	if h&(headResident|headObject) == headResident {
		n += int(f.value)
	}
	return n
}

// store writes everything before the key.
func (f *fields) store(rec []byte, h uint64) {
	mem.Store64(rec, h)
	if h&headDeadline != 0 {
		storePrev(rec, f.prev)
		storeNext(rec, f.next)
		if h&headWideDeadline == 0 {
			w := rec[deadlineAt-2:]
			mem.Store64(w, mem.Load64(w)&0xffff|uint64(f.deadline)<<16)
		} else {
			mem.Store64(rec[deadlineAt:], uint64(f.deadline))
		}
	}
	if h&headAddr != 0 {
		storeAddr(rec, h, f.lsn, f.span)
	}
	at := prefix(h)
	if h&headWideValue != 0 {
		at -= 4
		mem.Store32(rec[at:], f.value)
	}
	if h&headLongKey != 0 {
		mem.Store32(rec[at-4:], uint32(f.key))
	}
}
