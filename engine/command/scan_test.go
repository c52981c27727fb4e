package command_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/resp"
)

// walk runs a SCAN to its end and counts how often it returned each name.
func walk(t *testing.T, e *engine, step int, between func(), args ...string) map[string]int {
	at := 1
	if args[0] == "hscan" {
		at = 2
	}
	seen := map[string]int{}
	args = append([]string(nil), args...)
	for range 10000 {
		v := e.ask(t, args...)
		require.Len(t, v.Elems, 2)
		for i := 0; i < len(v.Elems[1].Elems); i += step {
			seen[string(v.Elems[1].Elems[i].Str)]++
		}
		args[at] = string(v.Elems[0].Str)
		if args[at] == "0" {
			return seen
		}
		between()
	}
	t.Fatal("endless scan")
	return nil
}

// TestScanGuarantee: what is there from beginning to end is returned, whatever
// comes and goes meanwhile.
func TestScanGuarantee(t *testing.T) {
	for _, count := range []string{"1", "7", "100", "100000"} {
		e := newEngine()
		for i := range 500 {
			e.ask(t, "set", fmt.Sprint("stay:", i), "v")
			e.ask(t, "hset", "h", fmt.Sprint("stay:", i), "v")
		}
		n := 0
		churn := func() { // grow to four times the size, and shrink again
			for range 10 {
				n++
				if name := fmt.Sprint("new:", n%1500); n/1500%2 == 0 {
					e.ask(t, "set", name, "v")
					e.ask(t, "hset", "h", name, "v")
				} else {
					e.ask(t, "del", name)
					e.ask(t, "hdel", "h", name)
				}
			}
		}
		keys := walk(t, e, 1, churn, "scan", "0", "count", count, "match", "stay:*", "type", "string")
		fields := walk(t, e, 2, churn, "hscan", "h", "0", "count", count)
		for i := range 500 {
			require.NotZero(t, keys[fmt.Sprint("stay:", i)])
			require.NotZero(t, fields[fmt.Sprint("stay:", i)])
		}
		require.Len(t, keys, 500, "nothing but what matches")
	}
}

// TestScanWorkIsBounded: a call ends although nothing matches.
func TestScanWorkIsBounded(t *testing.T) {
	e := newEngine()
	for i := range 2000 {
		e.ask(t, "set", fmt.Sprint(i), "v")
	}
	v := e.ask(t, "scan", "0", "match", "none", "count", "10")
	require.NotEqual(t, "0", string(v.Elems[0].Str))
	require.Empty(t, v.Elems[1].Elems)
}

func strs(v resp.Value) (s []string) {
	for _, e := range v.Elems {
		s = append(s, string(e.Str))
	}
	return s
}

// TestRandomFields: distinct when they must be, and all of them get their turn.
func TestRandomFields(t *testing.T) {
	for _, size := range []int{10, 300} {
		e := newEngine()
		for i := range size {
			e.ask(t, "hset", "h", fmt.Sprint(i), fmt.Sprint("v", i))
		}
		hits := map[string]int{}
		for _, count := range []int{1, 2, size / 2, size - 1, size, size + 5} {
			for range 40 {
				fields := strs(e.ask(t, "hrandfield", "h", fmt.Sprint(count)))
				require.Len(t, fields, min(count, size))
				once := map[string]bool{}
				for _, f := range fields {
					require.False(t, once[f], "%d of %d", count, size)
					once[f] = true
					if count < size {
						hits[f]++
					}
				}
			}
			pairs := strs(e.ask(t, "hrandfield", "h", fmt.Sprint(-count), "withvalues"))
			require.Len(t, pairs, 2*count)
			for i := 0; i < len(pairs); i += 2 {
				require.Equal(t, "v"+pairs[i], pairs[i+1])
			}
		}
		require.Len(t, hits, size)
	}
}

// TestRandomKeySkipsTheDead and bounded when all are.
func TestRandomKeySkipsTheDead(t *testing.T) {
	e := newEngine()
	e.ask(t, "set", "alive", "v")
	e.ask(t, "set", "dead", "v", "px", "1")
	e.now += 2000
	for range 50 {
		require.Equal(t, "alive", string(e.ask(t, "randomkey").Str))
	}
}

func BenchmarkGet(b *testing.B) { benchmark(b, "get", "k") }

func BenchmarkSet(b *testing.B) { benchmark(b, "set", "k", "v") }

func BenchmarkSetOptions(b *testing.B) { benchmark(b, "set", "k", "1", "px", "100000", "nx") }

func BenchmarkIncr(b *testing.B) { benchmark(b, "incr", "k") }
