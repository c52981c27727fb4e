//go:build linux

package ring

import (
	"time"

	"holdfast/net"

	"golang.org/x/sys/unix"
)

// A closed connection's socket is kept, unread input thrown away, until the
// peer ends its side, for at most this long. Closed at once with input unread,
// TCP would reset the connection and could take the last replies with it.
const (
	lingerTime = time.Second
	lingerMax  = 1024
)

type linger struct {
	id    net.Conn
	until time.Time
}

// Close implements net.Net.
func (p *Poller) Close(id net.Conn) {
	c := p.lookup(id)
	if c == nil {
		return
	}
	c.flags |= lingering
	if c.x != nil {
		c.x.held = nil
	}
	if len(p.lingers) >= lingerMax {
		p.endLinger()
	}
	p.lingers = append(p.lingers, linger{id, time.Now().Add(p.patience)})
	p.enqueue(c)
}

// endOutput ends our side of a connection that lingers, once all is sent.
func (p *Poller) endOutput(c *conn) {
	if c.is(shut) || c.x != nil && len(c.x.pend) > 0 && c.errno == 0 {
		return
	}
	if c.errno != 0 || unix.Shutdown(int(c.fd), unix.SHUT_WR) != nil {
		p.release(c)
		return
	}
	c.flags |= shut
	if c.is(eof) {
		p.release(c)
	} else if !c.is(recvArmed) {
		p.armRecv(c)
	}
}

// endLingering: the peer of a lingering connection has ended its side.
func (p *Poller) endLingering(c *conn) {
	if c.is(shut) {
		p.release(c)
	}
}

// endLingers closes what has lingered long enough.
func (p *Poller) endLingers(now time.Time) {
	for len(p.lingers) > 0 {
		l := p.lingers[0]
		if c := p.find(l.id); c != nil && now.Before(l.until) {
			return
		}
		p.endLinger()
	}
}

// endLinger closes the one that has lingered longest.
func (p *Poller) endLinger() {
	if c := p.find(p.lingers[0].id); c != nil {
		p.release(c)
	}
	if p.lingers = p.lingers[1:]; len(p.lingers) == 0 {
		p.lingers = nil
	}
}
