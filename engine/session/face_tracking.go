package session

import (
	"slices"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/resp"
)

func faceClientTracking(s *Server, c *conn, a command.Args, w *resp.Writer) {
	t, problem := s.trackingOptions(a[3:])
	switch {
	case problem != "":
		w.Error(problem)
		return
	case strings.EqualFold(string(a[2]), "off"):
		s.untrack(c)
	case strings.EqualFold(string(a[2]), "on"):
		if problem := trackable(c.track, &t); problem != "" {
			w.Error(problem)
			return
		}
		s.track(c, t)
	default:
		w.Error("ERR syntax error")
		return
	}
	start := len(w.Buf)
	w.OK()
	s.observeTelling(c, start, a)
}

func (s *Server) trackingOptions(a command.Args) (t tracker, problem string) {
	for i := 0; i < len(a); i++ {
		more := i+1 < len(a)
		switch option := strings.ToLower(string(a[i])); {
		case option == "redirect" && more:
			i++
			if t.redirect != 0 {
				return t, "ERR A client can only redirect to a single other client"
			}
			n, ok := obj.ParseInt(a[i])
			if !ok {
				return t, "ERR value is not an integer or out of range"
			}
			if s.byNumber(n) == nil {
				return t, "ERR The client ID you want redirect to does not exist"
			}
			t.redirect = uint64(n)
		case option == "bcast":
			t.bcast = true
		case option == "optin":
			t.optIn = true
		case option == "optout":
			t.optOut = true
		case option == "noloop":
			t.noLoop = true
		case option == "prefix" && more:
			i++
			t.prefixes = append(t.prefixes, string(a[i]))
		default:
			return t, "ERR syntax error"
		}
	}
	return t, ""
}

// trackable says what keeps a connection that tracks like old, if it does, from
// tracking like t.
func trackable(old, t *tracker) (problem string) {
	var had []string
	if old != nil {
		had = old.prefixes
	}
	switch {
	case !t.bcast && len(t.prefixes) > 0:
		return "ERR PREFIX option requires BCAST mode to be enabled"
	case old != nil && old.bcast != t.bcast:
		return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	case t.bcast && (t.optIn || t.optOut):
		return "ERR OPTIN and OPTOUT are not compatible with BCAST"
	case t.optIn && t.optOut:
		return "ERR You can't specify both OPTIN mode and OPTOUT mode"
	case old != nil && (t.optIn && old.optOut || t.optOut && old.optIn):
		return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	}
	const rule = "Prefixes for a single client must not overlap."
	for i, p := range t.prefixes {
		for _, q := range had {
			if overlap(p, q) {
				return "ERR Prefix '" + p + "' overlaps with an existing prefix '" + q + "'. " + rule
			}
		}
		for _, q := range t.prefixes[i+1:] {
			if overlap(p, q) {
				return "ERR Prefix '" + p + "' overlaps with another provided prefix '" + q + "'. " + rule
			}
		}
	}
	return ""
}

func overlap(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// track begins c's tracking, or gives it other options.
func (s *Server) track(c *conn, t tracker) {
	fresh := t.prefixes
	if t.bcast && len(fresh) == 0 && (c.track == nil || len(c.track.prefixes) == 0) {
		fresh = []string{""}
	}
	t.prefixes = nil
	if c.track != nil {
		t.prefixes = c.track.prefixes
	}
	c.track = &t
	g := &s.tracking
	if g.keys == nil {
		g.keys = map[string]*tracked{}
	}
	if at, there := g.place(c.num); !there {
		g.clients = slices.Insert(g.clients, at, c)
	}
	for _, name := range fresh {
		at, there := g.prefix(name)
		if !there {
			g.prefixes = slices.Insert(g.prefixes, at, &prefix{name: name})
		}
		g.prefixes[at].clients = append(g.prefixes[at].clients, c)
		t.prefixes = append(t.prefixes, name)
	}
	slices.Sort(t.prefixes)
	c.track.prefixes = t.prefixes
	s.listen()
}

func faceClientCaching(s *Server, c *conn, a command.Args, w *resp.Writer) {
	t := c.track
	if t == nil {
		w.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
		return
	}
	switch option := strings.ToLower(string(a[2])); {
	case option == "yes" && !t.optIn:
		w.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
		return
	case option == "no" && !t.optOut:
		w.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
		return
	case option != "yes" && option != "no":
		w.Error("ERR syntax error")
		return
	}
	t.caching = true
	start := len(w.Buf)
	w.OK()
	s.observeTelling(c, start, a)
}

// redirection is what CLIENT GETREDIR and CLIENT LIST show.
func (c *conn) redirection() int64 {
	if c.track == nil {
		return -1
	}
	return int64(c.track.redirect)
}

func faceClientGetRedir(_ *Server, c *conn, _ command.Args, w *resp.Writer) { w.Int(c.redirection()) }

func faceClientTrackingInfo(_ *Server, c *conn, _ command.Args, w *resp.Writer) {
	flags, prefixes := []string{"off"}, []string(nil)
	if t := c.track; t != nil {
		flags, prefixes = []string{"on"}, t.prefixes
		put := func(on bool, word string) {
			if on {
				flags = append(flags, word)
			}
		}
		put(t.bcast, "bcast")
		put(t.optIn, "optin")
		put(t.optIn && t.caching, "caching-yes")
		put(t.optOut, "optout")
		put(t.optOut && t.caching, "caching-no")
		put(t.noLoop, "noloop")
		put(t.broken, "broken_redirect")
	}
	w.Map(3)
	w.BulkString("flags")
	w.Set(len(flags))
	for _, f := range flags {
		w.BulkString(f)
	}
	w.BulkString("redirect")
	w.Int(c.redirection())
	w.BulkString("prefixes")
	w.Array(len(prefixes))
	for _, p := range prefixes {
		w.BulkString(p)
	}
}
