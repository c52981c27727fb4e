package tx

import (
	"encoding/binary"

	"holdfast/engine/keyspace"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// Import mode: only the source of an import deletes. What dies stays, missing to
// all but a connection that is marked as the source, until the mode is switched
// off. What has died before it was switched on stays dead, whatever happens; so
// switching it on first removes what is due, and its record makes recovery, which
// knows nothing of keys that died without one, do the same at the same place.

// metaImport is the key of the metadata database that keeps the mode: what it is,
// whether the configuration said so then, and since when.
//
//	[importOn | importConfigured | importBegins] [engine time, u64 LE]
const metaImport = "import"

const (
	importOn         = 1 << iota
	importConfigured // import-mode was yes in the file or the flags
	importBegins     // it was off until now: what is due goes
	importSize       = 9
)

// importLog is what is logged of the mode.
type importLog struct {
	known      bool
	on         bool
	configured bool
}

// loadImport decides which mode a restart begins with: the one that was on, be it
// by CONFIG SET, unless the configuration has been changed since.
func (s *State) loadImport() {
	s.configured = s.cfg.ImportMode
	ks := s.keys(s.meta)
	r := ks.Find(ks.Hash([]byte(metaImport)), []byte(metaImport))
	if r == 0 || len(ks.String(r)) != importSize {
		return
	}
	bits := ks.String(r)[0]
	s.imported = importLog{known: true, on: bits&importOn != 0, configured: bits&importConfigured != 0}
	if s.imported.configured == s.configured {
		s.cfg.ImportMode = s.imported.on
	}
}

// BeginImport logs, when serving begins, a mode that the configuration has
// changed. It reports whether the mode is on against what the configuration says.
func (s *State) BeginImport(now unit.Time) (overruled bool) {
	on := s.cfg.ImportMode
	if s.imported != (importLog{true, on, s.configured}) && (on || s.imported.known) {
		s.Begin(now, 0).SwitchImport()
		s.tx.Seal()
	}
	return on && !s.configured
}

// SwitchImport makes the setting import-mode, which has changed, take effect as
// part of this unit. All later replies wait for it.
func (t *Tx) SwitchImport() {
	s, on := t.s, t.s.cfg.ImportMode
	t.Reads = false
	bits := byte(0)
	if on {
		bits = importOn
	}
	if s.configured {
		bits |= importConfigured
	}
	if on && !s.imported.on {
		bits |= importBegins
		if s.log != nil {
			s.importBegan = s.log.Tail()
		}
	}
	for _, d := range s.dbs {
		switch {
		case d.KS == nil:
		case bits&importBegins != 0:
			if s.drain(d, t.now) > 0 {
				t.revealExpiry()
			}
		case !on:
			d.refiling, d.refileAt = true, 0
		}
	}
	if !on {
		s.resumed = t.now
	}
	t.changed = true
	t.floors = append(t.floors, s.dbs...)
	s.imported = importLog{true, on, s.configured}
	var v [importSize]byte
	v[0] = bits
	binary.LittleEndian.PutUint64(v[1:], uint64(t.now))
	t.setMeta(metaImport, v[:])
}

// logImport logs the mode as it is, in a log that begins: what had died when it
// was switched on is gone already.
func (t *Tx) logImport() {
	m := t.s.imported
	if !m.known {
		return
	}
	var v [importSize]byte
	if m.on {
		v[0] |= importOn
	}
	if m.configured {
		v[0] |= importConfigured
	}
	binary.LittleEndian.PutUint64(v[1:], uint64(t.now))
	t.setMeta(metaImport, v[:])
}

// replayImport removes, when recovery meets the record of a mode that begins, what
// had died by then. A copy of that record tells nothing: what was before it is
// gone, or was copied because it lived.
func (s *State) replayImport(rec *wal.Record) {
	if string(rec.Key) != metaImport || rec.Flags&wal.FlagCopy != 0 || len(rec.Value) != importSize || rec.Value[0]&importBegins == 0 {
		return
	}
	at := unit.Time(binary.LittleEndian.Uint64(rec.Value[1:]))
	s.importBegan = rec.LSN
	for _, list := range [][]*Database{s.dbs, s.others} {
		for _, d := range list {
			if d.KS != nil {
				d.allDue(at, func() int { return d.KS.Due(at, 4096, func(r keyspace.Ref) { s.drop(d, d.KS, r) }) })
			}
		}
	}
}

// ImportBegan returns an address at or below the last record of a mode that
// began, 0 if there was none. What that record removes at recovery goes by the
// deadlines that keys had then: a checkpoint that is newer must not redo it.
func (s *State) ImportBegan() unit.LSN { return s.importBegan }

// retain takes keys that are due out of the deadline index: they stay.
func (s *State) retain(now unit.Time, max int) {
	for _, d := range s.dbs {
		if d.KS != nil {
			max -= d.KS.Due(now, max, func(keyspace.Ref) {})
		}
	}
}

// refile puts keys that were retained back into the deadline index, those of so
// many buckets at a time.
func (s *State) refile(d *Database, buckets int) {
	for ; d.refiling && buckets > 0; buckets-- {
		d.refileAt = d.KS.Scan(d.refileAt, func(r keyspace.Ref) {
			if d.KS.Unfiled(r) {
				d.KS.Requeue(r)
			}
		})
		d.refiling = d.refileAt != 0
	}
}

// Retained returns how many keys have died and stay, because of import mode.
func (s *State) Retained() (n int) {
	for _, d := range s.dbs {
		if d.KS != nil {
			n += d.KS.Retained()
		}
	}
	return n
}

// liveNear walks from the cursor until it finds a key that is there for this unit,
// through so many buckets at most.
func (t *Tx) liveNear(ks *keyspace.DB, cursor uint64, buckets int) (found keyspace.Ref) {
	for ; buckets > 0 && found == 0; buckets-- {
		cursor = ks.Scan(cursor, func(r keyspace.Ref) {
			if found == 0 && (t.Source || !ks.Deadline(r).Passed(t.now)) {
				found = r
			}
		})
	}
	return found
}
