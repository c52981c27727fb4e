package engine

import (
	"holdfast/engine/config"
	"holdfast/engine/wal"
)

// newLog returns a log with the settings of now, which is to be recovered.
func (s *Shard) newLog(cache bool) *wal.Log {
	cfg := s.cfg
	l := wal.New(wal.Config{
		SegmentBytes: cfg.SegmentBytes, BatchBytes: cfg.BatchBytes, ReadBytes: min(256<<10, cfg.BatchBytes), InFlight: cfg.LogInFlight, CommitDelay: int64(cfg.LogCommitDelayUS) * 1000,
		MaxUnwritten: maxUnwritten(cfg), CapBytes: cfg.TieredMaxFileSize, Cache: cache,
	}, s.ports.FS, s)
	l.SetPolicy(policyOf(cfg.AppendFsync))
	l.Measure(&s.book)
	return l
}

// maxUnwritten keeps the log's buffers a small part of memory.
func maxUnwritten(cfg *config.Config) int64 {
	if cfg.MaxMemory <= 0 {
		return cfg.MaxUnwritten
	}
	return max(256<<10, min(cfg.MaxUnwritten, cfg.MaxMemory/16))
}

func policyOf(name string) wal.Policy {
	switch name {
	case "everysec":
		return wal.EverySec
	case "no":
		return wal.No
	}
	return wal.Always
}
