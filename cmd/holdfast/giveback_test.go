package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGiveBack(t *testing.T) {
	const mib = 1 << 20
	held, released := int64(0), make(chan bool)
	turn := giveBack(func() int64 { return held }, func() { released <- true })
	at := func(n int64) { held = n; turn() }
	at(100 * mib)
	at(400 * mib)
	at(330 * mib) // little of it
	at(400 * mib)
	at(300 * mib)
	<-released
	at(299 * mib) // counted from there
	select {
	case <-released:
		require.Fail(t, "asked again")
	default:
	}
}
