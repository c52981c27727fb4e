package nettest

import (
	"bytes"
	"io"

	"github.com/stretchr/testify/require"
)

func echo(c *conn, p []byte) { c.send(bytes.Clone(p)) }

func testEcho(w *world) {
	w.onReceived = echo
	cl, c := w.dial()
	require.NotEmpty(w, c.peer.Addr)
	require.NotEmpty(w, c.peer.Local)
	for i := range 20 {
		msg := pattern(1 + i*17)
		before := len(cl.got)
		cl.write(msg)
		cl.awaits(before + len(msg))
		require.Equal(w, msg, cl.got[before:])
	}
}

func testFragments(w *world) {
	cl, c := w.dial()
	msg := pattern(300)
	for i := range msg {
		cl.write(msg[i : i+1])
		if i%7 == 0 {
			w.h.Pump()
		}
	}
	w.until(func() bool { return len(c.got) >= len(msg) }, "all fragments")
	require.Equal(w, msg, c.got)
}

func testManyConnections(w *world) {
	w.onReceived = echo
	const n = 100
	var cls []*client
	var cs []*conn
	for range n {
		cl, c := w.dial()
		cls, cs = append(cls, cl), append(cs, c)
	}
	for round := range 3 {
		for i, cl := range cls {
			cl.write([]byte{byte(i), byte(round)})
		}
		for i, cl := range cls {
			cl.awaits(2 * (round + 1))
			require.Equal(w, []byte{byte(i), byte(round)}, cl.got[2*round:])
		}
	}
	for i, cl := range cls { // half leave, new ones come: no handle comes back
		if i%2 == 0 {
			cl.end.Close()
			w.until(func() bool { return cs[i].gone }, "Closed")
			w.dial()
		}
	}
	for i, cl := range cls {
		if i%2 == 1 {
			cl.write([]byte("still here"))
			cl.awaits(6 + 10)
		}
	}
}

func testLargeSendSlowReader(w *world) {
	cl, c := w.dial()
	cl.slow = true
	msg := pattern(12 << 20)
	c.send(msg)
	require.True(w, c.short, "12 MiB went at once to a peer that reads nothing")
	w.settle()
	require.Positive(w, len(c.out), "12 MiB went to a peer that reads nothing")
	for range 50 {
		cl.pull()
		w.h.Pump()
	}
	cl.slow = false
	cl.awaits(len(msg))
	require.True(w, bytes.Equal(msg, cl.got))
	require.Empty(w, c.out)
	require.Positive(w, c.writable)
}

func testLargeReceive(w *world) {
	cl, c := w.dial()
	msg := pattern(6 << 20)
	cl.write(msg)
	w.until(func() bool { return len(c.got) >= len(msg) }, "all input")
	require.True(w, bytes.Equal(msg, c.got))
}

func testReceiveOff(w *world) {
	cl, c := w.dial()
	cl.write([]byte("one"))
	w.until(func() bool { return string(c.got) == "one" }, "input")
	c.receive(false)
	cl.write([]byte("two"))
	w.settle()
	require.Equal(w, "one", string(c.got))
	c.send([]byte("out")) // the other direction goes on
	cl.awaits(3)
	c.receive(true)
	w.until(func() bool { return string(c.got) == "onetwo" }, "input held back")
	c.receive(false)
	c.receive(true)
	cl.write([]byte("three"))
	w.until(func() bool { return string(c.got) == "onetwothree" }, "input")
}

func testReceiveOffInside(w *world) {
	w.onReceived = func(c *conn, _ []byte) { c.receive(false) }
	cl, c := w.dial()
	msg := pattern(2 << 20)
	sent, idle := 0, 0
	for len(c.got) < len(msg) {
		if sent < len(msg) {
			sent += cl.end.Write(msg[sent:])
		}
		before := len(c.got)
		if w.h.Pump(); len(c.got) == before && !c.paused {
			idle++
			require.Less(w, idle, max(1, w.h.Patience)+5, "input never came")
		}
		if c.paused {
			idle = 0
			c.receive(true)
		}
	}
	require.True(w, bytes.Equal(msg, c.got))
}

func testPeerCloses(w *world) {
	cl, c := w.dial()
	cl.end.Close()
	w.until(func() bool { return c.gone }, "Closed")
	w.call(func() { // calls on what is gone do nothing
		require.Zero(w, w.h.Net.Send(c.id, []byte("late")))
		w.h.Net.Receive(c.id, false)
		w.h.Net.Receive(c.id, true)
		w.h.Net.Close(c.id)
	})
	w.settle()
	_, d := w.dial()
	require.NotEqual(w, c.id, d.id)
	w.call(func() { w.h.Net.Close(c.id) })
	w.settle()
	require.False(w, d.gone)
}

