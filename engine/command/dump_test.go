package command_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/rdb"
	"holdfast/engine/resp"
)

func (r *redis) ask(t *testing.T, args ...string) resp.Value {
	p, err := r.do(args)
	require.NoError(t, err)
	v, _, err := resp.Decode(p)
	require.NoError(t, err)
	return v
}

// contents is what is under a key, in a form that has one order.
func contents(t *testing.T, ask func(args ...string) resp.Value, key string) string {
	v := ask("get", key)
	if v.Kind == '-' {
		if v = ask("hgetall", key); v.Kind == '-' {
			return script.Format(ask("lrange", key, "0", "-1"))
		}
		var pairs []string
		for i := 0; i < len(v.Elems); i += 2 {
			pairs = append(pairs, strconv.Quote(string(v.Elems[i].Str))+":"+strconv.Quote(string(v.Elems[i+1].Str)))
		}
		slices.Sort(pairs)
		return strings.Join(pairs, " ")
	}
	return script.Format(v)
}

// words are values at the edges of every encoding.
func edges() (all []string) {
	for _, n := range []int{0, 1, 10, 11, 12, 20, 21, 63, 64, 127, 128, 4095, 4096, 16379, 16380, 16381, 16383, 16384, 70000} {
		all = append(all, strings.Repeat("x", n))
	}
	for shift := range 64 {
		for _, by := range []int64{-1, 0, 1} {
			n := int64(1)<<shift + by
			all = append(all, strconv.FormatInt(n, 10), strconv.FormatInt(-n, 10))
		}
	}
	return append(all, "007", "-0", "+1", " 1", "1.5", "99999999999999999999", "\x00\xff")
}

// TestDumpTravels: each server takes what the other has dumped, and where the
// order of a hash's fields is one, both dump the same bytes. Redis compresses
// for half of it.
func TestDumpTravels(t *testing.T) {
	server, e := startRedis(t), newEngine()
	theirs := func(args ...string) resp.Value { return server.ask(t, args...) }
	ours := func(args ...string) resp.Value { return e.ask(t, args...) }
	long := "6000"
	theirs("config", "set", "hash-max-listpack-value", long)
	e.s.Begin(e.now, 0).Config().HashMaxListpackValue = 6000
	e.s.Configure()
	r := rand.New(rand.NewPCG(3, 3))
	all := edges()
	for round := range 300 {
		key := "k"
		theirs("del", key)
		if round < len(all) {
			theirs("set", key, all[round])
		}
		fields := r.IntN(12)
		if round%3 == 1 && round >= len(all) {
			for range r.IntN(300) {
				theirs("rpush", key, all[r.IntN(len(all))])
			}
			fields = 0
		}
		if round%10 == 9 && fields > 0 {
			fields = 200 // beyond the small encoding
		}
		for i := range fields {
			if round >= len(all) || i > 0 {
				theirs("hset", key, all[r.IntN(len(all))], all[r.IntN(len(all))])
			}
		}
		if theirs("exists", key).Int == 0 {
			continue
		}
		theirs("config", "set", "rdbcompression", "no")
		plain := string(theirs("dump", key).Str)
		theirs("config", "set", "rdbcompression", "yes")
		packed := string(theirs("dump", key).Str)
		want := contents(t, theirs, key)
		for _, payload := range []string{plain, packed} {
			require.Equal(t, "+OK", script.Format(ours("restore", key, "0", payload, "replace")))
			require.Equal(t, want, contents(t, ours, key))
			again := string(ours("dump", key).Str)
			if plain[0] != 4 { // fields of a large hash are in no order
				require.Equal(t, plain, again)
			}
			require.Equal(t, "+OK", script.Format(theirs("restore", key, "0", again, "replace")))
			require.Equal(t, want, contents(t, theirs, key))
		}
	}
}

// ziplist and zipmap write what servers wrote long ago.
func ziplist(parts ...string) string {
	b := make([]byte, 10)
	prev, tail := 0, 10
	for _, p := range parts {
		tail = len(b)
		if prev < 254 {
			b = append(b, byte(prev))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(prev))
		}
		if n, err := strconv.ParseInt(p, 10, 64); err == nil && len(p) > 1 {
			switch {
			case n == int64(int8(n)):
				b = append(b, 0xfe, byte(n))
			case n == int64(int16(n)):
				b = append(b, 0xc0, byte(n), byte(n>>8))
			case n >= -1<<23 && n < 1<<23:
				b = append(b, 0xf0, byte(n), byte(n>>8), byte(n>>16))
			case n == int64(int32(n)):
				b = binary.LittleEndian.AppendUint32(append(b, 0xd0), uint32(n))
			default:
				b = binary.LittleEndian.AppendUint64(append(b, 0xe0), uint64(n))
			}
		} else if len(p) == 1 && p[0] >= '0' && p[0] <= '9' {
			b = append(b, 0xf1+p[0]-'0')
		} else {
			switch {
			case len(p) < 64:
				b = append(b, byte(len(p)))
			case len(p) < 1<<14:
				b = append(b, 0x40|byte(len(p)>>8), byte(len(p)))
			default:
				b = binary.BigEndian.AppendUint32(append(b, 0x80), uint32(len(p)))
			}
			b = append(b, p...)
		}
		prev = len(b) - tail
	}
	b = append(b, 0xff)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(tail))
	binary.LittleEndian.PutUint16(b[8:], uint16(len(parts)))
	return string(b)
}

