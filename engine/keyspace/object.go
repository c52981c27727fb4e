package keyspace

import "holdfast/engine/mem"

// object is a value that is a Go object, and what its owner says it takes.
type object struct {
	value any
	bytes int64
	next  uint32 // of the free list, while free
}

const (
	objectBytes = 32
	objectChunk = 256
	firstChunk  = 16 // places made for the first object; doubled up to a chunk
	noObject    = ^uint32(0)
)

// objects is a slice in chunks, so that it grows without copying, with a list of
// the places that are free. A place costs 32 bytes; chunks are given up when no
// object is left.
type objects struct {
	chunks [][]object
	free   uint32
	used   int // places ever used
	count  int
	said   int64 // what the owners say, summed up
}

func (o *objects) at(i uint32) *object { return &o.chunks[i/objectChunk][i%objectChunk] }

func (o *objects) bytes() int64 { return o.said + int64(o.places())*objectBytes }

// places returns how many there are: all chunks but the first are whole.
func (o *objects) places() int {
	if len(o.chunks) == 0 {
		return 0
	}
	return (len(o.chunks)-1)*objectChunk + len(o.chunks[0])
}

// grow makes places, where all are used.
func (o *objects) grow() {
	switch n := o.places(); {
	case n == 0:
		o.chunks = append(o.chunks, make([]object, firstChunk))
	case n < objectChunk:
		o.chunks[0] = append(o.chunks[0], make([]object, n)...)
	default:
		o.chunks = append(o.chunks, make([]object, objectChunk))
	}
}

func (o *objects) add(v any, bytes int) uint32 {
	if o.count == 0 {
		o.free, o.used = noObject, 0
	}
	i := o.free
	if i != noObject {
		o.free = o.at(i).next
	} else {
		i = uint32(o.used)
		if o.used == o.places() {
			o.grow()
		}
		o.used++
	}
	*o.at(i) = object{value: v, bytes: int64(bytes)}
	o.count++
	o.said += int64(bytes)
	return i
}

func (o *objects) drop(i uint32) {
	p := o.at(i)
	o.said -= p.bytes
	*p = object{next: o.free}
	o.free = i
	if o.count--; o.count == 0 && len(o.chunks) > 1 {
		o.chunks = append([][]object(nil), o.chunks[0])
	}
}

// Object returns the resident object of r, or nil.
func (d *DB) Object(r Ref) any {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&headObject == 0 {
		return nil
	}
	return d.objects.at(valueWord(rec, h)).value
}

// SetObject makes o the value of r, resident, of type typ, taking bytes.
// Deadline, address and marks stay.
func (d *DB) SetObject(r Ref, typ uint8, o any, bytes int) Ref {
	checkType(typ)
	rec := d.rec(r)
	f := unpack(rec)
	if f.head&headObject != 0 {
		d.objects.drop(f.value)
	} else if f.head&headResident == 0 {
		d.absent--
	}
	f.head = f.head&^typeMask | uint64(typ) | headResident | headObject
	f.value = d.objects.add(o, bytes)
	return d.reshape(r, &f, 0, dropSlack)
}

// Resize says that r's resident object takes bytes now.
func (d *DB) Resize(r Ref, bytes int) {
	rec := d.rec(r)
	h := mem.Load64(rec)
	if h&headObject == 0 {
		panic("keyspace: Resize of an entry without an object")
	}
	p := d.objects.at(valueWord(rec, h))
	d.objects.said += int64(bytes) - p.bytes
	p.bytes = int64(bytes)
}
