package world

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

func ok(t *testing.T, seed uint64, f *Failure) {
	t.Helper()
	if f != nil {
		t.Fatalf("seed %d: %v\n%s", seed, f, f.Stack)
	}
}

func TestSameSeedSameHash(t *testing.T) {
	warm, cold := newBench(), newBench()
	for seed := uint64(0); seed < 300; seed++ {
		var one, two tape.Tape
		one.Seed(seed, &tape.Storm)
		two.Seed(seed, &tape.Storm)
		two.Record(true)
		ok(t, seed, warm.run(&one))
		ok(t, seed, cold.run(&two))
		require.Equal(t, warm.w.Hash(), cold.w.Hash(), "seed %d", seed)
		if seed%50 == 0 {
			cold = newBench() // a world without a past must not differ
		}
		var three tape.Tape
		three.Replay(two.Outcomes())
		ok(t, seed, cold.run(&three))
		require.Equal(t, warm.w.Hash(), cold.w.Hash(), "replay of seed %d", seed)
	}
}

func TestFairWeather(t *testing.T) {
	b := newBench()
	var tp tape.Tape
	tp.Zero()
	require.Nil(t, b.run(&tp))
	require.Equal(t, b.limit, int(b.next))
	require.Equal(t, 1, b.w.Boots)
	require.Zero(t, *b.w.Seen())
}

func TestEveryEffectIsSeen(t *testing.T) {
	b := newBench()
	var total sched.Counts
	for _, p := range []*tape.Profile{&tape.Standard, &tape.Storm, &tape.Lying} {
		for seed := uint64(0); seed < 1500; seed++ {
			var tp tape.Tape
			tp.Seed(seed, p)
			if f := b.run(&tp); f != nil && p != &tape.Lying {
				t.Fatalf("profile %s, seed %d: %v\n%s", p.Name, seed, f, f.Stack)
			}
			total.Add(b.w.Seen())
		}
	}
	for e := sched.Effect(0); e < sched.NumEffects; e++ {
		t.Logf("%-24v %d", e, total[e])
	}
}

func TestMutantsAreCaught(t *testing.T) {
	caught := func(b *bench, p *tape.Profile) int {
		for seed := uint64(0); seed < 300; seed++ {
			var tp tape.Tape
			tp.Seed(seed, p)
			var f finding
			if fail := b.run(&tp); fail != nil && errors.As(fail, &f) {
				return int(seed) + 1
			}
		}
		return 0
	}
	early := newBench()
	early.early = true
	require.NotZero(t, caught(early, &tape.Clean), "an early acknowledgement")
	require.NotZero(t, caught(newBench(), &tape.Canary), "a disk that lies")
	require.Zero(t, caught(newBench(), &tape.Clean))
}

func BenchmarkRun(b *testing.B) {
	w := newBench()
	w.limit = 200
	var tp tape.Tape
	events := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tp.Seed(uint64(i), &tape.Standard)
		w.run(&tp)
		events += w.w.Sched.Events()
	}
	b.ReportMetric(float64(events)/float64(b.N), "events/run")
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
