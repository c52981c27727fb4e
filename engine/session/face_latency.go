package session

import (
	"strconv"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/latency"
	"holdfast/engine/resp"
)

// faceLatencyHistogram shows commands, and under names of their own the times
// that belong to none: commit, hold, tier-fetch, expire-lag, turn, turn-cpu.
func faceLatencyHistogram(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	var found []latency.Named
	add := func(name string, h *latency.Histogram) {
		if h.Count() > 0 {
			found = append(found, latency.Named{Name: name, Histogram: h})
		}
	}
	asked := map[string]bool{}
	for _, p := range a[2:] {
		asked[strings.ToLower(string(p))] = true
	}
	command.Each(func(cmd *command.Command) {
		top, _, _ := strings.Cut(cmd.Name, "|")
		if len(asked) == 0 || asked[cmd.Name] || asked[top] {
			if st := s.cmds[cmd.ID]; st != nil {
				add(cmd.Name, &st.times)
			}
		}
	})
	for _, n := range s.book.Named() {
		if len(asked) == 0 || asked[n.Name] {
			add(n.Name, n.Histogram)
		}
	}
	w.Map(len(found))
	for _, n := range found {
		w.BulkString(n.Name)
		w.Map(2)
		w.BulkString("calls")
		w.Int(int64(n.Count()))
		w.BulkString("histogram_usec")
		levels := 0
		n.Cumulative(func(int64, uint64) { levels++ })
		w.Map(levels)
		n.Cumulative(func(us int64, count uint64) {
			w.Int(us)
			w.Int(int64(count))
		})
	}
}

func faceLatencyLatest(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	events := s.book.Monitor.Events()
	w.Array(len(events))
	for _, e := range events {
		last := e.Last()
		w.Array(4)
		w.BulkString(e.Name)
		w.Int(last.Time)
		w.Int(last.MS)
		w.Int(e.Max)
	}
}

func faceLatencyHistory(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	e := s.book.Monitor.Find(string(a[2]))
	if e == nil {
		w.Array(0)
		return
	}
	samples := e.Samples()
	w.Array(len(samples))
	for _, one := range samples {
		w.Array(2)
		w.Int(one.Time)
		w.Int(one.MS)
	}
}

func faceLatencyReset(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	m, n := &s.book.Monitor, 0
	if len(a) == 2 {
		n, *m = len(m.Events()), latency.Monitor{}
	}
	for _, name := range a[2:] {
		if m.Forget(string(name)) {
			n++
		}
	}
	w.Int(int64(n))
}

func faceLatencyGraph(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	e := s.book.Monitor.Find(string(a[2]))
	if e == nil {
		w.Error("ERR No samples available for event '" + string(a[2]) + "'")
		return
	}
	w.Verbatim("txt", e.Graph(seconds(s.host.Now())))
}

func faceLatencyHelp(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	command.Help(w, "LATENCY",
		"DOCTOR", "    Return a human readable latency analysis report.",
		"GRAPH <event>", "    Return an ASCII latency graph for the <event> class.",
		"HISTORY <event>", "    Return time-latency samples for the <event> class.",
		"LATEST", "    Return the latest latency samples for all events.",
		"RESET [<event> ...]", "    Reset latency data of one or more <event> classes.",
		"    (default: reset all data for all event classes)",
		"HISTOGRAM [COMMAND ...]",
		"    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
		"    If no commands are specified then all histograms are replied.",
	)
}

// advice says what slowness of an event comes from, and what helps.
var advice = []struct{ event, text string }{
	{"command", "Commands themselves are slow: SLOWLOG GET shows them. KEYS, large collections and large EXECs keep everybody waiting; SCAN and smaller values do not."},
	{"fast-command", "Commands that do little took long: the machine is short of processor time, or pages were swapped out."},
	{"aof-fsync-always", "The disk is slow to make writes durable. Under appendfsync always every reply that shows new data waits for it; everysec does not."},
	{"hold", "Replies waited long for the log. Compare aof-fsync-always: if that is short, the log was full, or much was written at once."},
	{"tier-fetch", "Cold values came slowly from the disk. More maxmemory, or a lower tiered_offload_threshold, keeps more of them in memory."},
	{"expire-cycle", "Many keys reached their deadline at one instant. Spread deadlines to spread the work."},
	{"eviction-cycle", "Memory was full and making room took long. Raise maxmemory, or let more be evicted earlier."},
}

func faceLatencyDoctor(s *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Verbatim("txt", s.diagnosis())
}

func (s *Server) diagnosis() string {
	events := s.book.Monitor.Events()
	switch {
	case s.cfg.LatencyThresholdMS <= 0 && len(events) == 0:
		return "Latency monitoring is off. To have events of 100 ms and more remembered: CONFIG SET latency-monitor-threshold 100.\n"
	case len(events) == 0:
		return "No event has taken " + strconv.FormatInt(s.cfg.LatencyThresholdMS, 10) + " ms or more so far.\n"
	}
	var b strings.Builder
	b.WriteString("Latency spikes were observed:\n\n")
	for i, e := range events {
		b.WriteString(strconv.Itoa(i+1) + ". " + e.Name + ": " + e.Summary() + "\n")
	}
	b.WriteString("\nAdvice:\n\n")
	for _, one := range advice {
		if s.book.Monitor.Find(one.event) != nil {
			b.WriteString("- " + one.event + ": " + one.text + "\n")
		}
	}
	return b.String()
}
