package session

import (
	"holdfast/engine/command"
	"holdfast/engine/resp"
	"holdfast/engine/unit"
)

// aheadMax is how many commands of a pipeline are cut before the first of them
// runs, and warmMax how many of their keys are warmed, from so many entries on:
// fewer are in the cache as it is.
const (
	aheadMax = 32
	warmMax  = 64
	warmFrom = 2048
)

// pipeline is the commands at the head of one connection's input, cut and not
// run yet. With random keys a lookup mostly waits for memory; cut ahead, those
// of a whole pipeline are looked up together, and the waits overlap.
//
// Only commands whose meaning cannot depend on those before them are cut
// ahead: a connection's own (SELECT, MULTI, AUTH, CONFIG) end the run.
type pipeline struct {
	cut    [aheadMax]cutCommand
	at, n  int
	hashes []uint64
}

type cutCommand struct {
	resp.Command
	cmd  *command.Command // nil: not resolved, or unknown
	size int              // bytes of input
}

// next returns the command at the head of buf. size 0 without an error: it is
// not all there.
func (s *Server) next(c *conn, buf []byte) (p *cutCommand, size int, err error) {
	l := &s.line
	if l.at == l.n {
		if s.lap.n > 0 {
			s.closeLap(c) // it needs their arguments
		}
		if err := s.cutAhead(c, buf); err != nil || l.n == 0 {
			return nil, 0, err
		}
	}
	p = &l.cut[l.at]
	l.at++
	return p, p.size, nil
}

// drop forgets what was cut and not run: the next command is cut anew.
func (l *pipeline) drop(c *conn) {
	if l.at != l.n {
		c.parser.Reset() // it may be within a command further on
	}
	l.at, l.n = 0, 0
}

// cutAhead refills the pipeline from buf.
func (s *Server) cutAhead(c *conn, buf []byte) error {
	l, lim := &s.line, s.limits(c)
	l.at, l.n = 0, 0
	for len(buf) > 0 && l.n < aheadMax {
		p := &l.cut[l.n]
		if cap(p.Args) > keepArgs || l.n > 0 && cap(p.Args) > keepArgs/16 {
			p.Args = nil
		}
		n, err := c.parser.Next(buf, lim, &p.Command)
		if err != nil {
			if l.n == 0 {
				return err
			}
			c.parser.Reset() // its turn comes
			break
		}
		if n == 0 {
			break
		}
		p.size, p.cmd = n, nil
		buf = buf[n:]
		l.n++
		if len(p.Args) == 0 {
			continue
		}
		if c.multi != nil {
			break
		}
		cmd, problem := command.Resolve(p.Args)
		if problem != "" || cmd.Handler == nil {
			break
		}
		p.cmd = cmd
	}
	s.warm(c)
	return nil
}

// warm has the memory of all keys of the pipeline loaded at once.
func (s *Server) warm(c *conn) {
	ks := s.state.Databases()[c.db].KS
	l := &s.line
	if l.n == 0 || ks == nil || ks.Len() < warmFrom {
		return
	}
	l.hashes = l.hashes[:0]
	for i := range l.cut[:l.n] {
		p := &l.cut[i]
		if p.cmd == nil {
			continue
		}
		if k := p.cmd.Keys; p.cmd.FindKeys == nil && k.First == 1 && k.Last == 1 {
			l.hashes = append(l.hashes, ks.Hash(p.Args[1]))
		} else if p.cmd.FindKeys == nil && k.First != 0 {
			for at := k.First; at < len(p.Args) && len(l.hashes) < warmMax; at += k.Step {
				l.hashes = append(l.hashes, ks.Hash(p.Args[at]))
			}
		}
	}
	if len(l.hashes) > 1 {
		ks.Warm(l.hashes)
	}
}

// instant returns engine time for the unit about to begin. One reading serves
// the commands that were cut together while they are quick ones: real time
// hardly moves. Whatever may take longer, or reads the clock itself, ends it.
func (s *Server) instant() unit.Time {
	if s.now == 0 {
		s.now, s.ample = s.host.Now(), 0
		if s.lap.begun == 0 {
			s.lap.begun = s.host.Sampled()
		}
	}
	return s.now
}

// quick reports whether the command just run took so little time that the
// next may share its instant.
func quick(cmd *command.Command, size int) bool {
	return cmd != nil && size <= 4096 && (cmd.Is(command.Fast) || cmd.Name == "set")
}
