package session

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
)

// tracker is one connection's CLIENT TRACKING.
type tracker struct {
	redirect uint64 // connection that is told instead; 0: the one that reads
	bcast    bool
	optIn    bool
	optOut   bool
	noLoop   bool
	caching  bool // CLIENT CACHING: the next command is an exception
	broken   bool // the connection to redirect to is gone
	prefixes []string
}

// tracking remembers which connections may keep copies of which keys. A key's
// name stands for it in every database, as in Redis.
type tracking struct {
	clients  []*conn // by CLIENT ID
	keys     map[string]*tracked
	oldest   []*tracked // in the order in which they came; dropped ones too, for a while
	head     int
	items    int
	bytes    int
	prefixes []*prefix // of BCAST, sorted
}

// tracked is a key with those who read it since it changed, sorted.
type tracked struct {
	key     string
	readers []uint64
	dropped bool
}

// prefix is one of BCAST's, with the keys that the unit which runs has changed.
type prefix struct {
	name    string
	clients []*conn
	changed []change
}

type change struct {
	key   []byte
	actor *conn
	need  unit.LSN
}

// What a tracked key, and each of its readers, takes beside the name.
const (
	trackedBytes = 160
	readerBytes  = 8
)

// remember notes that c has read what a command names. It follows the unit, so
// that whatever changes a key later finds the reader, and nothing that the
// reader has seen already does.
func (s *Server) remember(c *conn, cmd *command.Command, a command.Args) {
	t := c.track
	if t == nil {
		return
	}
	if cmd.Is(command.ReadOnly) && !t.bcast && (!t.optIn || t.caching) && (!t.optOut || !t.caching) {
		cmd.EachKey(a, func(key []byte) { s.tracking.add(key, c.num) })
		s.shrinkTracking()
	}
	if c.multi == nil {
		t.caching = false
	}
}

func (g *tracking) add(key []byte, reader uint64) {
	k := g.keys[string(key)]
	if k == nil {
		k = &tracked{key: string(key)}
		g.keys[k.key] = k
		g.oldest = append(g.oldest, k)
		g.bytes += trackedBytes + len(key)
	}
	at, there := slices.BinarySearch(k.readers, reader)
	if there {
		return
	}
	if len(k.readers) == cap(k.readers) { // those who are gone make room first
		before := len(k.readers)
		k.readers = slices.DeleteFunc(k.readers, func(id uint64) bool { return g.client(id) == nil })
		g.readers(len(k.readers) - before)
		at, _ = slices.BinarySearch(k.readers, reader)
	}
	k.readers = slices.Insert(k.readers, at, reader)
	g.readers(1)
}

func (g *tracking) readers(n int) {
	g.items += n
	g.bytes += n * readerBytes
}

// drop forgets a key: everybody who read it has been told.
func (g *tracking) drop(k *tracked) {
	k.dropped = true
	delete(g.keys, k.key)
	g.readers(-len(k.readers))
	g.bytes -= trackedBytes + len(k.key)
	for g.head < len(g.oldest) && g.oldest[g.head].dropped {
		g.oldest[g.head] = nil
		g.head++
	}
	if len(g.oldest) > 64 && len(g.oldest) > 2*len(g.keys) {
		live := g.oldest[:0]
		for _, k := range g.oldest[g.head:] {
			if !k.dropped {
				live = append(live, k)
			}
		}
		clear(g.oldest[len(live):])
		g.oldest, g.head = live, 0
	}
}

// shrinkTracking forgets the keys remembered for longest while there are more
// than tracking-table-max-keys; their readers are told as if they had changed.
func (s *Server) shrinkTracking() {
	g, most := &s.tracking, s.cfg.TrackingMaxKeys
	for most > 0 && len(g.keys) > most {
		for g.oldest[g.head].dropped {
			g.head++
		}
		s.invalidate(g.oldest[g.head], nil, 0)
	}
}

// tellChange tells those who may have a copy of key.
func (s *Server) tellChange(key []byte, actor *conn, need unit.LSN) {
	g := &s.tracking
	if k := g.keys[string(key)]; k != nil {
		s.invalidate(k, actor, need)
	}
	for _, p := range g.prefixes {
		if strings.HasPrefix(string(key), p.name) {
			p.changed = append(p.changed, change{bytes.Clone(key), actor, need})
			s.outbox.bcast = true
		}
	}
}

