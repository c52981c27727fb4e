package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarksAreFoundInAnyCut(t *testing.T) {
	var l Ledger
	l.Reset()
	for range 500 {
		l.Mint(3)
	}
	v := Fill(nil, 321, 100)
	require.Len(t, v, 100)
	for from := range 80 {
		var got []ID
		l.Each(v[from:from+20], func(id ID) { got = append(got, id) })
		require.Equal(t, []ID{321}, got)
	}
}

func TestTornMarksAreNotFound(t *testing.T) {
	var l Ledger
	l.Reset()
	for range 2000 {
		l.Mint(1)
	}
	for a := ID(1); a < 2000; a += 7 {
		for cut := 1; cut < MarkLen; cut++ {
			v := append(Append(nil, a)[:cut], Append(nil, 2001-a)[cut:]...)
			if a == 2001-a {
				continue
			}
			l.Each(v, func(id ID) {
				require.Truef(t, id == a || id == 2001-a, "mark %d out of %d and %d", id, a, 2001-a)
			})
		}
	}
}

func TestCutLosesWhatLiesBeyond(t *testing.T) {
	var l Ledger
	l.Reset()
	a, b, c := l.Mint(1), l.Mint(1), l.Mint(2)
	l.Get(a).State, l.Get(a).End = Executed, 100
	l.Get(b).State, l.Get(b).End = Executed, 101
	l.Cut(100, true)
	require.Equal(t, Executed, l.Get(a).State)
	require.Equal(t, Lost, l.Get(b).State)
	require.Equal(t, Sent, l.Get(c).State)
}
