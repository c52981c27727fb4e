package rules

import (
	"fmt"
	"strings"

	"holdfast/engine/command/script"
	"holdfast/engine/resp"
)

// Client is one connection of a scenario.
type Client struct {
	s      *S
	link   link
	name   string
	id     int64
	in     []byte
	closed bool
}

// ID returns the connection's CLIENT ID.
func (c *Client) ID() string { return fmt.Sprint(c.id) }

// Send sends one command.
func (c *Client) Send(args ...string) { c.link.write(resp.AppendCommandStrings(nil, args...)) }

// Pipe sends commands in one write, each written as words with blanks between.
func (c *Client) Pipe(commands ...string) {
	var p []byte
	for _, one := range commands {
		p = resp.AppendCommandStrings(p, strings.Fields(one)...)
	}
	c.link.write(p)
}

// Raw sends bytes, whole commands or not.
func (c *Client) Raw(p string) { c.link.write([]byte(p)) }

// Reply returns the next reply as text.
func (c *Client) Reply() string {
	c.s.t.Helper()
	return script.Format(c.value())
}

func (c *Client) value() resp.Value {
	c.s.t.Helper()
	for {
		v, n, err := resp.Decode(c.in)
		if err != nil {
			c.s.failf("%s got what is no reply: %q", c.name, clip(c.in))
		}
		if n > 0 {
			c.in = c.in[n:]
			return v
		}
		more := c.link.read()
		if more == nil {
			c.closed = true
			c.s.broken("%s was closed", c.name)
		}
		c.in = append(c.in, more...)
	}
}

func matches(got, want string) bool {
	for one := range strings.SplitSeq(want, "|") {
		if got == one || strings.HasSuffix(one, "*") && strings.HasPrefix(got, one[:len(one)-1]) {
			return true
		}
	}
	return false
}

// Expect demands the next replies. One that ends with * demands its beginning,
// and | stands between alternatives.
func (c *Client) Expect(want ...string) {
	c.s.t.Helper()
	for _, w := range want {
		got := c.Reply()
		if matches(got, w) {
			continue
		}
		if refusal(got) {
			c.s.broken("%s was answered %s, not %s", c.name, got, w)
		}
		c.s.failf("%s was answered %s, not %s", c.name, got, w)
	}
}

// refusals are the errors that a failing or full disk gives.
var refusals = []string{"-MISCONF", "-ERR no space left", "-ERR cannot read the value", "-OOM", "-LOADING", "-ERR CONFIG SET failed"}

func refusal(got string) bool {
	if got == "" {
		return false
	}
	for _, p := range refusals {
		if strings.HasPrefix(got, p) || got[0] == '[' && strings.Contains(got, p) { // one of an EXEC's
			return true
		}
	}
	return strings.HasPrefix(got, "-EXECABORT")
}

// ExpectBulk demands one string, for those too long to be written out as text.
func (c *Client) ExpectBulk(want string) {
	c.s.t.Helper()
	if v := c.value(); v.Kind != '$' || string(v.Str) != want {
		got := script.Format(v)
		c.s.Check(!refusal(got), "%s was answered %s", c.name, got)
		c.s.failf("%s was answered %s", c.name, clip([]byte(got)))
	}
}

// Do sends a command and returns its reply.
func (c *Client) Do(args ...string) string {
	c.s.t.Helper()
	c.Send(args...)
	return c.Reply()
}

// Want sends a command and demands its reply.
func (c *Client) Want(want string, args ...string) {
	c.s.t.Helper()
	c.Send(args...)
	c.Expect(want)
}

// Held demands that what was sent has run, that its reply waits, and that not
// a byte of it has left. A pause must be in force.
func (c *Client) Held() {
	c.s.t.Helper()
	for i := 0; !c.waits(); i++ {
		if i == 20_000 || i > patienceFailed && c.s.world.excuse() != "" {
			c.s.broken("%s: nothing is held", c.name)
		}
		c.s.world.pass(min(int64(i), 1000))
	}
	c.s.world.pass(700)
	c.Nothing()
}

// Nothing demands that nothing has come that was not read.
func (c *Client) Nothing() {
	c.s.t.Helper()
	c.in = append(c.in, c.link.poll()...)
	if refusal(string(c.in)) {
		c.s.broken("%s was refused: %q", c.name, clip(c.in))
	}
	c.s.Assert(len(c.in) == 0, "%s was told too early: %q", c.name, clip(c.in))
}

// waits asks the server whether a reply of this connection waits for the log.
func (c *Client) waits() bool {
	c.s.t.Helper()
	line := c.s.ask("CLIENT", "LIST", "ID", fmt.Sprint(c.id))
	for _, f := range strings.Fields(line) {
		name, value, _ := strings.Cut(f, "=")
		if name == "flags" && strings.Contains(value, "h") {
			return true
		}
	}
	if !strings.Contains(line, "id=") {
		c.s.broken("%s is gone", c.name)
	}
	return false
}

// Gone demands that the server closes the connection, and returns what it sent
// before.
func (c *Client) Gone() string {
	for {
		more := c.link.read()
		if more == nil {
			c.closed = true
			return string(c.in)
		}
		c.in = append(c.in, more...)
	}
}

// Fate returns the next reply as text, or "" if the server closes instead.
func (c *Client) Fate() string {
	for {
		if v, n, _ := resp.Decode(c.in); n > 0 {
			c.in = c.in[n:]
			return script.Format(v)
		}
		more := c.link.read()
		if more == nil {
			c.closed = true
			return ""
		}
		c.in = append(c.in, more...)
	}
}

// StopReading makes the client read nothing more, or read again.
func (c *Client) StopReading(on bool) { c.link.stop(on) }

// Close ends the connection from the client's side.
func (c *Client) Close() { c.link.close(); c.closed = true }

func clip(p []byte) string {
	if len(p) > 200 {
		return string(p[:200]) + "..."
	}
	return string(p)
}
