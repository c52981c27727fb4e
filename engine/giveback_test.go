package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Deletes at random leave holes everywhere. Records move together until the
// slabs are free, though nobody sends anything any more; then the engine rests.
func TestDeletesGiveMemoryBackWhileIdle(t *testing.T) {
	cfg := small()
	cfg.AppendOnly = false
	s := serve(t, cfg)
	k := s.dial()
	const keys = 60_000
	for i := 0; i < keys; i += 500 {
		args := []string{"MSET"}
		for j := range 500 {
			args = append(args, fmt.Sprintf("key:%012d", i+j), strings.Repeat("v", 64))
		}
		require.Equal(t, "+OK", k.do(args...))
	}
	full := s.shard.Held()
	args := []string{"DEL"}
	for i := range keys {
		if i%10 != 3 {
			args = append(args, fmt.Sprintf("key:%012d", i))
		}
	}
	k.do(args...)
	require.Greater(t, s.shard.Held(), full/2, "the holes are of no use")
	s.pass(1000)
	require.Less(t, s.shard.Held(), full/3)
	require.Equal(t, fmt.Sprintf("%q", strings.Repeat("v", 64)), k.do("GET", "key:000000000013"))
	s.pass(10_000)
	events := s.w.Sched.Events()
	s.pass(10_000)
	require.Less(t, s.w.Sched.Events()-events, 100, "it does not rest")
}
