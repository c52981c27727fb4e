package tx

import "holdfast/engine/unit"

// Timekeeper is engine time: it follows the monotonic clock, never runs
// backwards, and adopts a lead of the wall clock only after the lead has
// lasted. A set-back wall clock is ignored.
//
// Engine time may be revealed only below a durable ceiling, so that after a
// restart no instant lies before one that a client could infer from an expiry.
// The ceiling is renewed ahead while volatile keys exist.
type Timekeeper struct {
	persistNS int64 // how long a lead of the wall must last

	us, monoNS  int64
	running     bool
	leadSinceNS int64
	leadUS      int64 // smallest lead seen since leadSinceNS
	leading     bool
	adopted     int64 // steps adopted so far

	ceiling unit.Time // durable: restart begins at or after it
	pending []ceilingAt
}

type ceilingAt struct {
	at  unit.Time
	lsn unit.LSN
}

// Start begins engine time at the later of the wall clock and the floor.
func (k *Timekeeper) Start(wallUS, monoNS int64, floor unit.Time) unit.Time {
	k.us = max(wallUS, int64(floor))
	k.monoNS, k.running, k.leading = monoNS, true, false
	return unit.Time(k.us)
}

// Advance moves engine time on by the monotonic clock alone and returns it.
func (k *Timekeeper) Advance(monoNS int64) unit.Time {
	if d := (monoNS - k.monoNS) / 1000; d > 0 && k.running {
		k.us += d
		k.monoNS += d * 1000
	}
	return unit.Time(k.us)
}

// Sample is Advance with a look at the wall clock, whose lead it may adopt.
func (k *Timekeeper) Sample(wallUS, monoNS int64) unit.Time {
	k.Advance(monoNS)
	if !k.running {
		return unit.Time(k.us)
	}
	lead := wallUS - k.us
	switch {
	case lead <= 0:
		k.leading = false
	case !k.leading:
		k.leading, k.leadSinceNS, k.leadUS = true, monoNS, lead
	default:
		k.leadUS = min(k.leadUS, lead)
		if monoNS-k.leadSinceNS >= k.persistNS {
			k.us += k.leadUS
			k.leading = false
			k.adopted++
		}
	}
	return unit.Time(k.us)
}

// Lead returns by how many microseconds the wall clock runs ahead of engine
// time, unadopted as yet.
func (k *Timekeeper) Lead() int64 {
	if !k.leading {
		return 0
	}
	return k.leadUS
}

// Last returns engine time as last sampled.
func (k *Timekeeper) Last() unit.Time { return unit.Time(k.us) }

// Ceiling returns the durable ceiling.
func (k *Timekeeper) Ceiling() unit.Time { return k.ceiling }

// propose notes that a ceiling was logged in a unit ending at lsn.
func (k *Timekeeper) propose(at unit.Time, lsn unit.LSN) {
	k.pending = append(k.pending, ceilingAt{at, lsn})
}

// proposed returns the highest ceiling logged, durable or not.
func (k *Timekeeper) proposed() unit.Time {
	if n := len(k.pending); n > 0 {
		return k.pending[n-1].at
	}
	return k.ceiling
}

// Ahead reports whether a ceiling beyond now was logged: without another word, a
// restart begins there.
func (k *Timekeeper) Ahead(now unit.Time) bool { return k.proposed() > now }

// cover returns the LSN that must be committed before now may be revealed:
// 0 when it may be already, ok false when no logged ceiling covers it.
func (k *Timekeeper) cover(now unit.Time) (lsn unit.LSN, ok bool) {
	if now <= k.ceiling {
		return 0, true
	}
	for _, p := range k.pending {
		if now <= p.at {
			return p.lsn, true
		}
	}
	return 0, false
}

// committed raises the durable ceiling.
func (k *Timekeeper) committed(lsn unit.LSN) {
	n := 0
	for n < len(k.pending) && k.pending[n].lsn <= lsn {
		k.ceiling = max(k.ceiling, k.pending[n].at)
		n++
	}
	if n > 0 {
		k.pending = k.pending[:copy(k.pending, k.pending[n:])]
	}
}
