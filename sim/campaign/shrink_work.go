package campaign

import (
	"slices"

	"holdfast/sim/client"
	"holdfast/sim/tape"
)

// The sites of clients that it knows.
var (
	pipelineSite, lengthSite        = clientSite("command #/pipeline"), clientSite("command #/length")
	thinkSite, eagerSite, leaveSite = clientSite("think"), clientSite("does not wait"), clientSite("leaves")
	reconnectSite                   = clientSite("reconnect")
)

func clientSite(name string) tape.Site {
	s, ok := tape.SiteNamed("client #/" + name)
	if !ok {
		panic("campaign: no site " + name)
	}
	return s
}

// unsent gives each client no more commands than it has sent.
func (s *shrinker) unsent() {
	sent := candidate{list: s.cur.list, total: s.cur.total}
	for c := range s.cur.each {
		sent.each = append(sent.each, s.r.work.SentBy(c))
	}
	if !slices.Equal(sent.each, s.cur.each) {
		s.try(sent)
	}
}

// instants reckons the times of crashes in single commands, once they are early
// enough for that.
func (s *shrinker) instants() {
	const exact = 64 // outcomes of the choice
	if s.cur.total == exact || s.cur.each == nil {
		return
	}
	with := candidate{each: s.cur.each, total: exact}
	for _, o := range s.cur.list {
		if o.Label.Site() == siteWhen {
			o.Value = min(uint32(s.cur.total)*o.Value/exact, exact-1)
		}
		if o.Value != 0 {
			with.list = append(with.list, o)
		}
	}
	s.try(with)
}

// commands gives each client fewer commands: runs of them, long ones first, from
// the end to the beginning.
func (s *shrinker) commands() {
	for c := 0; c < len(s.cur.each); c++ {
		for size := max(s.cur.each[c], 1); size >= 1; size /= 2 {
			for at := s.cur.each[c] - size; at > -size; at -= size {
				lo, hi := max(at, 0), min(at+size, s.cur.each[c])
				if lo < hi && !s.over() {
					s.try(s.cur.withoutCommands(c, lo, hi))
				}
			}
		}
	}
}

// withoutCommands takes commands [lo, hi) of client c out.
func (c candidate) withoutCommands(client, lo, hi int) candidate {
	out := candidate{each: slices.Clone(c.each), total: c.total}
	out.each[client] = max(out.each[client]-(hi-lo), 0)
	for _, o := range c.list {
		site := o.Label.Site()
		if a, b := o.Label.Indices(); a == client && perCommand(site) {
			if b >= lo && b < hi {
				continue
			}
			if b >= hi {
				o.Label = site.At2(a, b-(hi-lo))
			}
		}
		out.list = append(out.list, o)
	}
	return out
}

// pipelines takes whole pipelines out, runs of them, long ones first, and moves
// up what is chosen once for each of those behind them. It stops at runs of a
// part of all; 0 stands for single ones.
func (s *shrinker) pipelines(part int) {
	for c := 0; c < len(s.cur.each); c++ {
		for size, least := max(len(s.starts(c)), 1), least(len(s.starts(c)), part); size >= least; size /= 2 {
			for at := len(s.starts(c)) - size; at > -size && !s.over(); at -= size {
				starts := s.starts(c)
				i, j := max(at, 0), min(at+size, len(starts))
				if i >= j {
					continue
				}
				lo, hi := starts[i].Command, s.cur.each[c]
				if j < len(starts) {
					hi = starts[j].Command
				}
				if lo < hi {
					s.try(s.cur.withoutCommands(c, lo, hi).withoutSends(c, i, j))
				}
			}
		}
	}
}

// middles leaves out what happened between two sends of any client: the commands
// that were sent and all that was chosen. The first is one of the first, so that
// often what set the stage stays, and what broke.
func (s *shrinker) middles() {
	for from := range 6 {
		var at []int
		for c := range s.cur.each {
			for _, b := range s.starts(c) {
				at = append(at, b.Choice)
			}
		}
		slices.Sort(at)
		for i := len(at) - 1; i > from && !s.over(); i -= max(i/16, 1) {
			if s.try(s.withoutMiddle(at[from], at[i])) {
				break
			}
		}
	}
}

