package sim_test

import (
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

// cpuTime is what the process has used of the processors, in ns: other work on
// the machine does not count.
func cpuTime() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
