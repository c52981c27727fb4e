package engine_test

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/config"
	"holdfast/engine/resp"
	"holdfast/sim/redistest"
)

// speaker is one connection of a conversation.
type speaker interface {
	send(words ...string)
	read() resp.Value
}

// converse replays a conversation of several connections: each line names who
// speaks, "a: SUBSCRIBE ch". After each, everybody is asked for a PING, and what
// came before that is printed, one line each, with the name of who got it.
func converse(t *testing.T, input string, dial func() speaker, all map[string]speaker) string {
	var out strings.Builder
	queues := map[string]bool{} // inside MULTI: a PING would be queued
	for line := range strings.Lines(input) {
		name, words, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		args, err := script.Split(words)
		require.NoError(t, err)
		if all[name] == nil {
			all[name] = dial()
		}
		for i, a := range args {
			if id, ok := strings.CutPrefix(a, "id-of-"); ok {
				args[i] = ask(all[id], "CLIENT", "ID")[1:]
			}
		}
		all[name].send(args...)
		switch args[0] {
		case "MULTI":
			queues[name] = true
		case "EXEC", "DISCARD":
			queues[name] = false
		}
		if args[0] == "QUIT" {
			out.WriteString(name + ": " + text(all[name].read()) + "\n")
			delete(all, name)
		}
		names := make([]string, 0, len(all))
		for n := range all {
			names = append(names, n)
		}
		slices.Sort(names)
		if at := slices.Index(names, name); at > 0 { // the speaker first: then all has been told
			names = slices.Insert(slices.Delete(names, at, at+1), 0, name)
		}
		for _, n := range names {
			if queues[n] {
				if n == name {
					out.WriteString(n + ": " + text(all[n].read()) + "\n")
				}
				continue
			}
			all[n].send("PING", "until-here")
			for {
				v := all[n].read()
				if text(v) == `"until-here"` || text(v) == `["pong" "until-here"]` {
					break
				}
				if s := text(v); !strings.Contains(s, "until-here") && !strings.HasSuffix(s, `"CLIENT" "ID"`) {
					out.WriteString(n + ": " + unclock(s) + "\n")
				}
			}
		}
	}
	return out.String()
}

func ask(k speaker, words ...string) string {
	k.send(words...)
	return text(k.read())
}

// unclock takes out what differs between servers: the time and the address in a
// line of MONITOR, the number of a connection.
var numbers = regexp.MustCompile(`("id":? |broken" |"redirect": ):[1-9][0-9]*`)

func unclock(s string) string {
	s = numbers.ReplaceAllString(s, "${1}ID")
	if _, rest, ok := strings.Cut(s, " ["); ok && strings.HasPrefix(s, "+1") {
		db, rest, _ := strings.Cut(rest, " ")
		_, words, _ := strings.Cut(rest, "] ")
		return "+TIME [" + db + " ADDRESS] " + words
	}
	return s
}

func conversations(t *testing.T, dial func() speaker) {
	datadriven.Walk(t, "testdata/telling", func(t *testing.T, path string) {
		all := map[string]speaker{}
		all["admin"] = dial()
		for _, words := range [][]string{{"FLUSHALL"}, {"CONFIG", "SET", "notify-keyspace-events", ""}} {
			require.Equal(t, "+OK", ask(all["admin"], words...))
		}
		delete(all, "admin")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return converse(t, d.Input, dial, all)
		})
	})
}

// TestTelling holds the conversations, which Redis has written, against shards
// of every kind of durability.
func TestTelling(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"memory":   func(c *config.Config) { c.AppendOnly = false },
		"always":   func(*config.Config) {},
		"everysec": func(c *config.Config) { c.AppendFsync = "everysec" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small()
			change(cfg)
			s := serve(t, cfg)
			conversations(t, func() speaker { return s.dial() })
		})
	}
}

// TestRedisAgreesWithTelling holds them against Redis itself. With -rewrite it
// writes them.
func TestRedisAgreesWithTelling(t *testing.T) {
	socket := redistest.Start(t)
	conversations(t, func() speaker {
		conn, err := net.Dial("unix", socket)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		return &original{t: t, conn: conn}
	})
}

// original is a connection to Redis.
type original struct {
	t    testing.TB
	conn net.Conn
	in   []byte
}

func (o *original) send(words ...string) {
	_, err := o.conn.Write(resp.AppendCommandStrings(nil, words...))
	require.NoError(o.t, err)
}

func (o *original) read() resp.Value {
	for {
		v, n, err := resp.Decode(o.in)
		require.NoError(o.t, err)
		if n > 0 {
			o.in = o.in[n:]
			return v
		}
		var part [4096]byte
		require.NoError(o.t, o.conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		n, err = o.conn.Read(part[:])
		require.NoError(o.t, err, "after "+strconv.Quote(string(o.in)))
		o.in = append(o.in[:len(o.in):len(o.in)], part[:n]...)
	}
}
