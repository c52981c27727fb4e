package nettest

import (
	"github.com/stretchr/testify/require"
)

// client is the peer with what it has read so far.
type client struct {
	w    *world
	end  ClientEnd
	got  []byte
	err  error // io.EOF or a reset, once seen
	slow bool  // reads little at a time
}

// write sends all of p, pumping while there is no room.
func (cl *client) write(p []byte) {
	cl.w.Helper()
	cl.w.until(func() bool {
		for len(p) > 0 {
			n := cl.end.Write(p)
			if n == 0 {
				return false
			}
			p = p[n:]
		}
		return true
	}, "room for the client's bytes")
}

// pull reads what is there.
func (cl *client) pull() {
	size := 1 << 20
	if cl.slow {
		size = 9000
	}
	buf := make([]byte, size)
	for cl.err == nil {
		n, err := cl.end.Read(buf)
		cl.got = append(cl.got, buf[:n]...)
		cl.err = err
		if n == 0 || cl.slow {
			return
		}
	}
}

// awaits pumps and reads until n bytes in all have come.
func (cl *client) awaits(n int) {
	cl.w.Helper()
	last := -1
	for len(cl.got) != last { // reading is progress too
		last = len(cl.got)
		cl.w.until(func() bool { cl.pull(); return len(cl.got) >= n || len(cl.got) > last }, "bytes for the client")
		if len(cl.got) >= n {
			break
		}
	}
	require.Len(cl.w, cl.got, n)
}

// ends pumps until the client sees the connection end.
func (cl *client) ends() {
	cl.w.Helper()
	cl.w.until(func() bool { cl.pull(); return cl.err != nil }, "the end of the stream")
}

// pattern is n bytes in which every position can be told from its neighbours.
func pattern(n int) []byte {
	p := make([]byte, n)
	x := uint32(1)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}
