package tx

import (
	"holdfast/engine/event"
	"holdfast/engine/keyspace"
	"holdfast/engine/unit"
)

// Expire removes up to max keys whose deadline has passed and returns how
// many. It goes no further than the durable ceiling of engine time, so that
// what it removes may be revealed at once. It logs nothing: after a restart
// engine time starts beyond the deadline, and the key is dead again.
func (s *State) Expire(now unit.Time, max int) int {
	if s.pause {
		return 0
	}
	if s.holding {
		now = min(now, s.Time.ceiling)
	}
	n := 0
	for _, d := range s.dbs {
		if n >= max {
			break
		}
		n += s.expireIn(d, now, max-n)
	}
	return n
}

func (s *State) expireIn(d *Database, now unit.Time, max int) int {
	if d.KS == nil || s.cfg.ImportMode {
		return 0
	}
	return d.KS.Due(now, max, func(r keyspace.Ref) { s.expire(d, r, now) })
}

// expireAll removes every key of d that is due, for counts that must be exact.
// Due works in bounded steps, and some of them only sort what is further off.
func (s *State) expireAll(d *Database, now unit.Time) (n int) {
	if s.cfg.ImportMode {
		return 0
	}
	for range 1 << 20 {
		n += s.expireIn(d, now, 4096)
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
	lag := uint64(now.MS() - int64(dl))
	s.counts.Expired++
	s.counts.LagSumMS += lag
	s.counts.LagN++
	s.counts.LagMaxMS = max(s.counts.LagMaxMS, lag)
	if s.lags != nil {
		s.lags.Record((int64(now) - int64(dl)*1000) * 1000)
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
	if s.obs.Gone != nil {
		s.obs.Gone(&event.Gone{DB: d.Index, Key: s.evictKey, Deadline: ks.Deadline(r), Now: now, Evicted: true})
	}
	t.evicts = true
	t.remove(d, ks, ks.Hash(s.evictKey), r, s.evictKey)
	t.Notify(EventEvicted, "evicted", s.evictKey)
	t.Seal()
	s.counts.Evicted++
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
