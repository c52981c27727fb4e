package resp

import "bytes"

// Value is a reply as a client sees it.
type Value struct {
	Kind  byte    // the type byte on the wire: + - : $ * _ , # = ( ! ~ % >
	Str   []byte  // text of + - $ , = ( ! ; of = with its format and colon. Aliases the input
	Int   int64   // of : and # (1 for true)
	Elems []Value // of * ~ > and %, there key, value, key, value ...
	Null  bool    // _ and RESP2's $-1 and *-1
}

// Bounds on what Decode believes. It reads replies of a server under test, which
// may be broken but should not take the test down with it.
const (
	maxDepth  = 64
	maxLength = 1 << 30
)

// Decode reads one reply from buf and returns the bytes it took, 0 if the reply
// is not all there. Attributes of RESP3 are read and dropped.
func Decode(buf []byte) (v Value, n int, err error) {
	return decode(buf, 0)
}

func decode(buf []byte, depth int) (v Value, n int, err error) {
	if depth > maxDepth {
		return v, 0, refuse("nested too deep")
	}
	cr := bytes.IndexByte(buf, '\r')
	if cr < 0 || cr+1 == len(buf) {
		return v, 0, nil
	}
	if cr == 0 || buf[cr+1] != '\n' {
		return v, 0, refuse("malformed line")
	}
	line, rest := buf[1:cr], buf[cr+2:]
	v.Kind = buf[0]
	switch v.Kind {
	case '+', '-', ',', '(':
		v.Str = line
		return v, cr + 2, nil
	case '_':
		v.Null = true
		return v, cr + 2, nil
	case '#':
		if len(line) == 1 && line[0] == 't' {
			v.Int = 1
		}
		if len(line) != 1 || line[0] != 't' && line[0] != 'f' {
			return v, 0, refuse("malformed boolean")
		}
		return v, cr + 2, nil
	}
	size, ok := parseInt(line)
	if !ok {
		return v, 0, refuse("malformed number")
	}
	if v.Kind == ':' {
		v.Int = size
		return v, cr + 2, nil
	}
	if size == -1 && (v.Kind == '$' || v.Kind == '*') {
		v.Null = true
		return v, cr + 2, nil
	}
	if size < 0 || size > maxLength {
		return v, 0, refuse("length out of range")
	}
	var m int
	switch v.Kind {
	case '$', '=', '!':
		m, err = v.decodeText(rest, int(size))
	case '*', '~', '>', '%':
		m, err = v.decodeElems(rest, int(size), depth)
	case '|':
		return decodeAttributed(buf, cr+2, int(size), depth)
	default:
		return v, 0, refuse("unknown type")
	}
	if m < 0 || err != nil {
		return Value{}, 0, err
	}
	return v, cr + 2 + m, nil
}

// decodeText reads size bytes and a line end; -1 if they are not all there.
func (v *Value) decodeText(rest []byte, size int) (int, error) {
	if len(rest) < size+2 {
		return -1, nil
	}
	if rest[size] != '\r' || rest[size+1] != '\n' {
		return -1, refuse("malformed string")
	}
	v.Str = rest[:size:size]
	return size + 2, nil
}

// decodeElems reads the elements of an aggregate; -1 if they are not all there.
func (v *Value) decodeElems(rest []byte, count, depth int) (int, error) {
	if v.Kind == '%' {
		count *= 2
	}
	at := 0
	v.Elems = make([]Value, 0, min(count, len(rest)/3, 64))
	for ; count > 0; count-- {
		e, n, err := decode(rest[at:], depth+1)
		if n == 0 || err != nil {
			return -1, err
		}
		v.Elems = append(v.Elems, e)
		at += n
	}
	return at, nil
}

// decodeAttributed skips the attributes at the start of buf, whose pairs start
// at offset at, and reads the reply they belong to.
func decodeAttributed(buf []byte, at, pairs, depth int) (v Value, n int, err error) {
	var skipped Value
	skipped.Kind = '%'
	m, err := skipped.decodeElems(buf[at:], pairs, depth)
	if m < 0 || err != nil {
		return Value{}, 0, err
	}
	v, n, err = decode(buf[at+m:], depth+1)
	if n == 0 || err != nil {
		return Value{}, 0, err
	}
	return v, at + m + n, nil
}

// AppendCommand appends a command as clients send it.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	dst = appendHeader(dst, '*', int64(len(args)))
	for _, a := range args {
		dst = appendHeader(dst, '$', int64(len(a)))
		dst = append(append(dst, a...), '\r', '\n')
	}
	return dst
}

// AppendCommandStrings appends a command as clients send it.
func AppendCommandStrings(dst []byte, args ...string) []byte {
	dst = appendHeader(dst, '*', int64(len(args)))
	for _, a := range args {
		dst = appendHeader(dst, '$', int64(len(a)))
		dst = append(append(dst, a...), '\r', '\n')
	}
	return dst
}
