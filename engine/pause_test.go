package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/resp"
	"holdfast/sim/world"
)

// A pause holds replies and nothing else: what is written is durable, other
// replies leave, a resume releases in order, and a stop resumes first.
func TestReplyBlockingPause(t *testing.T) {
	s := serve(t, small())
	admin, k := s.dial(), s.dial()
	require.Equal(t, "+OK", k.do("SET", "old", "1"))
	require.Equal(t, "+OK", admin.do("DEBUG", "reply-blocking-pause", "aof"))
	require.Equal(t, "+OK", admin.do("DEBUG", "REPLY-BLOCKING-PAUSE", "AOF"), "idempotent")
	k.send("SET", "k", "v")
	k.silent(3000)
	require.Equal(t, `"1"`, admin.do("GET", "old"))
	require.Equal(t, "1", s.info("reply_blocking_clients_waiting_ack"))
	require.Equal(t, "1", s.info("reply_blocking_uncommitted_keys"))
	require.Equal(t, "1", s.info("reply_blocking_enabled"))
	require.Less(t, s.info("reply_blocking_previous_acked_offset"), s.info("reply_blocking_primary_repl_offset"))
	require.Equal(t, "+OK", admin.do("DEBUG", "reply-blocking-resume", "aof"))
	require.Equal(t, resp.Value{Kind: '+', Str: []byte("OK")}, k.read())
	require.Equal(t, "0", s.info("reply_blocking_clients_waiting_ack"))
	require.Equal(t, "0", s.info("reply_blocking_uncommitted_keys"))
	require.Equal(t, "+OK", admin.do("DEBUG", "reply-blocking-resume", "aof"), "idempotent")
	require.Equal(t, "-ERR syntax error", admin.do("DEBUG", "reply-blocking-pause", "rdb"))

	// What is written during a pause is durable all the same, and a restart
	// knows of no pause.
	require.Equal(t, "+OK", admin.do("DEBUG", "reply-blocking-pause", "aof"))
	k.send("SET", "k", "w")
	k.silent(100)
	s.restart(world.PowerCut)
	k = s.dial()
	require.Equal(t, `"w"`, k.do("GET", "k"))
	require.Equal(t, "+OK", k.do("SET", "k", "x"))

	// A clean stop resumes first.
	require.Equal(t, "+OK", k.do("DEBUG", "reply-blocking-pause", "aof"))
	k.send("SET", "k", "y")
	s.stops = true
	s.dial().send("SHUTDOWN")
	require.Equal(t, "+OK\r\n", k.gone())
	require.NoError(t, s.err)
}
