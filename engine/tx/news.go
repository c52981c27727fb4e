package tx

import (
	"holdfast/engine/keyspace"
	"holdfast/engine/unit"
)

// EventClass is a set of classes of keyspace events, with the two kinds of
// channel they can be told on: notify-keyspace-events.
type EventClass uint16

// The classes, in the order of config.EventLetters.
const (
	EventGeneric EventClass = 1 << iota
	EventString
	EventList
	EventSet
	EventHash
	EventSortedSet
	EventExpired
	EventEvicted
	EventStream
	EventModule
	EventNew
	EventKeyspace
	EventKeyevent
	EventKeyMiss
)

// NewsKind says what a News is about.
type NewsKind uint8

// The kinds of news.
const (
	NewsEvent   NewsKind = iota // a keyspace event
	NewsChanged                 // a key was changed by the unit: readers' copies are void
	NewsGone                    // a key expired or was evicted: the same, by nobody
	NewsFlushed                 // a whole database was changed
)

// News is one thing that others than the client who asked may be told, once
// the log is committed up to Need.
type News struct {
	Kind     NewsKind
	Class    EventClass // of an event
	DB       int        // its number when it happened
	Name     string     // of an event
	Need     unit.LSN   // 0 in a unit that has not ended: what that needs
	from, to int        // the key's place in newsBox.keys
}

// newsBox gathers news in the order in which they happened, until the session
// takes them. What nobody listens to is not gathered.
type newsBox struct {
	events  EventClass // classes that somebody may hear of
	changes bool       // somebody keeps copies of keys
	list    []News
	keys    []byte
	begin   int // the running unit's first
}

// Listen says whether anybody receives messages at all, so that keyspace
// events are gathered, and whether anybody keeps copies of keys.
func (s *State) Listen(messages, copies bool) {
	s.news.events, s.news.changes = 0, copies
	if set := EventClass(s.cfg.NotifyEvents); messages && set&(EventKeyspace|EventKeyevent) != 0 {
		s.news.events = set
	}
}

// News returns what has happened since TakenNews, in order.
func (s *State) News() []News { return s.news.list }

// NewsKey returns the key a News is about, valid until TakenNews.
func (s *State) NewsKey(n *News) []byte { return s.news.keys[n.from:n.to] }

// newsKept bounds the room for news that is kept from one time to the next, and
// newsBytes is what one takes beside its key.
const (
	newsKept  = 1024
	newsBytes = 64
)

// TakenNews forgets all news.
func (s *State) TakenNews() {
	b := &s.news
	if cap(b.list) > newsKept {
		b.list = nil
	}
	if cap(b.keys) > newsKept*64 {
		b.keys = nil
	}
	b.list, b.keys, b.begin = b.list[:0], b.keys[:0], 0
}

// DropNews forgets what the unit that has just ended would tell of its reads:
// it is going to run again. What it changed stays told.
func (t *Tx) DropNews() {
	b := &t.s.news
	kept := b.list[:b.begin]
	for _, n := range b.list[b.begin:] {
		if n.Class&EventKeyMiss == 0 {
			kept = append(kept, n)
		}
	}
	b.list = kept
}

func (b *newsBox) add(n News, key []byte) {
	n.from = len(b.keys)
	b.keys = append(b.keys, key...)
	n.to = len(b.keys)
	b.list = append(b.list, n)
}

// Notify notes a keyspace event of key in the selected database. Handlers call
// it after the mutation, in Redis's order.
func (t *Tx) Notify(class EventClass, name string, key []byte) {
	if t.s.news.events&class != 0 {
		t.s.news.add(News{Class: class, DB: t.sel, Name: name}, key)
	}
}

// NotifyIn is Notify for a key of another database.
func (t *Tx) NotifyIn(db int, class EventClass, name string, key []byte) {
	if t.s.news.events&class != 0 {
		t.s.news.add(News{Class: class, DB: db, Name: name}, key)
	}
}

// Missed notes that a command which also writes looked for key in vain. Those
// that only read need not say so.
func (t *Tx) Missed(key []byte) { t.Notify(EventKeyMiss, "keymiss", key) }

// sealNews gives the news of the unit what its reply needs: they tell of what
// it changed and read.
func (t *Tx) sealNews(need unit.LSN) {
	b := &t.s.news
	for i := range b.list[b.begin:] {
		b.list[b.begin+i].Need = need
	}
}

// newsExpired tells that an entry expired. Outside of a unit it waits for the
// change that made the entry what it was; the ceiling of time is durable.
func (s *State) newsExpired(d *Database, ks *keyspace.DB, key []byte) {
	b := &s.news
	if b.events&EventExpired == 0 && !b.changes || d.Index < 0 {
		return
	}
	need := unit.LSN(0)
	if s.holding {
		need = max(s.ring.get(ringHash(d, ks.Hash(key))), d.floor)
	}
	if b.changes {
		b.add(News{Kind: NewsGone, DB: d.Index, Need: need}, key)
	}
	if b.events&EventExpired != 0 {
		b.add(News{Class: EventExpired, DB: d.Index, Name: "expired", Need: need}, key)
	}
}

// newsChanged tells those who keep copies that the unit changed key.
func (t *Tx) newsChanged(d *Database, key []byte) {
	kind := NewsChanged
	if t.evicts {
		kind = NewsGone
	}
	if d.Index >= 0 {
		t.s.news.add(News{Kind: kind, DB: d.Index}, key)
	}
}

// newsFlushed tells them that a whole database was.
func (t *Tx) newsFlushed(db int) {
	if t.s.news.changes {
		t.s.news.add(News{Kind: NewsFlushed, DB: db}, nil)
	}
}
