package engine_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/resp"
	"holdfast/sim/redistest"
)

// changing is what differs between two servers, or two runs of one.
var changing = regexp.MustCompile(`"id":? :\d+`)

// TestSessionsAsRedis compares, reply by reply and in both protocols, what a
// connection is answered that does wrong and odd things: arity, options, states.
func TestSessionsAsRedis(t *testing.T) {
	lines, err := os.ReadFile("testdata/sessions.txt")
	require.NoError(t, err)
	r := &real{t: t, socket: redistest.Start(t)}
	s := serve(t, small())
	for _, proto := range []string{"2", "3"} {
		for line := range strings.Lines(string(lines)) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			their, our := r.dial(), s.dial()
			both := func(args []string) (want, got string) {
				their.say(t, args)
				p, err := their.whole()
				require.NoError(t, err, "%s: %q", line, args)
				our.send(args...)
				q := our.raw()
				for _, b := range []struct {
					to *string
					p  []byte
				}{{&want, p}, {&got, q}} {
					v, _, err := resp.Decode(b.p)
					require.NoError(t, err)
					*b.to = changing.ReplaceAllString(script.Format(v), "id")
				}
				return want, got
			}
			for _, setup := range []string{"HELLO " + proto, "FLUSHALL", "SET k0 10", "SET k1 abc", "HSET h0 f 1 g 2", "RPUSH l0 a b c"} {
				both(strings.Fields(setup))
			}
			for one := range strings.SplitSeq(strings.TrimSpace(line), " | ") {
				args, err := script.Split(one)
				require.NoError(t, err)
				want, got := both(args)
				require.Equal(t, want, got, "protocol %s, %q of %s", proto, one, line)
			}
			their.Close()
			our.c.Close()
			s.pass(5)
		}
	}
}
