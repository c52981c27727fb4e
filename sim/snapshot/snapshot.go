// Package snapshot puts a value back to how it was: everything that can be
// reached from it, in place, at the same addresses.
//
// It is for trying something out on the simulated world, such as a crash, and
// then going on as if nothing had been tried. What lies behind types and
// packages that a Taker is told to leave alone is neither noted nor put back,
// nor is anything that only functions have captured.
package snapshot

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Taker takes snapshots. It holds one at a time, and is not for concurrent use.
type Taker struct {
	leave []string
	plans map[reflect.Type]*plan
	seen  map[visit]struct{}
	cells []cell
	bytes []memory
	lists []cell
	maps  []table
}

type visit struct {
	at  unsafe.Pointer
	p   *plan
	len int
}

// plan is how what lies behind values of one type is found.
type plan struct {
	t      reflect.Type
	follow func(s *Taker, at unsafe.Pointer) // nil: nothing lies behind
	spare  []reflect.Value                   // copies of earlier snapshots
	used   int
	size   uintptr
	flat   bool // no pointers in it
}

type cell struct{ at, was reflect.Value }

type memory struct {
	at  unsafe.Pointer
	was []byte
}

type table struct {
	at         reflect.Value
	keys, vals []reflect.Value
}

// New returns a taker that does not look behind values of the types named, as
// "package.Type" by the last element of the package's path, nor of any type of a
// package whose path begins with a name that ends in a slash.
func New(leave ...string) *Taker {
	return &Taker{leave: leave, plans: map[reflect.Type]*plan{}, seen: map[visit]struct{}{}}
}

// Take notes everything that can be reached from the pointers.
func (s *Taker) Take(pointers ...any) {
	clear(s.seen)
	s.cells, s.lists, s.maps, s.bytes = s.cells[:0], s.lists[:0], s.maps[:0], s.bytes[:0]
	for _, p := range s.plans {
		p.used = 0
	}
	for _, v := range pointers {
		r := reflect.ValueOf(v)
		s.object(s.plan(r.Type().Elem()), r.UnsafePointer())
	}
}

// Restore puts all that back. It may be called more than once.
func (s *Taker) Restore() {
	for i := range s.cells {
		s.cells[i].at.Set(s.cells[i].was)
	}
	for i := range s.lists {
		reflect.Copy(s.lists[i].at, s.lists[i].was)
	}
	for i := range s.bytes {
		b := &s.bytes[i]
		copy(unsafe.Slice((*byte)(b.at), len(b.was)), b.was)
	}
	for i := range s.maps {
		t := &s.maps[i]
		t.at.Clear()
		for k := range t.keys {
			t.at.SetMapIndex(t.keys[k], t.vals[k])
		}
	}
}

func (s *Taker) visited(at unsafe.Pointer, p *plan, n int) bool {
	v := visit{at, p, n}
	_, ok := s.seen[v]
	s.seen[v] = struct{}{}
	return ok
}

// object notes what a pointer points to.
func (s *Taker) object(p *plan, at unsafe.Pointer) {
	if at == nil || s.left(p.t) || s.visited(at, p, -1) {
		return
	}
	if p.used == len(p.spare) {
		p.spare = append(p.spare, reflect.New(p.t).Elem())
	}
	c := cell{reflect.NewAt(p.t, at).Elem(), p.spare[p.used]}
	p.used++
	c.was.Set(c.at)
	s.cells = append(s.cells, c)
	if p.follow != nil {
		p.follow(s, at)
	}
}

func (s *Taker) left(t reflect.Type) bool {
	path, name := t.PkgPath(), t.Name()
	if name == "" {
		return false
	}
	if i := strings.IndexByte(name, '['); i >= 0 { // of a generic type
		name = name[:i]
	}
	full := path[strings.LastIndexByte(path, '/')+1:] + "." + name
	return slices.ContainsFunc(s.leave, func(l string) bool {
		return l == full || strings.HasSuffix(l, "/") && strings.HasPrefix(path+"/", l)
	})
}

