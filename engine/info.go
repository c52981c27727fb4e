package engine

import (
	"fmt"
	"strconv"

	"holdfast/engine/unit"
)

// Info implements session.Host: the sections of INFO that are about the engine
// rather than its connections, and its part of those that are about both.
func (s *Shard) Info(name string, put func(field, value string)) bool {
	num := func(field string, n int64) { put(field, strconv.FormatInt(n, 10)) }
	switch name {
	case "server":
		s.infoProcess(put, num)
		up := int64(0)
		if s.phase == serving {
			up = int64(s.Now()-s.sched.born) / 1e6
		}
		num("uptime_in_seconds", up)
		num("uptime_in_days", up/86400)
	case "memory":
		s.infoMemory(put, num)
		s.infoResident(put, num)
	case "persistence":
		s.infoPersistence(put, num)
	case "stats":
		c := s.state.Counts()
		num("expired_keys", int64(c.Expired))
		num("expired_stale_perc", 0)
		num("expired_time_cap_reached_count", 0)
		num("evicted_keys", int64(c.Evicted))
		num("keyspace_hits", int64(c.Hits))
		num("keyspace_misses", int64(c.Misses))
	case "cpu":
		s.infoCPU(put)
	case "tiered":
		s.infoTiered(num)
	case "log":
		s.infoLog(put, num)
	case "expiry":
		s.infoExpiry(put, num)
	case "keyspace":
		for _, d := range s.state.Databases() {
			if d.KS != nil && d.KS.Len() > 0 {
				put("db"+strconv.Itoa(d.Index), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=0", d.KS.Len(), d.KS.Volatile()))
			}
		}
	case "debug":
		s.infoDebug(num)
	default:
		return false
	}
	return true
}

func (s *Shard) infoMemory(put func(field, value string), num func(string, int64)) {
	used := s.Used()
	s.peak = max(s.peak, used)
	num("used_memory", used)
	put("used_memory_human", human(used))
	num("used_memory_peak", s.peak)
	put("used_memory_peak_human", human(s.peak))
	data := int64(0)
	for _, d := range s.state.Databases() {
		if d.KS != nil {
			data += d.KS.Bytes()
		}
	}
	num("used_memory_dataset", data)
	num("used_memory_overhead", used-data)
	num("used_memory_fetches", s.tier.Bytes())
	if s.log != nil {
		num("mem_aof_buffer", s.log.Bytes())
	}
	num("maxmemory", s.cfg.MaxMemory)
	put("maxmemory_human", human(s.cfg.MaxMemory))
	put("maxmemory_policy", s.cfg.MaxMemoryPolicy)
}

// human writes a size as Redis does.
func human(n int64) string {
	const step = 1024
	if n < step {
		return strconv.FormatInt(n, 10) + "B"
	}
	size, at := float64(n)/step, 0
	for size >= step && at < len(units)-1 {
		size, at = size/step, at+1
	}
	return strconv.FormatFloat(size, 'f', 2, 64) + units[at:at+1]
}

const units = "KMGTP"

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

func (s *Shard) infoPersistence(put func(field, value string), num func(string, int64)) {
	put("loading", flag(s.phase == recovering || s.phase == waiting))
	put("async_loading", "0")
	if s.phase == recovering {
		s.infoLoading(put, num)
	}
	s.infoSaves(put, num)
	put("aof_enabled", flag(s.state.Logging()))
	status := "ok"
	if s.log != nil && s.log.Err() != nil {
		status = "err"
	}
	put("aof_last_write_status", status)
	for _, field := range []string{"aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec"} {
		num(field, -1)
	}
	if s.log != nil {
		num("aof_current_size", int64(s.log.Tail()-s.log.Head()))
		num("aof_base_size", s.state.Live())
		num("aof_buffer_length", s.log.Stats().Unwritten)
		num("aof_pending_bio_fsync", int64(s.log.Stats().InFlight))
	}
	put("appendfsync", s.cfg.AppendFsync)
	put("replies_held", flag(s.state.Holding()))
	num("undurable_keys", int64(s.state.Undurable()))
	if s.log != nil {
		c := s.ckpt.Stats()
		put("checkpoint_in_progress", flag(c.Running))
		put("checkpoint_used_at_start", flag(c.Loaded))
		num("checkpoint_bytes", c.Bytes)
		num("checkpoint_keys", c.Entries)
		num("checkpoint_redo", int64(c.Redo))
		num("checkpoint_log_bytes_since", max(0, int64(s.log.Tail()-c.Redo)))
		num("checkpoints_taken", c.Taken)
		num("checkpoints_failed", c.Failed)
	}
}

// infoTiered has those of Dragonfly's figures that mean something here: every
// value is in the log, and goes cold by being forgotten in memory.
func (s *Shard) infoTiered(num func(string, int64)) {
	t, c := s.tier.Stats(), s.state.Counts()
	num("tiered_entries", int64(s.state.Cold()))
	num("tiered_entries_bytes", s.state.Live())
	num("tiered_total_stashes", int64(t.Images))
	num("tiered_total_fetches", int64(t.Fetches))
	num("tiered_fetch_errors", int64(t.FetchErrors))
	num("tiered_sync_reads", int64(c.SyncReads))
	num("tiered_total_cancels", int64(t.Cancelled))
	num("tiered_total_uploads", int64(t.Uploads))
	num("tiered_total_defrags", int64(t.Segments))
	num("tiered_offloading_stashes", int64(t.Offloads))
	num("tiered_offloaded_bytes", int64(t.OffloadedBytes))
	num("tiered_pending_read_cnt", int64(t.PendingReads))
	num("tiered_ram_hits", int64(c.RAMHits))
	num("tiered_ram_misses", int64(c.Cold))
	if s.log == nil {
		return
	}
	l := s.log.Stats()
	num("tiered_allocated_bytes", int64(l.Segments+l.Spares)*s.cfg.SegmentBytes)
	num("tiered_capacity_bytes", s.cfg.TieredMaxFileSize)
	num("tiered_pending_stash_cnt", int64(l.Queued))
	num("tiered_pending_stash_bytes", l.Unwritten)
}

func (s *Shard) infoLog(put func(field, value string), num func(string, int64)) {
	put("log_enabled", flag(s.log != nil))
	if s.log == nil {
		return
	}
	l, t := s.log.Stats(), s.tier.Stats()
	num("log_head", int64(s.log.Head()))
	num("log_tail", int64(s.log.Tail()))
	num("log_committed", int64(s.log.Committed()))
	num("log_epoch", int64(l.Epoch))
	num("log_segments", int64(l.Segments))
	num("log_spare_segments", int64(l.Spares))
	num("log_units", l.Units)
	num("log_records", l.Records)
	num("log_batches", l.Batches)
	num("log_syncs", l.Syncs)
	num("log_rolls", l.Rolls)
	num("log_bytes_written", l.BytesWritten)
	num("log_bytes_padded", l.BytesPadded)
	num("log_bytes_zeroed", l.BytesZeroed)
	num("log_bytes_read", l.BytesRead)
	num("log_bytes_scanned", l.BytesScanned)
	num("log_bytes_live", s.state.Live())
	num("log_image_parts", int64(t.Parts))
	num("log_bytes_unwritten", l.Unwritten)
	num("log_in_flight", int64(l.InFlight))
	num("log_reads", l.Reads)
	num("log_read_errors", l.ReadErrors)
	num("log_segments_compacted", int64(t.Segments))
	num("log_records_copied", int64(t.Copies))
	num("log_bytes_copied", int64(t.CopiedBytes))
	put("log_no_space", flag(l.NoSpace))
	failed := ""
	if err := s.log.Err(); err != nil {
		failed = err.Error()
	}
	put("log_error", failed)
}

func (s *Shard) infoExpiry(put func(field, value string), num func(string, int64)) {
	c := s.state.Counts()
	num("volatile_keys", int64(s.state.Volatile()))
	num("expired_keys", int64(c.Expired))
	mean := uint64(0)
	if c.LagN > 0 {
		mean = c.LagSumMS / c.LagN
	}
	num("expire_lag_mean_ms", int64(mean))
	num("expire_lag_max_ms", int64(c.LagMaxMS))
	now := unit.Time(0)
	if s.phase == serving {
		now = s.Now()
	}
	num("engine_time_usec", int64(now))
	num("engine_time_ceiling_usec", int64(s.state.Time.Ceiling()))
	num("engine_time_lead_usec", s.state.Time.Lead())
	put("import_mode", flag(s.cfg.ImportMode))
	num("import_expired_keys_retained", int64(s.state.Retained()))
}

// infoDebug puts the names that valkey's durability tests look at.
func (s *Shard) infoDebug(num func(string, int64)) {
	on := int64(0)
	if s.state.Holding() {
		on = 1
	}
	num("reply_blocking_enabled", on)
	num("reply_blocking_uncommitted_keys", int64(s.state.Undurable()))
	acked, tail := unit.LSN(0), unit.LSN(0)
	if s.log != nil {
		tail = s.log.Tail()
		acked = min(s.log.Committed(), tail)
	}
	num("reply_blocking_previous_acked_offset", int64(acked))
	num("reply_blocking_primary_repl_offset", int64(tail))
}
