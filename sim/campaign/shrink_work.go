package campaign

import (
	"slices"

	"holdfast/sim/client"
	"holdfast/sim/tape"
)

// drop takes commands out.
func (s *shrinker) drop(gone func(client, n int, d client.Drawn) bool) bool {
	c := s.lacking(goes, gone)
	if s.try(c) {
		return true
	}
	for _, how := range []manner{later, again} {
		if d := s.lacking(how, gone); len(d.list) > len(c.list) && s.try(d) {
			return true
		}
	}
	return false
}

// least is the shortest span of n to look at.
func least(n, part int) int {
	if part == 0 {
		return 1
	}
	return max(n/part, 1)
}

// spans calls try with spans of what there is, long ones first, from the end to the
// beginning, down to a part of all; 0 stands for single ones. There may be fewer
// after each success.
func (s *shrinker) spans(part int, count func() int, try func(lo, hi int)) {
	n := count()
	for size, least := max(n/2, 1), least(n, part); size >= least; size /= 2 {
		for at := count() - size; at > -size && !s.over(); at -= size {
			if lo, hi := max(at, 0), min(at+size, count()); lo < hi {
				try(lo, hi)
			}
		}
	}
}

// unsent gives clients no more commands than they draw, or one more: who has none
// left may be what ends the run.
func (s *shrinker) unsent() {
	for more := range 2 {
		each := slices.Clone(s.cur.each)
		for c := range each {
			each[c] = min(each[c], len(s.view.drawn[c])+more)
		}
		if s.try(candidate{s.cur.list, each, s.cur.total}) {
			return
		}
	}
}

// sends takes out what all clients sent in a span of the run.
func (s *shrinker) sends(part int) {
	s.spans(part, func() int { return len(s.sent()) }, func(lo, hi int) {
		span := map[tape.Moment]bool{}
		for _, m := range s.sent()[lo:hi] {
			span[m] = true
		}
		s.drop(func(c, _ int, d client.Drawn) bool { return span[tape.Sent(c, d.Send)] })
	})
}

// sent returns the moments of clients' sends, in their order.
func (s *shrinker) sent() (list []tape.Moment) {
	for _, m := range s.view.moments {
		if c, _, sent := m.Send(); sent && c < len(s.view.drawn) {
			list = append(list, m)
		}
	}
	return list
}

// commands takes out commands of one client at a time.
func (s *shrinker) commands() {
	for c := range s.cur.each {
		s.spans(0, func() int { return len(s.view.drawn[c]) }, func(lo, hi int) {
			s.drop(func(k, n int, _ client.Drawn) bool { return k == c && n >= lo && n < hi })
		})
	}
}

// clients takes whole clients out.
func (s *shrinker) clients() {
	for c := len(s.cur.each) - 1; c >= 0; c-- {
		s.drop(func(k, _ int, _ client.Drawn) bool { return k == c })
		if s.cur.each[c] == 0 && len(s.cur.each) > 1 {
			// Those behind it may depend on their number: then it stays, idle.
			s.try(s.cur.withoutClient(c))
		}
	}
}

// ends makes a planned end of the process one at a moment: then commands can go
// that were only counted.
func (s *shrinker) ends() {
	for i := range s.view.ends {
		as := s.view.ends[i]
		if as.Value == 0 {
			continue
		}
		list := slices.DeleteFunc(slices.Clone(s.cur.list), func(o tape.Outcome) bool {
			return o.Label == siteEnd.At(i) || o.Label == siteWhen.At(i)
		})
		s.try(s.cur.with(append(list, as)))
	}
}

func (c *candidate) with(list []tape.Outcome) candidate {
	return candidate{list, c.each, c.total}
}

// sites turns everything one site chose to zero.
func (s *shrinker) sites() {
	var seen []tape.Site
	for _, o := range s.cur.list {
		if !slices.Contains(seen, o.Label.Site()) {
			seen = append(seen, o.Label.Site())
		}
	}
	for _, site := range seen {
		s.try(s.cur.with(slices.DeleteFunc(slices.Clone(s.cur.list), func(o tape.Outcome) bool { return o.Label.Site() == site })))
	}
}

