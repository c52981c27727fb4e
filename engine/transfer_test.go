package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/event"
	"holdfast/sim/world"
)

// giving serves with small parts, a list l of 8000 elements and a hash h of as many
// fields, each hundreds of times what a turn writes; marks are counted.
func giving(t *testing.T, unwritten int64) (*served, map[string]int) {
	cfg := small()
	cfg.ImagePartBytes, cfg.HashMaxListpackEntries = 512, 8
	cfg.SegmentBytes, cfg.BatchBytes, cfg.LogInFlight = 1<<20, 4<<10, 1
	cfg.MaxUnwritten = unwritten // an image waits for the disk when it has gone so far ahead
	marks := map[string]int{}
	s := listened(t, cfg, &event.Observer{Mark: func(name string) { marks[name]++ }})
	k := s.dial()
	list, hash := []string{"RPUSH", "l"}, []string{"HSET", "h"}
	for i := range 8000 {
		list = append(list, fmt.Sprintf("%050d", i))
		hash = append(hash, fmt.Sprint("f", i), fmt.Sprintf("%050d", i))
	}
	require.Equal(t, ":8000", k.do(list...))
	require.Equal(t, ":8000", k.do(hash...))
	return s, marks
}

const givenInParts = "value given away in parts"

// TestLargeValuesAreGivenInParts: what changes while a large value is renamed,
// copied or moved is in the other key's, over restarts too, and nobody sees
// anything between before and after.
func TestLargeValuesAreGivenInParts(t *testing.T) {
	for _, command := range []string{"RENAME", "RENAMENX", "COPY", "MOVE"} {
		for _, src := range []string{"l", "h"} {
			s, marks := giving(t, 64<<10)
			k, other := s.dial(), s.dial()
			words := []string{command, src, "to"}
			if command == "MOVE" {
				words[2] = "1"
			}
			require.Equal(t, ":1", k.do("PEXPIRE", src, "1000000"))
			turns := s.w.Turns
			k.send(words...)
			changes, wrote := 0, 0
			for marks[givenInParts] == 0 {
				exists := other.do("EXISTS", src)
				if marks[givenInParts] > 0 {
					break
				}
				require.Equal(t, ":1", exists, "%s %s %v", command, src, marks)
				if src == "l" {
					other.do("LSET", "l", fmt.Sprint(changes*7%7000), fmt.Sprint("set", changes))
					other.do("RPOP", "l")
					other.do("LPUSHX", "l", fmt.Sprint("new", changes))
				} else {
					other.do("HSET", "h", fmt.Sprint("f", changes*7%8000), fmt.Sprint("set", changes))
					other.do("HDEL", "h", fmt.Sprint("f", changes*11%8000))
				}
				if changes++; marks[givenInParts] == 0 {
					wrote = changes
				}
			}
			require.NotContains(t, text(k.read()), "ERR")
			require.Greater(t, s.w.Turns-turns, 8, command)
			require.NotZero(t, wrote, command)
			require.Equal(t, 1, marks[givenInParts])
			db, key := "0", "to"
			if command == "MOVE" {
				db, key = "1", src
			}
			if src == "h" && command != "COPY" {
				other.do("DEL", src) // the last change may have made it anew
			}
			value := whole(other, db, key)
			if command == "COPY" && wrote == changes {
				require.Equal(t, whole(other, "0", src), value)
			}
			for _, how := range []world.End{world.PowerCut, world.CleanStop} {
				s.restart(how)
				k = s.dial()
				require.Equal(t, value, whole(k, db, key), command)
				require.NotContains(t, []string{":-1", ":-2"}, k.do("PTTL", key))
				k.do("SELECT", "0")
				want := ":0"
				if command == "COPY" {
					want = ":1"
				}
				require.Equal(t, want, k.do("EXISTS", src))
			}
		}
	}
}

// whole returns all of a list or a hash.
func whole(k *client, db, key string) string {
	k.do("SELECT", db)
	if k.do("TYPE", key) == "+list" {
		return k.do("LRANGE", key, "0", "-1")
	}
	return k.do("HGETALL", key)
}

