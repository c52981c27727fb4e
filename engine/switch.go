package engine

import (
	"errors"
	"fmt"

	"holdfast/engine/ckpt"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// change is a change of appendonly while clients are served. Its steps:
//
//	on    opening    a server without a log opens one, as a cache
//	      forming    a new epoch; every entry is written to it, in slices
//	      completing the header of a durable epoch behind it
//	off   leaving    the header of a cache epoch; every reply waits for it
//
// The log decides what a crash leaves: the regime of before up to the moment at
// which the last header is durable, from then on that of after. There is no room
// or no disk for the images: back to a cache.
type change struct {
	step step
	from unit.LSN // leaving is over when the log is committed up to it
	err  error    // what goes back to the client
}

type step uint8

const (
	settled step = iota
	opening
	forming
	completing
	leaving
)

var errBackupRuns = errors.New("a backup is running")

// SwitchLog implements session.Host. Switched follows, never from inside.
func (s *Shard) SwitchLog(on bool) error {
	switch {
	case s.phase != serving:
		return errors.New("the log is not read yet, or is being closed")
	case s.change.step != settled:
		return errors.New("a change of appendonly is under way")
	case s.saves.running:
		return errBackupRuns
	case s.log != nil && s.log.Err() != nil:
		return errors.New("the log cannot be written")
	case !on:
		s.change.step, s.change.err = leaving, nil
		s.leave()
	case s.log == nil:
		s.change.step, s.change.err = opening, nil
		s.opened = s.newLog(true)
		s.opened.Recover(nothing{})
	default:
		s.change.err = nil
		s.form()
	}
	return nil
}

// nothing is the sink of a log that is opened empty.
type nothing struct{}

// Apply implements wal.Sink.
func (nothing) Apply(*wal.Record) bool { return true }

// logOpened ends the opening of a log while commands are served.
func (s *Shard) logOpened(err error) {
	log := s.opened
	s.opened = nil
	if err != nil {
		s.changed(err)
		return
	}
	s.log = log
	s.state.Attach(log)
	s.tier.Attach(log)
	s.sess.Attach(log)
	s.ckpt = ckpt.New(s.cfg, s.state, s.tier, log, s.ports.FS, s.obs)
	s.form()
}

func (s *Shard) form() {
	from := s.log.Turn(wal.Forming)
	s.state.Log(s.Now())
	s.tier.FormFrom(from)
	s.change.step = forming
}

// leave ends the epoch with that of a cache.
func (s *Shard) leave() {
	s.change.step = leaving
	s.tier.StopImages()
	s.change.from = s.log.Turn(wal.Cache)
	s.state.Unlog(s.change.from)
}

// changeStep moves a change on, once a turn.
func (s *Shard) changeStep(now unit.Time) {
	c := &s.change
	if s.log != nil && s.log.Err() != nil && c.step != opening {
		return // LogFailed has ended it
	}
	switch c.step {
	case opening:
		if err := s.opened.Short(); err != nil {
			s.opened = nil // it does nothing any more by itself
			s.changed(fmt.Errorf("there is no space for a segment of the log: %w", err))
		}
	case forming:
		all, err := s.tier.Form(now)
		switch {
		case err != nil && !s.log.Turning():
			s.tier.StopForming()
			c.err = err
			s.leave()
		case all && !s.log.Turning():
			s.log.Turn(wal.Durable)
			c.step = completing
		case !all:
			s.log.Sync(s.log.Tail()) // copies count once they are committed
		}
	case completing:
		if !s.log.Turning() {
			s.state.Configure()
			s.changed(nil)
		}
	case leaving:
		if s.log.Committed() >= c.from {
			s.state.Unlogged()
			s.changed(c.err)
		}
	}
}

// unchanged goes back to the regime of before a change: the log has failed. It
// is never told to be in force, whatever a restart finds.
func (s *Shard) unchanged() {
	if s.change.step == leaving {
		s.state.Relog()
		return
	}
	s.tier.StopForming()
	s.state.Unlog(0)
	s.state.Unlogged()
}

// changed ends a change.
func (s *Shard) changed(err error) {
	was := s.change.step
	s.change = change{}
	s.cfg.AppendOnly = s.state.Logging()
	if err != nil {
		s.warn("appendonly stays as it was: " + err.Error())
	} else if was == leaving {
		s.warn("appendonly is off: nothing of this log will be served after a restart")
	}
	s.sess.Switched(err)
}

// voided warns of a log that a start did not serve.
func (s *Shard) voided(r *wal.Recovered) {
	if r.Void && s.cfg.AppendOnly {
		s.warn(fmt.Sprintf("the log up to epoch %d is void: it ended while appendonly was off, or being switched on. Starting empty", r.Epoch-1))
	}
}
