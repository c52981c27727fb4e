//go:build linux

package engine_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// cpu is the CPU time of this thread, which others on the machine disturb least.
func cpu() int64 {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkHot is the engine's CPU time per command on ports that do nothing:
// random keys of HOLDFAST_BENCH_KEYS, a thousand if not set; two turns for each
// pipeline, one for what came and one for what the disk has done.
func BenchmarkHot(b *testing.B) {
	keys := 1000
	if s := os.Getenv("HOLDFAST_BENCH_KEYS"); s != "" {
		keys, _ = strconv.Atoi(s)
	}
	for _, policy := range []string{"cache", "no", "everysec", "always"} {
		for _, kind := range hotKinds {
			for _, depth := range []int{1, 16, 64} {
				b.Run(fmt.Sprintf("%s/%s/pipe=%d", policy, kind, depth), func(b *testing.B) { heated(b, policy, kind, depth, keys) })
			}
		}
	}
}

func heated(b *testing.B, policy, kind string, depth, keys int) {
	h := heat(b, policy)
	r := rand.New(rand.NewPCG(1, 2))
	var in []byte
	for i := range keys {
		in = hotCommand(in, "SET", fmt.Sprintf("key:%012d", i))
		if i%64 == 63 || i == keys-1 {
			h.turn(in)
			in = in[:0]
		}
	}
	turns := make([][]byte, max(64, min(keys, 200_000)/depth))
	for i := range turns {
		for range depth {
			turns[i] = hotCommand(turns[i], kind, fmt.Sprintf("key:%012d", r.IntN(keys)))
		}
	}
	for _, t := range turns {
		h.turn(t)
	}
	b.ReportAllocs()
	b.ResetTimer()
	begun := cpu()
	i := 0
	for n := 0; n < b.N; n += depth {
		h.turn(turns[i])
		if i++; i == len(turns) {
			i = 0
		}
	}
	b.ReportMetric(float64(cpu()-begun)/float64(b.N), "cpu-ns/op")
}
