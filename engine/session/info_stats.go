package session

import (
	"strconv"

	"holdfast/engine/command"
)

// infoRates puts the figures per second.
func (s *Server) infoRates(put func(field, value string)) {
	s.Sample(s.host.Now())
	put("instantaneous_ops_per_sec", strconv.FormatUint(s.rate(0), 10))
	put("instantaneous_input_kbps", hundredths(s.rate(1)*100/1024))
	put("instantaneous_output_kbps", hundredths(s.rate(2)*100/1024))
}

// hundredths writes n of them with two decimals.
func hundredths(n uint64) string {
	b := strconv.AppendUint(nil, n/100, 10)
	return string(append(b, '.', byte('0'+n/10%10), byte('0'+n%10)))
}

func (s *Server) infoCommands(put func(field, value string)) {
	command.Each(func(c *command.Command) {
		st := s.cmds[c.ID]
		if st == nil {
			return
		}
		us := st.ns / 1000
		b := append([]byte("calls="), strconv.FormatUint(st.calls, 10)...)
		b = strconv.AppendUint(append(b, ",usec="...), us, 10)
		b = append(append(b, ",usec_per_call="...), hundredths(st.ns/10/max(st.calls, 1))...)
		b = strconv.AppendUint(append(b, ",rejected_calls="...), st.rejected, 10)
		b = strconv.AppendUint(append(b, ",failed_calls="...), st.failed, 10)
		put("cmdstat_"+c.Name, string(b))
	})
}

// infoLatency puts percentiles of commands, and of what belongs to none.
func (s *Server) infoLatency(put func(field, value string)) {
	if !s.cfg.LatencyTracking {
		return
	}
	show := func(name string, at func(float64) int64) {
		var b []byte
		for i, p := range s.cfg.LatencyPercentiles {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendFloat(append(b, 'p'), p, 'g', -1, 64)
			ns := at(p)
			b = strconv.AppendInt(append(b, '='), ns/1000, 10)
			b = append(b, '.', byte('0'+ns/100%10), byte('0'+ns/10%10), byte('0'+ns%10))
		}
		put("latency_percentiles_usec_"+name, string(b))
	}
	command.Each(func(c *command.Command) {
		if st := s.cmds[c.ID]; st != nil && st.times.Count() > 0 {
			show(c.Name, st.times.Percentile)
		}
	})
	for _, n := range s.book.Named() {
		if n.Count() > 0 {
			show(n.Name, n.Percentile)
		}
	}
}
