package world

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wire"
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
	seen := *b.w.Seen()
	seen[sched.Coalesced] = 0 // a pipeline is no fault
	require.Zero(t, seen)
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
	// The toy has one file and one operation in flight; the rest is tested with
	// the disk alone, or happens in campaigns.
	elsewhere := []sched.Effect{sched.LostRename, sched.LostRemove, sched.OutOfOrder, sched.LateError, sched.FalseSync,
		sched.MisdirectedRead, sched.ShortRead, sched.MisdirectedWrite, sched.ReorderedWrite, sched.SyncLostData,
		sched.AllocateError, sched.Storm, sched.OtherSettings, sched.MemoryShort}
	for e := sched.Effect(0); e < sched.NumEffects; e++ {
		t.Logf("%-24v %d", e, total[e])
		if !slices.Contains(elsewhere, e) {
			require.NotZero(t, total[e], "%v was never seen", e)
		}
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

// TestExploration walks every point at which the power can be cut, and every
// image that it can leave, of a run of two commands.
func TestExploration(t *testing.T) {
	walk := func(early bool) (runs, found int, depth int) {
		b := newBench()
		b.early, b.limit, b.active, b.cfg.MaxCrashes = early, 3, 1, 1
		o := tape.NewOdometer(func(l tape.Label, _ uint32, n int) []int {
			switch s := l.Site(); {
			case s == siteCrash:
				return tape.Upto(2, n)
			case strings.HasPrefix(s.String(), "power cut/") || s.String() == "disk/cut":
				return tape.Upto(n, n)
			}
			return nil
		})
		for {
			var tp tape.Tape
			tp.Enumerate(o, nil)
			runs++
			if f := b.run(&tp); f != nil {
				found++
			}
			depth = max(depth, o.Depth())
			if !o.Next() {
				return runs, found, depth
			}
		}
	}
	runs, found, depth := walk(false)
	t.Logf("%d runs, deepest %d", runs, depth)
	require.Greater(t, runs, 50)
	require.Zero(t, found)
	_, found, _ = walk(true)
	require.NotZero(t, found)
}

// TestShrinking turns outcomes to zero one by one as long as the run still
// fails: the recording of a failure is not tied to anything but its labels.
func TestShrinking(t *testing.T) {
	b := newBench()
	b.early = true
	var tp tape.Tape
	for seed := uint64(0); ; seed++ {
		tp.Seed(seed, &tape.Storm)
		tp.Record(true)
		if b.run(&tp) != nil {
			break
		}
	}
	list := slices.Clone(tp.Outcomes())
	before := len(list)
	for i := len(list) - 1; i >= 0; i-- {
		less := slices.Delete(slices.Clone(list), i, i+1)
		tp.Replay(less)
		if b.run(&tp) != nil {
			list = less
		}
	}
	t.Logf("%d outcomes shrunk to %d", before, len(list))
	require.Empty(t, list, "the mutant fails in fair weather")
}

func TestEngineContractOnTheNetwork(t *testing.T) {
	w := wire.New()
	var tp tape.Tape
	s := &sched.Sched{}
	s.Reset(&tp, 0)
	w.Reset(s, wire.Config{}, wire.Watch{})
	require.Panics(t, func() { _ = w.Listen("tcp:127.0.0.1:1") }, "Listen before Bind")
	w.Bind(&toy{})
	require.Panics(t, func() { w.Bind(&toy{}) })
	require.Zero(t, w.Send(12345, []byte("x")))
	w.Close(12345)
	w.Receive(12345, true)
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
