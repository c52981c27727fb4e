package session

import (
	"holdfast/engine/obj"
	"holdfast/engine/unit"
)

// The kinds of subscription.
const (
	toChannel = iota
	toPattern
	toShard
	numKinds
)

// messageWords is what a message to each kind begins with; the confirmations
// put "sub" and "unsub" in front of what remains of it.
var (
	messageWords = [numKinds]string{"message", "pmessage", "smessage"}
	kindPrefix   = [numKinds]string{"", "p", "s"}
)

// topics are the channels or patterns that somebody subscribes to, and who
// does. Both are lists, so that no order depends on a map.
type topics struct {
	byName map[string]*topic
	all    []*topic
}

type topic struct {
	name string
	at   int // place in topics.all
	subs []*subscription
}

// subscription is one connection's interest in one topic.
type subscription struct {
	topic   *topic
	who     *conn
	inTopic int // place in topic.subs
	inConn  int // place in the connection's list
}

// subscriptions are one connection's.
type subscriptions struct {
	byName [numKinds]map[string]*subscription
	list   [numKinds][]*subscription
	bytes  int
}

// subscriptionBytes is about what one takes beside its name.
const subscriptionBytes = 200

func (u *subscriptions) size() int {
	if u == nil {
		return 0
	}
	return u.bytes
}

// count returns how many subscriptions of a kind there are.
func (u *subscriptions) count(kind int) int {
	if u == nil {
		return 0
	}
	return len(u.list[kind])
}

// shown is the number that confirmations of a kind give: of channels and
// patterns together, or of shard channels.
func (u *subscriptions) shown(kind int) int {
	if kind == toShard {
		return u.count(toShard)
	}
	return u.count(toChannel) + u.count(toPattern)
}

// subscribe adds a subscription; one that is there stays.
func (s *Server) subscribe(c *conn, kind int, name string) {
	if c.subs == nil {
		c.subs = &subscriptions{}
		s.subscribers++
	}
	u, t := c.subs, &s.topics[kind]
	if u.byName[kind] == nil {
		u.byName[kind] = map[string]*subscription{}
	}
	if u.byName[kind][name] != nil {
		return
	}
	top := t.byName[name]
	if top == nil {
		if t.byName == nil {
			t.byName = map[string]*topic{}
		}
		top = &topic{name: name, at: len(t.all)}
		t.byName[name] = top
		t.all = append(t.all, top)
	}
	sub := &subscription{top, c, len(top.subs), len(u.list[kind])}
	top.subs = append(top.subs, sub)
	u.list[kind] = append(u.list[kind], sub)
	u.byName[kind][name] = sub
	u.bytes += len(name) + subscriptionBytes
	s.listen()
}

// unsubscribe removes a subscription, if it is there.
func (s *Server) unsubscribe(c *conn, kind int, name string) {
	if c.subs == nil {
		return
	}
	u, t := c.subs, &s.topics[kind]
	sub := u.byName[kind][name]
	if sub == nil {
		return
	}
	top := sub.topic
	last := top.subs[len(top.subs)-1]
	top.subs[sub.inTopic], last.inTopic = last, sub.inTopic
	top.subs = top.subs[:len(top.subs)-1]
	mine := u.list[kind]
	last = mine[len(mine)-1]
	mine[sub.inConn], last.inConn = last, sub.inConn
	u.list[kind] = mine[:len(mine)-1]
	delete(u.byName[kind], name)
	u.bytes -= len(name) + subscriptionBytes
	if len(top.subs) == 0 {
		moved := t.all[len(t.all)-1]
		t.all[top.at], moved.at = moved, top.at
		t.all = t.all[:len(t.all)-1]
		delete(t.byName, name)
	}
	if u.count(toChannel)+u.count(toPattern)+u.count(toShard) == 0 {
		c.subs = nil
		s.subscribers--
	}
	s.listen()
}

// unsubscribeAll ends every subscription of c.
func (s *Server) unsubscribeAll(c *conn) {
	for kind := range numKinds {
		for c.subs.count(kind) > 0 {
			s.unsubscribe(c, kind, c.subs.list[kind][0].topic.name)
		}
	}
}

// listen tells the state whether anybody hears what happens to keys.
func (s *Server) listen() {
	s.state.Listen(len(s.topics[toChannel].all)+len(s.topics[toPattern].all) > 0, len(s.tracking.clients) > 0)
}

// publish puts a message into the outbox for everybody who subscribes to the
// channel, by its name first and then by pattern, and returns how many that is.
func (s *Server) publish(channel, message []byte, need unit.LSN) int {
	n := s.publishTo(toChannel, s.topics[toChannel].byName[string(channel)], nil, channel, message, need)
	for _, pattern := range s.topics[toPattern].all {
		if obj.Match([]byte(pattern.name), channel, false) {
			n += s.publishTo(toPattern, pattern, []byte(pattern.name), channel, message, need)
		}
	}
	return n
}

func (s *Server) publishTo(kind int, t *topic, pattern, channel, message []byte, need unit.LSN) int {
	if t == nil {
		return 0
	}
	w, from := s.outbox.compose()
	if pattern != nil {
		w.Array(4)
		w.BulkString(messageWords[kind])
		w.Bulk(pattern)
	} else {
		w.Array(3)
		w.BulkString(messageWords[kind])
	}
	w.Bulk(channel)
	w.Bulk(message)
	s.outbox.composed()
	for _, sub := range t.subs {
		s.outbox.send(sub.who, from, need, true)
	}
	return len(t.subs)
}
