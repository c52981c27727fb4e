package tx

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/engine/unit"
)

func TestRingRemembersTheNewestUndurable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		model := map[uint64]unit.LSN{}
		lsn, committed := unit.LSN(0), unit.LSN(0)
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "op") > 0 {
				// Few homes, so that probe runs are long and wrap around.
				h := uint64(rapid.IntRange(0, 40).Draw(t, "h"))<<1*63 | 1
				lsn += unit.LSN(rapid.IntRange(0, 2).Draw(t, "grow"))
				r.put(h, lsn)
				model[h] = lsn
			} else {
				committed = unit.LSN(rapid.Uint64Range(uint64(committed), uint64(lsn)).Draw(t, "committed"))
				r.prune(committed)
			}
			live := 0
			for h, l := range model {
				if l > committed {
					live++
					require.Equal(t, l, r.get(h))
				} else {
					require.LessOrEqual(t, r.get(h), committed)
				}
			}
			require.GreaterOrEqual(t, r.len(), live)
		}
		r.prune(lsn)
		require.Zero(t, r.len())
	})
}

func TestTimekeeper(t *testing.T) {
	const s = int64(1e9)
	k := Timekeeper{persistNS: 10 * s}
	require.EqualValues(t, 1_000_000, k.Start(1_000_000, 5*s, 0))
	require.EqualValues(t, 2_000_000, k.Sample(2_000_000, 6*s))

	// Set back: ignored, time goes on with the monotonic clock.
	require.EqualValues(t, 3_000_000, k.Sample(500, 7*s))
	require.EqualValues(t, 3_000_000, k.Sample(400, 7*s))

	// A step forward that does not last is ignored, one that lasts adopted.
	require.EqualValues(t, 4_000_000, k.Sample(900_000_000, 8*s))
	require.EqualValues(t, 9_000_000, k.Sample(900_000_000, 13*s))
	require.EqualValues(t, 10_000_000, k.Sample(10_000_000, 14*s))
	require.EqualValues(t, 11_000_000, k.Sample(100_000_000, 15*s))
	require.EqualValues(t, 21_000_000+89_000_000, k.Sample(110_000_000, 25*s))

	// A restart never begins below the ceiling.
	again := Timekeeper{}
	require.EqualValues(t, 120_000_000, again.Start(1_000, 0, 120_000_000))
}

func TestCeilingCovers(t *testing.T) {
	k := Timekeeper{ceiling: 100}
	lsn, ok := k.cover(100)
	require.True(t, ok)
	require.Zero(t, lsn)
	_, ok = k.cover(101)
	require.False(t, ok)
	k.propose(200, 10)
	k.propose(300, 20)
	lsn, ok = k.cover(150)
	require.True(t, ok)
	require.EqualValues(t, 10, lsn)
	k.committed(10)
	require.EqualValues(t, 200, k.Ceiling())
	lsn, ok = k.cover(250)
	require.True(t, ok)
	require.EqualValues(t, 20, lsn)
	k.committed(20)
	require.EqualValues(t, 300, k.Ceiling())
}

func TestRingGivesBackWhatAPauseMadeItHold(t *testing.T) {
	var r ring
	for i := range uint64(ringKeeps + 1) {
		r.put(i*0x9e3779b97f4a7c15, unit.LSN(i)) // spread, as hashes are
	}
	require.Greater(t, r.bytes(), int64(ringKeeps*32))
	r.prune(ringKeeps - 1)
	require.Equal(t, 1, r.len())
	r.prune(ringKeeps)
	require.Zero(t, r.bytes())
	require.Zero(t, r.get(4))
	r.put(4, ringKeeps+1)
	require.Equal(t, unit.LSN(ringKeeps+1), r.get(4))
}
