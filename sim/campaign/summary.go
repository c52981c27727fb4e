package campaign

import (
	"fmt"
	"sort"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/event"
	"holdfast/sim/judge"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Summary is what a campaign has to say, for people and for programs.
type Summary struct {
	Profile  string  `json:"profile"`
	Settings string  `json:"settings,omitempty"`
	From     uint64  `json:"from"`
	Runs     int64   `json:"runs"`
	Failed   int64   `json:"failed"`
	Hash     string  `json:"hash"` // of all histories
	Seconds  float64 `json:"seconds"`

	SeedsPerSecond   float64 `json:"seeds_per_second"`
	EventsPerSecond  float64 `json:"events_per_second"`
	VirtualPerSecond float64 `json:"virtual_seconds_per_second"`

	PerRun map[string]float64 `json:"per_run"`
	Checks map[string]int64   `json:"checks"` // by oracle: checks that could have failed
	Faults map[string]int64   `json:"faults"` // observed effects
	Marks  map[string]int64   `json:"rare_states"`
	Silent []string           `json:"silent"` // what ought to have happened and did not
	// Commands are those that were answered, Unsent those that nobody sent.
	Commands map[string]int64 `json:"commands"`
	Unsent   []string         `json:"commands_unsent"`
	Failing  []Failing        `json:"failures,omitempty"`
	// Diverged are seeds whose second run had another hash.
	Diverged []uint64 `json:"diverged,omitempty"`
}

// Failing is one run that failed.
type Failing struct {
	Seed      uint64   `json:"seed"`
	Signature string   `json:"signature"`
	Story     []string `json:"story"`
	Token     string   `json:"token"`
}

// Long is how many runs of a profile must leave nothing silent.
const Long = 20_000

// needs says which group of choices causes an effect; what is missing here comes
// with crashes. A profile that draws from the group has to show the effect.
var needs = func() (g [sched.NumEffects]tape.Group) {
	span := func(from, to sched.Effect, what tape.Group) {
		for e := from; e <= to; e++ {
			g[e] = what
		}
	}
	span(0, sched.NumEffects-1, tape.Crash)
	span(sched.OutOfOrder, sched.OutOfOrder, tape.Schedule)
	span(sched.SlowIO, sched.SpaceHealed, tape.DiskFault)
	span(sched.BitRot, sched.ShortRead, tape.Damage)
	span(sched.PhantomWrite, sched.MisdirectedWrite, tape.Lie)
	span(sched.FalseSync, sched.FalseSync, tape.FalseSync)
	span(sched.Fragmented, sched.NetDelay, tape.Schedule)
	span(sched.ResetMidCommand, sched.LateBytes, tape.NetFault)
	span(sched.WallForward, sched.WallAtCrash, tape.ClockFault)
	span(sched.LateTick, sched.Preempted, tape.Schedule)
	span(sched.MemoryShort, sched.Aimed, tape.Schedule)
	return g
}()

// expects reports whether campaigns of a profile must show an effect.
func expects(p *tape.Profile, e sched.Effect) bool {
	for _, rate := range p.Rates[needs[e]] {
		if rate > 0 {
			return p.Name != tape.Metamorphic.Name
		}
	}
	return false
}

// Summarise sums up what t holds; elapsed is in seconds.
func (c *Campaign) Summarise(t *Totals, elapsed float64) *Summary {
	n := float64(max(t.Runs, 1))
	s := &Summary{Profile: c.Profile, Settings: c.Settings, From: c.From, Runs: t.Runs, Failed: t.Failed,
		Hash: fmt.Sprintf("%016x", t.Hash), Seconds: elapsed, Diverged: t.Diverged,
		PerRun: map[string]float64{}, Checks: map[string]int64{}, Faults: map[string]int64{}, Marks: map[string]int64{}}
	if elapsed > 0 {
		s.SeedsPerSecond, s.EventsPerSecond = float64(t.Runs)/elapsed, float64(t.Events)/elapsed
		s.VirtualPerSecond = float64(t.Virtual) / float64(sched.Second) / elapsed
	}
	k := &t.Counts
	for name, v := range map[string]int64{"commands answered": t.Answered, "events": t.Events, "turns": t.Turns, "choices": t.Choices,
		"crashes": t.Crashes, "boots": t.Boots, "units": k.Units, "replies": k.Replies, "replies with values": k.Values,
		"replies held": k.Held, "refused": k.Refused, "withdrawn": k.Reruns, "keys expired": k.Expired, "transactions aborted": k.Aborted} {
		s.PerRun[name] = float64(v) / n
	}
	for o := range judge.NumOracles {
		s.Checks[o.String()] = k.Checks[o]
		if k.Checks[o] == 0 && o != judge.Ports && judges(c.Profile, o) {
			s.Silent = append(s.Silent, "oracle "+o.String())
		}
	}
	profile, known := tape.ProfileNamed(c.Profile)
	for e := range sched.NumEffects {
		if v := t.Seen[e]; v > 0 {
			s.Faults[e.String()] = v
		} else if known && expects(profile, e) {
			s.Silent = append(s.Silent, "fault "+e.String())
		}
	}
	s.marks(t)
	s.commands(t)
	sort.Strings(s.Silent)
	for i := range t.Failures {
		f := &t.Failures[i]
		s.Failing = append(s.Failing, Failing{f.Token.Seed, f.Failure.Signature(), f.Failure.Story, f.Token.Encode()})
	}
	return s
}

// marks takes over which rare states were reached, and misses those that had to be.
func (s *Summary) marks(t *Totals) {
	for name, v := range t.Marks {
		s.Marks[name] = v
	}
	if s.Profile != tape.Standard.Name || s.Settings != "" {
		return
	}
	for _, m := range event.Marks() {
		if m.Within > 0 && s.Runs >= m.Within && t.Marks[m.Name] == 0 {
			s.Silent = append(s.Silent, fmt.Sprintf("%s%s (due within %d runs)", silentMark, m.Name, m.Within))
		}
	}
}

// commands takes over what ran, and which commands did not.
func (s *Summary) commands(t *Totals) {
	s.Commands = map[string]int64{}
	for name, n := range t.Commands {
		if n > 0 {
			s.Commands[strings.ToLower(name)] += n
		}
	}
	for _, c := range command.All() {
		if s.Commands[c.Name] == 0 {
			s.Unsent = append(s.Unsent, c.Name)
		}
	}
}

// judges reports whether campaigns of a profile ask an oracle.
func judges(profile string, o judge.Oracle) bool {
	switch profile {
	case tape.Metamorphic.Name:
		return o == judge.Metamorphic
	case tape.Standard.Name:
		return true
	}
	return o != judge.Metamorphic
}

// silentMark begins what Silent says of a mark.
const silentMark = "mark "

// TooQuiet returns the silence that is a finding, given how long the campaign
// was: marks are due each within runs of its own.
func (s *Summary) TooQuiet() (due []string) {
	for _, what := range s.Silent {
		if s.Settings == "" && (s.Runs >= Long || strings.HasPrefix(what, silentMark)) {
			due = append(due, what)
		}
	}
	return due
}