func testInputBeforeClosed(w *world) {
	cl, c := w.dial()
	msg := pattern(100000)
	cl.write(msg)
	cl.end.Close()
	w.until(func() bool { return c.gone }, "Closed")
	require.True(w, bytes.Equal(msg, c.got), "%d bytes came before Closed", len(c.got))
}

func testCloseDelivers(w *world) {
	cl, c := w.dial()
	msg := pattern(5000)
	c.send(msg)
	require.Empty(w, c.out)
	cl.end.Write([]byte("unread"))
	c.close()
	cl.ends()
	require.Equal(w, msg, cl.got)
	require.Equal(w, io.EOF, cl.err)
}

func testCloseInsideOpened(w *world) {
	w.onOpened = func(c *conn) {
		c.send([]byte("ERR full"))
		c.close()
	}
	cl, _ := w.dial()
	cl.end.Write([]byte("hello"))
	cl.ends()
	require.Equal(w, "ERR full", string(cl.got))
}

func testCloseInsideReceived(w *world) {
	w.onReceived = func(c *conn, _ []byte) {
		c.send([]byte("bye"))
		c.close()
	}
	cl, c := w.dial()
	cl.write([]byte("QUIT"))
	w.until(func() bool { return c.gone }, "input")
	cl.end.Write([]byte("more"))
	cl.ends()
	require.Equal(w, "bye", string(cl.got))
}

func testCloseInsideWritable(w *world) {
	w.onWritable = func(c *conn) { c.close() }
	cl, c := w.dial()
	c.send(pattern(12 << 20))
	require.True(w, c.short)
	w.until(func() bool { cl.pull(); return c.gone }, "Writable")
	cl.ends()
}

// testCloseOfAnother closes, from inside an event, a connection whose own event
// may be due in the same turn.
func testCloseOfAnother(w *world) {
	a, ca := w.dial()
	b, cb := w.dial()
	w.onReceived = func(c *conn, _ []byte) {
		if c == ca {
			cb.close()
		} else {
			ca.close()
		}
	}
	a.end.Write([]byte("x"))
	b.end.Write([]byte("y"))
	w.until(func() bool { return ca.gone || cb.gone }, "input")
	w.settle()
	require.True(w, ca.gone != cb.gone)
	if ca.gone {
		a.ends()
	} else {
		b.ends()
	}
}

// testSendToDeparted sends to a peer that is gone until the network notices.
func testSendToDeparted(w *world) {
	cl, c := w.dial()
	c.receive(false)
	cl.end.Close()
	msg := pattern(1 << 16)
	w.until(func() bool {
		if !c.gone {
			w.call(func() { w.h.Net.Send(c.id, msg) })
			c.short = true
		}
		return c.gone
	}, "Closed")
}

func testListenTwice(w *world) {
	w.onReceived = echo
	cl, c := w.dial()
	local := c.peer.Local
	if c.peer.Unix {
		local = w.h.Addr[len("unix:"):]
	}
	addr := w.h.Addr[:bytes.IndexByte([]byte(w.h.Addr), ':')+1] + local
	w.call(func() { require.ErrorContains(w, w.h.Net.Listen(addr), local) })
	w.call(func() { require.Error(w, w.h.Net.Listen("carrier-pigeon:1")) })
	cl.write([]byte("x"))
	cl.awaits(1)
}

// testEnded: a peer that has sent its last byte still gets its answers.
func testEnded(w *world) {
	cl, c := w.dial()
	half, ok := cl.end.(HalfCloser)
	if !ok {
		w.Skip("the client cannot end its side alone")
	}
	cl.write([]byte("SET"))
	half.CloseWrite()
	w.until(func() bool { return c.ended || c.gone }, "Ended")
	require.False(w, c.gone)
	require.Equal(w, "SET", string(c.got))
	w.settle()
	c.receive(false)
	c.receive(true)
	msg := pattern(8 << 20)
	c.send(msg)
	cl.awaits(len(msg))
	require.True(w, bytes.Equal(msg, cl.got))
	c.close()
	cl.ends()
	require.Equal(w, io.EOF, cl.err)
}

// testEndedThenGone: one that is gone is found out at the latest by sending.
func testEndedThenGone(w *world) {
	cl, c := w.dial()
	if _, ok := cl.end.(HalfCloser); !ok {
		w.Skip("the client cannot end its side alone")
	}
	cl.write([]byte("SET"))
	cl.end.Close()
	msg := pattern(1 << 16)
	w.until(func() bool {
		if c.ended && !c.gone {
			w.call(func() { w.h.Net.Send(c.id, msg) })
			c.short = true
		}
		return c.gone
	}, "Closed")
	require.Equal(w, "SET", string(c.got))
}
