package campaign

import (
	"slices"
	"strings"

	"holdfast/sim/client"
	"holdfast/sim/tape"
)

// The sites of clients that the shrinker knows.
var (
	pipelineSite, insideSite = clientSite("pipeline"), clientSite("more inside")
	thinkSite, reconnectSite = clientSite("think"), clientSite("reconnect")
	// bySend are asked once for each send, under the number of its first command.
	bySend = []tape.Site{pipelineSite, thinkSite, reconnectSite, clientSite("leaves"), clientSite("does not wait"),
		clientSite("gives up"), clientSite("much behind"), clientSite("connection storm"), clientSite("connection storm/form")}
)

// siteCrash is the world's.
var siteCrash = siteNamed("crash")

func clientSite(name string) tape.Site { return siteNamed("client #/command #/" + name) }

func siteNamed(name string) tape.Site {
	s, ok := tape.SiteNamed(name)
	if !ok {
		panic("campaign: no site " + name)
	}
	return s
}

// ofClients are the sites whose first index is a client.
var ofClients = func() map[tape.Site]bool {
	m := map[tape.Site]bool{}
	for _, s := range tape.Sites() {
		if strings.HasPrefix(s.String(), "client #/") {
			m[s] = true
		}
	}
	return m
}()

// manner is what becomes of that which happened after a send that goes.
type manner int

const (
	goes  manner = iota // it goes too
	later               // it happens after the send before, as much later as it was
	again               // it happens after the send before, as soon as it did after this one
)

// without is the making of a candidate that lacks some commands.
type without struct {
	*view
	gone [][]bool // by client and number of the command
	to   [][]int  // what the others are called then
	how  manner
}

// lacking makes the current candidate's commands go for which gone says so.
func (s *shrinker) lacking(how manner, gone func(client, n int, d client.Drawn) bool) candidate {
	w := without{view: &s.view, how: how}
	for c, list := range s.view.drawn {
		w.gone = append(w.gone, make([]bool, len(list)))
		for n, d := range list {
			w.gone[c][n] = gone(c, n, d) || w.gone[c][d.Multi]
		}
		for n, d := range list { // a transaction goes with all that is in it
			if d.Multi == n && n+1 < len(list) && list[n+1].Multi == n && w.inside(c, n, false) == 0 {
				w.gone[c][n] = true
			}
		}
		to := make([]int, 1, len(list)+1)
		for n := range list {
			to = append(to, to[n])
			if !w.gone[c][n] {
				to[n+1]++
			}
		}
		w.to = append(w.to, to)
	}
	return w.of(&s.cur)
}

// inside counts the commands in a transaction that go, or stay.
func (w *without) inside(c, multi int, gone bool) (k int) {
	for n := multi + 1; n < len(w.drawn[c]) && w.drawn[c][n].Multi == multi; n++ {
		if w.gone[c][n] == gone {
			k++
		}
	}
	return k
}

// outside counts the commands of a send that go, but those in transactions.
func (w *without) outside(c, first int) (k int) {
	for n := first; n < len(w.drawn[c]) && w.drawn[c][n].Send == first; n++ {
		if w.gone[c][n] && w.drawn[c][n].Multi == n {
			k++
		}
	}
	return k
}

// number returns what a command is called when those before it have gone.
func (w *without) number(c, n int) int {
	last := len(w.to[c]) - 1
	return w.to[c][min(n, last)] + max(n-last, 0)
}

// stays returns the first command that stays of the send that begins with one.
func (w *without) stays(c, first int) (int, bool) {
	if first >= len(w.drawn[c]) {
		return first, true
	}
	for n := first; n < len(w.drawn[c]) && w.drawn[c][n].Send == first; n++ {
		if !w.gone[c][n] {
			return n, true
		}
	}
	return 0, false
}

func (w *without) of(cur *candidate) candidate {
	out := candidate{each: slices.Clone(cur.each), total: cur.total}
	for c := range w.gone {
		for _, gone := range w.gone[c] {
			if gone {
				out.each[c]--
			}
		}
		out.each[c] = max(out.each[c], 0)
	}
	for _, o := range cur.list {
		kept := true
		if site := o.Label.Site(); site.Placed() {
			kept = w.place(&o)
		} else if ofClients[site] {
			kept = w.command(&o)
		}
		if kept {
			out.list = append(out.list, o)
		}
	}
	return out
}

// command renames an outcome of a client's command, and says whether it stays.
func (w *without) command(o *tape.Outcome) bool {
	site := o.Label.Site()
	c, n := o.Label.Indices()
	if c >= len(w.gone) {
		return true
	}
	ofSend := slices.Contains(bySend, site)
	if ofSend && n < len(w.drawn[c]) && w.drawn[c][n].Send == n {
		first, some := w.stays(c, n)
		if !some {
			return false
		}
		if site == pipelineSite {
			o.Value -= min(o.Value, uint32(w.outside(c, n)))
		}
		n = first
	} else if n < len(w.gone[c]) && w.gone[c][n] {
		return false
	} else if site == insideSite && n < len(w.gone[c]) {
		o.Value -= min(o.Value, uint32(w.inside(c, n, true)))
	}
	o.Label = site.At2(c, w.number(c, n))
	return o.Value != 0
}

// place renames an outcome that has a moment.
func (w *without) place(o *tape.Outcome) bool {
	m, ok := w.moment(o.Label.Moment())
	if !ok {
		if w.how == goes {
			return false
		}
		at := len(w.moments) - 1
		for at >= 0 && w.moments[at] != o.Label.Moment() {
			at--
		}
		for at--; at >= 0; at-- {
			if w.how == later {
				o.Occurrence += w.asked.Times(o.Label, w.moments[at])
			}
			if m, ok = w.moment(w.moments[at]); ok {
				break
			}
		}
	}
	a, _ := o.Label.Indices()
	o.Label = o.Label.Site().At2(a, int(m))
	return true
}

// moment renames a moment, unless it goes.
func (w *without) moment(m tape.Moment) (tape.Moment, bool) {
	c, n, sent := m.Send()
	if !sent || c >= len(w.gone) {
		return m, true
	}
	first, some := w.stays(c, n)
	if !some {
		return 0, false
	}
	return tape.Sent(c, w.number(c, first)), true
}

// withoutClient takes out a client that sends nothing.
func (c *candidate) withoutClient(client int) candidate {
	out := candidate{each: slices.Delete(slices.Clone(c.each), client, client+1), total: c.total}
	for _, o := range c.list {
		site := o.Label.Site()
		a, b := o.Label.Indices()
		if ofClients[site] && a == client {
			continue
		}
		if ofClients[site] && a > client {
			a--
		}
		if site.Placed() {
			if who, n, sent := o.Label.Moment().Send(); sent && who > client {
				b = int(tape.Sent(who-1, n))
			}
		}
		o.Label = site.At2(a, b)
		out.list = append(out.list, o)
	}
	return out
}