// TestTransferThatComesToNothing: what ends a transfer half-way leaves one of
// before and after, and whoever waits is answered.
func TestTransferThatComesToNothing(t *testing.T) {
	for name, end := range map[string]func(s *served, k, other *client){
		"the source goes": func(_ *served, k, other *client) {
			require.Equal(k.s.t, ":1", other.do("DEL", "l"))
			require.Equal(k.s.t, "-ERR no such key", text(k.read()))
		},
		"it becomes another": func(_ *served, k, other *client) {
			require.Equal(k.s.t, "+OK", other.do("SET", "l", "v"))
			require.Equal(k.s.t, "+OK", text(k.read()))
			require.Equal(k.s.t, `"v"`, other.do("GET", "to"))
		},
		"databases change places": func(_ *served, k, other *client) {
			require.Equal(k.s.t, "+OK", other.do("SWAPDB", "0", "1"))
			require.Equal(k.s.t, "-ERR no such key", text(k.read()))
			require.Equal(k.s.t, "+OK", other.do("SWAPDB", "0", "1"))
			require.Equal(k.s.t, ":8000", other.do("LLEN", "l"))
		},
		"the client goes": func(s *served, k, other *client) {
			k.c.Close()
			s.pass(100)
			require.Equal(k.s.t, ":8000", other.do("LLEN", "l"))
			require.Equal(k.s.t, ":0", other.do("EXISTS", "to"))
			require.Equal(k.s.t, "+OK", other.do("RENAME", "l", "to"))
		},
		"the process ends": func(s *served, _, _ *client) {
			s.restart(world.PowerCut)
			k := s.dial()
			require.Equal(k.s.t, ":8000", k.do("LLEN", "l"))
			require.Equal(k.s.t, ":0", k.do("EXISTS", "to"))
			require.Equal(k.s.t, "+OK", k.do("RENAME", "l", "to"))
		},
		"the log is switched off": func(_ *served, k, other *client) {
			require.Equal(k.s.t, "+OK", other.do("CONFIG", "SET", "appendonly", "no"))
			require.Equal(k.s.t, "+OK", text(k.read()))
			require.Equal(k.s.t, ":8000", other.do("LLEN", "to"))
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			s, marks := giving(t, 64<<10)
			k, other := s.dial(), s.dial()
			require.Equal(t, ":0", other.do("EXISTS", "to"))
			k.send("RENAME", "l", "to")
			turns := s.w.Turns
			s.until(func() bool { return s.w.Turns > turns+5 })
			require.Zero(t, marks[givenInParts], "it is over already")
			end(s, k, other)
			other = s.dial()
			require.Equal(t, "+OK", other.do("SET", "after", "v")) // nobody is in the way
		})
	}
}

// TestTransactionsGiveInPartsToo: the first value that they give away; what they do
// with it before is in the image.
func TestTransactionsGiveInPartsToo(t *testing.T) {
	s, marks := giving(t, 4<<20)
	k, other := s.dial(), s.dial()
	for _, words := range [][]string{{"MULTI"}, {"RPUSH", "l", "last"}, {"COPY", "l", "to"}, {"RPOP", "to"}, {"SELECT", "1"}, {"SET", "k", "v"}} {
		k.do(words...)
	}
	k.send("EXEC")
	require.Equal(t, ":8001", other.do("RPUSH", "l", "between"))
	require.Equal(t, `[:8002 :1 "last" +OK +OK]`, text(k.read()))
	require.Equal(t, 1, marks[givenInParts])
	s.restart(world.PowerCut)
	k = s.dial()
	require.Equal(t, ":8002", k.do("LLEN", "l"))
	require.Equal(t, ":8001", k.do("LLEN", "to"))
	require.Equal(t, `"between"`, k.do("LINDEX", "to", "-1"))
}

// TestValueIsGivenAgainAndAgain: each time in parts.
func TestValueIsGivenAgainAndAgain(t *testing.T) {
	s, marks := giving(t, 64<<10)
	k := s.dial()
	for i := range 10 {
		require.Equal(t, "+OK", k.do("RENAME", []string{"l", "m"}[i%2], []string{"m", "l"}[i%2]))
	}
	require.Equal(t, 10, marks[givenInParts])
	require.Equal(t, ":8000", k.do("LLEN", "l"))
}