func (s *Server) invalidate(k *tracked, actor *conn, need unit.LSN) {
	s.tracking.drop(k)
	for _, id := range k.readers {
		c := s.tracking.client(id)
		if c == nil || c.track.bcast || c.track.noLoop && c == actor {
			continue
		}
		s.sendInvalid(c, need, func(w *resp.Writer) {
			w.Array(1)
			w.BulkString(k.key)
		})
	}
}

// tellFlush tells everybody who keeps copies to forget all of them.
func (s *Server) tellFlush(need unit.LSN) {
	s.broadcast()
	g := &s.tracking
	g.forget()
	for _, c := range g.clients {
		s.sendInvalid(c, need, func(w *resp.Writer) { w.Null() })
	}
}

// forget drops every key.
func (g *tracking) forget() {
	clear(g.keys)
	g.oldest, g.head, g.items, g.bytes = nil, 0, 0, 0
}

// broadcast sends what a unit has changed to those who track prefixes: one
// message for each prefix, its keys sorted.
func (s *Server) broadcast() {
	s.outbox.bcast = false
	for _, p := range s.tracking.prefixes {
		if len(p.changed) == 0 {
			continue
		}
		need := unit.LSN(0)
		for _, ch := range p.changed {
			need = unit.Max(need, ch.need)
		}
		for _, c := range p.clients {
			var keys [][]byte
			for _, ch := range p.changed {
				if !c.track.noLoop || ch.actor != c {
					keys = append(keys, ch.key)
				}
			}
			slices.SortFunc(keys, bytes.Compare)
			keys = slices.CompactFunc(keys, bytes.Equal)
			if len(keys) == 0 {
				continue
			}
			s.sendInvalid(c, need, func(w *resp.Writer) {
				w.Array(len(keys))
				for _, key := range keys {
					w.Bulk(key)
				}
			})
		}
		p.changed = nil
	}
}

// invalidateChannel carries invalidations to a RESP2 connection that others
// redirect to.
const invalidateChannel = "__redis__:invalidate"

// sendInvalid tells c, or the connection that it redirects to, what to forget.
func (s *Server) sendInvalid(c *conn, need unit.LSN, body func(w *resp.Writer)) {
	to := c
	if id := c.track.redirect; id != 0 {
		to = s.byNumber(int64(id))
		if to == nil || to.gone {
			c.track.broken = true
			if c.proto > 2 {
				w, from := s.outbox.compose()
				w.Array(2)
				w.BulkString("tracking-redir-broken")
				w.Int(int64(id))
				s.outbox.composed()
				s.outbox.send(c, from, need, true)
			}
			return
		}
	}
	w, from := s.outbox.compose()
	switch {
	case to.proto > 2:
		w.Array(2)
		w.BulkString("invalidate")
		w.Proto = to.proto
	case to != c && to.subs != nil:
		w.Array(3)
		w.BulkString(messageWords[toChannel])
		w.BulkString(invalidateChannel)
	default:
		return // RESP2 has no way to say it
	}
	body(w)
	s.outbox.composed()
	s.outbox.send(to, from, need, true)
}

// untrack ends c's tracking. Its number may stay with keys it has read, until
// they change or nobody tracks.
func (s *Server) untrack(c *conn) {
	if c.track == nil {
		return
	}
	for _, name := range c.track.prefixes {
		at, _ := s.tracking.prefix(name)
		p := s.tracking.prefixes[at]
		p.clients = slices.DeleteFunc(p.clients, func(o *conn) bool { return o == c })
		if len(p.clients) == 0 {
			s.tracking.prefixes = slices.Delete(s.tracking.prefixes, at, at+1)
		}
	}
	c.track = nil
	at, _ := s.tracking.place(c.num)
	s.tracking.clients = slices.Delete(s.tracking.clients, at, at+1)
	if len(s.tracking.clients) == 0 {
		s.tracking.forget() // nobody notes changes any more
	}
	s.listen()
}

// place finds where a connection stands, or would stand, among those that
// track; client finds the connection, nil if it does not track.
func (g *tracking) place(id uint64) (at int, there bool) {
	return slices.BinarySearchFunc(g.clients, id, func(c *conn, id uint64) int { return cmp.Compare(c.num, id) })
}

func (g *tracking) client(id uint64) *conn {
	if at, there := g.place(id); there {
		return g.clients[at]
	}
	return nil
}

// prefix finds the place of a BCAST prefix.
func (g *tracking) prefix(name string) (at int, there bool) {
	return slices.BinarySearchFunc(g.prefixes, name, func(p *prefix, name string) int {
		return strings.Compare(p.name, name)
	})
}
