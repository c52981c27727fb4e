package obj

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseInt(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "1": 1, "-1": -1, "9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
	} {
		n, ok := ParseInt([]byte(s))
		require.True(t, ok, s)
		require.Equal(t, want, n)
	}
	for _, s := range []string{
		"", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1.0", "1e1", "0x1", "--1", "9223372036854775808",
		"-9223372036854775809", "18446744073709551616", "99999999999999999999", "1\x00", "٣",
	} {
		_, ok := ParseInt([]byte(s))
		require.False(t, ok, "%q", s)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringMatching(`[-+]?[0-9]{0,21}`), rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprint(rapid.Int64().Draw(t, "n"))
		})).Draw(t, "s")
		n, err := strconv.ParseInt(s, 10, 64)
		got, ok := ParseInt([]byte(s))
		require.Equal(t, err == nil && strconv.FormatInt(n, 10) == s, ok)
		if ok {
			require.Equal(t, n, got)
		}
	})
}

// sums are INCRBYFLOAT's answers of redis-server 7.0.15 on x86-64.
var sums = []struct{ a, b, want string }{
	{"10.5", "0.1", "10.6"},
	{"0", "3.0e3", "3000"},
	{"5.0e3", "200", "5200"},
	{"5.0e3", "2.0e2", "5200"},
	{"10.50", "-5", "5.5"},
	{"0.1", "0.2", "0.3"},
	{"1e-7", "0", "0.0000001"},
	{"1e-17", "0", "0.00000000000000001"},
	{"1e-18", "0", "0"},
	{"-1e-20", "0", "0"},
	{"1", "-1", "0"},
	{"-0", "-0", "0"},
	{"3.14159265358979323846", "0", "3.14159265358979324"},
	{"1e23", "0", "100000000000000000000000"},
	{"1e-4940", "0", "0"},
	{"0e99999", "0", "0"},
	{"0x1p3", "0", "8"},
	{"0x1A", "0", "26"},
	{"0X.8", "0", "0.5"},
	{".5", "1", "1.5"},
	{"5.", "1", "6"},
	{"+5", "1", "6"},
	{"007", "1", "8"},
	{"17179869184", "1", "17179869185"},
	{"17179869184.5", "1.5", "17179869186"},
	{"9223372036854775807", "1", "9223372036854775808"},
	{"18446744073709551615", "1", "18446744073709551616"},
	{"18446744073709551615", "0.1", "18446744073709551615"},
}

func TestAddFloat(t *testing.T) {
	for _, tc := range sums {
		got, err := AddFloat([]byte(tc.a), []byte(tc.b))
		require.NoError(t, err, tc.a)
		require.Equal(t, tc.want, string(got), "%s + %s", tc.a, tc.b)
	}
	for _, tc := range [][2]string{{"inf", "1"}, {"1", "-Infinity"}, {"inf", "-inf"}, {"1.1e4932", "1.1e4932"}} {
		_, err := AddFloat([]byte(tc[0]), []byte(tc[1]))
		require.ErrorIs(t, err, ErrInfinite, tc)
	}
}

func TestNotFloats(t *testing.T) {
	for _, s := range []string{
		"", " 1", "1 ", "\t1", ".", "e", "1e", "1e+", "-", "+", "0x", "0x1p", "0xp1", "1_0", "0b1", "nan", "NaN", "-nan",
		"nan(1)", "in", "infi", "1.2.3", "1e5000", "-1e5000", "1e-5000", "1e-4960", "1e99999999999999999999",
		"0x1p99999", "0x1p-99999", "1,5", "1\x00", strings.Repeat("1", maxFloatText+1), strings.Repeat("1", 5000),
	} {
		_, err := AddFloat([]byte(s), []byte("1"))
		require.ErrorIs(t, err, ErrNotFloat, "%.30q", s)
		valid, _ := ValidFloat([]byte(s))
		require.False(t, valid)
		_, ok := ParseFloat([]byte(s))
		require.False(t, ok, "%.30q", s)
	}
}

func TestParseFloat(t *testing.T) {
	thoroughly(t, 2000)
	for s, want := range map[string]float64{
		"1": 1, "-1.5": -1.5, "1e3": 1000, "0x10": 16, "0x1.8p1": 3, "inf": math.Inf(1), "-Inf": math.Inf(-1),
		"+infinity": math.Inf(1), "1e-320": 1e-320, "0.1": 0.1, "1.7976931348623157e308": math.MaxFloat64, "-0": 0,
	} {
		f, ok := ParseFloat([]byte(s))
		require.True(t, ok, s)
		require.Equal(t, want, f+0, s)
	}
	for _, s := range []string{"1e309", "1e-400", "0x1p1024"} {
		_, ok := ParseFloat([]byte(s))
		require.False(t, ok, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{0,20}\.?[0-9]{0,20}(e-?[0-9]{1,3})?`).Draw(t, "s")
		want, err := strconv.ParseFloat(s, 64)
		got, ok := ParseFloat([]byte(s))
		if err == nil && want != 0 {
			require.True(t, ok, s)
			require.Equal(t, want, got)
		} else if ok {
			require.Zero(t, got)
		}
	})
}

func TestFormatFloat(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 10.6: "10.6", 0.1: "0.1", 3000: "3000", 1e20: "100000000000000000000",
		1e-17: "0.00000000000000001", 1e-18: "0", 123456789.125: "123456789.125", 0.30000000000000004: "0.30000000000000004",
		math.Inf(1): "inf", math.Inf(-1): "-inf", 5e-324: "0",
	} {
		require.Equal(t, want, string(FormatFloat(f)))
	}
	require.Equal(t, "nan", string(FormatFloat(math.NaN())))
	rapid.Check(t, func(t *rapid.T) {
		f := float64(rapid.Int64Range(-1e15, 1e15).Draw(t, "n")) / math.Pow10(rapid.IntRange(0, 15).Draw(t, "decimals"))
		back, ok := ParseFloat(FormatFloat(f))
		require.True(t, ok)
		require.InDelta(t, f, back, 1e-17)
	})
}

// TestExtendedShort: the short way to read a decimal gives what the long one does.
func TestExtendedShort(t *testing.T) {
	thoroughly(t, 5000)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.Uint64Range(1, 9_999_999_999_999_999_999).Draw(t, "mantissa")
		e := rapid.IntRange(-maxExactPower, maxExactPower).Draw(t, "exponent")
		got, err := parseExtended(fmt.Appendf(nil, "%de%d", m, e))
		require.NoError(t, err)
		exact := new(big.Rat).SetInt(new(big.Int).SetUint64(m))
		power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil))
		if e < 0 {
			power.Inv(power)
		}
		want := new(big.Float).SetPrec(extendedBits).SetRat(exact.Mul(exact, power))
		require.Zero(t, want.Cmp(got))
	})
}

func BenchmarkAddFloat(b *testing.B) {
	x, y := []byte("10.5"), []byte("0.1")
	for b.Loop() {
		if _, err := AddFloat(x, y); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAddFloatWorst reads the costliest text there is.
func BenchmarkAddFloatWorst(b *testing.B) {
	x := []byte("0." + strings.Repeat("3", 5000) + "e-4000")
	for b.Loop() {
		if _, err := AddFloat(x, x); err != nil {
			b.Fatal(err)
		}
	}
}
