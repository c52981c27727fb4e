package tx

import (
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// Attach gives the state a log that was opened at run time. Nothing is logged
// before Log.
func (s *State) Attach(l *wal.Log) { s.log = l }

// Log begins to log mutations, with what the metadata database must hold.
// Images of what is there already are the caller's to write.
func (s *State) Log(now unit.Time) {
	s.logging = true
	t := s.Begin(now, 0)
	t.logMapping()
	t.logImport()
	t.ceiling(max(s.Time.proposed(), now+unit.Time(s.cfg.LeaseMS)*1000))
	t.Seal()
}

// Unlog ends the logging of mutations. Where replies waited for the log, all of
// them wait from now on until it is committed up to from, changes that are no
// longer logged included; then Unlogged ends that.
func (s *State) Unlog(from unit.LSN) {
	s.logging, s.leaving = false, true
	for _, d := range s.dbs {
		d.floor = unit.Max(d.floor, from)
	}
}

// Unlogged ends the wait that Unlog began.
func (s *State) Unlogged() {
	s.leaving = false
	s.Configure()
}

// Relog takes Unlog back: the log failed before it was over.
func (s *State) Relog() { s.logging, s.leaving = true, false }
