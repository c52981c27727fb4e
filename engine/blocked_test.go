package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// id returns a client's number.
func (k *client) id() string { return strings.TrimPrefix(k.do("CLIENT", "ID"), ":") }

func TestWaitForReplicas(t *testing.T) {
	s := serve(t, small())
	k, other := s.dial(), s.dial()
	k.dialogue(`
		WAIT x y => -ERR value is not an integer or out of range
		WAIT 1 x => -ERR timeout is not an integer or out of range
		WAIT 1 -1 => -ERR timeout is negative
		WAIT 0 0 => :0
		WAIT -1 0 => :0
		MULTI => +OK
		WAIT 1 0 => +QUEUED
		EXEC => [:0]
		WAIT 1 20 => :0
	`)
	id := k.id()
	k.send("WAIT", "1", "0")
	k.send("ECHO", "behind")
	k.silent(1000)
	require.Contains(t, other.do("CLIENT", "LIST"), " flags=b ")
	require.Equal(t, "1", s.info("blocked_clients"))
	require.Equal(t, ":1", other.do("CLIENT", "UNBLOCK", id))
	require.Equal(t, ":0", text(k.read()))
	require.Equal(t, `"behind"`, text(k.read()))
	require.Equal(t, ":0", other.do("CLIENT", "UNBLOCK", id))
	k.send("WAIT", "1", "0")
	k.silent(10)
	other.dialogue(`
		CLIENT UNBLOCK x => -ERR value is not an integer or out of range
		CLIENT UNBLOCK x FOO => -ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
		CLIENT UNBLOCK 1 TIMEOUT x => -ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.
		CLIENT UNBLOCK 99 => :0
	`)
	require.Equal(t, ":1", other.do("CLIENT", "UNBLOCK", id, "error"))
	require.Equal(t, "-UNBLOCKED client unblocked via CLIENT UNBLOCK", text(k.read()))
	require.Equal(t, "0", s.info("blocked_clients"))
}

func TestWaitAOF(t *testing.T) {
	for _, policy := range []string{"always", "everysec", "no"} {
		c := small()
		c.AppendFsync = policy
		s := serve(t, c)
		k := s.dial()
		k.dialogue(`
			WAITAOF 2 0 0 => -ERR value is out of range, value must between 0 and 1
			WAITAOF x 0 0 => -ERR value is not an integer or out of range
			WAITAOF 1 -1 0 => -ERR value is out of range, must be positive
			WAITAOF 1 0 -1 => -ERR timeout is negative
			WAITAOF 1 0 0 => [:1 :0]
			SET k v => +OK
		`)
		began := s.w.Sched.Now()
		require.Equal(t, "[:1 :0]", k.do("WAITAOF", "1", "0", "0"))
		require.Less(t, s.w.Sched.Now()-began, int64(100_000_000), "it hastens the sync")
		require.Equal(t, "[:1 :0]", k.do("WAITAOF", "0", "1", "30"))
		require.Equal(t, "+OK", k.do("MULTI"))
		k.do("SET", "k", "w")
		k.do("WAITAOF", "1", "0", "0")
		want := map[bool]string{true: "[+OK [:1 :0]]", false: "[+OK [:0 :0]]"}[policy == "always"]
		require.Equal(t, want, k.do("EXEC"), policy)
	}
	c := small()
	c.AppendOnly = false
	require.Equal(t, "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.", serve(t, c).dial().do("WAITAOF", "1", "0", "0"))
}

// TestWokenRepliesAreHeld freezes what is committed: the reply of a pop waits
// for the pop, that of the push for the push, a timeout for neither.
func TestWokenRepliesAreHeld(t *testing.T) {
	s := serve(t, small())
	a, b, d, ctl := s.dial(), s.dial(), s.dial(), s.dial()
	require.Equal(t, "+OK", ctl.do("DEBUG", "reply-blocking-pause", "aof"))
	a.send("BLPOP", "k", "0")
	s.pass(5)
	b.send("BLPOP", "k", "0.05")
	s.pass(5)
	d.send("RPUSH", "k", "1")
	a.silent(10)
	require.Empty(t, d.in)
	require.Equal(t, "nil array", text(b.read()))
	require.Equal(t, "+OK", ctl.do("DEBUG", "reply-blocking-resume", "aof"))
	require.Equal(t, `["k" "1"]`, text(a.read()))
	require.Equal(t, ":1", text(d.read()))
}

