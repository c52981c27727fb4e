// Package digest hashes everything that is reachable from a value: two values
// with equal digests are equal in all that code can tell of them, but for what
// is left out by name.
//
// It is for recognising a state of the simulated world that was seen before, so
// it errs on the side of telling states apart. All fields count, exported or
// not, except those that a Rules value names. Pointers count by the shape that
// they make, not by their addresses; maps by their contents; functions by their
// code, not by what they have captured, which must be reachable otherwise.
package digest

import (
	"cmp"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Rules say what does not count.
type Rules struct {
	// Skip names fields, "package.Type.field", and whole types, "package.Type",
	// by the last element of the package's path.
	Skip []string
	// Fixed names types whose values never change: a pointer to one counts by
	// its address.
	Fixed []string
	// Void reports values of a type that no longer count, by their contents.
	Void map[string]func(v reflect.Value) bool
	// Custom says what counts of a type besides the fields that are not in Skip.
	Custom map[string]func(h *Hasher, v reflect.Value)
}

// Sum is a digest.
type Sum [2]uint64

// Hasher hashes values by the same rules. It is not for concurrent use.
type Hasher struct {
	rules Rules
	plans map[reflect.Type]*plan
	seen  map[visit]uint32
	a, b  uint64
	types map[reflect.Type]uint64
	used  map[string]bool
	path  []string // of fields, while Trace is set
	// Trace, if set, hears the digest so far behind each field: how to find out
	// what tells two states apart.
	Trace func(path string, s Sum)
}

type visit struct {
	at unsafe.Pointer
	p  *plan
}

// plan is how values of one type are hashed.
type plan struct {
	walk func(h *Hasher, p unsafe.Pointer)
	raw  uintptr // above 0: so many bytes of memory without pointers or gaps
	none bool    // nothing of it counts
}

// New returns a hasher.
func New(r Rules) *Hasher {
	return &Hasher{rules: r, plans: map[reflect.Type]*plan{}, seen: map[visit]uint32{}, types: map[reflect.Type]uint64{}, used: map[string]bool{}}
}

// Of hashes what the pointers point to. All of them must be pointers.
func (h *Hasher) Of(pointers ...any) Sum {
	clear(h.seen)
	h.a, h.b = 0x243f6a8885a308d3, 0x13198a2e03707344
	for _, v := range pointers {
		r := reflect.ValueOf(v)
		h.pointer(h.plan(r.Type().Elem()), r.UnsafePointer())
	}
	return Sum{h.a, h.b}
}

// Unused returns the names of the rules that no value seen so far has: they
// are out of date, or the values were not of all kinds.
func (h *Hasher) Unused() (names []string) {
	for _, n := range append(slices.Clone(h.rules.Skip), h.rules.Fixed...) {
		if !h.used[n] {
			names = append(names, n)
		}
	}
	return names
}

// Number adds a number to the digest, for Rules.Custom.
func (h *Hasher) Number(x uint64) {
	hi, lo := bits.Mul64(h.a^x, 0x9e3779b97f4a7c15)
	h.a = hi ^ lo ^ bits.RotateLeft64(h.a, 23)
	hi, lo = bits.Mul64(h.b^x^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	h.b = hi ^ lo ^ bits.RotateLeft64(h.b, 41)
}

// Bool adds a bit to the digest, for Rules.Custom.
func (h *Hasher) Bool(b bool) {
	x := uint64(0)
	if b {
		x = 1
	}
	h.Number(x)
}

// Value adds what p points to to the digest, for Rules.Custom.
func (h *Hasher) Value(p any) {
	r := reflect.ValueOf(p)
	h.plan(r.Type().Elem()).walk(h, r.UnsafePointer())
}

// Part adds a part of what is being hashed to the digest, for Rules.Custom. It
// must be addressable.
func (h *Hasher) Part(v reflect.Value) {
	h.plan(v.Type()).walk(h, unsafe.Pointer(v.UnsafeAddr()))
}

func (h *Hasher) memory(p unsafe.Pointer, n uintptr) {
	b := unsafe.Slice((*byte)(p), n)
	for len(b) >= 64 {
		w := (*[8]uint64)(unsafe.Pointer(&b[0]))
		h1, l1 := bits.Mul64(w[0]^0x9e3779b97f4a7c15, w[1]^h.a)
		h2, l2 := bits.Mul64(w[2]^0xd1342543de82ef95, w[3]^h.b)
		h3, l3 := bits.Mul64(w[4]^0xa0761d6478bd642f, w[5]^h.a)
		h4, l4 := bits.Mul64(w[6]^0xe7037ed1a0b428db, w[7]^h.b)
		h.a = bits.RotateLeft64(h.a, 23) ^ h1 ^ l1 + (h4 ^ l4)
		h.b = bits.RotateLeft64(h.b, 41) ^ h2 ^ l2 + (h3 ^ l3)
		b = b[64:]
	}
	for len(b) >= 8 {
		h.Number(*(*uint64)(unsafe.Pointer(&b[0])))
		b = b[8:]
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	h.Number(tail + uint64(n)<<56)
}

// pointer hashes what p points to the first time that it meets it, and later
// its number.
func (h *Hasher) pointer(to *plan, p unsafe.Pointer) {
	if p == nil {
		h.Number(0)
		return
	}
	v := visit{p, to}
	if n, ok := h.seen[v]; ok {
		h.Number(uint64(n))
		return
	}
	h.seen[v] = uint32(len(h.seen) + 1)
	h.Number(uint64(len(h.seen)) << 32)
	to.walk(h, p)
}

func name(t reflect.Type) string {
	s := t.PkgPath()
	s = s[strings.LastIndexByte(s, '/')+1:] + "." + t.Name()
	if i := strings.IndexByte(s, '['); i >= 0 { // of a generic type
		s = s[:i]
	}
	return s
}

func (h *Hasher) named(list []string, s string) bool {
	if slices.Contains(list, s) {
		h.used[s] = true
		return true
	}
	return false
}

func (h *Hasher) plan(t reflect.Type) *plan {
	if p := h.plans[t]; p != nil {
		return p
	}
	p := &plan{}
	h.plans[t] = p // before its parts: types are recursive
	if t.Name() != "" && h.named(h.rules.Skip, name(t)) {
		p.none = true
		p.walk = func(*Hasher, unsafe.Pointer) {}
		return p
	}
	h.fill(p, t)
	if p.walk == nil {
		n := p.raw
		p.walk = func(h *Hasher, at unsafe.Pointer) { h.memory(at, n) }
	}
	return p
}

func (h *Hasher) fill(p *plan, t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		p.raw = t.Size()
	case reflect.String:
		p.walk = func(h *Hasher, at unsafe.Pointer) {
			s := *(*string)(at)
			h.memory(unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s)))
		}
	case reflect.Pointer:
		if e := t.Elem(); e.Name() != "" && h.named(h.rules.Fixed, name(e)) {
			p.walk = func(h *Hasher, at unsafe.Pointer) { h.Number(uint64(*(*uintptr)(at))) }
			return
		}
		to := h.plan(t.Elem())
		p.walk = func(h *Hasher, at unsafe.Pointer) {
			if !to.none {
				h.pointer(to, *(*unsafe.Pointer)(at))
			}
		}
	case reflect.Func:
		p.walk = func(h *Hasher, at unsafe.Pointer) {
			if f := *(**uintptr)(at); f != nil {
				h.Number(uint64(*f))
			} else {
				h.Number(0)
			}
		}
	case reflect.Slice:
		h.fillSlice(p, t.Elem())
	case reflect.Array:
		h.fillArray(p, t)
	case reflect.Struct:
		h.fillStruct(p, t)
	case reflect.Map:
		p.walk = func(h *Hasher, at unsafe.Pointer) { h.table(reflect.NewAt(t, at).Elem()) }
	case reflect.Interface:
		p.walk = func(h *Hasher, at unsafe.Pointer) { h.dynamic(reflect.NewAt(t, at).Elem()) }
	default:
		panic(fmt.Sprintf("digest: no way to hash a %v", t))
	}
}

