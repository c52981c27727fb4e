package engine_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSlowSubscriberIsClosed: what a subscriber does not take is bounded by its
// class of client-output-buffer-limit, and nobody else notices.
func TestSlowSubscriberIsClosed(t *testing.T) {
	s := serve(t, small())
	p, slow, quick := s.dial(), s.dial(), s.dial()
	require.Equal(t, "+OK", p.do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 200000 0 0"))
	for _, k := range []*client{slow, quick} {
		require.Equal(t, `["subscribe" "ch" :1]`, k.do("SUBSCRIBE", "ch"))
	}
	slow.c.StopReading(true)
	message := strings.Repeat("x", 10_000)
	n := 0
	for p.do("PUBLISH", "ch", message) == ":2" {
		require.Equal(t, `["message" "ch" "`+message+`"]`, text(quick.read()))
		n++
		require.Less(t, n, 200, "a subscriber that takes nothing is never closed")
	}
	require.Greater(t, n, 15)
	require.Equal(t, "1", s.info("client_output_buffer_limit_disconnections"))
	require.Equal(t, `["message" "ch" "`+message+`"]`, text(quick.read()))
}

// TestMessagesCountTowardsMemory: without a limit of its own, a subscriber that
// takes nothing is closed when memory is full.
func TestMessagesCountTowardsMemory(t *testing.T) {
	cfg := small()
	cfg.MaxMemory = 4 << 20
	s := serve(t, cfg)
	p, slow := s.dial(), s.dial()
	require.Equal(t, "+OK", p.do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"))
	slow.do("SUBSCRIBE", "ch")
	slow.c.StopReading(true)
	message := strings.Repeat("x", 50_000)
	n := 0
	for p.do("PUBLISH", "ch", message) == ":1" {
		n++
		require.Less(t, n, 200, "memory grows without bound")
	}
	require.Less(t, n*len(message), 5<<20)
	require.Equal(t, "+OK", p.do("SET", "k", "v"))
}

// TestTrackedKeysAreBounded: beyond the limit the oldest is told as changed.
func TestTrackedKeysAreBounded(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	k.do("HELLO", "3")
	k.dialogue(`
		CONFIG SET tracking-table-max-keys 3 => +OK
		CLIENT TRACKING on => +OK
		MGET a b c => [nil nil nil]
		GET d => nil
	`)
	require.Equal(t, `>["invalidate" ["a"]]`, text(k.read()))
	require.Equal(t, "3", s.info("tracking_total_keys"))
	require.Equal(t, "3", s.info("tracking_total_items"))
	require.Equal(t, "1", s.info("tracking_clients"))
	k.send("GET", "a")
	require.Equal(t, "nil", text(k.read()))
	require.Equal(t, `>["invalidate" ["b"]]`, text(k.read()))
	other := s.dial()
	other.do("CLIENT", "TRACKING", "ON")
	require.Equal(t, "+RESET", k.do("RESET"))
	require.Equal(t, "1", s.info("tracking_clients"))
	k.do("DEL", "c")
	k.do("SET", "c", "1")
	require.Equal(t, "2", s.info("tracking_total_items"), "a reader that is gone goes when the key changes")
	other.do("CLIENT", "TRACKING", "OFF")
	require.Equal(t, "0", s.info("tracking_total_items"), "and with the last that tracks")
}

// TestOwnMessagesFollowTheReply, also that of an EXEC, whose array is whole.
func TestOwnMessagesFollowTheReply(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	k.do("HELLO", "3")
	require.Equal(t, `>["subscribe" "ch" :1]`, k.do("SUBSCRIBE", "ch"))
	require.Equal(t, ":1", k.do("PUBLISH", "ch", "m"))
	require.Equal(t, `>["message" "ch" "m"]`, text(k.read()))
	for _, words := range []string{"MULTI", "PUBLISH ch 1", "SET k v", "PUBLISH ch 2"} {
		k.do(strings.Fields(words)...)
	}
	require.Equal(t, "[:1 +OK :1]", k.do("EXEC"))
	require.Equal(t, `>["message" "ch" "1"]`, text(k.read()))
	require.Equal(t, `>["message" "ch" "2"]`, text(k.read()))
}

// TestClientsThatListen: how CLIENT LIST shows them, and CLIENT KILL finds them.
func TestClientsThatListen(t *testing.T) {
	s := serve(t, small())
	k, sub, mon, bcast := s.dial(), s.dial(), s.dial(), s.dial()
	sub.do("SUBSCRIBE", "a")
	sub.do("PSUBSCRIBE", "b*")
	sub.do("SSUBSCRIBE", "c")
	mon.do("MONITOR")
	bcast.do("CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", "1")
	list := k.do("CLIENT", "LIST")
	for _, want := range []string{" flags=P db=0 sub=1 psub=1 ssub=1 ", " flags=O ", " flags=tB ", " redir=1 "} {
		require.Contains(t, list, want)
	}
	require.Contains(t, k.do("CLIENT", "LIST", "TYPE", "pubsub"), "ssub=1")
	require.NotContains(t, k.do("CLIENT", "LIST", "TYPE", "normal"), "ssub=1")
	require.Equal(t, ":1", k.do("CLIENT", "KILL", "TYPE", "pubsub"))
	sub.gone()
	require.Equal(t, `[]`, k.do("PUBSUB", "CHANNELS"))
	require.Equal(t, "0", s.info("pubsub_patterns"))
}

// TestManySubscriptions of one connection cost what they should, both ways.
func TestManySubscriptions(t *testing.T) {
	s := serve(t, small())
	k, p := s.dial(), s.dial()
	before := s.shard.Used()
	for i := range 1000 {
		k.do("SUBSCRIBE", "channel-"+strconv.Itoa(i))
	}
	require.Greater(t, s.shard.Used()-before, int64(100_000), "they are counted")
	require.Equal(t, ":1", p.do("PUBLISH", "channel-999", "m"))
	k.read()
	k.send("UNSUBSCRIBE")
	for range 1000 {
		k.read()
	}
	require.Equal(t, ":0", p.do("PUBLISH", "channel-999", "m"))
	require.Less(t, s.shard.Used()-before, int64(50_000))
}