// TestAClientThatEndsIsNotServed: it may have died, and what it were given
// would be lost.
func TestAClientThatEndsIsNotServed(t *testing.T) {
	s := serve(t, small())
	a, b, d := s.dial(), s.dial(), s.dial()
	a.send("BLPOP", "k", "0")
	s.pass(5)
	b.send("BLPOP", "k", "0")
	s.pass(5)
	a.c.Close()
	s.pass(5)
	require.Equal(t, ":1", d.do("RPUSH", "k", "1"))
	require.Equal(t, `["k" "1"]`, text(b.read()))
	require.Equal(t, "0", s.info("blocked_clients"))
}

// TestManyAreServedOverTurns has more waiters than one turn serves.
func TestManyAreServedOverTurns(t *testing.T) {
	s := serve(t, small())
	var all []*client
	for range 2500 {
		k := s.dial()
		k.send("BLPOP", "k", "0")
		all = append(all, k)
	}
	s.pass(10)
	d := s.dial()
	d.send("MULTI")
	for range 3000 {
		d.send("RPUSH", "k", "v")
	}
	d.send("EXEC")
	for _, k := range all {
		require.Equal(t, `["k" "v"]`, text(k.read()))
	}
	require.Equal(t, ":500", s.dial().do("LLEN", "k"))
}

// TestAColdListServesInOrder exchanges databases: the waiters' key is on disk
// only, and whoever comes meanwhile stands behind them.
func TestAColdListServesInOrder(t *testing.T) {
	c := small()
	c.TieredPrefix, c.MaxMemory = "x", 4<<30
	c.TieredOffloadShare, c.TieredUploadShare, c.TieredMinValueSize = 1, 1, 0
	s := serve(t, c)
	a, b, d := s.dial(), s.dial(), s.dial()
	d.dialogue(`
		SELECT 1 => +OK
		RPUSH k 1 2 3 4 => :4
	`)
	s.pass(200)
	a.send("BLPOP", "k", "0")
	s.pass(5)
	b.send("BLPOP", "j", "k", "0")
	s.pass(5)
	before := s.info("tiered_total_fetches")
	late := s.dial()
	d.send("SWAPDB", "0", "1")
	late.send("BLPOP", "k", "0")
	require.Equal(t, `["k" "1"]`, text(a.read()))
	require.NotEqual(t, before, s.info("tiered_total_fetches"))
	require.Equal(t, `["k" "2"]`, text(b.read()))
	require.Equal(t, `["k" "3"]`, text(late.read()))
}

// TestBlockedUnderPause pauses writers: nobody is given anything, but who
// has waited long enough is told so.
func TestBlockedUnderPause(t *testing.T) {
	s := serve(t, small())
	a, b, d := s.dial(), s.dial(), s.dial()
	a.send("BLPOP", "k", "0.02")
	s.pass(5)
	b.send("BLPOP", "k", "0")
	s.pass(5)
	require.Equal(t, "+OK", d.do("CLIENT", "PAUSE", "100000", "WRITE"))
	require.Equal(t, "nil array", text(a.read()))
	a.send("RPUSH", "k", "1")
	a.silent(20)
	require.Equal(t, "+OK", d.do("CLIENT", "UNPAUSE"))
	require.Equal(t, `["k" "1"]`, text(b.read()))
}

// TestAReplyThatDiesBeforeABlockedCommand is run again, and the command behind
// it keeps its place.
func TestAReplyThatDiesBeforeABlockedCommand(t *testing.T) {
	s := serve(t, small())
	a, b, d, ctl := s.dial(), s.dial(), s.dial(), s.dial()
	require.Equal(t, "+OK", ctl.do("DEBUG", "reply-blocking-pause", "aof"))
	d.send("SET", "v", "old", "PX", "300")
	s.pass(5)
	a.send("GET", "v")
	a.send("BLPOP", "k", "0")
	s.pass(5)
	b.send("BLPOP", "k", "0")
	s.pass(400)
	require.Empty(t, a.in)
	require.Equal(t, "+OK", ctl.do("DEBUG", "reply-blocking-resume", "aof"))
	require.Equal(t, "nil", text(a.read()))
	require.Equal(t, "1", s.info("replies_run_again"))
	require.Equal(t, ":1", s.dial().do("RPUSH", "k", "1"))
	require.Equal(t, `["k" "1"]`, text(a.read()))
	b.silent(10)
}
