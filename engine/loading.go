package engine

import (
	"fmt"
	"strconv"
)

// loading is how the start is going, for INFO and the log.
type loading struct {
	wallUS int64 // when it began
	monoNS int64
	nowNS  int64 // as of the last turn
	tellAt int64 // monotonic instant of the next line in the log
}

const tellEvery = 2_000_000_000

func (s *Shard) loadBegins() {
	s.load.wallUS, s.load.monoNS = s.ports.Clock.Wall(), s.ports.Clock.Mono()
	s.load.nowNS, s.load.tellAt = s.load.monoNS, s.load.monoNS+tellEvery
}

// loadGoesOn tells now and then how far the start is.
func (s *Shard) loadGoesOn(mono int64) {
	s.load.nowNS = mono
	if mono < s.load.tellAt {
		return
	}
	s.load.tellAt = mono + tellEvery
	if done, total, eta := s.loadProgress(); s.obs.Note != nil && total > 0 {
		s.obs.Note(fmt.Sprintf("loading: %d of %d bytes read, about %d s to go", done, total, eta))
	}
}

// loadProgress returns the bytes read, the bytes to read, and the seconds left at
// this pace.
func (s *Shard) loadProgress() (done, total, eta int64) {
	done, total = s.ckpt.Loading()
	if done > 0 {
		ms := (s.load.nowNS - s.load.monoNS) / 1_000_000
		eta = (total - done) / 1024 * ms / (done/1024 + 1) / 1000
	}
	return done, total, max(eta, 0)
}

func (s *Shard) infoLoading(put func(field, value string), num func(string, int64)) {
	done, total, eta := s.loadProgress()
	num("loading_start_time", s.load.wallUS/1_000_000)
	num("loading_total_bytes", total)
	num("loading_rdb_used_mem", 0)
	num("loading_loaded_bytes", done)
	perc := int64(0)
	if total > 0 {
		perc = min(done*10000/total, 10000)
	}
	put("loading_loaded_perc", strconv.FormatInt(perc/100, 10)+"."+fmt.Sprintf("%02d", perc%100))
	num("loading_eta_seconds", eta)
}
