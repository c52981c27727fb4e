package main

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHostileProtocol sends what no client should. Each gets a protocol error
// and loses its connection; a neighbour notices nothing.
func TestHostileProtocol(t *testing.T) {
	s := launch(t, t.TempDir())
	neighbour := s.ready(t)
	defer neighbour.Close()
	f := func(input string) {
		t.Helper()
		conn, err := net.Dial("unix", s.socket)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(readyIn)))
		_, _ = io.WriteString(conn, input) // the server may hang up before the end
		answer, _ := io.ReadAll(conn)
		require.Contains(t, string(answer), "-ERR Protocol error: ", "%.60q", input)
		require.Equal(t, "PONG", string(neighbour.ask(t, "PING").Str))
	}
	f("*1\r\n$9223372036854775808\r\n")
	f("*1\r\n$9223372036854775807\r\n")
	f("*1\r\n$-2\r\n")
	f("*1\r\n$99999999999999999999999999\r\n")
	f("*9223372036854775807\r\n")
	f("*99999999999999999999\r\n")
	f("*1\r\n*1\r\n$4\r\nPING\r\n")
	f("*1\r\n:1\r\n")
	f("*x\r\n")
	f("*2\r\n$3\r\nGET\r\nkey\r\n")
	f("SET k \"unbalanced\r\n")
	f(strings.Repeat("x", 1<<20)) // an inline command without an end
	f("*" + strings.Repeat("1", 1<<17))
}

// TestSlowBytes: a command that comes a byte at a time is a command.
func TestSlowBytes(t *testing.T) {
	s := launch(t, t.TempDir())
	s.ready(t).Close()
	c, err := dial(s.socket)
	require.NoError(t, err)
	defer c.Close()
	c.Queue("SET", "slow", "a\r\nb")
	for _, b := range c.Queued() {
		_, err := c.Conn.Write([]byte{b})
		require.NoError(t, err)
	}
	v, err := c.Reply()
	require.NoError(t, err)
	require.Equal(t, "OK", string(v.Str))
	require.Equal(t, "a\r\nb", string(c.ask(t, "GET", "slow").Str))
}

// TestFullLog fills the log: writers get a clear error, readers are served,
// deleting gives the room back, and a restart finds what was acknowledged.
func TestFullLog(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--log-segment-size", "1mb", "--log-batch-size", "64kb", "--tiered_max_file_size", "24mb"}
	s := launch(t, dir, args...)
	c := s.ready(t)
	value := strings.Repeat("v", 32<<10)
	written := 0
	for ; written < 2000; written++ {
		v, err := c.Do("SET", key(written), value)
		require.NoError(t, err)
		if v.Kind == '-' {
			require.Contains(t, string(v.Str), "space")
			break
		}
	}
	require.Greater(t, written, 100)
	require.Less(t, written, 24<<20/len(value))
	require.Equal(t, value, string(c.ask(t, "GET", key(0)).Str))
	for i := range written / 2 {
		require.Equal(t, int64(1), c.ask(t, "DEL", key(i)).Int)
	}
	// Compaction gives the room back in its own time.
	end := time.Now().Add(readyIn)
	for {
		v, err := c.Do("SET", "again", value)
		require.NoError(t, err)
		if v.Kind == '+' {
			break
		}
		require.True(t, time.Now().Before(end), "no room %v after deleting half: %s", readyIn, v.Str)
		time.Sleep(5 * time.Millisecond)
	}
	c.Close()
	s.kill()
	c = launch(t, dir, args...).ready(t)
	defer c.Close()
	require.Equal(t, value, string(c.ask(t, "GET", "again").Str))
	require.True(t, c.ask(t, "GET", key(0)).Null)
	require.Equal(t, value, string(c.ask(t, "GET", key(written-1)).Str))
	require.Equal(t, int64(written-written/2+1), c.ask(t, "DBSIZE").Int)
}

func key(i int) string { return "key" + strconv.Itoa(i) }
