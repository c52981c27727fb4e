package resp

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/redcon"
	"pgregory.net/rapid"
)

func TestWriter(t *testing.T) {
	for _, tc := range []struct {
		do     func(w *Writer)
		v2, v3 string
	}{
		{func(w *Writer) { w.OK() }, "+OK\r\n", "+OK\r\n"},
		{func(w *Writer) { w.Simple("PONG") }, "+PONG\r\n", "+PONG\r\n"},
		{func(w *Writer) { w.Error("ERR a\r\nb") }, "-ERR a  b\r\n", "-ERR a  b\r\n"},
		{func(w *Writer) { w.Int(0) }, ":0\r\n", ":0\r\n"},
		{func(w *Writer) { w.Int(-7) }, ":-7\r\n", ":-7\r\n"},
		{func(w *Writer) { w.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
		{func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n", "$0\r\n\r\n"},
		{func(w *Writer) { w.BulkString("ab") }, "$2\r\nab\r\n", "$2\r\nab\r\n"},
		{func(w *Writer) { w.Null() }, "$-1\r\n", "_\r\n"},
		{func(w *Writer) { w.NullArray() }, "*-1\r\n", "_\r\n"},
		{func(w *Writer) { w.Array(12) }, "*12\r\n", "*12\r\n"},
		{func(w *Writer) { w.Map(6) }, "*12\r\n", "%6\r\n"},
		{func(w *Writer) { w.Set(3) }, "*3\r\n", "~3\r\n"},
		{func(w *Writer) { w.Push(3) }, "*3\r\n", ">3\r\n"},
		{func(w *Writer) { w.Double(0.1) }, "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n"},
		{func(w *Writer) { w.Double(3) }, "$1\r\n3\r\n", ",3\r\n"},
		{func(w *Writer) { w.Double(1e100) }, "$6\r\n1e+100\r\n", ",1e+100\r\n"},
		{func(w *Writer) { w.Double(1e16) }, "$17\r\n10000000000000000\r\n", ",10000000000000000\r\n"},
		{func(w *Writer) { w.Double(1e17) }, "$5\r\n1e+17\r\n", ",1e+17\r\n"},
		{func(w *Writer) { w.Double(math.Inf(-1)) }, "$4\r\n-inf\r\n", ",-inf\r\n"},
		{func(w *Writer) { w.Double(math.Inf(1)) }, "$3\r\ninf\r\n", ",inf\r\n"},
		{func(w *Writer) { w.Double(math.NaN()) }, "$3\r\nnan\r\n", ",nan\r\n"},
		{func(w *Writer) { w.Bool(true) }, ":1\r\n", "#t\r\n"},
		{func(w *Writer) { w.Bool(false) }, ":0\r\n", "#f\r\n"},
		{func(w *Writer) { w.Verbatim("txt", "hi") }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
		{func(w *Writer) { w.BigNumber("123") }, "$3\r\n123\r\n", "(123\r\n"},
	} {
		w2, w3 := Writer{Proto: 2}, Writer{Proto: 3}
		tc.do(&w2)
		tc.do(&w3)
		require.Equal(t, tc.v2, string(w2.Buf))
		require.Equal(t, tc.v3, string(w3.Buf))
	}
}

func TestWriterAllocatesNothing(t *testing.T) {
	w := Writer{Buf: make([]byte, 0, 1024), Proto: 3}
	v := []byte("value")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		w.Buf = w.Buf[:0]
		w.Array(3)
		w.Bulk(v)
		w.Int(123456)
		w.Double(1.5)
		w.Error("ERR no")
		w.Verbatim("txt", "x")
	}))
}

func TestDecode(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Value
	}{
		{"+OK\r\n", Value{Kind: '+', Str: []byte("OK")}},
		{"-ERR x\r\n", Value{Kind: '-', Str: []byte("ERR x")}},
		{":-5\r\n", Value{Kind: ':', Int: -5}},
		{"$-1\r\n", Value{Kind: '$', Null: true}},
		{"*-1\r\n", Value{Kind: '*', Null: true}},
		{"_\r\n", Value{Kind: '_', Null: true}},
		{"#t\r\n", Value{Kind: '#', Int: 1}},
		{"#f\r\n", Value{Kind: '#'}},
		{",1.5\r\n", Value{Kind: ',', Str: []byte("1.5")}},
		{"(99\r\n", Value{Kind: '(', Str: []byte("99")}},
		{"=6\r\ntxt:hi\r\n", Value{Kind: '=', Str: []byte("txt:hi")}},
		{"!3\r\nERR\r\n", Value{Kind: '!', Str: []byte("ERR")}},
		{"*0\r\n", Value{Kind: '*', Elems: []Value{}}},
		{"%1\r\n+a\r\n:1\r\n", Value{Kind: '%', Elems: []Value{{Kind: '+', Str: []byte("a")}, {Kind: ':', Int: 1}}}},
		{"~1\r\n>1\r\n$2\r\n\r\n\r\n", Value{Kind: '~', Elems: []Value{{Kind: '>', Elems: []Value{{Kind: '$', Str: []byte("\r\n")}}}}}},
		{"|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n", Value{Kind: '$', Str: []byte("x")}},
	} {
		v, n, err := Decode([]byte(tc.in + "+next\r\n"))
		require.NoError(t, err)
		require.Equal(t, len(tc.in), n, tc.in)
		require.Equal(t, tc.want, v)
		for i := range tc.in {
			_, n, err := Decode([]byte(tc.in[:i]))
			require.NoError(t, err)
			require.Zero(t, n)
		}
	}
	for _, in := range []string{
		"*9223372036854775807\r\n", "$-2\r\n", "*-2\r\n", ":x\r\n", "?1\r\n", "\r\n", "#x\r\n",
		"$1\r\nabc\r\n", "+a\rb", strings.Repeat("*1\r\n", 100),
	} {
		_, _, err := Decode([]byte(in))
		require.Error(t, err, in)
	}
}

func TestCommandsReachRedconsReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 10).Draw(t, "args")
		ok, got, _, left, err := redcon.ReadNextCommand(AppendCommand(nil, a...), nil)
		require.NoError(t, err)
		require.True(t, ok)
		require.Empty(t, left)
		require.Len(t, got, len(a))
		for i := range a {
			require.Equal(t, string(a[i]), string(got[i]))
		}
	})
}

func BenchmarkBulk(b *testing.B) {
	w := Writer{Buf: make([]byte, 0, 1024)}
	v := make([]byte, 64)
	for b.Loop() {
		w.Buf = w.Buf[:0]
		w.Bulk(v)
	}
}

func BenchmarkInt(b *testing.B) {
	w := Writer{Buf: make([]byte, 0, 1024)}
	for b.Loop() {
		w.Buf = w.Buf[:0]
		w.Int(1234567)
	}
}
