package engine

import (
	"strconv"
	"strings"
)

// Process is what the host knows of the process and its machine; the engine
// itself asks no system.
type Process struct {
	ID           int
	OS           string // as INFO's os has it
	Compiler     string
	Multiplexing string // what the network waits with
	Resident     int64  // bytes of memory it takes
	Memory       int64  // of the machine
	Heap         int64  // that the runtime has taken from the system
	UserUS       int64  // processor time
	SystemUS     int64
}

// process asks the host; without one everything is zero.
func (s *Shard) process() Process {
	if s.ports.Process == nil {
		return Process{}
	}
	return s.ports.Process()
}

func (s *Shard) infoProcess(put func(field, value string), num func(string, int64)) {
	p := s.process()
	put("os", p.OS)
	put("go_version", p.Compiler)
	put("multiplexing_api", p.Multiplexing)
	num("process_id", int64(p.ID))
	num("hz", 0) // no periodic work: an idle server sleeps
	num("configured_hz", 0)
}

// infoResident sets what the system says beside what is counted.
func (s *Shard) infoResident(put func(field, value string), num func(string, int64)) {
	p, used := s.process(), s.Used()
	percent := func(part, whole int64) string { return decimals(part*10_000/max(whole, 1), 2) + "%" }
	num("used_memory_rss", p.Resident)
	put("used_memory_rss_human", human(p.Resident))
	put("used_memory_peak_perc", percent(used, s.peak))
	num("total_system_memory", p.Memory)
	put("total_system_memory_human", human(p.Memory))
	num("allocator_allocated", used)
	num("allocator_active", p.Heap)
	num("allocator_resident", p.Heap)
	put("allocator_frag_ratio", decimals(p.Heap*100/max(used, 1), 2))
	num("allocator_frag_bytes", p.Heap-used)
	put("mem_fragmentation_ratio", decimals(p.Resident*100/max(used, 1), 2))
	num("mem_fragmentation_bytes", p.Resident-used)
	num("mem_not_counted_for_evict", 0)
	put("mem_allocator", "go")
	num("active_defrag_running", 0)
	num("lazyfree_pending_objects", 0)
}

func (s *Shard) infoCPU(put func(field, value string)) {
	p := s.process()
	put("used_cpu_sys", decimals(p.SystemUS, 6))
	put("used_cpu_user", decimals(p.UserUS, 6))
	put("used_cpu_sys_children", decimals(0, 6))
	put("used_cpu_user_children", decimals(0, 6))
}

// decimals writes n with so many of its digits behind the point.
func decimals(n int64, places int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strconv.FormatInt(n, 10)
	if short := places + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	return sign + digits[:len(digits)-places] + "." + digits[len(digits)-places:]
}
