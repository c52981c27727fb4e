package campaign

import (
	"slices"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

// Scope is a small world that is explored to the end: a fixed workload, and
// the choices that are tried in every combination. All other choices are 0, or
// what Base says.
type Scope struct {
	Name, What string
	Clients    [][]string // see client.Shape.Script
	Base       []Fixed
	Vary       []Vary
	// From is how many units run before anything varies.
	From int64
	// Logs is how many times the administrator changes appendonly.
	Logs int
	// Grain is the multiple of ns at which processes end, stalled until then, so that a
	// crash a little later is the same crash; 0: 5 ms. Step is by how much clocks
	// advance at a time; 0: smoothly.
	Grain, Step int64
	// Mutants are bugs of the bank that exploring the scope catches.
	Mutants []string
}

// Fixed is a choice that comes out the same in every run.
type Fixed struct {
	Site  string
	Value uint32
}

// Vary lists the outcomes to try at a site, the first of them 0; A is the
// site's first index, -1 for any.
type Vary struct {
	Site     string
	A        int
	Outcomes []int
}

// Kinds of disk operations, as indices of the site "disk/op #/time".
const (
	opRead  = 5
	opWrite = 8 // write durable
)

// fill overwrites one key often enough to fill half a segment.
const fill = "SET k0 $ | SET k0 $ | SET k0 $ | SET k0 $ | SET k0 $ | SET k0 $ | SET k0 $ | SET k0 $"

// Of scopes without deadlines, in which what happens counts and hardly when.
const (
	calmGrain = 50 * sched.Millisecond
	calmStep  = sched.Millisecond
)

// Outcomes of a delay, see sched.Delay.
const (
	usual     = 0
	jitter    = 1 // twice as long
	slower    = 2 // four times
	long      = 3 // sixteen times
	before    = 5
	at        = 6
	lastAlive = 7
	firstDead = 8
	after     = 9
	grid      = 10 // the next multiple of 10 ms: then things come together
)

var (
	cold = []Fixed{{"run/memory", 1}} // every committed value goes cold at once

	// hurried lets clients think for longer, or what client 1 sends travel for longer:
	// the same in another order.
	hurried = Vary{"client #/command #/think", -1, []int{usual, jitter}}
	slow    = Vary{"client #/delay", 1, []int{usual, jitter}}

	// crashAnywhere ends the process after any event: not, by a power cut, by
	// SIGKILL; with every image that the writes then in flight can leave.
	crashAnywhere = []Vary{
		{"crash", -1, []int{0, 1, 2}},
		{"power cut/file #/write in flight", -1, []int{0, 1, 2, 3, 4, 5}},
		{"disk/cut", -1, []int{0, 1}},
		{"crash/name change in flight", -1, []int{0, 1}},
	}
)

// Scopes returns the scopes there are.
func Scopes() []Scope {
	return slices.Concat(timeScopes(), crashScopes(), storageScopes(), largeScopes())
}

// timeScopes are about deadlines, crashScopes about what a crash leaves,
// storageScopes about values that are moved meanwhile.
func timeScopes() []Scope {
	return []Scope{
		{
			Name: "in-flight-read", What: "a cold value's deadline passes before, while and after it is read",
			Mutants: []string{"dragonfly-6874", "redis-10192-one-millisecond"},
			Clients: [][]string{{"SET k0 $ PX 8", "GET k0"}, {"PING", "GET k0", "PTTL k0"}},
			Base:    cold,
			Vary: []Vary{
				{"disk/op #/time", opRead, []int{usual, before, at, lastAlive, firstDead, after}},
				{"client #/command #/think", -1, []int{usual, at, lastAlive, firstDead}},
				{"clock/late tick", -1, []int{usual, firstDead}},
			},
		},
		{
			Name: "expiry-tick", What: "commands around the deadline, the tick early and late",
			Mutants: []string{"early-expiry", "redis-10192-one-millisecond"},
			Clients: [][]string{{"SET k0 $ PX 4", "GET k0", "DBSIZE"}, {"EXISTS k0", "SET k0 $ NX"}},
			Vary: []Vary{
				{"client #/command #/think", -1, []int{usual, at, lastAlive, firstDead}},
				{"clock/late tick", -1, []int{usual, firstDead}},
			},
		},
		{
			Name: "multi-and-tick", What: "a deadline passes between the commands of one MULTI",
			Mutants: []string{"moving-clock-in-multi"},
			Clients: [][]string{{"MULTI | SET k2 0 NX PX 3 | INCR k2 | PTTL k2 | EXEC", "MULTI | SET k2 0 NX PX 3 | INCR k2 | PTTL k2 | EXEC"}},
			Vary: []Vary{
				{"client #/command #/think", -1, []int{usual, lastAlive, firstDead}},
				{"clock/preempted", -1, []int{usual, firstDead}},
			},
		},
		{
			Name: "deadline-at-release", What: "a value's deadline passes while its reply waits for the disk",
			Mutants: []string{"deadline-passes-before-release", "undurable-read-not-held"},
			Base:    []Fixed{{"run/hold margin", 1}}, // none: replies are held
			Clients: [][]string{{"SET k0 $ PX 6"}, {"PING", "GET k0", "GET k0 | PING"}, {"PING", "MGET k0 k1"}},
			Vary: []Vary{
				{"disk/op #/time", opWrite, []int{usual, before, lastAlive, firstDead, after}},
				{"client #/command #/think", -1, []int{usual, lastAlive, firstDead}},
				{"clock/late tick", -1, []int{usual, firstDead}},
			},
		},
	}
}

func crashScopes() []Scope {
	return []Scope{
		{
			Name: "fsync-and-crash", What: "SET, GET and one write to the log, the process ending anywhere",
			Mutants: []string{"reply-before-fsync", "etcd-6368-directory-not-synced", "undurable-read-not-held"},
			Clients: [][]string{{"SET k0 $"}, {"GET k0"}},
			Vary: append([]Vary{
				{"power cut/file #/unsynced write", -1, []int{0, 1}},
				{"disk/op #/time", opWrite, []int{usual, jitter}},
			}, crashAnywhere...),
		},
		{
			Name: "two-batches", What: "two batches in flight that complete in either order, the process ending anywhere",
			Mutants: []string{"out-of-order-completion-acknowledged"},
			Clients: [][]string{{"SET k0 $", "GET k0"}, {"PING", "SET k1 $", "GET k0"}},
			Base:    []Fixed{{"run/value size", 4}, {"run/batch", 1}}, // the second does not wait for company
			Vary: append([]Vary{
				{"disk/op #/time", opWrite, []int{usual, jitter, slower, long}}, hurried,
			}, crashAnywhere...),
			Grain: calmGrain, Step: calmStep,
		},
		{
			Name: "exec-and-crash", What: "a transaction and its neighbours, the process ending anywhere",
			Mutants: []string{"half-exec-recovered", "exec-logged-command-by-command", "torn-tail-taken-for-data"},
			Clients: [][]string{{"SET k0 $", "MULTI | SET k1 $ | SET k5 $ | SET k6 $ | SET k10 $ | SET k11 $ | DEL k0 | EXEC", "GET k1"}, {"GET k1"}},
			Base:    []Fixed{{"run/value size", 4}, {"run/batch", 1}}, // more than one batch
			Vary:    append([]Vary{{"disk/op #/time", opWrite, []int{usual, long}}, slow}, crashAnywhere...),
			Grain:   calmGrain, Step: calmStep,
		},
		{
			Name: "rename-and-crash", What: "RENAME of a volatile key over another, the process ending anywhere",
			Mutants: []string{"rename-loses-deadline"},
			Clients: [][]string{{"SET k0 $ PX 60000 | SET k1 $", "RENAME k0 k1", "PTTL k1"}, {"MGET k0 k1"}},
			Vary:    append([]Vary{{"client #/delay", -1, []int{usual, jitter}}}, crashAnywhere...),
			Grain:   calmGrain, Step: calmStep,
		},
		{
			Name: "woken-and-crash", What: "a client that waits for an element is served, the process ending anywhere",
			Mutants: []string{"woken-reply-not-held", "woken-in-the-pushers-unit"},
			Clients: [][]string{{"BLPOP k10 1", "LLEN k10"}, {"PING", "RPUSH k10 a | RPUSH k10 b", "LLEN k10"}},
			Vary:    append([]Vary{{"disk/op #/time", opWrite, []int{usual, long}}, hurried, slow}, crashAnywhere...),
			Grain:   calmGrain, Step: calmStep,
		},
		{
			Name: "clock-over-restart", What: "the wall clock set anywhere while the machine is off",
			Mutants: []string{"restart-ignores-ceiling", "wall-set-back-revives-keys", "redis-8474-relative-ttl-in-log", "no-durable-ceiling"},
			Clients: [][]string{{"SET k0 $ PX 3", "GET k0", "GET k0"}, {"GET k0"}},
			Vary: []Vary{
				{"crash", -1, []int{0, 1, 2}},
				{"clock/wall after outage", -1, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
				{"client #/command #/think", -1, []int{usual, lastAlive, firstDead}}, slow,
			},
			Step: calmStep,
		},
	}
}

// ScopeNamed finds a scope.
func ScopeNamed(name string) (Scope, bool) {
	for _, s := range Scopes() {
		if s.Name == name {
			return s, true
		}
	}
	return Scope{}, false
}

func (s *Scope) grain() int64 {
	if s.Name != "" && s.Grain == 0 {
		return 5 * sched.Millisecond
	}
	return s.Grain
}

func (s *Scope) base() (list []tape.Outcome) {
	for _, f := range s.Base {
		site, ok := tape.SiteNamed(f.Site)
		if !ok {
			panic("campaign: scope " + s.Name + " names no site: " + f.Site)
		}
		list = append(list, tape.Outcome{Label: site.Label(), Value: f.Value})
	}
	return list
}

// menus returns what to try at each site, by site.
func (s *Scope) menus() [][]Vary {
	out := make([][]Vary, len(tape.Sites()))
	for _, v := range s.Vary {
		site, ok := tape.SiteNamed(v.Site)
		if !ok {
			panic("campaign: scope " + s.Name + " names no site: " + v.Site)
		}
		out[site] = append(out[site], v)
	}
	return out
}
