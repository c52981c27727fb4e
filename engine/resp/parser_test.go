package resp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// feed gives input to a parser in pieces cut at the given places and returns
// what came out, one line for each command or error.
func feed(t require.TestingT, input []byte, lim Limits, pieces func(left int) int) string {
	var out strings.Builder
	var p Parser
	var c Command
	have, from, need := 0, 0, 0
	for {
		window := bytes.Clone(input[from:have]) // it moved
		n, err := p.Next(window, lim, &c)
		require.LessOrEqual(t, n, len(window))
		switch {
		case err != nil:
			require.Zero(t, n)
			again, err2 := p.Next(window, lim, &c)
			require.Zero(t, again)
			require.Equal(t, err, err2)
			fmt.Fprintf(&out, "%v\n", err)
			return out.String()
		case n > 0:
			require.Zero(t, p.Need())
			require.LessOrEqual(t, need, n)
			need = 0
			fmt.Fprintf(&out, "%d %q\n", n, c.Args)
			from += n
		case have == len(input):
			return out.String()
		default:
			need = max(need, p.Need())
			have += pieces(len(input) - have)
		}
	}
}

func whole(left int) int { return left }
func bytewise(int) int   { return 1 }

func TestCommands(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", `27 ["SET" "k" "v"]`},
		{"*1\r\n$0\r\n\r\n", `10 [""]`},
		{"*1\r\n$11\r\n\r\n$1\r\n\x00*3\r\n\r\n", `22 ["\r\n$1\r\n\x00*3\r\n"]`},
		{"*0\r\n", `4 []`},
		{"*-10\r\n", `6 []`},
		{"*-9223372036854775808\r\n", `23 []`},
		{"\r\n", `2 []`},
		{"\n", `1 []`},
		{"  \t \r\n", `6 []`},
		{"PING\r\n", `6 ["PING"]`},
		{"PING\n", `5 ["PING"]`},
		{"  set  a\tb \n", `12 ["set" "a" "b"]`},
		{"a\vb\f c\n", "7 [\"a\\vb\\f\" \"c\"]"},
		{"a \v b\n", `6 ["a" "b"]`},
		{"a\rb\n", `4 ["a" "b"]`},
		{"a\x00b\n", `4 ["a\x00b"]`},
		{`set "a b" 'c d'` + "\n", `16 ["set" "a b" "c d"]`},
		{`"\x41\xzz\n\r\t\b\a\q\"" 'it\'s\n'` + "\n", `35 ["Axzz\n\r\t\b\aq\"" "it's\\n"]`},
		{`foo"bar" ""` + "\n", `12 ["foobar" ""]`},
		{`"\x4"` + "\n", `6 ["x4"]`},
		{"$1\r\n", `4 ["$1"]`},
		{">2\r\n", `4 [">2"]`},
	} {
		require.Equal(t, tc.want+"\n", feed(t, []byte(tc.in), DefaultLimits(), whole), "%q", tc.in)
		require.Equal(t, tc.want+"\n", feed(t, []byte(tc.in), DefaultLimits(), bytewise), "%q", tc.in)
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("1", DefaultMaxInline+1)
	for _, tc := range []struct{ in, want string }{
		{"*3000000000\r\n", "invalid multibulk length"},
		{"*9223372036854775807\r\n", "invalid multibulk length"},
		{"*9223372036854775808\r\n", "invalid multibulk length"},
		{"*99999999999999999999999\r\n", "invalid multibulk length"},
		{"*1048577\r\n", "invalid multibulk length"},
		{"*\r\n", "invalid multibulk length"},
		{"*-\r\n", "invalid multibulk length"},
		{"*-0\r\n", "invalid multibulk length"},
		{"*+1\r\n", "invalid multibulk length"},
		{"*01\r\n", "invalid multibulk length"},
		{"* 1\r\n", "invalid multibulk length"},
		{"*1\x00\r\n", "invalid multibulk length"},
		{"*1\rx", "invalid multibulk length"},
		{"*" + long, "too big mbulk count string"},
		{"*1\r\n$9223372036854775807\r\n", "invalid bulk length"},
		{"*1\r\n$9223372036854775808\r\n", "invalid bulk length"},
		{"*1\r\n$-2\r\n", "invalid bulk length"},
		{"*1\r\n$-1\r\n", "invalid bulk length"},
		{"*1\r\n$\r\n", "invalid bulk length"},
		{"*1\r\n$blabla\r\n", "invalid bulk length"},
		{"*1\r\n$536870913\r\n", "invalid bulk length"},
		{"*1\r\n$2000000000\r\n", "invalid bulk length"},
		{"*1\r\n$1\rx", "invalid bulk length"},
		{"*1\r\n$3\r\nabcde", "invalid bulk length"},
		{"*1\r\n$" + long, "too big bulk count string"},
		{"*1\r\nfoo\r\n", "expected '$', got 'f'"},
		{"*1\r\n*1\r\n", "expected '$', got '*'"},
		{"*1\r\n\xff", "expected '$', got '\xff'"},
		{"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "expected '$', got 'f'"},
		{`set """test-key""" test-value` + "\r\n", "unbalanced quotes in request"},
		{`"abc` + "\n", "unbalanced quotes in request"},
		{`'abc\'` + "\n", "unbalanced quotes in request"},
		{`"abc\` + "\n", "unbalanced quotes in request"},
		{`"a"b` + "\n", "unbalanced quotes in request"},
		{`'a'b` + "\n", "unbalanced quotes in request"},
		{long, "too big inline request"},
		{long + "\n", "too big inline request"},
		{strings.Repeat("\x00", len(long)), "too big inline request"},
	} {
		want := "Protocol error: " + tc.want + "\n"
		require.Equal(t, want, feed(t, []byte(tc.in), DefaultLimits(), whole), "%.50q", tc.in)
		if len(tc.in) < 1000 {
			require.Equal(t, want, feed(t, []byte(tc.in), DefaultLimits(), bytewise), "%.50q", tc.in)
		}
	}
}

func TestLongestInline(t *testing.T) {
	in := strings.Repeat("a", DefaultMaxInline) + "\n"
	require.Len(t, feed(t, []byte(in), DefaultLimits(), whole), len(in)+len("65537 []\n")+1)
	require.Equal(t, feed(t, []byte(in), DefaultLimits(), whole), feed(t, []byte(in), DefaultLimits(), bytewise))
}

func TestUnauthenticated(t *testing.T) {
	lim := UnauthenticatedLimits()
	for in, want := range map[string]string{
		"*11\r\n":                "Protocol error: unauthenticated multibulk length\n",
		"*3000000000\r\n":        "Protocol error: invalid multibulk length\n",
		"*10\r\n":                "",
		"*1\r\n$16385\r\n":       "Protocol error: unauthenticated bulk length\n",
		"*1\r\n$16384\r\n":       "",
		"*1\r\n$1000000000\r\n":  "Protocol error: invalid bulk length\n",
		"*1\r\n$4\r\nPING\r\n":   "14 [\"PING\"]\n",
		"*11\r\n$4\r\nPING\r\n":  "Protocol error: unauthenticated multibulk length\n",
		"*1\r\n$99999999999\r\n": "Protocol error: invalid bulk length\n",
	} {
		require.Equal(t, want, feed(t, []byte(in), lim, whole), in)
		require.Equal(t, want, feed(t, []byte(in), lim, bytewise), in)
	}
}

func TestNeed(t *testing.T) {
	var p Parser
	var c Command
	at := func(s string) int {
		n, err := p.Next([]byte(s), DefaultLimits(), &c)
		require.NoError(t, err)
		require.Zero(t, n)
		return p.Need()
	}
	require.Equal(t, 0, at("*3"))
	require.Equal(t, 4+18, at("*3\r\n"))
	require.Equal(t, 4+18, at("*3\r\n$"))
	require.Equal(t, 4+9+12, at("*3\r\n$3\r\nS"))
	require.Equal(t, 4+9+10+1000002+6, at("*3\r\n$3\r\nSET\r\n$1000000\r\n"))
	p.Reset()
	require.Equal(t, 0, p.Need())
	n, err := p.Next([]byte("PING\r\n"), DefaultLimits(), &c)
	require.NoError(t, err)
	require.Equal(t, 6, n)
}

// TestFragmentation: random pipelines, some of them damaged, come out the same
// however they arrive.
func TestFragmentation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var in []byte
		for range rapid.IntRange(1, 4).Draw(rt, "commands") {
			if rapid.IntRange(0, 4).Draw(rt, "inline") == 0 {
				in = append(in, rapid.StringMatching(`[a"'\\ x0\t\x00]{0,12}\r?\n`).Draw(rt, "line")...)
				continue
			}
			a := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 120), 0, 12).Draw(rt, "args")
			in = AppendCommand(in, a...)
		}
		if rapid.Bool().Draw(rt, "damage") {
			in[rapid.IntRange(0, len(in)-1).Draw(rt, "at")] = rapid.SampledFrom([]byte("*$\r\n-0123456789x\x00")).Draw(rt, "byte")
		}
		lim := DefaultLimits()
		lim.MaxInline = rapid.IntRange(0, 100).Draw(rt, "inlinelimit")
		lim.MaxBulk = rapid.Int64Range(0, 130).Draw(rt, "bulklimit")
		want := feed(rt, in, lim, whole)
		got := feed(rt, in, lim, func(left int) int { return rapid.IntRange(1, min(left, 20)).Draw(rt, "piece") })
		require.Equal(rt, want, got)
		require.Equal(rt, want, feed(rt, in, lim, bytewise))
	})
}

