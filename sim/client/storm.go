package client

import (
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wire"
)

var (
	siteStorm     = tape.NewSiteWeighted("client #/command #/connection storm", tape.NetFault, 2)
	siteStormForm = tape.NewSite("client #/command #/connection storm/form", tape.Free)
)

// stormSize is how many connections a storm consists of.
const stormSize = 24

// visitor is one connection of a storm. It does one thing and goes.
type visitor struct {
	w    *Workload
	form int
}

// The forms of visitors.
const (
	visitPing  = iota // asks, reads the answer, leaves
	visitLeave        // leaves at once
	visitReset        // the same, rudely
	visitHalf         // leaves in the middle of a command
	numVisits
)

// storm makes many connections at once.
func (c *Client) storm() {
	w := c.w
	if w.world.Sched.Fault(siteStorm.At2(c.id, c.n), 2) == 0 {
		return
	}
	w.world.Sched.Seen[sched.Storm]++
	id := w.shape.Clients + 4 // behind the administrator and the listeners
	for range stormSize {
		v := &visitor{w: w, form: w.world.Tape.Choose(siteStormForm.At2(c.id, c.n), numVisits)}
		w.judge.Open(uint64(w.world.Wire.Connect(id, v).Handle()))
	}
}

// Up implements wire.Endpoint.
func (v *visitor) Up(c *wire.Conn) {
	ping := [][]byte{v.w.bytes.Copy([]byte("PING"))}
	switch v.form {
	case visitPing:
		v.w.judge.Sent(uint64(c.Handle()), v.w.args.Copy(ping))
		c.Write(appendCommand(nil, ping))
	case visitLeave:
		c.Close()
	case visitReset:
		c.Reset()
	case visitHalf:
		c.Write(appendCommand(nil, ping)[:9])
		c.Reset()
	}
}

// Data implements wire.Endpoint.
func (v *visitor) Data(c *wire.Conn, _ []byte) { c.Close() }

// Down implements wire.Endpoint.
func (v *visitor) Down(*wire.Conn, error) {}