func (s *Taker) plan(t reflect.Type) *plan {
	if p := s.plans[t]; p != nil {
		return p
	}
	p := &plan{t: t, size: t.Size(), flat: flat(t)}
	s.plans[t] = p
	if p.flat || s.left(t) {
		return p
	}
	// Before its parts: types are recursive, and a part must not be taken for
	// one with nothing behind it while it is being looked at.
	p.follow = func(s *Taker, at unsafe.Pointer) { p.follow(s, at) }
	switch t.Kind() {
	case reflect.Pointer:
		to := s.plan(t.Elem())
		p.follow = func(s *Taker, at unsafe.Pointer) { s.object(to, *(*unsafe.Pointer)(at)) }
	case reflect.Slice:
		p.follow = s.list(t)
	case reflect.Array:
		p.follow = each(s.plan(t.Elem()), t.Len())
	case reflect.Struct:
		p.follow = s.fields(t)
	case reflect.Map:
		p.follow = s.entries(t)
	case reflect.Interface:
		p.follow = func(s *Taker, at unsafe.Pointer) { s.dynamic(reflect.NewAt(t, at).Elem()) }
	default: // strings do not change, functions are left alone
		p.follow = nil
	}
	return p
}

// flat reports whether values of a type hold no pointers.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64:
		return true
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

func each(elem *plan, n int) func(*Taker, unsafe.Pointer) {
	if elem.follow == nil {
		return nil
	}
	return func(s *Taker, at unsafe.Pointer) {
		for i := range n {
			elem.follow(s, unsafe.Add(at, uintptr(i)*elem.size))
		}
	}
}

func (s *Taker) fields(t reflect.Type) func(*Taker, unsafe.Pointer) {
	type part struct {
		off  uintptr
		plan *plan
	}
	var parts []part
	for i := range t.NumField() {
		f := t.Field(i)
		if p := s.plan(f.Type); p.follow != nil {
			parts = append(parts, part{f.Offset, p})
		}
	}
	if parts == nil {
		return nil
	}
	return func(s *Taker, at unsafe.Pointer) {
		for i := range parts {
			parts[i].plan.follow(s, unsafe.Add(at, parts[i].off))
		}
	}
}

// list notes the elements of a slice.
func (s *Taker) list(t reflect.Type) func(*Taker, unsafe.Pointer) {
	elem := s.plan(t.Elem())
	return func(s *Taker, at unsafe.Pointer) {
		h := (*struct {
			data     unsafe.Pointer
			len, cap int
		})(at)
		if h.len == 0 || s.visited(h.data, elem, h.len) {
			return
		}
		if elem.flat {
			i := len(s.bytes)
			if i < cap(s.bytes) {
				s.bytes = s.bytes[:i+1]
			} else {
				s.bytes = append(s.bytes, memory{})
			}
			b := &s.bytes[i]
			b.at = h.data
			b.was = append(b.was[:0], unsafe.Slice((*byte)(h.data), uintptr(h.len)*elem.size)...)
			return
		}
		v := reflect.NewAt(t, at).Elem().Slice(0, h.len)
		was := reflect.MakeSlice(t, h.len, h.len)
		reflect.Copy(was, v)
		s.lists = append(s.lists, cell{v, was})
		if elem.follow != nil {
			data := h.data
			for i := range h.len {
				elem.follow(s, unsafe.Add(data, uintptr(i)*elem.size))
			}
		}
	}
}

// entries notes what is in a map.
func (s *Taker) entries(t reflect.Type) func(*Taker, unsafe.Pointer) {
	elem := s.plan(t.Elem())
	return func(s *Taker, at unsafe.Pointer) {
		m := reflect.NewAt(t, at).Elem()
		if m.IsNil() || s.visited(m.UnsafePointer(), elem, -2) {
			return
		}
		e := table{at: reflect.ValueOf(m.Interface())}
		for it := m.MapRange(); it.Next(); {
			e.keys, e.vals = append(e.keys, it.Key()), append(e.vals, it.Value())
			if elem.follow != nil {
				c := reflect.New(t.Elem())
				c.Elem().Set(it.Value())
				elem.follow(s, c.UnsafePointer())
			}
		}
		s.maps = append(s.maps, e)
	}
}

// dynamic notes what an interface holds.
func (s *Taker) dynamic(v reflect.Value) {
	if v.IsNil() {
		return
	}
	v = v.Elem()
	if v.Kind() == reflect.Pointer {
		s.object(s.plan(v.Type().Elem()), v.UnsafePointer())
		return
	}
	if p := s.plan(v.Type()); p.follow != nil { // what is in an interface does not change itself
		c := reflect.New(v.Type())
		c.Elem().Set(v)
		p.follow(s, c.UnsafePointer())
	}
}
