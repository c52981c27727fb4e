package sim_test

import (
	"math/rand/v2"
	"syscall"
	"testing"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

// BenchmarkStandardRun is one fully checked run of the standard profile: an
// operation is a seed. cpu-ns/op counts the collector and nobody else's work.
func BenchmarkStandardRun(b *testing.B) {
	r := campaign.NewRunner()
	b.ReportAllocs()
	var seed uint64 = 9_000_000
	events, answered := 0, int64(0)
	start := cpuTime()
	for b.Loop() {
		res, err := r.Run(tape.Token{Seed: seed, Profile: "standard"})
		if err != nil || res.Failure != nil {
			b.Fatalf("seed %d: %v %v", seed, err, res.Failure)
		}
		seed++
		events += res.Events
		answered += res.Answered
	}
	b.ReportMetric(float64(cpuTime()-start)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(events)/float64(b.N), "events/run")
	b.ReportMetric(float64(answered)/float64(b.N), "replies/run")
}

// BenchmarkTape is what fuzz.FuzzTape does without the fuzzer and its counters: an
// operation is a world that was read from bytes of some length up to 4 KiB.
func BenchmarkTape(b *testing.B) {
	r := campaign.NewRunner()
	data := make([]byte, 4096)
	events, answered := 0, int64(0)
	start := cpuTime()
	for i := uint64(0); b.Loop(); i++ {
		rnd := rand.New(rand.NewPCG(i, 1))
		for at := range data {
			data[at] = byte(rnd.Uint32())
		}
		res, err := r.RunBytes(data[:1<<rnd.IntN(13)], "standard")
		if err != nil || res.Failure != nil {
			b.Fatalf("input %d: %v %v", i, err, res.Failure)
		}
		events += res.Events
		answered += res.Answered
	}
	cpu := float64(cpuTime()-start) / float64(b.N)
	b.ReportMetric(cpu, "cpu-ns/op")
	b.ReportMetric(1e9/cpu, "execs/cpu-s")
	b.ReportMetric(float64(events)/float64(b.N), "events/exec")
	b.ReportMetric(float64(answered)/float64(b.N), "replies/exec")
}

// cpuTime is what the process has used of the processors, in ns: other work on
// the machine does not count.
func cpuTime() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
