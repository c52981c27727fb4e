package tape

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	testFree  = NewSite("test/client #/command #/free", Free)
	testMixed = NewSite("test/mixed", Mixed)
	testFault = NewSiteWeighted("test/file #/fault", DiskFault, 0, 1, 0, 3)
	testRare  = NewSiteWeighted("test/rare", Crash, 2)
)

// draws asks for a fixed series of choices.
func draws(t *Tape) []int {
	var out []int
	for i := range 200 {
		out = append(out, t.Choose(testFree.At2(i%3, i), 5), t.Choose(testMixed.Label(), 7),
			t.Choose(testFault.At(i%2), 4), t.Choose(testRare.Label(), 2))
	}
	return out
}

func TestReplayRepeatsARecordedRun(t *testing.T) {
	var a, b, c Tape
	for seed := range uint64(50) {
		a.Seed(seed, &Storm)
		b.Seed(seed, &Storm)
		b.Record(true)
		want := draws(&a)
		require.Equal(t, want, draws(&b))
		c.Replay(b.Outcomes())
		require.Equal(t, want, draws(&c))
		for _, o := range b.Outcomes() {
			require.NotZero(t, o.Value)
			require.Equal(t, int(o.Value), want[o.Order])
		}
	}
}

// TestMomentsMoveNothingBehindThem: what was recorded for a moment is found there
// however often was asked before.
func TestMomentsMoveNothingBehindThem(t *testing.T) {
	ask := func(t *Tape, before int) (got []int) {
		for range before {
			t.Choose(testFault.At(1), 4)
		}
		t.Begin(Sent(2, 5))
		for range 100 {
			got = append(got, t.Choose(testFault.At(1), 4))
		}
		return got
	}
	var a, b Tape
	for seed := range uint64(20) {
		a.Seed(seed, &Storm)
		a.Record(true)
		want := ask(&a, 30)
		require.Equal(t, []Moment{Sent(2, 5)}, a.Moments())
		for _, before := range []int{0, 7, 30, 80} {
			b.Replay(a.Outcomes())
			require.Equal(t, want, ask(&b, before))
		}
	}
	client, n, ok := Sent(2, 5).Send()
	require.Equal(t, []any{2, 5, true}, []any{client, n, ok})
	_, _, ok = Boot(3).Send()
	require.False(t, ok)
	b.Record(true)
	b.Zero()
	b.Begin(Sent(2, 5))
	b.Choose(testFault.At(1), 4)
	next := b.Next(testFault.At(1), 3)
	require.Equal(t, "test/file 1/fault after client 2/command 5 (1) = 3", next.String())
	var asked Asked
	b.Asked(&asked)
	require.EqualValues(t, 1, asked.Times(testFault.At(1), Sent(2, 5)))
	require.Zero(t, asked.Times(testFault.At(1), Boot(1)))
}

func TestCoursesShareWhatTheyHaveInCommon(t *testing.T) {
	run := func(c Course) (plan, rest []int) {
		var a Tape
		a.Guide(&c, &Storm)
		plan = draws(&a)
		a.Planned()
		return plan, draws(&a)
	}
	seeds := make([]uint64, len(Sites()))
	for seed := range uint64(20) {
		for i := range seeds {
			seeds[i] = seed
		}
		c := Course{Seeds: seeds, Legs: []Leg{{0, seed}}}
		plan, rest := run(c)
		again, same := run(c)
		require.Equal(t, plan, again)
		require.Equal(t, rest, same)
		c = c.From(1500, seed+1).From(1200, seed+2)
		require.Len(t, c.Legs, 2)
		again, other := run(c)
		require.Equal(t, plan, again)
		require.Equal(t, rest[:400], other[:400], "up to its last leg")
		require.NotEqual(t, rest, other)
		c.Seeds[testFree]++
		again, _ = run(c)
		for i := range plan {
			require.True(t, i%4 == 0 || plan[i] == again[i], "what other sites plan stays")
		}
		require.NotEqual(t, plan, again)
	}
}

func TestZeroAndOutOfRangeAreBenign(t *testing.T) {
	var a Tape
	for _, v := range draws(&a) {
		require.Zero(t, v)
	}
	a.Replay([]Outcome{{Label: testMixed.Label(), Value: 7}, {Label: testMixed.Label(), Occurrence: 1, Value: 6}})
	require.Equal(t, 0, a.Choose(testMixed.Label(), 7))
	require.Equal(t, 6, a.Choose(testMixed.Label(), 7))
	require.Equal(t, 0, a.Choose(testMixed.Label(), 7))
}

func TestWeights(t *testing.T) {
	var a Tape
	count := map[int]int{}
	rates := map[uint32]bool{}
	for seed := range uint64(400) {
		a.Seed(seed, &Storm)
		rates[a.Rate(testFault)] = true
		for range 100 {
			count[a.Choose(testFault.Label(), 4)]++
		}
		a.Seed(seed, &Clean)
		for range 100 {
			require.Zero(t, a.Choose(testFault.Label(), 4))
		}
	}
	require.Len(t, rates, len(stormRates), "swarm selection draws among the rates")
	require.Zero(t, count[2], "an outcome of weight 0")
	require.Greater(t, count[3], 2*count[1])
	require.Greater(t, count[0], count[3])
}