func (h *Hasher) fillSlice(p *plan, e reflect.Type) {
	elem, size := h.plan(e), e.Size()
	p.walk = func(h *Hasher, at unsafe.Pointer) {
		s := (*struct {
			data     unsafe.Pointer
			len, cap int
		})(at)
		h.Number(uint64(s.len))
		switch {
		case elem.none || s.len == 0:
		case elem.raw > 0:
			h.memory(s.data, uintptr(s.len)*size)
		default:
			for i := range s.len {
				elem.walk(h, unsafe.Add(s.data, uintptr(i)*size))
			}
		}
	}
}

func (h *Hasher) fillArray(p *plan, t reflect.Type) {
	elem, size, n := h.plan(t.Elem()), t.Elem().Size(), t.Len()
	if elem.none {
		p.none = true
	}
	if elem.raw > 0 && n > 0 {
		p.raw = t.Size()
		return
	}
	p.walk = func(h *Hasher, at unsafe.Pointer) {
		for i := range n {
			if !elem.none {
				elem.walk(h, unsafe.Add(at, uintptr(i)*size))
			}
		}
	}
}

func (h *Hasher) fillStruct(p *plan, t reflect.Type) {
	type part struct {
		off  uintptr
		plan *plan
		name string
	}
	var parts []part
	whole, end := true, uintptr(0)
	for i := range t.NumField() {
		f := t.Field(i)
		full := name(t) + "." + f.Name
		if t.Name() != "" && h.named(h.rules.Skip, full) {
			whole = false
			continue
		}
		q := h.plan(f.Type)
		if q.none {
			whole = false
			continue
		}
		whole = whole && q.raw > 0 && f.Offset == end
		end = f.Offset + f.Type.Size()
		parts = append(parts, part{f.Offset, q, f.Name})
	}
	if whole && end == t.Size() && end > 0 && h.rules.Custom[name(t)] == nil && h.rules.Void[name(t)] == nil {
		p.raw = end
		return
	}
	custom, void := h.rules.Custom[name(t)], h.rules.Void[name(t)]
	p.walk = func(h *Hasher, at unsafe.Pointer) {
		if void != nil && void(reflect.NewAt(t, at).Elem()) {
			h.Number(1)
			return
		}
		if custom != nil {
			custom(h, reflect.NewAt(t, at).Elem())
		}
		for i := range parts {
			if h.Trace == nil {
				parts[i].plan.walk(h, unsafe.Add(at, parts[i].off))
				continue
			}
			h.path = append(h.path, parts[i].name)
			before := Sum{h.a, h.b}
			h.a, h.b = 1, 2
			parts[i].plan.walk(h, unsafe.Add(at, parts[i].off))
			own := Sum{h.a, h.b}
			h.Trace(strings.Join(h.path, "."), own)
			h.a, h.b = before[0], before[1]
			h.Number(own[0])
			h.Number(own[1])
			h.path = h.path[:len(h.path)-1]
		}
	}
}

