package obj

import (
	"math/big"
)

// numeral is a number as it was written: mantissa digits of a base, the point
// among them, and an exponent of 10 or 2.
type numeral struct {
	neg      bool
	infinite bool
	base     int    // 10 or 16
	digits   []byte // without the point, leading zeros cut
	exp      int    // of base, from the place of the point
	written  int    // the exponent that was written: of 10, or of 2 if base is 16
}

// parseExtended reads what strtold reads, and refuses what Redis refuses of it:
// blanks, NaN, overflow and underflow. Infinity it takes.
func parseExtended(b []byte) (*big.Float, error) {
	var n numeral
	var room [64]byte
	n.digits = room[:0]
	if len(b) == 0 || len(b) > maxFloatText || !n.scan(b) {
		return nil, ErrNotFloat
	}
	x := new(big.Float).SetPrec(extendedBits)
	switch {
	case n.infinite:
		return x.SetInf(n.neg), nil
	case len(n.digits) == 0:
		// zero, whatever its exponent
	case n.base == 16:
		if !n.setHex(x) {
			return nil, errOutOfRange
		}
	default:
		if !n.setDecimal(x) {
			return nil, errOutOfRange
		}
	}
	if e := x.MantExp(nil); x.Sign() != 0 && (e > extendedMax || e < extendedMin) {
		return nil, errOutOfRange
	}
	if n.neg {
		x.Neg(x)
	}
	return x, nil
}

// scan takes the number apart.
func (n *numeral) scan(b []byte) bool {
	if b[0] == '-' || b[0] == '+' {
		n.neg = b[0] == '-'
		b = b[1:]
	}
	if equalFold(b, "inf") || equalFold(b, "infinity") {
		n.infinite = true
		return true
	}
	n.base = 10
	mark := byte('e')
	if len(b) > 2 && b[0] == '0' && lower(b[1]) == 'x' {
		n.base, mark = 16, 'p'
		b = b[2:]
	}
	i, any, point := 0, false, false
	for ; i < len(b); i++ {
		c := lower(b[i])
		if c == '.' && !point {
			point = true
			continue
		}
		if digitValue(c) >= n.base {
			break
		}
		any = true
		if point {
			n.exp--
		}
		if c != '0' || len(n.digits) > 0 {
			n.digits = append(n.digits, c)
		}
	}
	if !any {
		return false
	}
	if i == len(b) {
		return true
	}
	return lower(b[i]) == mark && n.scanExponent(b[i+1:])
}

// scanExponent reads the written exponent, which stops counting where nothing
// in range can come of it.
func (n *numeral) scanExponent(b []byte) bool {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 {
		return false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n.written = min(n.written*10+int(c-'0'), 1<<20)
	}
	if neg {
		n.written = -n.written
	}
	return true
}

// setHex sets x to digits * 16^exp * 2^written.
func (n *numeral) setHex(x *big.Float) bool {
	m, ok := new(big.Int).SetString(string(n.digits), 16)
	if !ok {
		return false
	}
	x.SetInt(m) // rounds to x's precision
	x.SetMantExp(x, 4*n.exp+n.written)
	return true
}

// setDecimal sets x to digits * 10^exp, rounded once.
func (n *numeral) setDecimal(x *big.Float) bool {
	exp := n.exp + n.written
	for len(n.digits) > 1 && n.digits[len(n.digits)-1] == '0' {
		n.digits = n.digits[:len(n.digits)-1]
		exp++
	}
	if exp > decimalMax || exp < -decimalMax {
		return false
	}
	if n.setShort(x, exp) {
		return true
	}
	m, ok := new(big.Int).SetString(string(n.digits), 10)
	if !ok {
		return false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil)
	if exp >= 0 {
		x.SetInt(m.Mul(m, power))
		return true
	}
	// Both are exact at their own precision, so the quotient is rounded once.
	x.Quo(new(big.Float).SetInt(m), new(big.Float).SetInt(power))
	return true
}

// maxExactPower is the largest power of ten whose odd part fits the mantissa.
const maxExactPower = 27

// setShort is setDecimal for what almost every number is: a mantissa and a power
// of ten that are both exact, which leaves the rounding to one operation.
func (n *numeral) setShort(x *big.Float, exp int) bool {
	if len(n.digits) > 19 || exp > maxExactPower || exp < -maxExactPower {
		return false
	}
	var m uint64
	for _, c := range n.digits {
		m = m*10 + uint64(c-'0')
	}
	x.SetUint64(m)
	if exp == 0 {
		return true
	}
	five := uint64(1) // 5^27 < 2^63
	for range max(exp, -exp) {
		five *= 5
	}
	power := new(big.Float).SetPrec(extendedBits).SetUint64(five)
	if exp > 0 {
		x.Mul(x, power)
	} else {
		x.Quo(x, power)
	}
	x.SetMantExp(x, exp)
	return true
}

func digitValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return 99
}

func equalFold(b []byte, lowercase string) bool {
	if len(b) != len(lowercase) {
		return false
	}
	for i, c := range b {
		if lower(c) != lowercase[i] {
			return false
		}
	}
	return true
}
