package engine_test

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine"
	"holdfast/engine/command/script"
	"holdfast/engine/resp"
	port "holdfast/net"
	"holdfast/sim/redistest"
)

// beside starts a Redis server and returns what sends it a command.
func beside(t *testing.T) func(args ...string) resp.Value {
	socket := redistest.Start(t, "--enable-debug-command", "yes")
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return func(args ...string) resp.Value {
		_, err := conn.Write(resp.AppendCommandStrings(nil, args...))
		require.NoError(t, err)
		var buf []byte
		for {
			v, n, err := resp.Decode(buf)
			require.NoError(t, err)
			if n > 0 {
				return v
			}
			var part [16 << 10]byte
			n, err = conn.Read(part[:])
			require.NoError(t, err)
			buf = append(buf, part[:n]...)
		}
	}
}

// ask is the same for a simulated server.
func (k *client) ask(args ...string) resp.Value {
	k.send(args...)
	return k.read()
}

// observed lists what a server says of the commands it has run, without times.
func observed(t *testing.T, do func(args ...string) resp.Value) (counts, slow, times string) {
	require.Equal(t, "+OK", text(do("CONFIG", "SET", "slowlog-log-slower-than", "0")))
	text, err := os.ReadFile("testdata/observed.txt")
	require.NoError(t, err)
	do("SLOWLOG", "RESET")
	do("CONFIG", "RESETSTAT")
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			do(strings.Fields(line)...)
		}
	}
	var log []string
	entries := do("SLOWLOG", "GET", "-1").Elems
	for i := len(entries) - 1; i >= 0; i-- {
		log = append(log, script.Format(entries[i].Elems[3]))
	}
	untimed := regexp.MustCompile(`usec=\d+,usec_per_call=[\d.]+,|=[\d.]+`)
	var lines []string
	for _, section := range []string{"commandstats", "errorstats"} {
		for line := range strings.Lines(string(do("INFO", section).Str)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				value = untimed.ReplaceAllStringFunc(value, func(s string) string {
					if s[0] == 'u' {
						return ""
					}
					return s
				})
				lines = append(lines, name+":"+value)
			}
		}
	}
	h := do("LATENCY", "HISTOGRAM", "get", "set", "nosuch", "multi").Elems
	var calls []string
	for i := 0; i < len(h); i += 2 {
		calls = append(calls, string(h[i].Str)+" "+script.Format(h[i+1].Elems[1]))
	}
	slices.Sort(lines)
	slices.Sort(calls)
	return strings.Join(lines, "\n"), strings.Join(log, "\n"), strings.Join(calls, "\n")
}

// TestObservedAsByRedis runs the same commands on both and compares what they
// say they did: calls, refusals, failures, errors, the slow log.
func TestObservedAsByRedis(t *testing.T) {
	c1, s1, t1 := observed(t, beside(t))
	c2, s2, t2 := observed(t, serve(t, small()).dial().ask)
	require.Equal(t, c1, c2)
	require.Equal(t, s1, s2)
	require.Equal(t, t1, t2)
}

// TestSlowlogCutsAsRedis compares entries with many and long arguments.
func TestSlowlogCutsAsRedis(t *testing.T) {
	long := []string{"MSET"}
	for range 40 {
		long = append(long, "k", strings.Repeat("v", 200))
	}
	show := func(do func(args ...string) resp.Value) string {
		do("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "4")
		do(long...)
		do("SET", "k", strings.Repeat("x", 129))
		do("AUTH", "secret")
		do("CONFIG", "SET", "maxmemory-samples", "5", "MasterAuth", "secret")
		var out []string
		for _, e := range do("SLOWLOG", "GET").Elems {
			require.Len(t, e.Elems, 6)
			out = append(out, script.Format(e.Elems[3]))
		}
		for _, args := range [][]string{{"SLOWLOG", "LEN"}, {"SLOWLOG", "GET", "-2"}, {"SLOWLOG", "GET", "x"}, {"SLOWLOG", "GET", "1", "2"},
			{"SLOWLOG", "NOSUCH"}, {"LATENCY", "NOSUCH"}, {"SLOWLOG", "RESET"}, {"SLOWLOG", "HELP"}, {"LATENCY", "HELP"},
			{"LATENCY", "HISTORY", "x"}, {"LATENCY", "GRAPH", "x"}, {"LATENCY", "LATEST"}, {"LATENCY", "RESET"}, {"LATENCY", "RESET", "a", "b"},
			{"CONFIG", "SET", "latency-tracking-info-percentiles", "101"}, {"CONFIG", "SET", "latency-tracking-info-percentiles", "50 99"},
			{"CONFIG", "GET", "latency-tracking-info-percentiles"}, {"CONFIG", "GET", "slowlog-max-len"}} {
			out = append(out, text(do(args...)))
		}
		return strings.Join(out, "\n")
	}
	require.Equal(t, show(beside(t)), show(serve(t, small()).dial().ask))
}

// TestLatencyEvents has what is slow remembered: a command, the disk, replies.
func TestLatencyEvents(t *testing.T) {
	cfg := small()
	s := serve(t, cfg)
	k := s.dial()
	k.dialogue(`
		LATENCY DOCTOR => "Latency monitoring is off. To have events of 100 ms and more remembered: CONFIG SET latency-monitor-threshold 100.\n"
		CONFIG SET latency-monitor-threshold 10 => +OK
		LATENCY DOCTOR => "No event has taken 10 ms or more so far.\n"
		LATENCY LATEST => []
		DEBUG SLEEP 0.05 => +OK
	`)
	v := k.ask("LATENCY", "LATEST")
	require.Len(t, v.Elems, 1)
	require.Equal(t, "command", string(v.Elems[0].Elems[0].Str))
	require.GreaterOrEqual(t, v.Elems[0].Elems[2].Int, int64(50))
	require.Len(t, k.ask("LATENCY", "HISTORY", "command").Elems, 1)
	require.Contains(t, k.do("LATENCY", "GRAPH", "command"), "command - high 5")
	require.Contains(t, k.do("LATENCY", "DOCTOR"), "1. command: 1 latency spikes")
	require.Equal(t, ":0", k.do("LATENCY", "RESET", "hold"))
	require.Equal(t, ":1", k.do("LATENCY", "RESET", "command"))

	require.Equal(t, "+OK", k.do("SET", "k", "v"))
	held := k.ask("LATENCY", "HISTOGRAM", "hold", "commit", "get").Elems
	require.Len(t, held, 4)
	require.Equal(t, "commit", string(held[0].Str))
	require.EqualValues(t, 1, held[1].Elems[1].Int)
	require.EqualValues(t, 1, held[3].Elems[1].Int)
	require.Equal(t, "+OK", k.do("CONFIG", "RESETSTAT"))
	require.Empty(t, k.ask("LATENCY", "HISTOGRAM", "hold", "commit").Elems)
}

// TestInfoSections asks for sections in every way.
func TestInfoSections(t *testing.T) {
	k := serve(t, small()).dial()
	sections := func(args ...string) string {
		var out []string
		for line := range strings.Lines(string(k.ask(append([]string{"INFO"}, args...)...).Str)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
				out = append(out, name)
			}
		}
		return strings.Join(out, " ")
	}
	usual := "Server Clients Memory Persistence Stats Replication CPU Tiered Log Expiry Modules Errorstats Cluster Keyspace"
	require.Equal(t, usual, sections())
	require.Equal(t, usual, sections("default"))
	require.Equal(t, strings.Replace(usual, "Errorstats", "Commandstats Errorstats Latencystats", 1), sections("all"))
	require.Contains(t, sections("everything"), "Debug")
	require.Equal(t, "Server CPU", sections("cpu", "SERVER"))
	require.Equal(t, usual+" Debug", sections("default", "debug"))
	require.Empty(t, sections("nosuch"))
}