// table hashes a map, whose keys must be numbers or strings.
func (h *Hasher) table(m reflect.Value) {
	h.Number(uint64(m.Len()))
	if m.Len() == 0 {
		return
	}
	keys := m.MapKeys()
	slices.SortFunc(keys, compare)
	elem := h.plan(m.Type().Elem())
	key := h.plan(m.Type().Key())
	for _, k := range keys {
		c := reflect.New(m.Type().Key())
		c.Elem().Set(k)
		key.walk(h, c.UnsafePointer())
		v := reflect.New(m.Type().Elem())
		v.Elem().Set(m.MapIndex(k))
		if !elem.none {
			elem.walk(h, v.UnsafePointer())
		}
	}
}

func compare(x, y reflect.Value) int {
	switch x.Kind() {
	case reflect.String:
		return strings.Compare(x.String(), y.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return cmp.Compare(x.Int(), y.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return cmp.Compare(x.Uint(), y.Uint())
	}
	panic(fmt.Sprintf("digest: no order of keys %v", x.Type()))
}

// dynamic hashes what an interface holds.
func (h *Hasher) dynamic(v reflect.Value) {
	if v.IsNil() {
		h.Number(0)
		return
	}
	v = v.Elem()
	t := v.Type()
	if h.types[t] == 0 {
		h.types[t] = uint64(len(h.types) + 1)
	}
	h.Number(h.types[t])
	c := reflect.New(t)
	c.Elem().Set(v)
	h.plan(t).walk(h, c.UnsafePointer())
}
