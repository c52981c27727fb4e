package rdb

// Walk calls fn with the parts of the value that a body holds, in order: a
// string's one, a list's elements, the fields and values of a hash in turn. A
// part lives until fn returns. Some parts may be given before a lie is found; the
// error is ErrFormat then.
func Walk(body []byte, fn func(part []byte)) error {
	if len(body) == 0 {
		return ErrFormat
	}
	r := reader{p: body[1:], ok: true}
	given := 0
	r.value(body[0], func(part []byte) {
		given++
		fn(part)
	})
	if !r.ok || len(r.p) > 0 || given == 0 {
		return ErrFormat
	}
	return nil
}

// value walks a value of a type.
func (r *reader) value(kind byte, fn func(part []byte)) {
	one := func() {
		if s, _ := r.str(); r.ok {
			fn(s)
		}
	}
	switch kind {
	case typeString:
		one()
	case typeList:
		for n := r.count(1); n > 0 && r.ok; n-- {
			one()
		}
	case typeHash:
		for n := r.count(2); n > 0 && r.ok; n-- {
			one()
			one()
		}
	case typeHashZipmap:
		r.blob(eachZipmap, 2, fn)
	case typeListZiplist:
		r.blob(eachZiplist, 1, fn)
	case typeHashZiplist:
		r.blob(eachZiplist, 2, fn)
	case typeHashListpack:
		r.blob(eachListpack, 2, fn)
	case typeQuicklist:
		for n := r.count(1); n > 0 && r.ok; n-- {
			r.blob(eachZiplist, 1, fn)
		}
	case typeQuicklist2:
		for n := r.count(2); n > 0 && r.ok; n-- {
			r.node(one, fn)
		}
	default:
		r.fail()
	}
}

// node walks one node of a quicklist 2.
func (r *reader) node(plain func(), fn func(part []byte)) {
	switch kind, special := r.length(); {
	case special:
		r.fail()
	case kind == nodePlain:
		plain()
	case kind == nodePacked:
		r.blob(eachListpack, 1, fn)
	default:
		r.fail()
	}
}

// blob walks a string that holds a packed list of groups of parts.
func (r *reader) blob(each func(b []byte, fn func(part []byte)) bool, group int, fn func(part []byte)) {
	s, _ := r.str()
	if !r.ok {
		return
	}
	n := 0
	good := each(s, func(part []byte) {
		n++
		fn(part)
	})
	if !good || n%group != 0 {
		r.fail()
	}
}

// blobBytes is how many bytes of text one byte of a packed list can be worth: two
// make three digits.
const blobBytes = 2

// blobParts bounds the parts in so many bytes: the smallest pair is three, in a
// zipmap.
func blobParts(size int) int { return size*2/3 + 1 }

// Measure bounds the parts of a value and their bytes without expanding or
// building anything, for room to be made before it is. It takes any bytes.
func Measure(body []byte) (parts, bytes int) {
	if len(body) == 0 {
		return 0, 0
	}
	r := reader{p: body[1:], ok: true, blind: true}
	return r.measure(body[0])
}

// measure passes over a value of a type.
func (r *reader) measure(kind byte) (parts, bytes int) {
	plain, blobs := 0, 0
	switch kind {
	case typeString:
		plain = 1
	case typeList:
		plain = r.count(1)
	case typeHash:
		plain = 2 * r.count(2)
	case typeHashZipmap, typeListZiplist, typeHashZiplist, typeHashListpack:
		blobs = 1
	case typeQuicklist, typeQuicklist2:
		blobs = r.count(1)
	default:
		r.fail()
	}
	for ; plain > 0 && r.ok; plain-- {
		_, size := r.str()
		parts, bytes = parts+1, bytes+size
	}
	for ; blobs > 0 && r.ok; blobs-- {
		if kind == typeQuicklist2 {
			r.length()
		}
		_, size := r.str()
		parts, bytes = parts+blobParts(size), bytes+size*blobBytes+blobBytes
	}
	return parts, bytes
}
