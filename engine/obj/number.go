package obj

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"strconv"
)

// ParseInt reads an integer as Redis does where a value must be one: canonical
// decimal of 64 bits and nothing else, no plus, no leading zero, no blank, no
// negative zero.
func ParseInt(b []byte) (int64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && (neg || len(b) > 1) {
		return 0, false
	}
	var n uint64 // 19 digits fit
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	if neg {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

// Redis adds floats in C's long double, which on its home platform is the x87
// format: 64 bits of mantissa and 15 of exponent. Its results are text, so the
// same text needs the same precision: these numbers are big.Floats of 64 bits
// that were checked against the format's range.
const (
	extendedBits = 64
	extendedMax  = 16384  // 0.5 <= m < 1: the largest exponent of a finite number
	extendedMin  = -16445 // ... the smallest exponent of a number that is not 0
	// decimalMax bounds the decimal exponents worth computing with: beyond them
	// every mantissa of maxFloatText digits is infinite, or zero.
	decimalMax = 20000
	// maxFloatText is the longest text that Redis takes for a float.
	maxFloatText = 5*1024 - 1
	// floatDecimals is how many decimals Redis prints, before it cuts zeros.
	floatDecimals = 17
)

// Errors of AddFloat, as Redis words them after "ERR ".
var (
	ErrNotFloat   = errors.New("value is not a valid float")
	ErrInfinite   = errors.New("increment would produce NaN or Infinity")
	errOutOfRange = errors.New("out of range")
)

// AddFloat returns the text of a+b as INCRBYFLOAT and HINCRBYFLOAT give it.
// The error is ErrNotFloat if either is no float, ErrInfinite if the sum is
// infinite or not a number. ValidFloat tells which of the two was no float.
func AddFloat(a, b []byte) ([]byte, error) {
	x, errX := parseExtended(a)
	y, errY := parseExtended(b)
	if errX != nil || errY != nil {
		return nil, ErrNotFloat
	}
	if x.IsInf() || y.IsInf() {
		return nil, ErrInfinite
	}
	z := new(big.Float).SetPrec(extendedBits).Add(x, y)
	if z.MantExp(nil) > extendedMax {
		return nil, ErrInfinite
	}
	return formatExtended(z), nil
}

// ValidFloat reports whether b is a number as INCRBYFLOAT reads it, and whether
// it is finite. "inf" is a number, "nan" is none.
func ValidFloat(b []byte) (valid, finite bool) {
	x, err := parseExtended(b)
	return err == nil, err == nil && !x.IsInf()
}

// ParseSeconds reads a timeout in seconds, a number as INCRBYFLOAT reads it, and
// returns it in milliseconds, rounded up. fits is false when they are too many
// for an int64, either way.
func ParseSeconds(b []byte) (ms int64, fits, ok bool) {
	x, err := parseExtended(b)
	if err != nil {
		return 0, false, false
	}
	x.Mul(x, big.NewFloat(1000))
	ms, accuracy := x.Int64()
	if x.IsInf() || ms == 1<<63-1 || ms == -1<<63 {
		return 0, false, true
	}
	if accuracy == big.Below {
		ms++
	}
	return ms, true, true
}

// ParseFloat reads a number as Redis does where a value must be one: what
// C's strtod reads, hexadecimal and infinity included, without blanks around
// it and without NaN; overflow and underflow are no numbers.
func ParseFloat(b []byte) (float64, bool) {
	if x, ok := plainFloat(b); ok {
		return x, true
	}
	x, err := parseExtended(b)
	if err != nil {
		return 0, false
	}
	f, _ := x.Float64()
	if x.IsInf() {
		return f, true
	}
	// Rounding twice, first to 64 bits, may be off by one unit in a last place:
	// where the text is one that strconv reads, its result is the right one.
	if exact, err := strconv.ParseFloat(string(b), 64); err == nil {
		f = exact
	}
	return f, !math.IsInf(f, 0) && (f != 0 || x.Sign() == 0)
}

// plainFloat reads what most values are: a short decimal without exponent.
func plainFloat(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 24 {
		return 0, false
	}
	for i, c := range b {
		if (c < '0' || c > '9') && c != '.' && (c != '-' || i > 0) {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}

// FormatFloat returns the text of f as Redis prints the result of INCRBYFLOAT:
// no exponent, at most 17 decimals, no zeros behind them. f stands for its
// shortest decimal, so 10.6 is "10.6", as it is for Redis, which computed it
// with more precision than a float64 has.
func FormatFloat(f float64) []byte {
	switch {
	case math.IsNaN(f):
		return []byte("nan")
	case math.IsInf(f, 1):
		return []byte("inf")
	case math.IsInf(f, -1):
		return []byte("-inf")
	}
	var room [32]byte
	x, err := parseExtended(strconv.AppendFloat(room[:0], f, 'e', -1, 64))
	if err != nil {
		return []byte("0") // cannot be: an x87 number has the larger range
	}
	return formatExtended(x)
}

// formatExtended prints %.17Lf, cuts the zeros and the sign of zero.
func formatExtended(x *big.Float) []byte {
	text := x.Append(make([]byte, 0, 40), 'f', floatDecimals)
	text = bytes.TrimRight(text, "0")
	text = bytes.TrimSuffix(text, []byte("."))
	if string(text) == "-0" {
		return text[1:]
	}
	return text
}
