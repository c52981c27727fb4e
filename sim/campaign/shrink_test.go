package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/client"
	"holdfast/sim/tape"
)

// TestWithoutCommands takes commands out of a run of two clients: what is left
// keeps its meaning under new names.
func TestWithoutCommands(t *testing.T) {
	kind := clientSite("kind")
	s := shrinker{view: view{
		// Client 0: a pipeline of 0 and 1, then a transaction 2 of 3 and 4. Client 1: one command.
		drawn:   [][]client.Drawn{{{Send: 0, Multi: 0}, {Send: 0, Multi: 1}, {Send: 2, Multi: 2}, {Send: 2, Multi: 2}, {Send: 2, Multi: 2}}, {{}}},
		moments: []tape.Moment{tape.Boot(1), tape.Sent(0, 0), tape.Sent(1, 0), tape.Sent(0, 2)},
	}}
	at := func(m tape.Moment, occurrence uint32) tape.Outcome {
		return tape.Outcome{Label: siteCrash.At2(0, int(m)), Occurrence: occurrence, Value: 1}
	}
	of := func(site tape.Site, n int, v uint32) tape.Outcome {
		return tape.Outcome{Label: site.At2(0, n), Value: v}
	}
	s.cur = candidate{each: []int{5, 1}, list: []tape.Outcome{of(pipelineSite, 0, 1), of(kind, 1, 5), of(thinkSite, 2, 3), of(insideSite, 2, 1),
		of(kind, 3, 7), of(kind, 4, 9), at(tape.Sent(0, 2), 4)}}
	lacking := func(how manner, client0 ...int) candidate {
		return s.lacking(how, func(c, n int, _ client.Drawn) bool {
			for _, k := range client0 {
				if c == 0 && k == n {
					return true
				}
			}
			return false
		})
	}

	c := lacking(goes, 0)
	require.Equal(t, []int{4, 1}, c.each)
	require.Equal(t, []tape.Outcome{of(kind, 0, 5), of(thinkSite, 1, 3), of(insideSite, 1, 1), of(kind, 2, 7), of(kind, 3, 9), at(tape.Sent(0, 1), 4)}, c.list)

	c = lacking(goes, 3)
	require.Equal(t, []tape.Outcome{of(pipelineSite, 0, 1), of(kind, 1, 5), of(thinkSite, 2, 3), of(kind, 3, 9), at(tape.Sent(0, 2), 4)}, c.list)

	c = lacking(goes, 3, 4) // a transaction of nothing goes too
	require.Equal(t, []int{2, 1}, c.each)
	require.Equal(t, []tape.Outcome{of(pipelineSite, 0, 1), of(kind, 1, 5)}, c.list)
	require.Equal(t, at(tape.Sent(1, 0), 4), lacking(again, 2).list[2], "it happens after the send before")

	c = s.cur.withoutClient(1)
	require.Equal(t, []int{5}, c.each)
	require.Equal(t, s.cur.list, c.list)
}
