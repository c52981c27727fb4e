package engine

import (
	"errors"
	"fmt"

	"holdfast/engine/ckpt"
	"holdfast/engine/event"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/vfs"
)

// saves is what became of BGSAVE and SAVE.
type saves struct {
	running  bool
	began    unit.Time
	changes  int64     // records when it began, and when the last one did
	last     unit.Time // the last one that succeeded
	lastAt   int64
	took     int64 // seconds, of the last one; -1: there was none
	failed   bool  // the last one
	count    int64
	folder   string
	cut      unit.LSN
	rewrites int64
}

// Backup implements session.Host: it begins a copy of the data as they are at
// the end of this turn.
func (s *Shard) Backup() string {
	v := &s.saves
	if v.running {
		return "ERR Background save already in progress"
	}
	if s.log == nil || !s.cfg.AppendOnly {
		return "ERR nothing to back up: with appendonly no there is no log"
	}
	now := s.Now()
	if err := s.log.Backup(stampOf(now), ckpt.Newest, s.saved); err != nil {
		v.failed = true
		s.warn("backup refused: " + err.Error())
		return "ERR backup failed: " + err.Error()
	}
	v.running, v.began, v.changes = true, now, s.log.Stats().Records
	return ""
}

// saved ends a backup.
func (s *Shard) saved(d *wal.BackupDone) {
	v := &s.saves
	now := s.Now()
	v.running, v.failed, v.took = false, d.Err != nil, int64(now-v.began)/1e6
	why := ""
	switch {
	case errors.Is(d.Err, vfs.ErrOtherDevice):
		why = "ERR backup failed: the folder for backups must be on the file system of the data directory"
	case d.Err != nil:
		why = "ERR backup failed: " + d.Err.Error()
	default:
		v.last, v.lastAt, v.folder, v.cut = now, v.changes, d.Folder, d.Manifest.Cut
		v.count++
		if s.obs.Saved != nil {
			s.obs.Saved(&event.Saved{Folder: d.Folder, Cut: v.cut, Files: len(d.Manifest.Files)})
		}
	}
	if d.Err != nil {
		s.warn("backup failed: " + d.Err.Error())
	}
	s.sess.Saved(why)
}

// LastSave implements session.Host.
func (s *Shard) LastSave() unit.Time {
	if s.saves.last != 0 {
		return s.saves.last
	}
	return s.sched.born
}

// Rewrite implements session.Host.
func (s *Shard) Rewrite() string {
	switch {
	case s.log == nil || !s.cfg.AppendOnly:
		return "ERR nothing to rewrite: with appendonly no there is no log"
	case s.log.Err() != nil:
		return "MISCONF the log failed, see the server's log: " + s.log.Err().Error()
	case s.tier.Rewriting():
		return "ERR Background append only file rewriting already in progress"
	}
	s.saves.rewrites++
	s.tier.Rewrite()
	return ""
}

// infoSaves puts Redis's names for all this, and where the last backup is.
func (s *Shard) infoSaves(put func(field, value string), num func(string, int64)) {
	v := &s.saves
	status := "ok"
	if v.failed {
		status = "err"
	}
	took, current, changes := int64(-1), int64(-1), int64(0)
	if v.count > 0 || v.failed {
		took = v.took
	}
	if v.running {
		current = int64(s.Now()-v.began) / 1e6
	}
	if s.log != nil {
		changes = s.log.Stats().Records - v.lastAt
	}
	num("rdb_changes_since_last_save", changes)
	put("rdb_bgsave_in_progress", flag(v.running))
	num("rdb_last_save_time", int64(s.LastSave())/1e6)
	put("rdb_last_bgsave_status", status)
	num("rdb_last_bgsave_time_sec", took)
	num("rdb_current_bgsave_time_sec", current)
	num("rdb_saves", v.count)
	put("backup_last_folder", v.folder)
	num("backup_last_cut", int64(v.cut))
	put("aof_rewrite_in_progress", flag(s.tier.Rewriting()))
	put("aof_rewrite_scheduled", "0")
	num("aof_rewrites", v.rewrites)
	put("aof_last_bgrewrite_status", "ok")
}

// stampOf names an instant so that names sort by time: 20261122-101530.123456.
func stampOf(t unit.Time) string {
	us := int64(t)
	days, rest := us/86_400_000_000, us%86_400_000_000
	// Days since the first of March of the year 0, in eras of 400 years.
	z := days + 719_468
	era := z / 146_097
	doe := z % 146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day, month, year := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	sec := rest / 1_000_000
	return fmt.Sprintf("%04d%02d%02d-%02d%02d%02d.%06d", year, month, day, sec/3600, sec/60%60, sec%60, rest%1_000_000)
}
