package wire

import (
	"io"
	"testing"

	"holdfast/net/nettest"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// end is a client that reads only when it is asked to.
type end struct {
	conn *Conn
	got  []byte
	done bool
	why  error
}

func (e *end) Up(*Conn) {}

func (e *end) Data(c *Conn, p []byte) {
	e.got = append(e.got, p...)
	c.StopReading(true)
}

func (e *end) Down(_ *Conn, why error) { e.conn, e.done, e.why = nil, true, why }

func (e *end) Write(p []byte) int {
	if e.conn != nil {
		e.conn.Write(p)
	}
	return len(p)
}

func (e *end) Read(p []byte) (int, error) {
	n := copy(p, e.got)
	if e.got = e.got[n:]; len(e.got) == 0 {
		e.got = nil
		if e.conn != nil {
			e.conn.StopReading(false)
		}
	}
	switch {
	case n > 0 || !e.done:
		return n, nil
	case e.why != nil:
		return 0, e.why
	}
	return 0, io.EOF
}

func (e *end) Close() {
	if e.conn != nil {
		e.conn.Close()
		e.conn, e.done = nil, true
	}
}

func TestConformance(t *testing.T) {
	for seed := range uint64(2) {
		nettest.Run(t, func(t *testing.T) *nettest.Harness {
			s, w := &sched.Sched{}, New()
			var tp tape.Tape
			tp.Seed(seed, &tape.Clean)
			s.Reset(&tp, 0)
			w.Reset(s, Config{}, Watch{})
			n := 0
			return &nettest.Harness{
				Net:  w,
				Addr: "tcp:10.0.0.254:6379",
				Dial: func() nettest.ClientEnd {
					n++
					e := &end{}
					e.conn = w.Connect(n, e)
					return e
				},
				Pump: func() bool {
					for s.Len() > 0 {
						if w.Deliver(s.Take()) {
							return true
						}
					}
					return false
				},
			}
		})
	}
}
