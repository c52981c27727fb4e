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
