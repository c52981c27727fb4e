package command_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/resp"
	"holdfast/sim/redistest"
)

// redis is a Redis server of our own and a connection to it.
type redis struct {
	conn  net.Conn
	buf   []byte
	proto int
}

// smallHash is the most fields of a small hash in the scripts, whatever the
// default is.
const smallHash = 128

func startRedis(t *testing.T) *redis {
	socket := redistest.Start(t, "--rdbcompression", "no", "--hash-max-listpack-entries", strconv.Itoa(smallHash))
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return &redis{conn: conn, proto: 2}
}

// do sends one command and returns the bytes of its reply.
func (r *redis) do(args []string) ([]byte, error) {
	if _, err := r.conn.Write(resp.AppendCommandStrings(nil, args...)); err != nil {
		return nil, err
	}
	r.buf = r.buf[:0]
	for {
		if _, n, err := resp.Decode(r.buf); n > 0 || err != nil {
			return r.buf, err
		}
		var part [16 << 10]byte
		n, err := r.conn.Read(part[:])
		if err != nil {
			return nil, err
		}
		r.buf = append(r.buf, part[:n]...)
	}
}

func (r *redis) speak(proto int) error {
	if r.proto == proto {
		return nil
	}
	r.proto = proto
	_, err := r.do([]string{"HELLO", strconv.Itoa(proto)})
	return err
}

// TestRedisAgreesWithScripts holds the scripts against the server they speak
// of. With -rewrite it writes their expectations.
func TestRedisAgreesWithScripts(t *testing.T) {
	r := startRedis(t)
	replay(t, func() {
		for _, words := range [][]string{{"SELECT", "0"}, {"FLUSHALL"}} {
			_, err := r.do(words)
			require.NoError(t, err)
		}
	}, func(proto int, args []string) ([]byte, error) {
		if err := r.speak(proto); err != nil {
			return nil, err
		}
		return r.do(args)
	})
}

// replay runs every script against do; reset empties the databases.
func replay(t *testing.T, reset func(), do func(proto int, args []string) ([]byte, error)) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		reset()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			proto := 2
			d.MaybeScanArgs(t, "proto", &proto)
			o := script.Options{Sort: d.HasArg("sort")}
			for _, arg := range d.CmdArgs {
				o.Pair = o.Pair || arg.Key == "sort" && len(arg.Vals) > 0
			}
			out, err := script.Run(d.Input, o, func(args []string) ([]byte, error) { return do(proto, args) })
			if err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			return out
		})
	})
}
