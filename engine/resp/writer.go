package resp

import (
	"math"
	"strconv"
)

// Writer appends replies to Buf in the protocol version Proto, 2 or 3. It
// allocates nothing but the growth of Buf. The zero value speaks RESP2.
type Writer struct {
	Buf   []byte
	Proto int

	// Max, if not 0, is what Buf may grow to by strings: one that does not fit
	// is left out and Over set. The reply is broken then, to be replaced.
	Max  int
	Over bool
}

// full reports whether a string of n bytes is beyond Max, and notes it.
func (w *Writer) full(n int) bool {
	if w.Max == 0 || len(w.Buf)+n <= w.Max {
		return false
	}
	w.Over = true
	return true
}

// resp3 reports whether replies may use the types of RESP3.
func (w *Writer) resp3() bool { return w.Proto >= 3 }

// Simple appends a status. s has no line end in it.
func (w *Writer) Simple(s string) {
	w.Buf = append(append(append(w.Buf, '+'), s...), '\r', '\n')
}

// OK appends the status OK.
func (w *Writer) OK() { w.Buf = append(w.Buf, "+OK\r\n"...) }

// Error appends an error. msg starts with its code ("ERR ...") and no '-'. It
// may quote what the client sent: line ends in it become blanks, as an error is
// one line.
func (w *Writer) Error(msg string) {
	w.Buf = append(w.Buf, '-')
	start := len(w.Buf)
	w.Buf = append(w.Buf, msg...)
	for i, c := range w.Buf[start:] {
		if c == '\r' || c == '\n' {
			w.Buf[start+i] = ' '
		}
	}
	w.Buf = append(w.Buf, '\r', '\n')
}

// header appends a type byte, a number and a line end.
func (w *Writer) header(kind byte, n int64) {
	w.Buf = appendHeader(w.Buf, kind, n)
}

func appendHeader(dst []byte, kind byte, n int64) []byte {
	if uint64(n) < 10 {
		return append(dst, kind, byte(n)+'0', '\r', '\n')
	}
	dst = strconv.AppendInt(append(dst, kind), n, 10)
	return append(dst, '\r', '\n')
}

// Int appends an integer.
func (w *Writer) Int(n int64) { w.header(':', n) }

// Bulk appends a string of any bytes.
func (w *Writer) Bulk(b []byte) {
	if w.full(len(b)) {
		return
	}
	w.Buf = appendHeader(w.Buf, '$', int64(len(b)))
	w.Buf = append(append(w.Buf, b...), '\r', '\n')
}

// BulkString appends a string of any bytes.
func (w *Writer) BulkString(s string) {
	if w.full(len(s)) {
		return
	}
	w.Buf = appendHeader(w.Buf, '$', int64(len(s)))
	w.Buf = append(append(w.Buf, s...), '\r', '\n')
}

// Null appends the absence of a value.
func (w *Writer) Null() {
	if w.resp3() {
		w.Buf = append(w.Buf, "_\r\n"...)
		return
	}
	w.Buf = append(w.Buf, "$-1\r\n"...)
}

// NullArray appends the absence of an array, which only RESP2 tells from the
// absence of a string.
func (w *Writer) NullArray() {
	if w.resp3() {
		w.Buf = append(w.Buf, "_\r\n"...)
		return
	}
	w.Buf = append(w.Buf, "*-1\r\n"...)
}

// Array opens an array; its n elements follow.
func (w *Writer) Array(n int) { w.header('*', int64(n)) }

// Map opens a map; its n pairs follow, key before value. RESP2 sees an array of
// both.
func (w *Writer) Map(n int) {
	if w.resp3() {
		w.header('%', int64(n))
		return
	}
	w.header('*', 2*int64(n))
}

// Set opens a set; its n elements follow.
func (w *Writer) Set(n int) { w.aggregate('~', n) }

// Push opens a message that answers no command; its n elements follow.
func (w *Writer) Push(n int) { w.aggregate('>', n) }

func (w *Writer) aggregate(kind byte, n int) {
	if !w.resp3() {
		kind = '*'
	}
	w.header(kind, int64(n))
}

// Double appends a floating-point number in C's %.17g, as Redis 7.0 does; RESP2
// sees it as a string.
func (w *Writer) Double(f float64) {
	var room [32]byte
	text := appendDouble(room[:0], f)
	if !w.resp3() {
		w.Bulk(text)
		return
	}
	w.Buf = append(append(append(w.Buf, ','), text...), '\r', '\n')
}

func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}

// Bool appends a truth value; RESP2 sees 1 or 0.
func (w *Writer) Bool(b bool) {
	switch {
	case w.resp3() && b:
		w.Buf = append(w.Buf, "#t\r\n"...)
	case w.resp3():
		w.Buf = append(w.Buf, "#f\r\n"...)
	case b:
		w.Buf = append(w.Buf, ":1\r\n"...)
	default:
		w.Buf = append(w.Buf, ":0\r\n"...)
	}
}

// Verbatim appends text to be shown as it is, of a format with a three-letter
// name ("txt", "mkd"). RESP2 sees a string.
func (w *Writer) Verbatim(format, s string) {
	if !w.resp3() {
		w.BulkString(s)
		return
	}
	w.header('=', int64(len(format)+1+len(s)))
	w.Buf = append(append(w.Buf, format...), ':')
	w.Buf = append(append(w.Buf, s...), '\r', '\n')
}

// BigNumber appends a decimal integer of any size. RESP2 sees a string.
func (w *Writer) BigNumber(s string) {
	if !w.resp3() {
		w.BulkString(s)
		return
	}
	w.Buf = append(append(append(w.Buf, '('), s...), '\r', '\n')
}
