package engine

import (
	"fmt"

	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// stop is a clean stop under way.
type stop struct {
	begun  int64 // monotonic ns
	limit  int64 // and when it is given up
	hung   bool  // the bound was put off: the disk is not full, it hangs
	asked  bool  // by a client: given up it goes on serving
	force  bool
	closed bool // all is durable, and the log was told to end
}

// stopBoundNS is how long a clean stop may wait for the disk. Redis has
// shutdown-timeout for its replicas, of as many seconds.
const stopBoundNS = int64(10e9)

// hungBoundNS is how long it waits, when a signal asked for it, for a disk that
// is not full and may yet answer: giving up loses what it holds.
const hungBoundNS = int64(120e9)

// markBoundNS is how long it may then take to write a checkpoint of the index,
// which only makes the next start faster; it gives up by itself unless the disk hangs.
const markBoundNS = int64(20e9)

// Shutdown implements session.Host.
func (s *Shard) Shutdown(force bool) {
	if s.phase == stopping || s.phase == closing {
		s.stop.force = s.stop.force || force
		return
	}
	s.Stop(false)
	s.stop.asked, s.stop.force = true, force
}

// AbortShutdown implements session.Host.
func (s *Shard) AbortShutdown() bool {
	if s.phase != stopping {
		return false
	}
	s.goOn()
	return true
}

// Stop begins a stop. A clean one refuses new commands, makes everything
// durable, sends what was held and writes the exact time; at once just ends.
func (s *Shard) Stop(atOnce bool) {
	if s.phase == stopped {
		return
	}
	if s.stop.asked && !atOnce && (s.phase == stopping || s.phase == closing) {
		s.stop.asked = false // a signal does not let it go on serving
		return
	}
	if atOnce || s.phase != serving {
		s.phase = stopped
		return
	}
	s.phase = stopping
	s.tier.StopImages()
	mono := s.ports.Clock.Mono()
	s.stop = stop{begun: mono, limit: mono + stopBoundNS}
	s.sess.Stop()
	if s.log != nil && s.log.Frozen() {
		s.warn("replies were paused (DEBUG reply-blocking-pause): resumed, to stop cleanly")
		s.log.Freeze(false)
	}
	now := s.Now()
	if s.state.Volatile() > 0 || s.state.Time.Ahead(now) {
		s.state.SetCeiling(now, now)
	}
	if s.log != nil && s.cfg.AppendOnly {
		s.log.SetPolicy(wal.Always)
		s.log.Flush()
	}
}

// stopStep moves a clean stop on, once a turn. All is made durable first; until
// then it can be taken back.
func (s *Shard) stopStep(now unit.Time, mono int64) {
	switch s.phase {
	case stopping:
		switch {
		case s.log == nil || s.log.Err() != nil:
			s.finishStop()
		case s.log.Durable():
			s.phase = closing
			s.stop.limit = mono + markBoundNS
		case mono >= s.stop.limit && !s.stop.asked && s.log.Short() == nil && !s.stop.hung:
			s.stop.limit, s.stop.hung = mono+hungBoundNS-stopBoundNS, true
			s.warn("the stop waits for the disk, which does not answer; a second signal ends it at once")
		case mono >= s.stop.limit:
			s.stopFailed(mono)
			s.sess.Run()
			s.sess.Flush()
		}
	}
	if s.phase == closing {
		late := mono >= s.stop.limit
		if !s.stop.closed && (late || s.ckpt.Finish(now, mono)) {
			s.log.Close(s.Now())
			s.stop.closed = true
			s.stop.limit = mono + stopBoundNS
			late = false
		}
		if s.log.Err() != nil || s.stop.closed && s.log.Closed() {
			s.finishStop()
		} else if late {
			s.warn("stopped without the mark of a clean stop, which the disk does not take: the next start takes a little longer. Nothing is lost")
			s.finishStop()
		}
	}
}

// stopFailed ends a stop that could not write everything in time.
func (s *Shard) stopFailed(mono int64) {
	left := s.log.Stats().Unwritten
	why := "the disk does not answer"
	if err := s.log.Short(); err != nil {
		why = err.Error()
	}
	what := fmt.Sprintf("%d bytes of the log are not written or not synced after %d seconds: %s", left, (mono-s.stop.begun)/1e9, why)
	if s.stop.asked && !s.stop.force {
		s.warn("SHUTDOWN is given up, " + what)
		s.goOn()
		return
	}
	s.finishStop()
	s.fatal = fmt.Errorf("stopped although %s. Replies that waited for them were not sent", what)
}

// goOn takes a stop back.
func (s *Shard) goOn() {
	s.phase, s.stop = serving, stop{}
	s.log.SetPolicy(policyOf(s.cfg.AppendFsync))
	s.sess.StopFailed()
}

func (s *Shard) finishStop() {
	s.sess.Flush()
	s.sess.CloseAll()
	s.phase = stopped
	if s.log != nil && s.log.Err() != nil {
		s.fatal = s.log.Err()
	}
}

// spaceStep follows the disk: a cap that was changed, a start that waits for
// space.
func (s *Shard) spaceStep() {
	if s.log == nil {
		return
	}
	if s.room != s.cfg.TieredMaxFileSize {
		s.room = s.cfg.TieredMaxFileSize
		s.log.SetCap(s.room)
	}
	if s.phase != recovering {
		return
	}
	why := ""
	if err := s.log.Short(); err != nil {
		why = "there is no space for a segment of the log, free some: " + err.Error()
		if s.short != why {
			s.warn("the start waits: " + why)
		}
	}
	if s.short != why {
		s.short = why
		s.sess.Loading(why)
	}
}
