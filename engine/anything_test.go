package engine_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command"
)

// words is what a confused client might say.
var words = []string{
	"k0", "k1", "h0", "h1", "f", "", "0", "1", "-1", "3", "16", "9223372036854775807", "-9223372036854775808", "99999999999999999999",
	"1.5", "inf", "nan", "1e400", "x", "*", "[", "\\", "\x00\xff\r\n", "NX", "XX", "GT", "LT", "GET", "KEEPTTL", "EX", "PX", "EXAT", "PXAT",
	"PERSIST", "MATCH", "COUNT", "TYPE", "NOVALUES", "WITHVALUES", "string", "hash", "REPLACE", "DB", "LEN", "IDX", "MINMATCHLEN", "WITHMATCHLEN",
	"BIT", "BYTE", "AND", "OR", "XOR", "NOT", "SET", "INCRBY", "OVERFLOW", "SAT", "FAIL", "WRAP", "u8", "i64", "u64", "#1", "ID", "ADDR", "LADDR",
	"USER", "SKIPME", "yes", "no", "on", "off", "normal", "FILTERBY", "PATTERN", "ACLCAT", "MODULE", "maxmemory", "hz", "AUTH", "SETNAME", "OBJECT",
	"SET-ACTIVE-EXPIRE", "keyspace", "everything", "LIB-NAME", "LIB-VER", "ASYNC", "SYNC", strings.Repeat("long", 300),
}

// refrain are what would end the test, or make it wait.
func refrain(name string) bool {
	switch name {
	case "shutdown", "quit", "client|pause", "client|reply", "client|kill", "hello", "auth", "reset", "config|set", "config|get",
		"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "client|tracking", "monitor":
		return true
	}
	return false
}

// TestAnythingGoes says all commands with arbitrary words: each gets exactly
// one reply, in both protocols, in transactions too, and the server stands.
func TestAnythingGoes(t *testing.T) {
	var names [][]string
	for _, c := range command.All() {
		if refrain(c.Name) {
			continue
		}
		names = append(names, []string{c.Name})
		for i := range c.Subs {
			if !refrain(c.Subs[i].Name) {
				names = append(names, strings.Split(c.Subs[i].Name, "|"))
			}
		}
	}
	for seed := range uint64(4) {
		cfg := small()
		if seed%2 == 1 {
			cfg.TieredPrefix, cfg.MaxMemory, cfg.TieredOffloadShare, cfg.TieredUploadShare = "x", 8<<30, 1, 1
			cfg.TieredMinValueSize = 0
		}
		k := serve(t, cfg).dial()
		k.do("HELLO", strconv.Itoa(2+int(seed/2)))
		r := rand.New(rand.NewPCG(seed, 4))
		for range 6000 {
			c := append([]string(nil), names[r.IntN(len(names))]...)
			for range r.IntN(7) {
				c = append(c, words[r.IntN(len(words))])
			}
			if command.Lookup([]byte(c[0])).Is(command.Blocking) && slices.Contains(c, "0") {
				continue // it would wait for ever
			}
			k.send(c...)
			k.send("ECHO", "mark")
			k.read()
			if got := text(k.read()); got != `"mark"` && got != "+QUEUED" {
				require.Fail(t, "more or less than one reply", "%q: %s", c, got)
			}
		}
		k.do("DISCARD")
		require.Equal(t, "+PONG", k.do("PING"))
	}
}
