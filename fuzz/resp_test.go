package fuzz

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/redcon"

	"holdfast/engine/resp"
)

// streams are seeds: what clients send, and what no client should.
var streams = []string{
	"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
	"*1\r\n$4\r\nPING\r\nPING\r\n*0\r\n*-1\r\n\r\nping\n",
	"set \"a \\x41\\n\" 'b\\'c' d\"e\"\r\n",
	"set \"\"\"x\"\"\" y\r\n",
	"*1\r\n$9223372036854775807\r\n",
	"*9223372036854775807\r\n",
	"*18446744073709551617\r\n",
	"*1\r\n$-2\r\n",
	"*1048576\r\n$0\r\n\r\n$536870912\r\n",
	"*1\r\n*1\r\n$1\r\na\r\n",
	"*2\r\n$1\r\na\r\nfoo\r\n",
	"*1\r\n$3\r\nabcd\r\n",
	"*1\r$1\r\na\r\n",
	"*\x00\r\n\x00\n$\x00\r\n",
	"*01\r\n$1\r\na\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"%1\r\n+a\r\n:1\r\n>2\r\n_\r\n",
	"*2\r\n$12\r\n\r\n*1\r\n$1\r\nx\r\n\r\n$0\r\n\r\n",
	strings.Repeat("*1\r\n$1\r\na\r\n", 20),
	strings.Repeat("1", 300),
}

// limitsOf draws limits from a byte, so small inputs reach them.
func limitsOf(b byte) resp.Limits {
	lim := resp.DefaultLimits()
	switch b & 3 {
	case 1:
		lim = resp.UnauthenticatedLimits()
	case 2:
		lim.MaxArgs, lim.MaxBulk = 3, 10
	}
	if b&4 != 0 {
		lim.MaxInline = int(b >> 3)
	}
	return lim
}

// transcript feeds a stream to a parser and writes down what came out. The
// buffer is no larger than what has arrived and moves between calls; cuts says
// how much arrives each time, in turns.
func transcript(t *testing.T, stream []byte, lim resp.Limits, cuts []byte) string {
	var out strings.Builder
	var p resp.Parser
	var c resp.Command
	from, have, turn, need := 0, 0, 0, 0
	for {
		window := append(make([]byte, 0, have-from), stream[from:have]...)
		n, err := p.Next(window, lim, &c)
		require.Equal(t, stream[from:have], window, "input was written to")
		require.True(t, 0 <= n && n <= len(window))
		if err != nil {
			require.Zero(t, n)
			require.IsType(t, &resp.ProtocolError{}, err)
			fmt.Fprintln(&out, err)
			return out.String()
		}
		if n > 0 {
			require.LessOrEqual(t, need, n)
			require.LessOrEqual(t, len(c.Args), lim.MaxArgs+n)
			fmt.Fprintf(&out, "%d %q\n", n, c.Args)
			from, need = from+n, 0
			continue
		}
		require.Empty(t, c.Args)
		need = max(need, p.Need())
		if have == len(stream) {
			return out.String()
		}
		step := len(stream)
		if len(cuts) > 0 {
			step = 1 + int(cuts[turn%len(cuts)]%32)
			turn++
		}
		have = min(have+step, len(stream))
	}
}

// FuzzCommands: for any bytes and any fragmentation the parser neither panics
// nor consumes more than there is nor writes to its input, and what it says does
// not depend on the fragmentation.
func FuzzCommands(f *testing.F) {
	for i, s := range streams {
		f.Add([]byte(s), []byte{byte(i), 3, 0}, byte(i))
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte, limits byte) {
		lim := limitsOf(limits)
		whole := transcript(t, stream, lim, nil)
		require.Equal(t, whole, transcript(t, stream, lim, []byte{0}))
		if len(cuts) > 0 {
			require.Equal(t, whole, transcript(t, stream, lim, cuts))
		}
	})
}

// FuzzCommandsAgainstRedcon: commands as clients write them are cut by both
// parsers alike. The arguments are the pieces of raw between its separators.
func FuzzCommandsAgainstRedcon(f *testing.F) {
	for _, s := range streams {
		f.Add([]byte(s), byte('\n'), byte(3))
	}
	f.Fuzz(func(t *testing.T, raw []byte, separator, perCommand byte) {
		args := bytes.Split(raw, []byte{separator})
		var stream []byte
		for len(args) > 0 {
			n := min(1+int(perCommand%9), len(args))
			stream = resp.AppendCommand(stream, args[:n]...)
			args = args[n:]
		}
		var p resp.Parser
		var c resp.Command
		for rest := stream; len(rest) > 0; {
			n, err := p.Next(rest, resp.DefaultLimits(), &c)
			require.NoError(t, err)
			complete, want, _, left, err := redcon.ReadNextCommand(rest, nil)
			require.NoError(t, err)
			require.True(t, complete)
			require.Equal(t, len(rest)-len(left), n)
			require.Equal(t, len(want), len(c.Args))
			for i := range want {
				require.True(t, bytes.Equal(want[i], c.Args[i]))
			}
			rest = rest[n:]
		}
		all, err := redcon.NewReader(bytes.NewReader(stream)).ReadCommands()
		require.NoError(t, err)
		for _, want := range all {
			n, err := p.Next(stream, resp.DefaultLimits(), &c)
			require.NoError(t, err)
			require.Equal(t, len(want.Args), len(c.Args))
			for i := range want.Args {
				require.True(t, bytes.Equal(want.Args[i], c.Args[i]))
			}
			stream = stream[n:]
		}
	})
}

// FuzzReply: the client's half takes any bytes, and what it takes it takes whole.
func FuzzReply(f *testing.F) {
	for _, s := range append(streams, "*2\r\n%1\r\n+a\r\n:1\r\n~1\r\n#t\r\n", "|1\r\n+k\r\n_\r\n=5\r\ntxt:a\r\n",
		strings.Repeat("*1\r\n", 80), "*1000000000\r\n+a\r\n", ">2\r\n,1.5\r\n(12\r\n!3\r\nERR\r\n") {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v, n, err := resp.Decode(in)
		require.True(t, 0 <= n && n <= len(in))
		if err != nil || n == 0 {
			require.Zero(t, n)
			return
		}
		again, m, err := resp.Decode(in[:n])
		require.NoError(t, err)
		require.Equal(t, n, m)
		require.Equal(t, v, again)
		_, m, err = resp.Decode(in[:n-1])
		require.NoError(t, err)
		require.Zero(t, m)
	})
}
