package session

import (
	"errors"

	"holdfast/engine/command"
	"holdfast/engine/obj"
	"holdfast/engine/tier"
	"holdfast/engine/wal"
)

const errLogFull = "ERR no space left for the log (MISCONF): free disk space, delete keys or raise tiered_max_file_size"

// admitLog reserves log space for a unit. A large one needs the log to drain
// first, which small ones must not keep from happening.
func (s *Server) admitLog(c *conn, adds int, class wal.Class) (step, string) {
	if s.busy {
		return s.parkRoom(c), ""
	}
	err := s.log.Reserve(adds, class)
	switch {
	case err == nil:
		if len(s.patients) > 0 {
			s.relieve(c)
		}
		return advance, ""
	case errors.Is(err, wal.ErrBusy):
		s.busy = true
		return s.parkRoom(c), ""
	case errors.Is(err, wal.ErrFull) && s.patient(c):
		return s.parkRoom(c), ""
	case errors.Is(err, wal.ErrFull):
		s.relieve(c)
		s.mark("writer refused by a full log")
		return advance, errLogFull
	}
	return advance, errLogFailed
}

// carried bounds what a command writes again of what is under its keys. A list is
// written whole only by a LINSERT that finds no room between two elements, and
// by a LREM of many.
func (s *Server) carried(c *conn, cmd *command.Command, a command.Args) (n int) {
	if c.transfer != nil {
		if n, ok := s.restOfTransfer(c, cmd, a); ok {
			return n
		}
	}
	switch cmd.Name {
	case "linsert":
		if !s.tier.Tight(c.db, a[1]) {
			return 0
		}
	case "lrem":
		const few = 16
		if n, ok := obj.ParseInt(a[2]); ok && n != 0 && n >= -few && n <= few {
			return few * cmd.Footprint(a)
		}
	}
	cmd.EachKey(a, func(key []byte) { n += s.tier.Size(c.db, key) })
	return n
}

// admit makes sure before a write runs that nothing can fail once it does: the
// log works and has space, and memory is within its limit.
func (s *Server) admit(c *conn, cmd *command.Command, a command.Args) (step, string) {
	adds := cmd.Footprint(a)
	if cmd.Is(command.Carries) {
		adds += s.carried(c, cmd, a)
	}
	if cmd.Is(command.Passes) {
		cmd.EachKey(a, func(key []byte) { adds += s.tier.Ends(c.db, key) })
	}
	return s.admitBytes(c, adds, cmd.Is(command.DenyOOM))
}

func (s *Server) admitBytes(c *conn, adds int, denyOOM bool) (step, string) {
	if s.failed() != nil {
		return advance, errLogFailed
	}
	class := wal.Deletes
	if denyOOM {
		if st, message := s.admitMemory(c, adds); message != "" || st == stay {
			return st, message
		}
		class = wal.Writes
	}
	if !s.state.Logging() {
		return advance, ""
	}
	return s.admitLog(c, adds, class)
}

// admitMemory makes sure that what a unit adds fits into memory.
func (s *Server) admitMemory(c *conn, adds int) (step, string) {
	if s.cfg.MaxMemory <= 0 || s.fits(int64(adds)) {
		return advance, ""
	}
	switch s.reclaim(adds) {
	case tier.Wait:
		return s.parkRoom(c), ""
	case tier.None:
		return advance, "OOM command not allowed when used memory > 'maxmemory'."
	}
	return advance, ""
}

// plenty is the free memory down to which commands that come together are let
// in without a look at what the others have taken since the first.
const plenty = 64 << 20

// fits reports whether adds more bytes fit into memory. To sum up what is used
// takes as long as half a small command; while there is plenty it is done once
// for the commands that share an instant.
func (s *Server) fits(adds int64) bool {
	if s.ample -= 4 * adds; s.ample > 0 { // in memory, in the log, rounded up twice
		return true
	}
	free := s.cfg.MaxMemory - s.host.Used()
	s.ample = free - plenty - 4*adds
	return adds <= free
}

// reclaim makes room in memory, and has it timed where somebody asked.
func (s *Server) reclaim(adds int) tier.Outcome {
	if s.book.Threshold == 0 {
		return s.tier.Reclaim(s.instant(), int64(adds))
	}
	begun := s.book.Now()
	got := s.tier.Reclaim(s.instant(), int64(adds))
	s.book.Slow("eviction-cycle", s.book.Now()-begun)
	return got
}
