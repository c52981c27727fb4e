package command_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
)

// What random commands are made of: the capital letters of a template stand
// for a word drawn from the list of that letter, a + for some more of it.
var pools = map[byte][]string{
	'K': {"k0", "k1", "k2", "k3", "h0", "h1"},
	'V': {"", "0", "1", "-7", "10", "abc", "hello world", "9223372036854775807", "-9223372036854775808", "3.5", "1e3", "\xff\x00\x0f", "0.1",
		strings.Repeat("long", 30), " 1", "007"},
	'I': {"0", "1", "-1", "2", "3", "5", "-5", "7", "100", "-100", "9223372036854775807", "-9223372036854775808", "x", "1.5", "", "31"},
	'F': {"0", "1", "-1.5", "0.1", "3.0e3", "1e-3", "x", "inf", "", "123456789.123456789", "-0.2"},
	'f': {"a", "b", "c", "d", ""},
	'O': {"NX", "XX", "GET", "KEEPTTL", "EXAT 33177117420", "PXAT 33177117420500", "EX 0", "PXAT 1", "EX x", "EX", "PERSIST"},
	'C': {"NX", "XX", "GT", "LT", "nx"},
	'A': {"33177117420", "33177117421", "33177117430", "1", "0", "-1", "x"},
	'B': {"0", "1", "5", "7", "8", "15", "40", "-1", "x", "70"},
	'b': {"0", "1", "0", "1", "2"},
	'T': {"u4", "i8", "u8", "i5", "u16", "i64", "u63", "u64", "i3"},
	'P': {"0", "3", "8", "17", "#0", "#1", "#2", "-1"},
	'R': {"BIT", "BYTE", "bit", "FOO"},
	'W': {"OVERFLOW SAT", "OVERFLOW FAIL", "OVERFLOW WRAP"},
	'L': {"LEN", "IDX", "MINMATCHLEN 2", "WITHMATCHLEN", "MINMATCHLEN x"},
	'M': {"AND", "OR", "XOR", "NOT"},
	'N': {"0", "-1", "x", "9223372036854775807"}, // no times: relative ones depend on the clock
	'D': {"0", "1", "2", "16"},
	'E': {"a", "b", "c", "", "1", "-7", strings.Repeat("long", 30)},
	'S': {"LEFT", "RIGHT", "left", "MIDDLE"},
	'Q': {"BEFORE", "AFTER", "BESIDE"},
	'p': {"RANK 1", "RANK -1", "RANK 2", "RANK -2", "COUNT 0", "COUNT 2", "MAXLEN 3", "MAXLEN 0", "RANK 0", "COUNT -1", "RANK x"},
	'l': {"l0", "l1", "l2", "k0"},
	'G': {"*", "k*", "h?", "[kh][0-2]", "a", "[^a]*", ""},
}

var templates = strings.Split(strings.TrimSpace(`
set K V|set K V O+|setnx K V|setex K N V|getset K V|getdel K|getex K|getex K O+|get K|mget K K+|mset K V K V|msetnx K V K V
set K V|set K V|set K V|incr K|decr K|incrby K I|decrby K I|incrbyfloat K F|append K V|strlen K|getrange K I I|substr K I I
setrange K P V|lcs K K|lcs K K L+|setbit K B b|getbit K B|bitcount K|bitcount K I I|bitcount K I I R|bitpos K b|bitpos K b I
bitpos K b I I|bitpos K b I I R|bitop M K K|bitop M K K K|bitfield K get T P|bitfield K set T P I get T P|bitfield K W incrby T P I incrby T P I
bitfield_ro K get T P|bitfield K W set T P I get T P
hset K f V|hset K f V f V|hset h0 f V f V f V|hset h1 f V|hsetnx K f V|hget K f|hmset K f V|hmget K f f|hgetall K|hdel K f f+|hexists K f|hlen K
hset h0 f V|hset h1 f V|hkeys K|hvals K|hstrlen K f|hincrby K f I|hincrbyfloat K f F|hrandfield K 100|hscan K 0 match G
del K K+|unlink K|exists K K+|touch K K|type K|expire K N|expireat K A|expireat K A C+|pexpireat K A|persist K|expiretime K|pexpiretime K
rename K K|renamenx K K|copy K K|copy K K replace|copy K K db D|copy K K db D replace|move K D|swapdb D D|keys G|scan 0 count 100 match G
rpush l E E+|lpush l E E E|rpush l0 E E E E|lpush l1 E|lpushx l E|rpushx l E|lpop l|rpop l|lpop l I|rpop l 2|llen l|lindex l I|lset l I E
rpush l E E E E E|linsert l Q E E|linsert l before E E|linsert l after E E|lrem l I E|lrem l 0 E|lrange l I I|lrange l 0 -1|ltrim l I I|ltrim l 0 3
lpos l E|lpos l E p|lpos l E p p|lpos l E p p p|lmove l l S S|lmove l l left right|rpoplpush l l|lmpop 1 l S|lmpop 2 l l left count I|lmpop I l l right
lrange l 0 -1|type l|rename l l|copy l l replace|del l|set l V|expireat l 33177117420
select D|select 0|scan 0 count 100 type hash|expireat K 33177117420|ttl nokey|pttl nokey
`), "\n")

func draw(r *rand.Rand) []string {
	var all []string
	for _, line := range templates {
		all = append(all, strings.Split(line, "|")...)
	}
	var args []string
	for _, word := range strings.Fields(all[r.IntN(len(all))]) {
		pool, isPool := pools[word[0]]
		times := 1
		switch {
		case !isPool || len(word) > 2 || len(word) == 2 && word[1] != '+':
			args = append(args, word)
			continue
		case len(word) == 2:
			times = r.IntN(4)
		}
		for range times {
			pick := pool[r.IntN(len(pool))]
			switch {
			case strings.IndexByte("OWLp", word[0]) >= 0: // options of several words
				args = append(args, strings.Fields(pick)...)
			default:
				args = append(args, pick)
			}
		}
	}
	return args
}

// TestRandomCommandsAgree runs the same random commands on the engine and on
// Redis. Words that both refuse, deadlines in the past and other types are
// part of the mix; what depends on the clock is not.
func TestRandomCommandsAgree(t *testing.T) {
	server := startRedis(t)
	e := newEngine()
	r := rand.New(rand.NewPCG(7, 7))
	for i := range 15000 {
		args := draw(r)
		if args[0] == "select" && args[1] == "16" {
			continue
		}
		proto := 2 + i/500%2
		require.NoError(t, server.speak(proto))
		one := func(args []string, do func([]string) ([]byte, error)) string {
			sorted := false
			switch args[0] {
			case "keys", "scan", "hkeys", "hvals", "hgetall", "hscan", "hrandfield":
				sorted = true
			}
			pair := args[0] == "hgetall" || args[0] == "hscan"
			out, err := script.Run(quote(args), script.Options{Sort: sorted, Pair: pair}, do)
			require.NoError(t, err, args)
			return out
		}
		want := one(args, server.do)
		got := one(args, func(args []string) ([]byte, error) { return e.do(proto, args) })
		require.Equal(t, want, got, "%d: %q", i, args)
	}
}

func quote(args []string) string {
	var words []string
	for _, a := range args {
		words = append(words, script.Quote(a))
	}
	return strings.Join(words, " ")
}
