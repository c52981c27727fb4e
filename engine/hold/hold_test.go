package hold

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/engine/unit"
)

const sec = unit.Time(1_000_000)

func reply(o *Output, text string, u Unit) {
	u.Start = len(o.Buf)
	o.Buf = append(o.Buf, text...)
	o.Add(u)
}

func TestPositionsCutTheStream(t *testing.T) { // rule 4: PING; SET sends PONG and holds OK
	var o Output
	reply(&o, "+PONG\r\n", Unit{})
	reply(&o, "+OK\r\n", Unit{Need: 100})
	reply(&o, "+PONG\r\n", Unit{})
	p, stale := o.Free(99, 0)
	require.False(t, stale)
	require.Equal(t, "+PONG\r\n", string(p))
	o.Taken(len(p))
	p, _ = o.Free(99, 0)
	require.Empty(t, p)
	p, _ = o.Free(100, 0)
	require.Equal(t, "+OK\r\n+PONG\r\n", string(p))
	o.Taken(3) // the socket took a part
	p, _ = o.Free(100, 0)
	require.Equal(t, "\r\n+PONG\r\n", string(p))
}

func TestDeadReplyRunsAgainWithAllBehindIt(t *testing.T) {
	var o Output
	reply(&o, "a", Unit{})
	reply(&o, "vol", Unit{Alive: 5000, Raw: []byte("GET v;")})
	reply(&o, "plain", Unit{Raw: []byte("GET p;")})
	require.True(t, o.Judged())
	p, stale := o.Free(0, 5*sec+999)
	require.False(t, stale, "the deadline's own millisecond is alive")
	require.Equal(t, "avolplain", string(p))

	o = Output{}
	reply(&o, "a", Unit{})
	reply(&o, "vol", Unit{Alive: 5000, Raw: []byte("GET v;")})
	reply(&o, "plain", Unit{Raw: []byte("GET p;")})
	p, stale = o.Free(0, 5*sec+1000)
	require.True(t, stale)
	require.Equal(t, "a", string(p))
	o.Taken(1)
	raw, units, ok := o.Rerun()
	require.True(t, ok)
	require.Equal(t, 2, units)
	require.Equal(t, "GET v;GET p;", string(raw))
	require.Zero(t, o.Len())
	require.False(t, o.Judged())
}

func TestDeadReplyBeforeAWriteBecomesAnError(t *testing.T) {
	var o Output
	reply(&o, "vol", Unit{Alive: 5000, Raw: []byte("GET v;"), Need: 10})
	reply(&o, "ok", Unit{Need: 20})
	_, stale := o.Free(20, 6*sec)
	require.True(t, stale)
	_, _, ok := o.Rerun()
	require.False(t, ok)
	require.Equal(t, 1, o.Behind())
	o.Fail([]byte("-ERR"))
	p, stale := o.Free(20, 6*sec)
	require.False(t, stale)
	require.Equal(t, "-ERRok", string(p))
}

func TestFirstByteDecides(t *testing.T) {
	var o Output
	reply(&o, "volatile", Unit{Alive: 5000, Raw: []byte("GET v;")})
	p, _ := o.Free(0, 5*sec)
	require.Len(t, p, 8)
	o.Taken(3) // began to leave while it was alive
	p, stale := o.Free(0, 9*sec)
	require.False(t, stale)
	require.Equal(t, "atile", string(p))
}

// TestStreamIsNeverReordered draws streams and checks, at every step, that
// what may leave is the stream's next bytes and nothing undurable or dead.
func TestStreamIsNeverReordered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			o         Output
			want      []byte // everything that shall leave, in order
			needs     []unit.LSN
			sent      int
			committed unit.LSN
			tail      unit.LSN
			turn      uint64
		)
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0, 1:
				u := Unit{Turn: turn}
				if rapid.Bool().Draw(t, "held") {
					tail += unit.LSN(rapid.IntRange(0, 9).Draw(t, "grow"))
					if tail > committed {
						u.Need = tail
					}
				}
				if rapid.IntRange(0, 3).Draw(t, "vol") == 0 {
					u.Alive, u.Raw = 1000, []byte("x")
				}
				text := fmt.Sprintf("<%d>", i)
				for range text {
					needs = append(needs, u.Need)
				}
				want = append(want, text...)
				reply(&o, text, u)
			case 2:
				committed = unit.LSN(rapid.Uint64Range(uint64(committed), uint64(max(committed, tail))).Draw(t, "committed"))
			case 3:
				turn++
				p, stale := o.Free(committed, sec)
				require.False(t, stale)
				for j := range p {
					require.LessOrEqual(t, needs[sent+j], committed)
				}
				require.Equal(t, string(want[sent:sent+len(p)]), string(p))
				if rest := want[sent+len(p):]; len(rest) > 0 {
					require.True(t, o.Held(), "held back without a reason")
				}
				n := rapid.IntRange(0, len(p)).Draw(t, "taken")
				o.Taken(n)
				sent += n
			}
		}
		p, _ := o.Free(tail, sec)
		require.Equal(t, string(want[sent:]), string(p))
	})
}

func TestQueueOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[int]
		type item struct {
			need unit.LSN
			id   int
		}
		var all []item
		for i := range rapid.IntRange(0, 50).Draw(t, "n") {
			need := unit.LSN(rapid.IntRange(0, 10).Draw(t, "need"))
			q.Push(need, i)
			all = append(all, item{need, i})
		}
		for committed := unit.LSN(0); committed <= 10; committed++ {
			var want, got []int
			for _, it := range all {
				if it.need == committed {
					want = append(want, it.id)
				}
			}
			for {
				id, ok := q.Pop(committed)
				if !ok {
					break
				}
				got = append(got, id)
			}
			require.Equal(t, want, got)
		}
		require.Zero(t, q.Len())
	})
}

// TestSilentWriteIsNotOvertaken: a command without a reply, behind one that
// dies, keeps it from running again.
func TestSilentWriteIsNotOvertaken(t *testing.T) {
	var o Output
	reply(&o, "vol", Unit{Alive: 5000, Need: 10, Raw: []byte("GET v;")})
	reply(&o, "", Unit{Raw: []byte("GET w;")})
	reply(&o, "", Unit{}) // a SET under CLIENT REPLY SKIP
	_, stale := o.Free(10, 6*sec)
	require.True(t, stale)
	_, _, ok := o.Rerun()
	require.False(t, ok)
	o.Fail([]byte("-ERR"))
	p, _ := o.Free(10, 6*sec)
	require.Equal(t, "-ERR", string(p))
}

// TestBoundedByWhatWaits: a stream that always has something held back costs
// what that takes, however long it goes on, and can still run again.
func TestBoundedByWhatWaits(t *testing.T) {
	var o Output
	raw := []byte("GET volatile;")
	for i := range 100_000 {
		reply(&o, "volatile", Unit{Alive: 5000, Need: unit.LSN(i + 1), Raw: raw, Turn: uint64(i)})
		if i < 10 {
			continue
		}
		p, stale := o.Free(unit.LSN(i-9), 0)
		require.False(t, stale)
		require.Len(t, p, 8)
		o.Taken(len(p))
	}
	require.Less(t, o.Bytes(), 256<<10)
	_, stale := o.Free(200_000, 6*sec)
	require.True(t, stale)
	again, units, ok := o.Rerun()
	require.True(t, ok)
	require.Equal(t, 10, units)
	require.Equal(t, strings.Repeat(string(raw), 10), string(again))
}

// TestMessagesOutliveRepliesThatRunAgain: what answers no command keeps its
// order and its condition when the replies around it are void.
func TestMessagesOutliveRepliesThatRunAgain(t *testing.T) {
	var o Output
	reply(&o, "first", Unit{Alive: 5000, Raw: []byte("GET v;")})
	reply(&o, "<one>", Unit{Need: 20, Push: true})
	reply(&o, "second", Unit{Raw: []byte("GET w;")})
	reply(&o, "<two>", Unit{Push: true})
	_, stale := o.Free(10, 6*sec)
	require.True(t, stale)
	raw, units, ok := o.Rerun()
	require.True(t, ok)
	require.Equal(t, 2, units)
	require.Equal(t, "GET v;GET w;", string(raw))
	reply(&o, "again", Unit{})
	p, _ := o.Free(19, 6*sec)
	require.Empty(t, p, "the message still waits for what it tells of")
	p, stale = o.Free(20, 6*sec)
	require.False(t, stale)
	require.Equal(t, "<one><two>again", string(p))
}

func TestMessageBehindAStaleReplyStays(t *testing.T) {
	var o Output
	reply(&o, "vol", Unit{Alive: 5000, Raw: []byte("GET v;")})
	reply(&o, "<told>", Unit{Push: true})
	reply(&o, "ok", Unit{})
	_, stale := o.Free(0, 6*sec)
	require.True(t, stale)
	_, _, ok := o.Rerun()
	require.False(t, ok, "a write is behind it")
	o.Fail([]byte("-ERR"))
	p, _ := o.Free(0, 6*sec)
	require.Equal(t, "-ERR<told>ok", string(p))
}