// TestInfoHasWhatToolsAskFor looks for names that monitors read.
func TestInfoHasWhatToolsAskFor(t *testing.T) {
	k := serve(t, small()).dial()
	k.do("SET", "k", "v", "EX", "100")
	section, seen := "", map[string]bool{}
	for line := range strings.Lines(string(k.ask("INFO", "everything").Str)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "# "); ok {
			section = name
		} else if name, _, ok := strings.Cut(line, ":"); ok {
			seen[section+"/"+name] = true
		}
	}
	for section, names := range map[string]string{
		"Server":  "redis_version redis_mode os arch_bits multiplexing_api process_id run_id tcp_port uptime_in_seconds executable config_file",
		"Clients": "connected_clients maxclients blocked_clients", "CPU": "used_cpu_sys used_cpu_user",
		"Memory":       "used_memory used_memory_rss used_memory_peak used_memory_dataset maxmemory maxmemory_policy mem_fragmentation_ratio total_system_memory",
		"Persistence":  "loading async_loading rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status aof_enabled aof_rewrite_in_progress aof_last_bgrewrite_status aof_last_write_status aof_current_size",
		"Stats":        "total_connections_received total_commands_processed instantaneous_ops_per_sec instantaneous_input_kbps expired_keys evicted_keys keyspace_hits keyspace_misses total_error_replies",
		"Commandstats": "cmdstat_set", "Latencystats": "latency_percentiles_usec_set", "Keyspace": "db0",
		"Tiered": "tiered_entries tiered_entries_bytes tiered_total_stashes tiered_total_fetches tiered_total_uploads tiered_allocated_bytes tiered_capacity_bytes tiered_pending_read_cnt tiered_pending_stash_cnt tiered_pending_stash_bytes tiered_offloading_stashes tiered_ram_hits tiered_ram_misses tiered_clients_throttled tiered_total_clients_throttled",
	} {
		for _, name := range strings.Fields(names) {
			require.True(t, seen[section+"/"+name], "no %s in %s", name, section)
		}
	}
}

// TestRatesOfAnIdleServer: they fall to nothing although nothing runs to see it.
func TestRatesOfAnIdleServer(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	for range 400 {
		k.do("SET", "k", "v")
		s.pass(1)
	}
	rate := s.info("instantaneous_ops_per_sec")
	require.NotEqual(t, "0", rate)
	s.pass(60_000)
	require.Equal(t, "0", s.info("instantaneous_ops_per_sec"))
}

// TestProcessComesFromTheHost: the engine asks no system.
func TestProcessComesFromTheHost(t *testing.T) {
	cfg := small()
	cfg.AppendOnly = false
	n := &sinkNet{}
	shard := engine.New(cfg, engine.Ports{Clock: &stillClock{wall: 1e15, mono: 1}, Net: n, Process: func() engine.Process {
		return engine.Process{ID: 77, OS: "an OS", Resident: 3 << 20, UserUS: 1_250_000, SystemUS: 42}
	}}, nil)
	require.NoError(t, shard.Start())
	shard.Opened(1, port.Peer{Addr: "127.0.0.1:1"})
	shard.Received(1, resp.AppendCommandStrings(nil, "INFO"))
	shard.EndTurn()
	for _, want := range []string{"process_id:77\r", "os:an OS\r", "used_memory_rss:3145728\r", "used_memory_rss_human:3.00M\r",
		"used_cpu_user:1.250000\r", "used_cpu_sys:0.000042\r", "instantaneous_ops_per_sec:0\r"} {
		require.Contains(t, string(n.last), want)
	}
}