func TestMutedSitesAnswerZero(t *testing.T) {
	var a Tape
	p := Storm.Without(testFault, testFree)
	for seed := range uint64(20) {
		for _, feed := range []func(){
			func() { a.Seed(seed, p) },
			func() { a.Bytes([]byte(strings.Repeat("\xff\xfe", 400)), p) },
		} {
			feed()
			other := 0
			for range 100 {
				require.Zero(t, a.Choose(testFault.Label(), 4))
				require.Zero(t, a.Choose(testFree.Label(), 4))
				other += a.Choose(testMixed.Label(), 7)
			}
			require.NotZero(t, other)
		}
	}
	require.Empty(t, Storm.Muted)
}

func TestMixedForbidsSomeOutcomes(t *testing.T) {
	var a Tape
	forbidden, all := 0, map[int]bool{}
	for seed := range uint64(300) {
		a.Seed(seed, &Clean)
		got := map[int]bool{}
		for range 400 {
			got[a.Choose(testMixed.Label(), 7)] = true
		}
		if len(got) < 7 {
			forbidden++
		}
		for v := range 7 {
			all[v] = all[v] || got[v]
		}
	}
	require.Greater(t, forbidden, 200)
	for v := range 7 {
		require.True(t, all[v])
	}
}

func TestBytesAreMonotoneAndTotal(t *testing.T) {
	var a Tape
	a.Bytes(nil, &Storm)
	for _, v := range draws(&a) {
		require.Zero(t, v)
	}
	last := 0
	for b := range 256 {
		a.Bytes([]byte{byte(b)}, &Storm)
		v := a.Choose(testFree.Label(), 5)
		require.GreaterOrEqual(t, v, last)
		last = v
	}
	require.Equal(t, 4, last)
	a.Bytes([]byte{255, 255, 255, 0, 0}, &Storm)
	require.Equal(t, 3, a.Choose(testFault.Label(), 4))
	require.Equal(t, 0, a.Choose(testFault.Label(), 4))
}

func TestOdometerVisitsEachCombinationOnce(t *testing.T) {
	var a Tape
	o := NewOdometer(func(l Label, _ uint32, n int) []int {
		if l.Site() == testFree {
			return Upto(n, n)
		}
		return nil
	})
	seen := map[[3]int]bool{}
	for {
		a.Enumerate(o, []Outcome{{Label: testRare.Label(), Value: 1}})
		var got [3]int
		got[0] = a.Choose(testFree.Label(), 3)
		require.Zero(t, a.Choose(testMixed.Label(), 7), "out of scope")
		if got[0] != 1 { // the shape of a run depends on what was chosen
			got[1] = a.Choose(testFree.Label(), 2)
		}
		if got[0] != 2 { // a run that ends early
			got[2] = a.Choose(testFree.Label(), 4)
		}
		require.False(t, seen[got])
		seen[got] = true
		if !o.Next() {
			break
		}
	}
	require.Len(t, seen, 2*4+4+2)
}

func TestTokenRoundTrip(t *testing.T) {
	var a Tape
	a.Seed(7, &Storm)
	a.Record(true)
	draws(&a)
	want := Token{Profile: "storm", Settings: "appendfsync=always", Seed: 7}
	got, err := DecodeToken(want.Encode())
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Less(t, len(want.Encode()), 64)

	want.Recorded, want.Outcomes = true, a.Outcomes()
	text := want.Encode()
	got, err = DecodeToken(" " + text + "\n")
	require.NoError(t, err)
	var b, c Tape
	b.Replay(a.Outcomes())
	c.Replay(got.Outcomes)
	require.Equal(t, draws(&b), draws(&c))
}

func TestDamagedTokens(t *testing.T) {
	text := Token{Profile: "clean", Seed: 1, Recorded: true,
		Outcomes: []Outcome{{Label: testFault.At(1), Occurrence: 9, Value: 2}}}.Encode()
	for i := range text {
		_, err := DecodeToken(text[:i])
		require.ErrorIs(t, err, ErrToken)
		flipped := text[:i] + string(text[i]^1) + text[i+1:]
		if _, err := DecodeToken(flipped); err == nil {
			// The last character of base64 may carry unused bits.
			require.Equal(t, len(text)-1, i)
		}
	}
	_, err := DecodeToken("hf2-" + strings.Repeat("A", 1<<21))
	require.ErrorContains(t, err, "too long")
}

func TestLabels(t *testing.T) {
	require.Equal(t, "test/client 2/command 5/free", testFree.At2(2, 5).String())
	require.Equal(t, "test/mixed", testMixed.Label().String())
	s, ok := SiteNamed("test/mixed")
	require.True(t, ok)
	require.Equal(t, testMixed, s)
	require.Panics(t, func() { NewSite("test/mixed", Free) })
}

func FuzzDecodeToken(f *testing.F) {
	f.Add(Token{Profile: "clean", Seed: 1}.Encode())
	f.Fuzz(func(t *testing.T, s string) {
		if tok, err := DecodeToken(s); err == nil && tok.Unknown == 0 {
			again, err := DecodeToken(tok.Encode())
			require.NoError(t, err)
			require.Equal(t, tok.Seed, again.Seed)
		}
	})
}

func BenchmarkChoose(b *testing.B) {
	var a Tape
	a.Seed(1, &Standard)
	l := testFault.At(1)
	for b.Loop() {
		a.Choose(l, 4)
	}
}

func BenchmarkChooseRecording(b *testing.B) {
	var a Tape
	a.Seed(1, &Standard)
	a.Record(true)
	l := testFault.At(1)
	for b.Loop() {
		a.Choose(l, 4)
	}
}
