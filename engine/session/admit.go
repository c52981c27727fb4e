package session

import (
	"errors"

	"holdfast/engine/wal"
)

// admitLog reserves log space for a unit. A large one needs the log to drain
// first, which small ones must not keep from happening.
func (s *Server) admitLog(c *conn, adds int, class wal.Class) (step, string) {
	if s.busy {
		return s.parkRoom(c), ""
	}
	err := s.log.Reserve(adds, class)
	switch {
	case err == nil:
		return advance, ""
	case errors.Is(err, wal.ErrBusy):
		s.busy = true
		return s.parkRoom(c), ""
	case errors.Is(err, wal.ErrFull):
		return advance, "ERR no space left for the log (MISCONF): free disk space, delete keys or raise tiered_max_file_size"
	}
	return advance, errLogFailed
}
