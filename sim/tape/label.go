package tape

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// Group says what kind of choice a site makes. A Profile gives each group its
// rates, so "no clock faults" is one line and not a list of sites.
type Group uint8

// The groups.
const (
	// Free sites are the workload's: uniform over their outcomes, or by weights.
	Free Group = iota
	// Mixed sites are the workload's too, but each seed favours some outcomes
	// and forbids others (swarm testing). Up to 64 outcomes.
	Mixed
	// Schedule sites reorder and delay within what is promised.
	Schedule
	// DiskFault, NetFault and ClockFault sites break things within the promise.
	DiskFault
	NetFault
	ClockFault
	// Crash sites kill the process or cut the power.
	Crash
	// Damage sites destroy data that was durable, or what is read of it. The
	// engine must detect it; it need not survive it.
	Damage
	// Lie sites make the disk acknowledge what it has not done. Outside the
	// promise, except for detection.
	Lie
	// FalseSync sites make a disk call durable what is only cached: the canary.
	FalseSync
	numGroups
)

var groupNames = [numGroups]string{"free", "mixed", "schedule", "disk", "net", "clock", "crash", "damage", "lie", "false sync"}

// String names the group as profiles print it.
func (g Group) String() string {
	if int(g) < len(groupNames) {
		return groupNames[g]
	}
	return "group " + strconv.Itoa(int(g))
}

// Site is a place in the simulator that chooses. It is interned at package
// initialisation; its number is an index and means nothing outside the process.
type Site uint16

// Label is a site with its two indices: what a choice is called. In recordings
// the labels of sites that have but one index, or none, have the moment of the
// run as the second.
type Label uint64

// Placed reports whether recordings tell the site's choices apart by moments.
func (s Site) Placed() bool { return sites[s].indices < 2 }

type siteInfo struct {
	name    string
	group   Group
	rare    uint8    // halvings of the group's rate
	indices uint8    // in its name
	weights []uint16 // of outcomes 1, 2, ..., and of 0 too if the group is Free or Mixed; empty: equal
	id      uint32   // idBits of the name's hash: the same in every binary
}

// idBits is the width of a site's identity in tokens: small enough for three
// bytes, large enough for a few hundred sites.
const idBits = 20

// sites is written by package initialisers only and read-only afterwards.
var (
	sites  []siteInfo
	siteOf = map[uint32]Site{}
)

// NewSite interns a site. A '#' in the name stands for an index: "client
// #/command #/fragment". Call it from package-level variables only.
func NewSite(name string, g Group) Site { return NewSiteWeighted(name, g, 0) }

// NewSiteWeighted is NewSite for a site that is rarer than its group by
// 2^rare, and whose outcomes other than zero have the given relative weights. In
// the groups Free and Mixed the first weight is that of zero.
func NewSiteWeighted(name string, g Group, rare int, weights ...uint16) Site {
	h := fnv.New32a()
	h.Write([]byte(name))
	id := (h.Sum32() ^ h.Sum32()>>idBits) & (1<<idBits - 1)
	if s, ok := siteOf[id]; ok {
		panic(fmt.Sprintf("tape: sites %q and %q share an id: rename one", sites[s].name, name))
	}
	s := Site(len(sites))
	sites = append(sites, siteInfo{name: name, group: g, rare: uint8(rare), indices: uint8(strings.Count(name, "#")), weights: weights, id: id})
	siteOf[id] = s
	return s
}

// Label returns the site's label without indices.
func (s Site) Label() Label { return Label(s) << 48 }

// At returns the label of the site at index a.
func (s Site) At(a int) Label { return Label(s)<<48 | Label(uint16(a))<<32 }

// At2 returns the label of the site at indices a and b.
func (s Site) At2(a, b int) Label {
	return Label(s)<<48 | Label(uint16(a))<<32 | Label(uint32(b))
}

// Group returns the site's group.
func (s Site) Group() Group { return sites[s].group }

// String returns the site's name as given to NewSite.
func (s Site) String() string { return sites[s].name }

// SiteNamed finds a site by its name.
func SiteNamed(name string) (Site, bool) {
	for i := range sites {
		if sites[i].name == name {
			return Site(i), true
		}
	}
	return 0, false
}

// Sites returns every interned site.
func Sites() []Site {
	out := make([]Site, len(sites))
	for i := range out {
		out[i] = Site(i)
	}
	return out
}

// Site returns the label's site.
func (l Label) Site() Site { return Site(l >> 48) }

// Indices returns the label's two indices.
func (l Label) Indices() (a, b int) { return int(uint16(l >> 32)), int(uint32(l)) }

// Beside reports whether two labels have the same two indices, neither of them a
// moment: the same command of the same client.
func (l Label) Beside(m Label) bool {
	return !l.Site().Placed() && !m.Site().Placed() && uint64(l^m)<<16 == 0
}

// Moment returns when in its run a recorded choice of a placed site was made.
func (l Label) Moment() Moment { return Moment(uint32(l)) }

// during returns the label that recordings have for l.
func (l Label) during(m Moment) Label {
	if l.Site().Placed() {
		return l&^(1<<32-1) | Label(m)
	}
	return l
}

// String spells the label's path.
func (l Label) String() string {
	a, b := l.Indices()
	name := sites[l.Site()].name
	if l.Site().Placed() {
		name += l.Moment().String()
	}
	for _, x := range []int{a, b} {
		if !strings.Contains(name, "#") {
			break
		}
		name = strings.Replace(name, "#", strconv.Itoa(x), 1)
	}
	return name
}
