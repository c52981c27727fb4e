package tx

import (
	"errors"

	"holdfast/engine/event"
	"holdfast/engine/keyspace"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// Expire removes keys whose deadline has passed, as many as one turn may so that a
// million deaths in one second do not hold up a reply, and returns how many. It
// goes no further than the durable ceiling of engine time, so that what it removes
// may be revealed at once. It logs nothing: after a restart engine time starts
// beyond the deadline, and the key is dead again.
func (s *State) Expire(now unit.Time) int {
	most := s.cfg.ExpireBatch
	if s.pause {
		return 0
	}
	if s.cfg.ImportMode {
		s.retain(now, most)
		return 0
	}
	if s.holding {
		now = min(now, s.Time.ceiling)
	}
	n := 0
	for _, d := range s.used() {
		if n >= most {
			break
		}
		if d.KS != nil {
			s.refile(d, (most+1)/2)
			n += s.expireIn(d, now, most-n)
		}
	}
	return n
}

// Owing reports whether Expire may yet remove keys that were due at an instant.
func (s *State) Owing(at unit.Time) bool {
	if s.pause {
		return false
	}
	if s.holding {
		at = min(at, s.Time.ceiling)
	}
	ms, ok := s.NextDeadline()
	return ok && ms <= at.MS()
}

// drain removes every key of d that is due, for counts that must be exact.
func (s *State) drain(d *Database, now unit.Time) int {
	s.refile(d, 1<<40)
	return d.allDue(now, func() int { return s.expireIn(d, now, 4096) })
}

func (s *State) expireIn(d *Database, now unit.Time, max int) int {
	return d.KS.Due(now, max, func(r keyspace.Ref) { s.expire(d, r, now) })
}

// allDue calls step, which removes some of the keys that are due, until none is
// left: some steps only sort what is further off.
func (d *Database) allDue(now unit.Time, step func() int) (n int) {
	for range 1 << 20 {
		n += step()
		if ms, ok := d.KS.NextDeadline(); !ok || ms > now.MS() {
			break
		}
	}
	return n
}

// expire removes one dead entry. The key keeps its mark in the ring: its nil
// still waits for the write that gave it the deadline.
func (s *State) expire(d *Database, r keyspace.Ref, now unit.Time) {
	ks := d.KS
	dl := ks.Deadline(r)
	s.counts.Expired++
	if !s.cfg.ImportMode { // where they stay long, and it is no lag
		us := max(0, int64(now)-max(int64(dl)*1000, int64(s.resumed)))
		lag := uint64(us / 1000)
		s.counts.LagSumMS += lag
		s.counts.LagN++
		s.counts.LagMaxMS = max(s.counts.LagMaxMS, lag)
		if s.lags != nil {
			s.lags.Record(us * 1000)
		}
	}
	if s.obs.Gone != nil {
		s.obs.Gone(&event.Gone{DB: d.Index, Key: ks.Key(r), Deadline: dl, Now: now})
	}
	s.expireWatchers(d, ks.Key(r))
	s.newsExpired(d, ks, ks.Key(r))
	s.drop(d, ks, r)
}

// Evict removes a key to free memory, as a unit of its own.
func (s *State) Evict(d *Database, r keyspace.Ref, now unit.Time) {
	s.Begin(now, d.Index)
	t := &s.tx
	ks := d.KS
	s.evictKey = append(s.evictKey[:0], ks.Key(r)...)
	deadline := ks.Deadline(r)
	t.evicts = true
	t.remove(d, ks, ks.Hash(s.evictKey), r, s.evictKey)
	t.Notify(EventEvicted, "evicted", s.evictKey)
	if end := t.Seal().End; s.obs.Gone != nil {
		s.obs.Gone(&event.Gone{DB: d.Index, Key: s.evictKey, Deadline: deadline, Now: now, Evicted: true, End: end})
	}
	s.counts.Evicted++
}

// revealExpiry holds the reply until engine time may be revealed to have
// reached this instant. Where no logged ceiling covers it, one is logged.
func (t *Tx) revealExpiry() {
	s := t.s
	if !s.holding || t.now <= t.pending {
		return
	}
	lsn, ok := s.Time.cover(t.now)
	switch {
	case ok:
		t.need = unit.Max(t.need, lsn)
	case s.log.Err() != nil || t.need == forever:
		t.need = forever
	default:
		if t.full, t.busy = t.lacksRoom(); t.full || t.busy {
			t.need = forever
			return
		}
		s.mark("an expiry waits for the ceiling of time")
		t.ceiling(t.now + unit.Time(s.cfg.LeaseMS)*1000)
	}
}

// lacksRoom reports whether a unit that only reads had better not log a ceiling: on
// a disk that is full its reply would wait as long as that lasts.
func (t *Tx) lacksRoom() (full, busy bool) {
	if !t.Reads {
		return false, false
	}
	err := t.s.log.Reserve(ceilingBytes, wal.Times)
	full = errors.Is(err, wal.ErrFull)
	return full, err != nil && !full && !t.Sync // an EXEC cannot run again
}

// barred reports whether no ceiling can be had that covers this instant.
func (t *Tx) barred() bool {
	if !t.s.holding || t.s.log.Err() != nil {
		return t.s.holding
	}
	if _, covered := t.s.Time.cover(t.now); covered {
		return false
	}
	full, busy := t.lacksRoom()
	return full || busy
}

// Blocked returns the instant up to which active expiry cannot move although
// keys are due: the ceiling is not durable yet. 0 when nothing is in its way.
func (s *State) Blocked(now unit.Time) unit.Time {
	if s.holding && now > s.Time.ceiling {
		return now + unit.Time(s.cfg.LeaseMS)*250
	}
	return 0
}

// RenewAt returns when the ceiling is to be renewed, while volatile keys exist;
// a while from now when it was just tried in vain.
func (s *State) RenewAt(now unit.Time) unit.Time {
	at := s.Time.proposed() - unit.Time(s.cfg.LeaseMS)*500 + 1000
	if at <= now {
		return now + 100_000
	}
	return at
}
