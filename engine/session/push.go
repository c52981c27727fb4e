package session

import (
	"strconv"

	"holdfast/engine/command"
	"holdfast/engine/event"
	"holdfast/engine/hold"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// outbox holds what the unit that runs tells other connections, until its end
// settles what that must wait for. Receivers are chosen when a thing is told:
// who subscribes later does not hear of it.
type outbox struct {
	list  []letter
	bytes []byte
	need  unit.LSN // what an EXEC needs: all that it told waits for that
	bcast bool     // prefixes have keys that their trackers are to be told of
	w     resp.Writer
}

// letter is bytes for one connection: a part of outbox.bytes.
type letter struct {
	to        *conn
	from, end int
	need      unit.LSN
	push      bool // an array in RESP2, a push in RESP3
}

// outboxKept bounds the room that an outbox keeps from one unit to the next.
const outboxKept = 64 << 10

// compose starts a message; its bytes go to o.w.Buf, in RESP2's form, and are
// taken up by send any number of times.
func (o *outbox) compose() (w *resp.Writer, from int) {
	o.w.Buf, o.w.Proto = o.bytes, 2
	return &o.w, len(o.bytes)
}

// composed ends a message.
func (o *outbox) composed() { o.bytes, o.w.Buf = o.w.Buf, nil }

// send addresses the message that begins at from and ends with the last one.
func (o *outbox) send(to *conn, from int, need unit.LSN, push bool) {
	o.list = append(o.list, letter{to, from, len(o.bytes), need, push})
}

// untold reports that something has happened that others may hear of.
func (s *Server) untold() bool {
	return len(s.state.News())+len(s.outbox.list) > 0 || s.outbox.bcast
}

// tell puts into the outbox what has happened to keys, in the order in which it
// did. actor is the connection whose unit that was.
func (s *Server) tell(actor *conn) {
	news := s.state.News()
	for i := range news {
		n := &news[i]
		key := s.state.NewsKey(n)
		switch n.Kind {
		case tx.NewsEvent:
			s.tellEvent(n, key)
		case tx.NewsChanged:
			s.tellChange(key, actor, n.Need)
		case tx.NewsGone:
			s.tellChange(key, nil, n.Need)
		case tx.NewsFlushed:
			s.tellFlush(n.Need)
		}
	}
	s.state.TakenNews()
}

// deliver ends a unit of actor: what it told stands in the receivers' output
// from now on.
func (s *Server) deliver(actor *conn) {
	s.tell(actor)
	s.broadcast()
	o := &s.outbox
	for i := range o.list {
		l := &o.list[i]
		if !l.to.gone && !l.to.closing {
			s.push(l.to, unit.Max(l.need, o.need), o.bytes[l.from:l.end], l.push)
		}
	}
	if cap(o.bytes) > outboxKept {
		o.bytes = nil
	}
	if cap(o.list) > outboxKept/64 {
		o.list = nil
	}
	clear(o.list) // it must not keep connections
	o.list, o.bytes, o.need = o.list[:0], o.bytes[:0], 0
}

// push gives c bytes that answer no command. They have their place in its
// output and leave once the log is committed up to need. A connection that
// takes no bytes is closed at its limit: a message is never dropped unsaid.
func (s *Server) push(c *conn, need unit.LSN, p []byte, push bool) {
	if c.out.Buf == nil {
		c.out.Buf = s.takeBuffer()
	}
	start := len(c.out.Buf)
	c.out.Buf = append(c.out.Buf, p...)
	if push && c.proto > 2 {
		c.out.Buf[start] = '>'
	}
	if need <= s.committed() {
		need = 0
	} else {
		s.stats.HeldMessages++
	}
	c.out.Add(hold.Unit{Start: start, Need: need, Turn: s.turn, Push: true})
	s.wantFlush(c)
	s.account(c)
	if hard := s.limitOf(c).Hard; hard > 0 && int64(c.out.Len()) > hard || s.crowded(int64(c.out.Len()), 0) {
		s.stats.DroppedSlow++
		s.close(c)
	}
}

// observeTelling tells the observer of a command that changes who is told what,
// or tells it: its place in the serial order is what decides.
func (s *Server) observeTelling(c *conn, start int, a command.Args) {
	if s.obs.Unit == nil || s.inExec != nil {
		return
	}
	s.unit = event.Unit{Conn: uint64(c.id), DB: c.db, Proto: c.proto, Commands: append(s.unit.Commands[:0], a), Reply: s.w.Buf[start:]}
	s.obs.Unit(&s.unit)
}

// leaveTelling ends everything that makes c hear of others.
func (s *Server) leaveTelling(c *conn) {
	s.unsubscribeAll(c)
	s.untrack(c)
	s.demonitor(c)
}

// tellEvent sends a keyspace event to those who subscribe to its channels.
func (s *Server) tellEvent(n *tx.News, key []byte) {
	classes := tx.EventClass(s.cfg.NotifyEvents)
	channel := func(kind string, rest string) []byte {
		b := append(append(s.channelName[:0], "__key"...), kind...)
		b = strconv.AppendInt(append(b, '@'), int64(n.DB), 10)
		s.channelName = append(append(b, "__:"...), rest...)
		return s.channelName
	}
	if classes&tx.EventKeyspace != 0 {
		s.publish(channel("space", string(key)), []byte(n.Name), n.Need)
	}
	if classes&tx.EventKeyevent != 0 {
		s.publish(channel("event", n.Name), key, n.Need)
	}
}

// addTelling adds the commands by which a connection hears of others.
func addTelling(m map[string]faceFunc) {
	m["client|tracking"] = faceClientTracking
	m["client|trackinginfo"] = faceClientTrackingInfo
	m["client|getredir"] = faceClientGetRedir
	m["client|caching"] = faceClientCaching
	m["subscribe"] = faceSubscribe
	m["unsubscribe"] = faceUnsubscribe
	m["psubscribe"] = facePSubscribe
	m["punsubscribe"] = facePUnsubscribe
	m["ssubscribe"] = faceSSubscribe
	m["sunsubscribe"] = faceSUnsubscribe
	m["publish"] = facePublish
	m["spublish"] = faceSPublish
	m["pubsub|channels"] = facePubsubChannels
	m["pubsub|numsub"] = facePubsubNumSub
	m["pubsub|numpat"] = facePubsubNumPat
	m["pubsub|shardchannels"] = facePubsubShardChannels
	m["pubsub|shardnumsub"] = facePubsubShardNumSub
	m["pubsub|help"] = facePubsubHelp
	m["ping"] = facePingSubscriber
	m["monitor"] = faceMonitor
}
