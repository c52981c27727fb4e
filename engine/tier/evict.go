package tier

import (
	"strings"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// evict removes keys by maxmemory-policy until memory is at the limit. It
// reports whether it got there.
func (t *Tier) evict(now unit.Time, limit int64) bool {
	policy := t.cfg.MaxMemoryPolicy
	if t.cfg.CacheMode && policy == "noeviction" {
		policy = "allkeys-lfu"
	}
	if policy == "noeviction" || t.cfg.ImportMode {
		return false
	}
	for range 1000 {
		if t.used() <= limit {
			return true
		}
		if t.state.Logging() && t.log.Reserve(ksOverhead*4, wal.Deletes) != nil {
			return false
		}
		d, r := t.victim(policy, now)
		if r == 0 {
			return false
		}
		t.state.Evict(d, r, now)
		t.mark("key evicted")
	}
	return t.used() <= limit
}

// victim picks the best of a few samples from every database.
func (t *Tier) victim(policy string, now unit.Time) (*tx.Database, keyspace.Ref) {
	var (
		bestDB *tx.Database
		best   keyspace.Ref
		score  int64
	)
	volatile := strings.HasPrefix(policy, "volatile-")
	for _, d := range t.state.Databases() {
		if d.KS == nil || d.KS.Len() == 0 || volatile && d.KS.Volatile() == 0 {
			continue
		}
		tries := 1
		if volatile {
			tries = 16
		}
		for range tries {
			refs := t.sample(d)
			for _, r := range refs {
				if d.KS.Pinned(r) || volatile && d.KS.Deadline(r) == 0 {
					continue
				}
				if v := t.score(policy, d.KS, r, now); best == 0 || v > score {
					bestDB, best, score = d, r, v
				}
			}
			if best != 0 {
				break
			}
		}
	}
	return bestDB, best
}

func (t *Tier) sample(d *tx.Database) []keyspace.Ref {
	n := max(1, min(t.cfg.MaxMemorySamples, 64))
	if cap(t.hand.refs) < n {
		t.hand.refs = make([]keyspace.Ref, n)
	}
	refs := t.hand.refs[:n]
	return refs[:d.KS.Sample(t.state.Rand(), refs)]
}

// score is higher the better a victim is.
func (t *Tier) score(policy string, ks *keyspace.DB, r keyspace.Ref, now unit.Time) int64 {
	mins := uint16(now / 60_000_000)
	switch {
	case strings.HasSuffix(policy, "-lru"):
		return int64(ks.Idle(r, mins))
	case strings.HasSuffix(policy, "-lfu"):
		return 255 - int64(ks.Freq(r, mins))
	case policy == "volatile-ttl":
		return -int64(ks.Deadline(r))
	}
	return int64(t.state.Rand() >> 1)
}
