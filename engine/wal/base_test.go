package wal

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
)

// starter is a sink that begins in the middle of the log.
type starter struct {
	*host
	from  unit.LSN
	marks []Mark
	known []bool
	chain Chain
}

func (s *starter) Start(c Chain) {
	s.chain = c
	for _, m := range s.marks {
		s.l.Verify(m, func(ok bool) { s.known = append(s.known, ok) })
		for len(s.fs.ops) > 0 {
			s.fs.complete(0)
		}
	}
	s.l.Replay(s.from, 7)
}

func TestReplayFrom(t *testing.T) {
	fs := newFakeFS(512)
	h := start(t, fs, tiny())
	var at []unit.LSN
	var marks []Mark
	for i := range 60 {
		at = append(at, h.set(fmt.Sprint("key", i), value(i, i*40)))
		h.l.Flush()
		fs.run()
		m, end := h.l.Mark()
		require.GreaterOrEqual(t, end, h.l.Tail())
		require.GreaterOrEqual(t, h.l.Synced(), h.l.Tail())
		marks = append(marks, m)
	}
	fs.files["stranger"] = &fakeFile{}
	for i := -1; i < len(at); i++ {
		s := &starter{host: &host{t: t, fs: fs.killed()}}
		if i >= 0 { // everything behind the end of unit i
			s.from = at[i]
			good := marks[i]
			s.marks = []Mark{good, {good.LSN, good.Epoch, good.Sum + 1}, {good.LSN + 512, good.Epoch, good.Sum},
				{good.LSN, good.Epoch + 1, good.Sum}, {good.LSN + 1, good.Epoch, good.Sum}, {1 << 40, good.Epoch, good.Sum}}
		}
		s.l = New(tiny(), s.fs, s.host)
		s.l.Recover(s)
		for s.recovered == nil {
			s.fs.complete(0)
		}
		require.NoError(t, s.err)
		require.Len(t, s.got, len(at)-1-i)
		for j, r := range s.got {
			require.Equal(t, fmt.Sprint("key", i+1+j), string(r.Key))
		}
		if i >= 0 {
			require.Equal(t, []bool{true, false, false, false, false, false}, s.known)
		}
		require.GreaterOrEqual(t, s.recovered.Time, unit.Time(7))
		require.GreaterOrEqual(t, s.chain.End, at[len(at)-1])
		require.Equal(t, []string{"stranger"}, s.chain.Others)
	}
}

func TestAttestMakesMark(t *testing.T) {
	fs := newFakeFS(512)
	h := start(t, fs, tiny())
	m, _ := h.l.Mark()
	require.Zero(t, m.LSN)
	h.l.Attest()
	fs.run()
	m, end := h.l.Mark()
	require.NotZero(t, m.LSN)
	require.Greater(t, end, m.LSN)
}
