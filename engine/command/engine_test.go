package command_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command"
	"holdfast/engine/config"
	"holdfast/engine/event"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// engine runs handlers on data in memory, as a session would, one command a
// unit, at an instant that stands still until a test moves it.
type engine struct {
	s   *tx.State
	now unit.Time
	db  int
}

const someDay = unit.Time(1_700_000_000_123_456)

func newEngine() *engine {
	cfg := config.Default()
	cfg.HashMaxListpackEntries = smallHash
	return &engine{s: tx.New(cfg, nil, &event.Observer{}), now: someDay}
}

func (e *engine) do(proto int, args []string) ([]byte, error) {
	var a command.Args
	for _, s := range args {
		a = append(a, []byte(s))
	}
	w := &resp.Writer{Proto: proto}
	c, message := command.Resolve(a)
	switch {
	case message != "":
		w.Error(message)
		return w.Buf, nil
	case c.Name == "select":
		e.db, _ = strconv.Atoi(args[1])
		w.OK()
		return w.Buf, nil
	case c.Handler == nil:
		return nil, fmt.Errorf("%s is the session's", c.Name)
	}
	t := e.s.Begin(e.now, e.db)
	if out := c.Handler(t, a, w); out != command.Done {
		return nil, fmt.Errorf("%q: outcome %d", args, out)
	}
	wrote := t.Wrote()
	t.Seal()
	if wrote && !c.Is(command.Write) {
		return nil, fmt.Errorf("%q wrote, yet %s is no write", args, c.Name)
	}
	return w.Buf, nil
}

// ask runs a command whose reply it returns decoded.
func (e *engine) ask(t require.TestingT, args ...string) resp.Value {
	p, err := e.do(2, args)
	require.NoError(t, err)
	v, n, err := resp.Decode(p)
	require.NoError(t, err)
	require.Equal(t, len(p), n)
	return v
}

// TestScripts holds the handlers against what Redis answers.
func TestScripts(t *testing.T) {
	e := newEngine()
	replay(t, func() { *e = *newEngine() }, e.do)
}

// benchmark measures a command from its words to its reply.
func benchmark(b *testing.B, words ...string) {
	e := newEngine()
	e.ask(b, "set", "k", "1")
	var a command.Args
	for _, s := range words {
		a = append(a, []byte(s))
	}
	w := &resp.Writer{Proto: 2}
	b.ReportAllocs()
	for b.Loop() {
		w.Buf = w.Buf[:0]
		c, _ := command.Resolve(a)
		t := e.s.Begin(e.now, 0)
		c.Handler(t, a, w)
		t.Seal()
	}
}
