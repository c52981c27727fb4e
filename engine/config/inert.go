package config

import "strings"

// refusedParams ask for something that a user would miss, so anything but
// their neutral value is an error.
func refusedParams() []param {
	return []param{
		refused("daemonize", "no"),
		refused("replicaof", "", "no one").alias("slaveof"),
		refused("cluster-enabled", "no"),
		refused("cluster_mode", "", "no"),
		refused("tls-port", "0"),
		refused("tls", "no", "false"),
		refused("aclfile", ""),
		refused("min-replicas-to-write", "0").alias("min-slaves-to-write"),
		refused("maxmemory-clients", "0"),
		refused("rename-command", "").fileOnly(),
		refused("loadmodule", "").fileOnly(),
		refused("user", "").fileOnly(),
		refused("snapshot_cron", ""),
		refused("admin_port", "0"),
		refused("memcached_port", "0"),
		refused("tiered_experimental_list_support", "no", "false"),
	}
}

// ignoredParams are the names an existing file may hold that mean nothing
// here, with the value that CONFIG GET shows when the file is silent. The
// first group speaks of dump files and rewrites, for which this log has no
// use; then come threads, encodings of types, and the operating system. Expiry
// has no period (hz). Values leave memory only below tiered_offload_threshold,
// where Dragonfly heeds no minimal TTL either, and leave it at once (cooling).
func ignoredParams() []param {
	rows := []Setting{
		{"save", ""}, {"stop-writes-on-bgsave-error", "yes"}, {"rdbcompression", "yes"}, {"rdbchecksum", "yes"},
		{"dbfilename", "dump.rdb"}, {"rdb-del-sync-files", "no"}, {"rdb-save-incremental-fsync", "yes"},
		{"sanitize-dump-payload", "no"}, {"appendfilename", "appendonly.aof"}, {"appenddirname", "appendonlydir"},
		{"no-appendfsync-on-rewrite", "no"}, {"auto-aof-rewrite-percentage", "100"},
		{"auto-aof-rewrite-min-size", "67108864"}, {"aof-load-truncated", "yes"}, {"aof-use-rdb-preamble", "yes"},
		{"aof-timestamp-enabled", "no"}, {"aof-rewrite-incremental-fsync", "yes"}, {"aof-disable-auto-gc", "no"},

		{"replica-serve-stale-data", "yes"}, {"replica-read-only", "yes"}, {"replica-priority", "100"},
		{"replica-lazy-flush", "no"}, {"replica-ignore-maxmemory", "yes"}, {"replica-announce-ip", ""},
		{"replica-announce-port", "0"}, {"replica-announced", "yes"}, {"masterauth", ""}, {"masteruser", ""},
		{"repl-diskless-sync", "yes"}, {"repl-diskless-sync-delay", "5"}, {"repl-diskless-load", "disabled"},
		{"repl-ping-replica-period", "10"}, {"repl-timeout", "60"}, {"repl-disable-tcp-nodelay", "no"},
		{"repl-backlog-size", "1048576"}, {"repl-backlog-ttl", "3600"}, {"min-replicas-max-lag", "10"},
		{"repl-diskless-sync-max-replicas", "0"}, {"replica-ignore-disk-write-errors", "no"},

		{"hz", "100"}, {"tiered_min_ttl_to_offload_ms", "5000"}, {"tiered_experimental_cooling", "yes"},
		{"io-threads", "1"}, {"io-threads-do-reads", "no"}, {"proactor_threads", "1"}, {"conn_io_threads", "0"},
		{"force_epoll", "no"}, {"registered_buffer_size", "0"}, {"server_cpulist", ""}, {"bio_cpulist", ""},
		{"aof_rewrite_cpulist", ""}, {"bgsave_cpulist", ""}, {"dynamic-hz", "yes"}, {"active-expire-effort", "1"},
		{"lazyfree-lazy-eviction", "no"}, {"lazyfree-lazy-expire", "no"}, {"lazyfree-lazy-server-del", "no"},
		{"lazyfree-lazy-user-del", "no"}, {"lazyfree-lazy-user-flush", "no"},
		{"activerehashing", "yes"}, {"activedefrag", "no"}, {"active-defrag-cycle-min", "1"},
		{"active-defrag-cycle-max", "25"}, {"active-defrag-ignore-bytes", "104857600"},
		{"active-defrag-max-scan-fields", "1000"}, {"active-defrag-threshold-lower", "10"},
		{"active-defrag-threshold-upper", "100"}, {"jemalloc-bg-thread", "yes"}, {"maxmemory-eviction-tenacity", "10"},

		{"list-max-listpack-size", "-2"}, {"list-compress-depth", "0"}, {"set-max-intset-entries", "512"},
		{"set-max-listpack-entries", "128"}, {"set-max-listpack-value", "64"},
		{"zset-max-listpack-entries", "128"}, {"zset-max-listpack-value", "64"}, {"hll-sparse-max-bytes", "3000"},
		{"stream-node-max-bytes", "4096"}, {"stream-node-max-entries", "100"},

		{"lua-time-limit", "5000"}, {"busy-reply-threshold", "5000"}, {"acllog-max-len", "128"},
		{"acl-pubsub-default", "resetchannels"},

		{"socket-mark-id", "0"}, {"bind-source-addr", ""}, {"supervised", "no"},
		{"syslog-enabled", "no"}, {"syslog-ident", "redis"}, {"syslog-facility", "local0"},
		{"crash-log-enabled", "yes"}, {"crash-memcheck-enabled", "yes"}, {"always-show-logo", "no"},
		{"set-proc-title", "yes"}, {"proc-title-template", "{title} {listen-addr} {server-mode}"},
		{"oom-score-adj", "no"}, {"oom-score-adj-values", "0 200 800"}, {"disable-thp", "yes"},
		{"shutdown-timeout", "10"}, {"shutdown-on-sigint", "default"}, {"shutdown-on-sigterm", "default"},
		{"enable-protected-configs", "no"}, {"enable-module-command", "no"}, {"ignore-warnings", ""},
		{"propagation-error-behavior", "ignore"}, {"logtostderr", "yes"}, {"alsologtostderr", "no"},
		{"minloglevel", "0"}, {"version_check", "no"},
	}
	rows = append(rows, withoutTheirSwitch()...)
	params := make([]param, 0, len(rows))
	for _, r := range rows {
		p := ignored(r.Name, r.Value)
		if old, ok := oldName(r.Name); ok {
			p = p.alias(old)
		}
		params = append(params, p)
	}
	return params
}