func zipmap(parts ...string) string {
	b := []byte{byte(len(parts) / 2)}
	size := func(n int) {
		if n < 254 {
			b = append(b, byte(n))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(n))
		}
	}
	for i, p := range parts {
		size(len(p))
		if i%2 == 1 {
			b = append(b, 3) // bytes to spare
		}
		b = append(b, p...)
		if i%2 == 1 {
			b = append(b, "???"...)
		}
	}
	return string(append(b, 0xff))
}

// body appends a string to a type, as a raw one.
func body(kind byte, blob string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kind, 0x80}, uint32(len(blob)))
	return append(b, blob...)
}

// TestRestoreOfOldEncodings: what Redis before 7 has dumped is taken as Redis 7
// takes it.
func TestRestoreOfOldEncodings(t *testing.T) {
	server, e := startRedis(t), newEngine()
	pairs := []string{"a", "1", "b", "-100", "c", "-3000", "d", "80000", "e", "-2000000000", "f", "9000000000", "7", "text",
		strings.Repeat("g", 60), strings.Repeat("h", 64), strings.Repeat("i", 100), strings.Repeat("j", 300), "k", strings.Repeat("l", 20000), "m", "0"}
	old := map[byte][]byte{13: body(13, ziplist(pairs...)), 9: body(9, zipmap(pairs...)), 10: body(10, ziplist(pairs...)),
		1: append([]byte{1, 2}, "\x01a\xc0\x07"...), 14: append(append([]byte{14, 2}, body(0, ziplist(pairs...))[1:]...), body(0, ziplist("x"))[1:]...),
		18: append([]byte{18, 2, 1}, "\x05plain\x02\x0a\x0a\x00\x00\x00\x01\x00\x81b\x02\xff"...)}
	for kind, b := range old {
		payload := string(rdb.Seal(b))
		require.Equal(t, "+OK", script.Format(server.ask(t, "restore", "k", "0", payload, "replace")), kind)
		require.Equal(t, "+OK", script.Format(e.ask(t, "restore", "k", "0", payload, "replace")), kind)
		want := contents(t, func(a ...string) resp.Value { return server.ask(t, a...) }, "k")
		require.Equal(t, want, contents(t, func(a ...string) resp.Value { return e.ask(t, a...) }, "k"), kind)
		if kind == 9 || kind == 13 {
			require.Equal(t, int64(len(pairs)/2), e.ask(t, "hlen", "k").Int)
		}
	}
}

// TestRestoreOfLies: any single byte of a sealed payload may be another, and it
// may end anywhere. It is refused, or it is a value that can be dumped again.
func TestRestoreOfLies(t *testing.T) {
	e := newEngine()
	e.ask(t, "hset", "h", "f", "v", "1", "2", "far", "-70000", "long", strings.Repeat("x", 40))
	e.ask(t, "set", "s", "a string of some length")
	lzf := []byte("\x00\xc3\x09\x1b\x01ab\xe0\x0f\x01\x01yz") // ab, 24 more, yz
	var whole [][]byte
	for _, key := range []string{"h", "s"} {
		p := e.ask(t, "dump", key).Str
		whole = append(whole, p[:len(p)-10])
	}
	whole = append(whole, lzf, body(13, ziplist("a", "1", "b", "-3000")), body(9, zipmap("a", "1", "b", "x")),
		[]byte("\x04\x02\x01a\x01b\x01c\xc0\x07"), body(10, ziplist("a", "1")),
		[]byte("\x12\x02\x01\x05plain\x02\x0a\x0a\x00\x00\x00\x01\x00\x81b\x02\xff"))
	require.Equal(t, "-ERR Bad data format", script.Format(e.ask(t, "restore", "twice", "0", string(rdb.Seal([]byte("\x04\x02\x01a\x01b\x01a\x01c"))))))
	taken := 0
	try := func(b []byte) {
		answer := script.Format(e.ask(t, "restore", "k", "0", string(rdb.Seal(bytes.Clone(b))), "replace"))
		if answer == "+OK" {
			taken++
			require.NotEmpty(t, e.ask(t, "dump", "k").Str)
			return
		}
		require.Equal(t, "-ERR Bad data format", answer, "%q", b)
	}
	for _, b := range whole {
		for n := range b {
			try(b[:n])
			for bit := range 8 {
				c := bytes.Clone(b)
				c[n] ^= 1 << bit
				try(c)
			}
			c := bytes.Clone(b)
			c[n] = 0xff
			try(c)
		}
		try(append(bytes.Clone(b), 0))
		try(b)
	}
	require.Greater(t, taken, len(whole))
}
