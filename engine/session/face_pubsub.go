package session

import (
	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
)

func faceSubscribe(s *Server, c *conn, a command.Args, w *resp.Writer) {
	s.subscribeEach(c, toChannel, a, w)
}

func facePSubscribe(s *Server, c *conn, a command.Args, w *resp.Writer) {
	s.subscribeEach(c, toPattern, a, w)
}

func faceSSubscribe(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if s.inExec != nil { // unlike the others, as in Redis
		w.Error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
		return
	}
	s.subscribeEach(c, toShard, a, w)
}

func (s *Server) subscribeEach(c *conn, kind int, a command.Args, w *resp.Writer) {
	start := len(w.Buf)
	for _, name := range a[1:] {
		s.subscribe(c, kind, string(name))
		confirm(w, kind, "subscribe", name, c.subs.shown(kind))
	}
	s.observeTelling(c, start, a)
}

// confirm writes what answers each name of a (UN)SUBSCRIBE; nil is no name.
func confirm(w *resp.Writer, kind int, verb string, name []byte, count int) {
	w.Push(3)
	w.BulkString(kindPrefix[kind] + verb)
	if name == nil {
		w.Null()
	} else {
		w.Bulk(name)
	}
	w.Int(int64(count))
}

func faceUnsubscribe(s *Server, c *conn, a command.Args, w *resp.Writer) {
	s.unsubscribeEach(c, toChannel, a, w)
}

func facePUnsubscribe(s *Server, c *conn, a command.Args, w *resp.Writer) {
	s.unsubscribeEach(c, toPattern, a, w)
}

func faceSUnsubscribe(s *Server, c *conn, a command.Args, w *resp.Writer) {
	s.unsubscribeEach(c, toShard, a, w)
}

func (s *Server) unsubscribeEach(c *conn, kind int, a command.Args, w *resp.Writer) {
	for _, name := range a[1:] {
		s.unsubscribe(c, kind, string(name))
		confirm(w, kind, "unsubscribe", name, c.subs.shown(kind))
	}
	if len(a) > 1 {
		return
	}
	if c.subs.count(kind) == 0 {
		confirm(w, kind, "unsubscribe", nil, c.subs.shown(kind))
	}
	for c.subs.count(kind) > 0 {
		name := c.subs.list[kind][0].topic.name
		s.unsubscribe(c, kind, name)
		confirm(w, kind, "unsubscribe", []byte(name), c.subs.shown(kind))
	}
}

// facePublish sends a message. It waits for whatever the publisher's connection
// has written or read and what is not yet committed of that: a subscriber must
// not learn of it early. In an EXEC it waits for the whole unit as well.
func facePublish(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if s.deaf(c, w) {
		return
	}
	start := len(w.Buf)
	w.Int(int64(s.publish(a[1], a[2], s.known(c))))
	s.observeTelling(c, start, a)
}

func faceSPublish(s *Server, c *conn, a command.Args, w *resp.Writer) {
	if s.deaf(c, w) {
		return
	}
	start := len(w.Buf)
	w.Int(int64(s.publishTo(toShard, s.topics[toShard].byName[string(a[1])], nil, a[1], a[2], s.known(c))))
	s.observeTelling(c, start, a)
}

// known returns the most that anything needs which c has written or read.
func (s *Server) known(c *conn) unit.LSN {
	if !s.state.Holding() {
		return c.newest
	}
	return max(c.newest, s.state.Since())
}

// deaf refuses a message that could never leave: what it would wait for will
// not come.
func (s *Server) deaf(c *conn, w *resp.Writer) bool {
	if s.failed() == nil || s.known(c) <= s.committed() {
		return false
	}
	w.Error(errLogFailed)
	return true
}

func facePubsubChannels(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	s.listTopics(toChannel, a, w)
}

func facePubsubShardChannels(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	s.listTopics(toShard, a, w)
}

func (s *Server) listTopics(kind int, a command.Args, w *resp.Writer) {
	if len(a) > 3 {
		w.Error("ERR unknown subcommand or wrong number of arguments for '" + string(a[1]) + "'. Try PUBSUB HELP.")
		return
	}
	var names []string
	for _, t := range s.topics[kind].all {
		if len(a) == 2 || obj.Match(a[2], []byte(t.name), false) {
			names = append(names, t.name)
		}
	}
	w.Array(len(names))
	for _, name := range names {
		w.BulkString(name)
	}
}

func facePubsubNumSub(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	s.countTopics(toChannel, a[2:], w)
}

func facePubsubShardNumSub(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	s.countTopics(toShard, a[2:], w)
}

func (s *Server) countTopics(kind int, names command.Args, w *resp.Writer) {
	w.Array(2 * len(names))
	for _, name := range names {
		n := 0
		if t := s.topics[kind].byName[string(name)]; t != nil {
			n = len(t.subs)
		}
		w.Bulk(name)
		w.Int(int64(n))
	}
}

// facePubsubNumPat counts patterns, not who subscribes to them, as Redis does.
func facePubsubNumPat(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Int(int64(len(s.topics[toPattern].all)))
}

func facePubsubHelp(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	command.Help(w, "PUBSUB",
		"CHANNELS [<pattern>]", "    List the channels that somebody subscribes to.",
		"NUMPAT", "    Count the patterns that somebody subscribes to.",
		"NUMSUB [<channel> ...]", "    Count the subscribers of channels, without those by pattern.",
		"SHARDCHANNELS [<pattern>]", "    CHANNELS of shard channels.",
		"SHARDNUMSUB [<shardchannel> ...]", "    NUMSUB of shard channels.",
	)
}

// onlySubscribes reports whether a RESP2 connection that subscribes to
// something may run cmd: any other reply could be taken for a message.
func onlySubscribes(cmd *command.Command) bool {
	switch cmd.Name {
	case "subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "ping", "quit", "reset":
		return true
	}
	return false
}

// pongs reports that cmd is a PING to be answered as facePingSubscriber does.
func (c *conn) pongs(cmd *command.Command) bool {
	return c.subs != nil && c.proto == 2 && cmd.Name == "ping"
}

// facePingSubscriber is PING where every reply has to look like a message.
func facePingSubscriber(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	if len(a) > 2 {
		w.Error("ERR wrong number of arguments for 'ping' command")
		return
	}
	w.Array(2)
	w.BulkString("pong")
	if len(a) == 2 {
		w.Bulk(a[1])
		return
	}
	w.BulkString("")
}