// withoutTheirSwitch are parameters of cluster mode and TLS, which say nothing
// while these are off; on, they are refused.
func withoutTheirSwitch() []Setting {
	return []Setting{
		{"cluster-config-file", "nodes.conf"}, {"cluster-node-timeout", "15000"}, {"cluster-port", "0"},
		{"cluster-announce-ip", ""}, {"cluster-announce-port", "0"}, {"cluster-announce-tls-port", "0"},
		{"cluster-announce-bus-port", "0"}, {"cluster-announce-hostname", ""}, {"cluster-link-sendbuf-limit", "0"},
		{"cluster-migration-barrier", "1"}, {"cluster-allow-replica-migration", "yes"},
		{"cluster-replica-validity-factor", "10"}, {"cluster-replica-no-failover", "no"},
		{"cluster-require-full-coverage", "yes"}, {"cluster-allow-reads-when-down", "no"},
		{"cluster-allow-pubsubshard-when-down", "yes"}, {"cluster-preferred-endpoint-type", "ip"},

		{"tls-cert-file", ""}, {"tls-key-file", ""}, {"tls-key-file-pass", ""}, {"tls-client-cert-file", ""},
		{"tls-client-key-file", ""}, {"tls-client-key-file-pass", ""}, {"tls-dh-params-file", ""},
		{"tls-ca-cert-file", ""}, {"tls-ca-cert-dir", ""}, {"tls-auth-clients", "yes"}, {"tls-replication", "no"},
		{"tls-cluster", "no"}, {"tls-protocols", ""}, {"tls-ciphers", ""}, {"tls-ciphersuites", ""},
		{"tls-prefer-server-ciphers", "no"}, {"tls-session-caching", "yes"}, {"tls-session-cache-size", "20480"},
		{"tls-session-cache-timeout", "300"},
	}
}

// oldName returns what older files call a parameter.
func oldName(name string) (old string, ok bool) {
	if i := strings.Index(name, "replica-"); i == 0 || strings.HasPrefix(name, "cluster-replica-") || name == "repl-ping-replica-period" {
		return name[:i] + "slave-" + name[i+len("replica-"):], true
	}
	switch name {
	case "min-replicas-max-lag":
		return "min-slaves-max-lag", true
	case "list-max-listpack-size", "zset-max-listpack-entries", "zset-max-listpack-value":
		return strings.Replace(name, "listpack", "ziplist", 1), true
	}
	return "", false
}
