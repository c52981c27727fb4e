package engine_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/config"
	"holdfast/sim/world"
)

// The words of random commands: K a key, H a hash's key, F a field, V a value,
// I an integer, L an index.
var mix = strings.Split(strings.TrimSpace(`
SET K V|SET K V|SET K V PXAT 33177117420000|GET K|GETSET K V|GETDEL K|GETEX K PERSIST|APPEND K V|STRLEN K|SETRANGE K L V|GETRANGE K L L|INCR N|INCRBY N I|DECR N
MGET K K K|MSET K V K V|MSETNX K V K V|SETNX K V|SETBIT K L 1|GETBIT K L|BITCOUNT K|BITPOS K 1|BITOP XOR K K K|BITFIELD K INCRBY u8 L I|LCS K K LEN
HSET H F V|HSET H F V F V F V|HGET H F|HMGET H F F|HDEL H F|HLEN H|HEXISTS H F|HSTRLEN H F|HINCRBY C F I|HINCRBYFLOAT C F 0.5|HSETNX H F V
DEL K|DEL H|UNLINK K|EXISTS K K H|TYPE K|EXPIREAT K 33177117421|PERSIST K|PEXPIREAT H 33177117422000|RENAME K K|RENAMENX K K|COPY K K REPLACE|COPY H H REPLACE|RENAME H H
COPY K K DB 1 REPLACE|MOVE K 1|SELECT 1|SELECT 0|SELECT 0|DBSIZE|OBJECT ENCODING K|OBJECT ENCODING H|SET K V GET|SET K V KEEPTTL|SET K V XX
TOUCH K|SWAPDB 0 1|GET H|HGET K F|APPEND H V|INCR K|EXPIRETIME K|MULTI|EXEC|MULTI|EXEC|WATCH K|DISCARD|FLUSHDB
`), "\n")

func drawCommand(r *rand.Rand) []string {
	var all []string
	for _, line := range mix {
		all = append(all, strings.Split(line, "|")...)
	}
	words := strings.Fields(all[r.IntN(len(all))])
	if words[0] == "FLUSHDB" && r.IntN(10) > 0 {
		words = []string{"PING"}
	}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	for i, w := range words[1:] {
		switch w {
		case "K":
			w = pick("k0", "k1", "k2", "k3", "k4", "k5")
		case "H":
			w = pick("h0", "h1", "h2")
		case "N":
			w = pick("n0", "n1")
		case "C":
			w = "c0"
		case "F":
			w = "f" + strconv.Itoa(r.IntN(30))
		case "V":
			w = strings.Repeat(pick("a", "bc", "1"), r.IntN(5)*r.IntN(400))
		case "I":
			w = pick("1", "-3", "1000")
		case "L":
			w = pick("0", "3", "90", "700")
		}
		words[i+1] = w
	}
	return words
}

// TestColdAgreesWithMemory runs the same random commands on a shard in memory
// and on shards whose values leave memory as soon as they can, whose memory is
// short, and which restart now and then: every reply is the same.
func TestColdAgreesWithMemory(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"cold":   func(c *config.Config) { c.TieredOffloadShare = 1 },
		"short":  func(c *config.Config) { c.MaxMemory = 350 << 10 },
		"single": func(c *config.Config) { c.TieredOffloadShare, c.LogInFlight, c.BatchBytes = 1, 1, 8<<10 },
	} {
		fetched := 0
		for seed := range uint64(4) {
			t.Run(name+strconv.FormatUint(seed, 10), func(t *testing.T) {
				plain := small()
				plain.AppendOnly = false
				cfg := small()
				cfg.TieredPrefix, cfg.MaxMemory, cfg.TieredUploadShare = "x", 8<<30, 1
				cfg.TieredMinValueSize, cfg.HashMaxListpackEntries = 0, 8
				plain.HashMaxListpackEntries = 8
				change(cfg)
				fetched += compare(t, serve(t, plain), serve(t, cfg), rand.New(rand.NewPCG(seed, 3)))
			})
		}
		require.NotZero(t, fetched, name)
	}
}

// compare returns how many values b has fetched.
func compare(t *testing.T, a, b *served, r *rand.Rand) (fetched int) {
	ka, kb := a.dial(), b.dial()
	inMulti := false
	count := func() {
		n, err := strconv.Atoi(b.info("tiered_total_fetches"))
		require.NoError(t, err)
		fetched += n
	}
	for i := 0; i < 1500; {
		var batch [][]string
		for range 1 + r.IntN(20) {
			c := drawCommand(r)
			batch = append(batch, c)
			inMulti = (inMulti || c[0] == "MULTI") && c[0] != "EXEC" && c[0] != "DISCARD"
			ka.send(c...)
			kb.send(c...)
		}
		for _, c := range batch {
			want, got := text(ka.read()), text(kb.read())
			require.True(t, want == got, "%d: %.60q: %.300s\nin memory %.300s", i, c, got, want)
			i++
		}
		if r.IntN(20) == 0 && !inMulti {
			// Nothing that was answered may be lost; WATCH and SELECT are.
			count()
			b.restart([]world.End{world.PowerCut, world.Kill}[r.IntN(2)])
			ka.c.Close()
			ka, kb = a.dial(), b.dial()
		}
		if r.IntN(4) == 0 {
			b.pass(1)
			a.pass(1)
		}
	}
	count()
	return fetched
}
