// Package nettest is the conformance suite of the network port, for the real
// implementations and the simulated one alike.
//
// The suite is the Handler, and plays the clients through ClientEnd. It knows
// no real time: nothing in it waits, it pumps until what it expects has come.
package nettest

import (
	"strings"
	"testing"

	"holdfast/net"

	"github.com/stretchr/testify/require"
)

// ClientEnd is the peer's side of one connection. Nothing in it blocks.
type ClientEnd interface {
	// Write offers bytes and returns how many went; 0 when there is no room.
	Write(p []byte) int
	// Read takes bytes; 0 and no error means none are there yet. io.EOF is the
	// end of the stream, any other error a reset.
	Read(p []byte) (int, error)
	// Close closes the connection for both directions.
	Close()
}

// HalfCloser is a ClientEnd that can end its own side alone. The tests of
// net.Ender need it, and are skipped without.
type HalfCloser interface {
	CloseWrite()
}

// Harness is a Net that is not bound yet, and the means to drive it.
type Harness struct {
	Net net.Net
	// Addr is what the suite shall pass to Listen.
	Addr string
	// Dial connects a client. Opened may come only after some Pumps. It is
	// called after Listen succeeded.
	Dial func() ClientEnd
	// Pump lets the world go on and delivers events. It returns false if
	// nothing happened.
	Pump func() bool
	// Patience is how many Pumps in a row may see nothing before something
	// awaited is called lost. 0 counts as 1, which suits a world that knows
	// when it is at rest.
	Patience int
}

// Run runs the suite. newNet is called once per test.
func Run(t *testing.T, newNet func(t *testing.T) *Harness) {
	tests := []struct {
		name string
		run  func(*world)
	}{
		{"Echo", testEcho},
		{"Fragments", testFragments},
		{"ManyConnections", testManyConnections},
		{"LargeSendSlowReader", testLargeSendSlowReader},
		{"LargeReceive", testLargeReceive},
		{"ReceiveOff", testReceiveOff},
		{"ReceiveOffInside", testReceiveOffInside},
		{"PeerCloses", testPeerCloses},
		{"InputBeforeClosed", testInputBeforeClosed},
		{"CloseDelivers", testCloseDelivers},
		{"CloseInsideOpened", testCloseInsideOpened},
		{"CloseInsideReceived", testCloseInsideReceived},
		{"CloseInsideWritable", testCloseInsideWritable},
		{"CloseOfAnother", testCloseOfAnother},
		{"SendToDeparted", testSendToDeparted},
		{"ListenTwice", testListenTwice},
		{"Ended", testEnded},
		{"EndedThenGone", testEndedThenGone},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := &world{T: t, h: newNet(t), conns: map[net.Conn]*conn{}}
			w.call(func() { w.h.Net.Bind(w.handler(tc.name)) })
			w.call(func() { require.NoError(t, w.h.Net.Listen(w.h.Addr)) })
			tc.run(w)
			w.settle()
		})
	}
}

// world is a running test: the Handler, which checks the order of events.
type world struct {
	*testing.T
	h      *Harness
	conns  map[net.Conn]*conn
	order  []*conn // as opened
	inside bool    // a call into the Net is on the stack

	onOpened   func(*conn)
	onReceived func(*conn, []byte)
	onWritable func(*conn)
}

// conn is what the suite knows of one connection.
type conn struct {
	w        *world
	id       net.Conn
	peer     net.Peer
	got      []byte
	out      []byte // still to be sent
	short    bool   // a Send was cut: Writable is owed
	writable int
	paused   bool
	ended    bool // Ended came
	gone     bool // Closed came, or Close was called
}

// handler is the Handler to bind: an Ender in the tests about that.
func (w *world) handler(test string) net.Handler {
	if strings.HasPrefix(test, "Ended") {
		return ender{w}
	}
	return w
}

// ender is a world that is told of the end of input.
type ender struct{ *world }

// Ended implements net.Ender.
func (e ender) Ended(id net.Conn) {
	c := e.event(id)
	require.False(e, c.ended, "Ended twice")
	c.ended = true
}

// call runs one call into the Net; no event may arrive during it.
func (w *world) call(fn func()) {
	outer := w.inside
	w.inside = true
	fn()
	w.inside = outer
}

func (w *world) event(id net.Conn) *conn {
	require.False(w, w.inside, "the Handler was called from inside a call")
	c := w.conns[id]
	require.NotNil(w, c, "event for unknown connection %d", id)
	require.False(w, c.gone, "event for connection %d after its end", id)
	return c
}

// Opened implements net.Handler.
func (w *world) Opened(id net.Conn, from net.Peer) {
	require.False(w, w.inside, "the Handler was called from inside a call")
	require.NotZero(w, id)
	require.Nil(w, w.conns[id], "connection %d was used before", id)
	c := &conn{w: w, id: id, peer: from}
	w.conns[id] = c
	w.order = append(w.order, c)
	if w.onOpened != nil {
		w.onOpened(c)
	}
}

// Received implements net.Handler.
func (w *world) Received(id net.Conn, p []byte) {
	c := w.event(id)
	require.False(w, c.paused, "input while Receive is off")
	require.False(w, c.ended, "input after its end")
	require.NotEmpty(w, p)
	c.got = append(c.got, p...)
	if w.onReceived != nil {
		w.onReceived(c, p)
	}
	for i := range p { // the buffer is ours until we return, and only until then
		p[i] = 0xEE
	}
}

// Writable implements net.Handler.
func (w *world) Writable(id net.Conn) {
	c := w.event(id)
	require.True(w, c.short, "Writable without a short Send")
	c.short = false
	c.writable++
	if w.onWritable != nil {
		w.onWritable(c)
	}
	if !c.gone {
		c.push()
	}
}

// Closed implements net.Handler.
func (w *world) Closed(id net.Conn, _ error) { w.event(id).gone = true }

// send queues p and offers what is queued.
func (c *conn) send(p []byte) {
	c.out = append(c.out, p...)
	if !c.short {
		c.push()
	}
}

func (c *conn) push() {
	if len(c.out) == 0 {
		return
	}
	n := 0
	c.w.call(func() { n = c.w.h.Net.Send(c.id, c.out) })
	require.True(c.w, n >= 0 && n <= len(c.out))
	c.out = c.out[n:]
	c.short = len(c.out) > 0
}

func (c *conn) receive(on bool) {
	c.paused = !on
	c.w.call(func() { c.w.h.Net.Receive(c.id, on) })
}

func (c *conn) close() {
	c.gone = true
	c.w.call(func() { c.w.h.Net.Close(c.id) })
}

// until pumps until cond holds.
func (w *world) until(cond func() bool, what string) {
	w.Helper()
	for idle := 0; !cond(); {
		if w.h.Pump() {
			idle = 0
		} else if idle++; idle >= max(1, w.h.Patience) && !cond() {
			require.FailNow(w, "never happened: "+what)
		}
	}
}

// settle pumps until the world is at rest, as far as can be seen.
func (w *world) settle() {
	for w.h.Pump() {
	}
}

// dial connects a client and returns it with the connection it became.
func (w *world) dial() (*client, *conn) {
	w.Helper()
	n := len(w.order)
	cl := &client{w: w, end: w.h.Dial()}
	w.until(func() bool { return len(w.order) > n }, "Opened")
	return cl, w.order[n]
}
