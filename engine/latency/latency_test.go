package latency

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSlotsCoverEveryValueOnce(t *testing.T) {
	last := -1
	for v := int64(0); v < 1<<17; v++ {
		s := slotOf(v)
		require.True(t, s == last || s == last+1, "%d", v)
		require.LessOrEqual(t, v, top(s))
		last = s
	}
	for i := range slots - 1 {
		require.Equal(t, i, slotOf(top(i)))
		require.Equal(t, i+1, slotOf(top(i)+1))
	}
	require.Equal(t, slots-1, slotOf(1<<62))
	require.Equal(t, 0, slotOf(-5))
}

func TestPercentiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []int64
	for range 10000 {
		v := r.Int64N(1 << r.IntN(34))
		h.Record(v)
		all = append(all, v)
	}
	slices.Sort(all)
	for _, p := range []float64{50, 99, 99.9, 100} {
		want, got := all[int(p/100*float64(len(all)))-1], h.Percentile(p)
		require.GreaterOrEqual(t, got, want)
		require.LessOrEqual(t, got, want+want/16+1)
	}
	require.Equal(t, all[len(all)-1], h.Max())
	require.Zero(t, (&Histogram{}).Percentile(50))
}

// TestCumulative has the limits that LATENCY HISTOGRAM of Redis 7 shows.
func TestCumulative(t *testing.T) {
	var h Histogram
	var limits []int64
	for v := int64(600); v < 40e9; v *= 2 {
		h.Record(v)
	}
	last := uint64(0)
	h.Cumulative(func(us int64, n uint64) {
		limits = append(limits, us)
		require.Equal(t, last+1, n)
		last = n
	})
	require.Equal(t, []int64{1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816}, limits[:16])
	require.Equal(t, h.Count(), last)
	h = Histogram{}
	h.Record(1 << 60)
	h.Cumulative(func(_ int64, n uint64) { require.EqualValues(t, 1, n) })
}

func TestMonitorKeepsTheWorstOfASecond(t *testing.T) {
	var m Monitor
	m.Add("hold", 10, 5)
	m.Add("command", 10, 7)
	m.Add("hold", 10, 9)
	m.Add("hold", 10, 6)
	require.Equal(t, []Sample{{10, 9}}, m.Find("hold").Samples())
	require.Equal(t, "command", m.Events()[0].Name)
	for i := range int64(500) {
		m.Add("hold", 11+i, i)
	}
	s := m.Find("hold").Samples()
	require.Len(t, s, kept)
	require.Equal(t, Sample{510, 499}, s[kept-1])
	require.Equal(t, Sample{510 - kept + 1, 499 - kept + 1}, s[0])
	require.True(t, m.Forget("hold"))
	require.False(t, m.Forget("hold"))
	require.Len(t, m.Events(), 1)
}