// withoutMiddle leaves out what was chosen from one choice to another.
func (s *shrinker) withoutMiddle(from, to int) candidate {
	out := candidate{each: s.cur.each, total: s.cur.total}
	for _, o := range s.cur.list {
		if n := int(o.Order); n < from || n >= to || perCommand(o.Label.Site()) {
			out.list = append(out.list, o)
		}
	}
	for c := range s.cur.each {
		starts, i := s.starts(c), 0
		for i < len(starts) && starts[i].Choice < from {
			i++
		}
		j := i
		for j < len(starts) && starts[j].Choice < to {
			j++
		}
		if i == j {
			continue
		}
		end := s.cur.each[c]
		if j < len(starts) {
			end = starts[j].Command
		}
		if first := starts[i].Command; first < end {
			out = out.withoutCommands(c, first, end).withoutSends(c, i, j)
		}
	}
	return out
}

// starts returns where a client's sends began, in the best run.
func (s *shrinker) starts(c int) []client.Start {
	if c < len(s.begun) {
		return s.begun[c]
	}
	return nil
}

// withoutSends takes what was chosen for a client's sends [i, j) out.
func (c candidate) withoutSends(client, i, j int) candidate {
	out := candidate{each: c.each, total: c.total}
	for _, o := range c.list {
		site := o.Label.Site()
		if a, _ := o.Label.Indices(); a == client && (site == thinkSite || site == eagerSite || site == leaveSite) {
			if n := int(o.Occurrence); n >= i && n < j {
				continue
			} else if n >= j {
				o.Occurrence -= uint32(j - i)
			}
		}
		out.list = append(out.list, o)
	}
	return out
}

// groups makes pipelines and transactions shorter by the commands that it takes
// out of them.
func (s *shrinker) groups() {
	for i := 0; i < len(s.cur.list); i++ {
		for i < len(s.cur.list) && s.shorten(i) {
		}
	}
}

func (s *shrinker) shorten(i int) bool {
	o := s.cur.list[i]
	if site := o.Label.Site(); site != pipelineSite && site != lengthSite {
		return false
	}
	c, at := o.Label.Indices()
	for k := int(o.Value); k >= 1; k /= 2 {
		for lo := at + 1; lo <= at+int(o.Value)+1; lo++ {
			shorter := candidate{slices.Clone(s.cur.list), s.cur.each, s.cur.total}
			shorter.list[i].Value -= uint32(k)
			if c < len(s.cur.each) && s.try(shorter.withoutCommands(c, lo, lo+k)) {
				return true
			}
		}
	}
	return false
}

// waits replaces the commands that a client begins with by a pause.
func (s *shrinker) waits() {
	for c := 0; c < len(s.cur.each); c++ {
		for lo := 0; lo < 2; lo++ {
			for k := s.cur.each[c] - lo; k >= 2; k-- {
				if s.wait(c, lo, k) {
					break
				}
			}
		}
	}
}

// pauseMenu are the delays that replace commands: multiples of the usual one, and
// the next instant that others wait for too.
var pauseMenu = [...]uint32{1, 2, 3, 10}

func (s *shrinker) wait(c, lo, k int) bool {
	site, occurrence := reconnectSite, uint32(0)
	if lo > 0 {
		site, occurrence = thinkSite, uint32(lo-1)
	}
	fewer := s.cur.withoutCommands(c, lo, lo+k).withoutSends(c, lo, lo+k)
	label := site.At(c)
	fewer.list = slices.DeleteFunc(fewer.list, func(o tape.Outcome) bool { return o.Label == label && o.Occurrence == occurrence })
	for _, v := range pauseMenu {
		with := candidate{append(slices.Clone(fewer.list), tape.Outcome{Label: label, Occurrence: occurrence, Value: v}), fewer.each, fewer.total}
		if with.size() < s.cur.size() && s.try(with) {
			return true
		}
	}
	return false
}
