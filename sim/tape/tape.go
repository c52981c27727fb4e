package tape

import "fmt"

type mode uint8

const (
	zeroes mode = iota
	seeded
	replaying
	guided
	varying
	fromBytes
	enumerating
)

// Tape answers every choice of a run. The zero value answers 0 to all. It is
// reused from run to run and then allocates nothing.
type Tape struct {
	// Forbid, if set, turns the outcomes that it names into 0, after they were
	// drawn: other choices stay what they are. It hears of zeroes too.
	Forbid func(l Label, v int) bool

	mode      mode
	recording bool
	count     int // choices made
	gen       generator
	replay    outcomeTable
	legs      []Leg // guided: those that have not begun
	planning  bool  // guided: until Planned
	bytes     byteFeed
	odo       *Odometer
	occ       occTable
	rec       []Outcome
	moment    Moment
	moments   []Moment
	noisy     bool
	anew      Label
}

// Outcome is one choice that did not come out as zero.
type Outcome struct {
	Label      Label
	Occurrence uint32 // how many times the label had been asked before, at that moment
	Value      uint32
	Order      uint32 // how many choices the run had made before
}

// String says the outcome in words.
func (o Outcome) String() string {
	return fmt.Sprintf("%v (%d) = %d", o.Label, o.Occurrence, o.Value)
}

func (t *Tape) begin(m mode) {
	t.mode = m
	t.count = 0
	t.rec = t.rec[:0]
	t.moment, t.moments = 0, t.moments[:0]
	t.occ.reset()
}

// Zero makes the tape answer 0 to everything: the fair-weather run.
func (t *Tape) Zero() { t.begin(zeroes) }

// Seed makes the tape draw from a generator. A run is a function of (seed,
// profile) and nothing else.
func (t *Tape) Seed(seed uint64, p *Profile) {
	t.begin(seeded)
	t.gen.reset(seed, p)
}

// Replay makes the tape repeat the outcomes, and answer 0 elsewhere.
func (t *Tape) Replay(outcomes []Outcome) {
	t.begin(replaying)
	t.replay.load(outcomes)
}

// Vary makes the tape repeat the outcomes and draw from a generator elsewhere: if
// noisy, but for what clients do and what faults are like; and what has the indices
// of the label anew, if that is not 0.
func (t *Tape) Vary(outcomes []Outcome, seed uint64, p *Profile, noisy bool, anew Label) {
	t.begin(varying)
	t.noisy, t.anew = noisy, anew
	t.replay.load(outcomes)
	t.gen.reset(seed, p)
}

// Bytes makes the tape read its outcomes from data. Every byte string is a
// valid run; when data is used up the rest is 0. p sets the thresholds.
func (t *Tape) Bytes(data []byte, p *Profile) {
	t.begin(fromBytes)
	t.bytes.reset(data, p)
}

// Enumerate makes the tape take its outcomes from o's current combination, and
// from base where o has nothing to say.
func (t *Tape) Enumerate(o *Odometer, base []Outcome) {
	t.begin(enumerating)
	o.rewind()
	t.replay.load(base)
	t.odo = o
}

// Record turns recording on or off, whatever the feeder. Set it before a run.
func (t *Tape) Record(on bool) { t.recording = on }

// Outcomes returns what was recorded since the feeder was set, in the order of
// the choices. It is valid until the feeder is set again.
func (t *Tape) Outcomes() []Outcome { return t.rec }

// Count returns how many choices the run has made.
func (t *Tape) Count() int { return t.count }

// Rate returns the chance, of 2^32, that the current generator leaves zero at
// a site: what swarm selection drew for this seed. 0 for other feeders.
func (t *Tape) Rate(s Site) uint32 {
	if t.mode != seeded && t.mode != guided && t.mode != varying {
		return 0
	}
	return t.gen.rate[s]
}

// Choose returns an outcome in [0, n). 0 is the benign one.
func (t *Tape) Choose(l Label, n int) int {
	t.count++
	if t.mode == seeded && !t.recording && t.Forbid == nil {
		return t.gen.draw(l.Site(), n)
	}
	return t.chooseSlow(l, n)
}

func (t *Tape) chooseSlow(l Label, n int) int {
	if l.Site() >= Site(len(sites)) {
		panic(fmt.Sprintf("tape: label %x names no site", uint64(l)))
	}
	asked := l
	l = l.during(t.moment)
	var occ uint32
	if t.recording || t.mode == replaying || t.mode == varying || t.mode == enumerating {
		occ = t.occ.next(l)
	}
	v := 0
	switch t.mode {
	case seeded:
		v = t.gen.draw(l.Site(), n)
	case replaying:
		v = t.replay.get(l, occ)
	case guided:
		v = t.steer(asked, n)
	case varying:
		if v = t.replay.get(l, occ); v == 0 && t.varies(l) {
			v = t.gen.draw(l.Site(), n)
		}
	case fromBytes:
		v = t.bytes.draw(l.Site(), n)
	case enumerating:
		var ok bool
		if v, ok = t.odo.draw(asked, occ, n); !ok {
			v = t.replay.get(l, occ)
		}
	}
	if v < 0 || v >= n || t.Forbid != nil && t.Forbid(l, v) {
		v = 0
	}
	if t.recording && v != 0 {
		t.rec = append(t.rec, Outcome{Label: l, Occurrence: occ, Value: uint32(v), Order: uint32(t.count - 1)})
	}
	return v
}

// varies says whether a choice that the recording leaves at 0 is drawn.
func (t *Tape) varies(l Label) bool {
	if !isFree(l.Site()) {
		return t.noisy
	}
	return t.anew != 0 && l.Beside(t.anew)
}

// Chance chooses between no (0) and yes.
func (t *Tape) Chance(l Label) bool { return t.Choose(l, 2) != 0 }
