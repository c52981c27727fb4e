package client

import (
	"strconv"

	"holdfast/sim/tape"
)

var (
	siteMuted    = tape.NewSite("client #/command #/without a reply", tape.Free)
	siteHalt     = tape.NewSite("admin/pause # of clients", tape.Free)
	siteHaltForm = tape.NewSite("admin/pause # of clients/form", tape.Free)
)

// quiet is what CLIENT REPLY has made of a connection.
type quiet uint8

const (
	loud quiet = iota
	mute
	skips // the next command gets no reply
)

// muted writes something that no reply tells of.
func (c *Client) muted() {
	f := c.choose(siteMuted, 24)
	if f < 22 {
		return
	}
	client, reply, key := c.word("CLIENT"), c.word("REPLY"), c.key(str)
	if f == 22 {
		c.emit(client, reply, c.word("SKIP"))
		c.write(key)
		c.emit(c.word("GET"), key)
		return
	}
	c.emit(client, reply, c.word("OFF"))
	for range 1 + c.choose(siteLength, 3) {
		c.write(key)
	}
	c.emit(client, reply, c.word("ON"))
	if c.choose(siteForm, 2) == 1 && c.w.shape.Listen {
		c.publish() // which must not be ahead of what its connection wrote
	}
}

// write is a command unlike any other.
func (c *Client) write(key []byte) {
	switch c.choose(siteForm, 4) {
	case 0, 1:
		c.emit(c.word("SET"), key, c.value(key))
	case 2:
		c.emit(c.word("SET"), key, c.value(key), c.word("PX"), c.num(c.millis()))
	case 3:
		c.emit(c.word("APPEND"), key, c.value(key))
	}
}

// hushed reports whether a command that is about to be sent gets no reply.
func (c *Client) hushed(args [][]byte) bool {
	if len(args) == 3 && string(args[0]) == "CLIENT" && string(args[1]) == "REPLY" {
		c.quiet = map[string]quiet{"OFF": mute, "SKIP": skips}[string(args[2])]
		return c.quiet != loud
	}
	was := c.quiet
	if was == skips {
		c.quiet = loud
	}
	return was != loud
}

// halts has the administrator pause all clients, for a time or until he says so.
func (w *Workload) halts(n int) {
	t := w.world.Tape
	for i := range n {
		ms := [...]int64{20, 1, 5, 60}[t.Choose(siteHalt.At(i), 4)]
		form := t.Choose(siteHaltForm.At(i), 4)
		w.admin.order("CLIENT", "PAUSE", strconv.FormatInt(ms, 10), [...]string{"WRITE", "ALL"}[form&1])
		if form >= 2 {
			w.admin.order("CLIENT", "UNPAUSE")
		}
	}
}