// TestMillionArguments arrives in pieces of a few bytes; quadratic work would
// take hours.
func TestMillionArguments(t *testing.T) {
	const n = DefaultMaxArgs
	in := appendHeader(nil, '*', n)
	for range n {
		in = append(in, "$0\r\n\r\n"...)
	}
	var p Parser
	var c Command
	for have := 0; ; have += 7 {
		have = min(have, len(in))
		used, err := p.Next(in[:have], DefaultLimits(), &c)
		require.NoError(t, err)
		if used > 0 {
			require.Equal(t, len(in), used)
			break
		}
	}
	require.Len(t, c.Args, n)
}

func TestNoAllocation(t *testing.T) {
	in := AppendCommandStrings(nil, "SET", "key:000000012345", strings.Repeat("v", 64))
	in = append(in, "GET key:1\r\n"...)
	var p Parser
	var c Command
	lim := DefaultLimits()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		p.Next(in[:40], lim, &c) // a part
		n, _ := p.Next(in, lim, &c)
		p.Next(in[n:], lim, &c)
	}))
}

func BenchmarkSet(b *testing.B) {
	for _, value := range []int{1, 64} {
		b.Run(fmt.Sprint(value), func(b *testing.B) {
			one := AppendCommandStrings(nil, "SET", "k", strings.Repeat("v", value))
			in := bytes.Repeat(one, 64)
			var p Parser
			var c Command
			lim := DefaultLimits()
			b.ReportAllocs()
			for i := 0; i < b.N; i += 64 {
				for rest := in; len(rest) > 0; {
					n, err := p.Next(rest, lim, &c)
					if err != nil || len(c.Args) != 3 {
						b.Fatal(n, err)
					}
					rest = rest[n:]
				}
			}
		})
	}
}
