package session

import (
	"strconv"
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
)

// When a section is shown: always, for "all" and "everything", for "everything".
const (
	infoDefault = iota
	infoAll
	infoEverything
)

// infoSections are INFO's sections in order, and when each is shown that is not
// asked for by name.
var infoSections = []struct {
	name, title string
	when        int
}{
	{"server", "Server", infoDefault}, {"clients", "Clients", infoDefault}, {"memory", "Memory", infoDefault},
	{"persistence", "Persistence", infoDefault}, {"stats", "Stats", infoDefault}, {"replication", "Replication", infoDefault},
	{"cpu", "CPU", infoDefault}, {"tiered", "Tiered", infoDefault}, {"log", "Log", infoDefault},
	{"expiry", "Expiry", infoDefault}, {"modules", "Modules", infoDefault}, {"commandstats", "Commandstats", infoAll},
	{"errorstats", "Errorstats", infoDefault}, {"latencystats", "Latencystats", infoAll},
	{"cluster", "Cluster", infoDefault}, {"keyspace", "Keyspace", infoDefault}, {"debug", "Debug", infoEverything},
}

// faceInfo answers INFO. It reveals no data, so it waits for nothing.
func faceInfo(s *Server, _ *conn, a command.Args, w *resp.Writer) {
	var b []byte
	put := func(field, value string) {
		b = append(append(append(append(b, field...), ':'), value...), "\r\n"...)
	}
	for _, section := range infoSections {
		if !infoWants(a[1:], section.name, section.when) {
			continue
		}
		if len(b) > 0 {
			b = append(b, "\r\n"...)
		}
		b = append(append(append(b, "# "...), section.title...), "\r\n"...)
		s.info(section.name, put)
		s.host.Info(section.name, put)
	}
	w.Verbatim("txt", string(b))
}

// infoWants reports whether the words of INFO ask for a section.
func infoWants(words command.Args, section string, when int) bool {
	if len(words) == 0 {
		return when == infoDefault
	}
	for _, p := range words {
		switch word := strings.ToLower(string(p)); word {
		case section, "everything":
			return true
		case "all":
			if when <= infoAll {
				return true
			}
		case "default":
			if when == infoDefault {
				return true
			}
		}
	}
	return false
}

// info puts what a section says of connections.
func (s *Server) info(section string, put func(field, value string)) {
	num := func(field string, n int64) { put(field, strconv.FormatInt(n, 10)) }
	st := &s.stats
	switch section {
	case "server":
		put("redis_version", ServerVersion)
		put("redis_mode", "standalone")
		put("holdfast_version", s.cfg.Version)
		put("arch_bits", "64")
		num("tcp_port", int64(s.cfg.Port))
		put("run_id", s.cfg.RunID)
		put("executable", s.cfg.ExecPath)
		put("config_file", s.cfg.ConfigFile)
		put("backend", s.cfg.Backend)
		put("process_supervised", "no")
		put("monotonic_clock", "POSIX clock_gettime")
		now := int64(s.host.Now())
		num("server_time_usec", now)
		num("lru_clock", now/1_000_000&(1<<24-1))
		num("io_threads_active", 0)
	case "clients":
		s.infoClients(num)
	case "memory":
		num("mem_clients_normal", s.bytes)
	case "stats":
		num("total_connections_received", int64(st.Accepted))
		num("total_commands_processed", int64(st.Commands))
		s.infoRates(put)
		num("total_net_input_bytes", int64(st.NetIn))
		num("total_net_output_bytes", int64(st.NetOut))
		num("rejected_connections", int64(st.Rejected))
		num("total_error_replies", int64(st.Errors))
		num("commands_waited_for_disk", int64(st.Fetches))
		num("replies_dropped_held", int64(st.DroppedHeld))
		num("messages_waited_for_log", int64(st.HeldMessages))
		num("pubsub_channels", int64(len(s.topics[toChannel].all)))
		num("pubsub_patterns", int64(len(s.topics[toPattern].all)))
		num("pubsubshard_channels", int64(len(s.topics[toShard].all)))
		num("tracking_total_keys", int64(len(s.tracking.keys)))
		num("tracking_total_items", int64(s.tracking.items))
		num("tracking_total_prefixes", int64(len(s.tracking.prefixes)))
		num("client_output_buffer_limit_disconnections", int64(st.DroppedSlow))
		num("replies_run_again", int64(st.Reruns))
		num("replies_stale", int64(st.Stale))
	case "commandstats":
		s.infoCommands(put)
	case "errorstats":
		for _, e := range s.errs {
			put("errorstat_"+e.prefix, "count="+strconv.FormatUint(e.n, 10))
		}
	case "latencystats":
		s.infoLatency(put)
	case "tiered":
		num("tiered_clients_throttled", int64(len(s.room)))
		num("tiered_total_clients_throttled", int64(st.Throttled))
	case "replication":
		put("role", "master")
		num("connected_slaves", 0)
		put("master_failover_state", "no-failover")
	case "cluster":
		num("cluster_enabled", 0)
	case "debug":
		num("reply_blocking_read_blocked_count", int64(st.HeldReads))
		num("reply_blocking_write_blocked_count", int64(st.HeldWrites))
		num("reply_blocking_clients_waiting_ack", s.waitingAck())
	}
}

// waitingAck counts the connections with something that waits for the log. It
// looks at all of them, so it is for INFO alone.
func (s *Server) waitingAck() (n int64) {
	for _, c := range s.conns.slots {
		if c != nil && s.awaitsAck(c) {
			n++
		}
	}
	return n
}

// awaitsAck reports whether a reply or a command of c waits for a commit.
func (s *Server) awaitsAck(c *conn) bool {
	need, held := c.out.Next()
	return held && need > s.committed() || c.park == parkCommit
}

func (s *Server) infoClients(num func(string, int64)) {
	var blocked, largest, waiting, pending int64
	for _, c := range s.conns.slots {
		if c == nil || c.gone {
			continue
		}
		if c.block != nil {
			blocked++
		}
		if c.park == parkRoom {
			waiting++
		}
		largest, pending = max(largest, int64(cap(c.in))), max(pending, int64(c.out.Len()))
	}
	num("connected_clients", int64(s.conns.live))
	num("maxclients", int64(s.cfg.MaxClients))
	num("client_recent_max_input_buffer", largest)
	num("client_recent_max_output_buffer", pending)
	num("blocked_clients", blocked)
	num("clients_throttled", waiting)
	num("watching_clients", int64(s.state.Watchers()))
	num("tracking_clients", int64(len(s.tracking.clients)))
	num("pubsub_clients", int64(s.subscribers))
	num("monitor_clients", int64(len(s.monitors)))
	num("import_sources_connected", int64(s.sources))
}
