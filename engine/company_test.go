package engine_test

import (
	"bufio"
	"fmt"
	gonet "net"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/config"
	"holdfast/engine/resp"
	"holdfast/sim/redistest"
)

// company is several connections to one server. A script of theirs has a line
// for each step: a connection's letter and its command, which is answered or
// waits; SENDS before a command that is not waited for; or the letter alone to
// read the next reply. `$A` stands for the client id of A.
type company interface {
	// send sends a command on a connection, which is made at its first use.
	send(who string, args []string)
	// answer returns the bytes of the next reply, which it waits for, and an
	// error if the connection closed. With ask it returns nil if that is blocked.
	answer(who string, ask bool) ([]byte, error)
	close(who string)
}

// ownID is what HELLO answers.
var ownID = regexp.MustCompile(`"id": :\d+`)

// act plays one script and returns what came of every step.
func act(t *testing.T, c company, input string) string {
	var out strings.Builder
	ids := map[string]string{}
	hear := func(who string, ask bool) string {
		p, err := c.answer(who, ask)
		switch {
		case err != nil:
			return "closed"
		case p == nil:
			return "waits"
		}
		v, _, err := resp.Decode(p)
		require.NoError(t, err)
		return ownID.ReplaceAllString(script.Format(v), `"id": :N`)
	}
	for line := range strings.Lines(input) {
		who, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if ids[who] == "" {
			c.send(who, []string{"CLIENT", "ID"})
			ids[who] = strings.TrimPrefix(hear(who, false), ":")
		}
		args, err := script.Split(rest)
		require.NoError(t, err)
		for i, a := range args {
			if strings.HasPrefix(a, "$") {
				args[i] = ids[a[1:]]
			}
		}
		said := ""
		switch {
		case len(args) == 1 && args[0] == "CLOSE":
			c.close(who)
			delete(ids, who)
			said = "closes"
		case len(args) > 1 && args[0] == "SENDS":
			c.send(who, args[1:])
			said = "sent"
		case len(args) > 0:
			c.send(who, args)
			said = hear(who, true)
		default:
			said = hear(who, false)
		}
		fmt.Fprintln(&out, who, strings.TrimSpace(said))
	}
	return out.String()
}

// play holds the scripts of testdata/blocked against one company each.
func play(t *testing.T, fresh func(t *testing.T) company) {
	datadriven.Walk(t, "testdata/blocked", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			c := fresh(t)
			return act(t, c, d.Input)
		})
	})
}

// simulated is a company in a simulated world.
type simulated struct {
	*served
	who map[string]*client
	ids map[string]string
	ctl *client
}

func (c *simulated) send(who string, args []string) {
	if c.who[who] == nil {
		c.who[who] = c.dial()
		c.ids[who] = c.who[who].id()
	}
	c.who[who].send(args...)
}

func (c *simulated) answer(who string, ask bool) ([]byte, error) {
	k := c.who[who]
	n := 0
	for range 2000 {
		c.pass(1)
		_, n, _ = resp.Decode(k.in)
		if n > 0 || k.down {
			break
		}
		if ask && strings.Contains(c.ctl.do("CLIENT", "LIST", "ID", c.ids[who]), " flags=b") && len(k.in) == 0 {
			return nil, nil
		}
	}
	if n == 0 {
		require.True(c.t, k.down, "neither an answer nor blocked")
		return nil, gonet.ErrClosed
	}
	return k.raw(), nil
}

func (c *simulated) close(who string) {
	c.who[who].c.Close()
	c.pass(5)
	delete(c.who, who)
}

func TestBlockedClients(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"memory":   func(c *config.Config) { c.AppendOnly = false },
		"always":   func(*config.Config) {},
		"everysec": func(c *config.Config) { c.AppendFsync = "everysec" },
		"cold": func(c *config.Config) {
			c.TieredPrefix, c.MaxMemory = "x", 4<<30
			c.TieredOffloadShare, c.TieredUploadShare = 1, 1
			c.TieredMinValueSize = 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T) company {
				cfg := small()
				change(cfg)
				s := serve(t, cfg)
				return &simulated{served: s, who: map[string]*client{}, ids: map[string]string{}, ctl: s.dial()}
			})
		})
	}
}

// real is a company at a redis-server.
type real struct {
	t      *testing.T
	socket string
	conns  map[string]*wired
	ctl    *wired
}

type wired struct {
	gonet.Conn
	r  *bufio.Reader
	id string
}

func (c *real) dial() *wired {
	conn, err := gonet.Dial("unix", c.socket)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { conn.Close() })
	return &wired{Conn: conn, r: bufio.NewReader(conn)}
}

func (w *wired) say(t *testing.T, args []string) {
	_, err := w.Write(resp.AppendCommandStrings(nil, args...))
	require.NoError(t, err)
}

// whole returns the next reply, waiting for it.
func (w *wired) whole() ([]byte, error) {
	var p []byte
	for {
		b, err := w.r.ReadByte()
		if err != nil {
			return nil, err
		}
		p = append(p, b)
		if _, n, _ := resp.Decode(p); n > 0 {
			return p, nil
		}
	}
}

func (c *real) send(who string, args []string) {
	w := c.conns[who]
	if w == nil {
		w = c.dial()
		c.conns[who] = w
		w.say(c.t, []string{"CLIENT", "ID"})
		p, err := w.whole()
		require.NoError(c.t, err)
		w.id = strings.Trim(string(p), ":\r\n")
	}
	w.say(c.t, args)
}

func (c *real) answer(who string, ask bool) ([]byte, error) {
	w := c.conns[who]
	if !ask {
		return w.whole()
	}
	got := make(chan struct{})
	go func() { _, _ = w.r.Peek(1); close(got) }()
	for {
		select {
		case <-got:
			return w.whole()
		default:
		}
		c.ctl.say(c.t, []string{"CLIENT", "LIST", "ID", w.id})
		p, err := c.ctl.whole()
		require.NoError(c.t, err)
		if strings.Contains(string(p), " flags=b") {
			// The goroutine goes on peeking: a later reply ends it, or the end.
			c.conns[who] = &wired{Conn: w.Conn, r: bufio.NewReader(&after{w.r, got}), id: w.id}
			return nil, nil
		}
	}
}

// after reads once somebody else's peek is over.
type after struct {
	r    *bufio.Reader
	done chan struct{}
}

func (a *after) Read(p []byte) (int, error) {
	<-a.done
	return a.r.Read(p)
}

func (c *real) close(who string) {
	w := c.conns[who]
	w.Close()
	delete(c.conns, who)
	for listed := true; listed; {
		c.ctl.say(c.t, []string{"CLIENT", "LIST", "ID", w.id})
		p, err := c.ctl.whole()
		require.NoError(c.t, err)
		listed = strings.Contains(string(p), "id=")
	}
}

// TestRedisBlocksAlike holds the scripts against the server they speak of. With
// -rewrite it writes their expectations.
func TestRedisBlocksAlike(t *testing.T) {
	socket := redistest.Start(t)
	play(t, func(t *testing.T) company {
		c := &real{t: t, socket: socket, conns: map[string]*wired{}}
		c.ctl = c.dial()
		for _, args := range [][]string{{"FLUSHALL"}, {"CLIENT", "KILL", "TYPE", "normal"}} {
			c.ctl.say(t, args)
			_, err := c.ctl.whole()
			require.NoError(t, err)
		}
		return c
	})
}
