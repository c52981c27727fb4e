package session

import (
	"slices"

	"holdfast/engine/unit"
)

// patient is a connection that has found the log full and waits for compaction to
// make room.
type patient struct {
	c     *conn
	since int64 // the head stands where it is since then: monotonic, in ns
	head  unit.LSN
	end   unit.LSN // of the log when the wait began
	waits bool     // since it was last refused; else it runs, or is about to
}

// fullPatience is how long compaction may take to free a segment, in ns. The wall
// clock, and engine time with it, may leap while it works.
const fullPatience = 5_000_000_000

// patient reports whether c had better wait where the log is full: there is
// garbage in it, and compaction is getting on. Refused it is by what is live, not
// because it writes faster than compaction can follow: at the latest when all that
// was logged before it came has been compacted, and what others wrote meanwhile
// has used that up.
func (s *Server) patient(c *conn) bool {
	if s.log.Short() != nil || !s.tier.Reclaims() {
		return false
	}
	i := slices.IndexFunc(s.patients, func(p patient) bool { return p.c == c })
	s.instant() // now is of this turn
	now, head := s.host.Sampled(), s.log.Head()
	if i < 0 {
		i = len(s.patients)
		s.patients = append(s.patients, patient{c: c, since: now, head: head, end: s.log.End()})
	}
	p := &s.patients[i]
	if p.head != head {
		p.since, p.head = now, head
	}
	if p.waits = head < p.end && now < p.since+fullPatience; p.waits {
		s.mark("writer waits for compaction")
	}
	return p.waits
}

// relieve ends c's wait for room: it got it, or was refused.
func (s *Server) relieve(c *conn) {
	s.patients = slices.DeleteFunc(s.patients, func(p patient) bool { return p.c == c })
}

// ImpatientAt returns the monotonic instant, in ns, at which somebody who waits for
// compaction is to look again: Tick then lets him. 0: nobody waits.
func (s *Server) ImpatientAt() (at int64) {
	for i := range s.patients {
		if p := &s.patients[i]; p.waits && (at == 0 || p.since+fullPatience < at) {
			at = p.since + fullPatience
		}
	}
	return at
}