// outcomes turns spans of outcomes to zero, down to a part of all.
func (s *shrinker) outcomes(part int) {
	s.spans(part, func() int { return len(s.cur.list) }, func(lo, hi int) {
		s.try(s.cur.with(slices.Concat(s.cur.list[:lo], s.cur.list[hi:])))
	})
}

// lower tries the least outcome for each that is left, then half, then one less.
func (s *shrinker) lower() {
	s.reduce(1, func(o *tape.Outcome) *uint32 { return &o.Value })
}

// sooner tries to have happen at once what happens some time after a moment began.
func (s *shrinker) sooner() {
	s.reduce(0, func(o *tape.Outcome) *uint32 { return &o.Occurrence })
}

func (s *shrinker) reduce(least uint32, field func(*tape.Outcome) *uint32) {
	for i := 0; i < len(s.cur.list); i++ {
		to := func(v uint32) bool {
			list := slices.Clone(s.cur.list)
			*field(&list[i]) = v
			return s.try(s.cur.with(list))
		}
		for i < len(s.cur.list) && !s.over() {
			v := *field(&s.cur.list[i])
			if v <= least || !to(least) && !to((v+least)/2) && !to(v-1) {
				break
			}
		}
	}
}

// pauseMenu are the delays that replace commands: multiples of the usual one, and
// the next instant that others wait for too, and a long one.
var pauseMenu = [...]uint32{1, 2, 3, 10, 11}

// patience is up to how many commands of a client are replaced by pauses.
const patience = 40

// waits replaces commands of a client by a pause, or by a run that goes on for a
// while when all has been sent.
func (s *shrinker) waits() {
	for c := range s.cur.each {
		for lo := 0; lo < len(s.view.drawn[c]) && len(s.view.drawn[c]) <= patience; lo++ {
			for k := len(s.view.drawn[c]) - lo; k >= 1 && !s.wait(c, lo, k); k /= 2 {
			}
		}
	}
}

func (s *shrinker) wait(c, lo, k int) bool {
	gone := func(client, n int, _ client.Drawn) bool { return client == c && n >= lo && n < lo+k }
	label := thinkSite.At2(c, lo)
	if lo == 0 {
		label = reconnectSite.At2(c, lo)
	}
	for _, how := range []manner{later, again} {
		fewer := s.lacking(how, gone)
		for _, v := range pauseMenu {
			if s.pause(fewer, label, v) {
				return true
			}
		}
		for v := 1; v < len(lasts) && lo+k >= len(s.view.drawn[c]); v++ {
			if s.pause(fewer, siteLasts.Label(), uint32(v)) {
				return true
			}
		}
	}
	return false
}

// pause tries a candidate with a delay.
func (s *shrinker) pause(c candidate, l tape.Label, v uint32) bool {
	list := slices.DeleteFunc(slices.Clone(c.list), func(o tape.Outcome) bool { return o.Label == l && o.Occurrence == 0 })
	return s.try(c.with(append(list, tape.Outcome{Label: l, Value: v})))
}

// haste are settings under which what takes many commands takes fewer: large values,
// small segments and batches, few keys, checkpoints early.
var haste = []tape.Outcome{
	{Label: siteSize.Label(), Value: 4}, {Label: siteSegment.Label(), Value: 1}, {Label: siteBatch.Label(), Value: 1},
	{Label: siteGroups.Label(), Value: 1}, {Label: sitePart.Label(), Value: 1}, {Label: siteCkpt.Label(), Value: 1},
}

// few is how many commands are not worth another setting.
const few = 4

// hasten changes a setting and keeps it if the run can do with less then.
func (s *shrinker) hasten() {
	for _, o := range haste {
		draws := 0
		for _, list := range s.view.drawn {
			draws += len(list)
		}
		if draws <= few || s.over() {
			return
		}
		if slices.ContainsFunc(s.cur.list, func(p tape.Outcome) bool { return p.Label == o.Label && p.Value == o.Value }) {
			continue
		}
		list := slices.DeleteFunc(slices.Clone(s.cur.list), func(p tape.Outcome) bool { return p.Label == o.Label })
		before := *s
		s.runs++
		if c := s.cur.with(append(list, o)); !s.fails(&c) {
			continue
		}
		s.sends(1)
		s.commands()
		s.sites()
		if !s.cur.less(&before.cur) {
			s.cur, s.best, s.view, s.kept = before.cur, before.best, before.view, before.kept
		}
	}
}
