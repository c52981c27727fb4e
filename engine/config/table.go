package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// The bounds of most integers, as Redis has them.
const (
	maxInt32 = math.MaxInt32
	maxSize  = math.MaxInt64
)

// table holds every parameter, sorted by plain name; names finds its rows.
var table, names = build(
	serverParams(), memoryParams(), tieringParams(), clientParams(), measureParams(), sizeParams(), refusedParams(), ignoredParams())

// named is one spelling of a parameter in plain form and its row in the table.
type named struct {
	plain string
	row   int
}

// plain folds the spellings of a name into one: case, and - for _.
func plain(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

func build(groups ...[]param) ([]param, []named) {
	var rows []param
	for _, g := range groups {
		rows = append(rows, g...)
	}
	slices.SortFunc(rows, func(a, b param) int { return strings.Compare(plain(a.name), plain(b.name)) })
	var index []named
	for i, p := range rows {
		index = append(index, named{plain(p.name), i})
		for _, a := range p.aliases {
			index = append(index, named{plain(a), i})
		}
	}
	slices.SortFunc(index, func(a, b named) int { return strings.Compare(a.plain, b.plain) })
	return rows, index
}

// find returns the row of a parameter by any of its names.
func find(name string) (*param, bool) {
	i, ok := slices.BinarySearchFunc(names, plain(name), func(n named, want string) int {
		return strings.Compare(n.plain, want)
	})
	if !ok {
		return nil, false
	}
	return &table[names[i].row], true
}

func findSetting(s []Setting, name string) (int, bool) {
	return slices.BinarySearchFunc(s, name, func(one Setting, want string) int {
		return strings.Compare(one.Name, want)
	})
}

func serverParams() []param {
	return []param{
		words("bind", func(c *Config) *[]string { return &c.Bind }).atStart(),
		integer("port", 0, 65535, func(c *Config) *int { return &c.Port }).atStart(),
		text("unixsocket", func(c *Config) *string { return &c.UnixSocket }).atStart(),
		octal("unixsocketperm", 0o777, func(c *Config) *int { return &c.UnixSocketPerm }).atStart(),
		text("dir", func(c *Config) *string { return &c.Dir }).atStart(),
		text("backup-dir", func(c *Config) *string { return &c.BackupDir }).atStart(),
		integer("databases", 1, 1<<16, func(c *Config) *int { return &c.Databases }).atStart().alias("dbnum"),
		text("requirepass", func(c *Config) *string { return &c.RequirePass }),
		boolean("protected-mode", func(c *Config) *bool { return &c.ProtectedMode }).atStart(),
		enum("loglevel", func(c *Config) *string { return &c.LogLevel }, "debug", "verbose", "notice", "warning").atStart(),
		text("logfile", func(c *Config) *string { return &c.LogFile }).atStart(),
		text("pidfile", func(c *Config) *string { return &c.PidFile }).atStart(),
		boolean("appendonly", func(c *Config) *bool { return &c.AppendOnly }),
		enum("appendfsync", func(c *Config) *string { return &c.AppendFsync }, "everysec", "always", "no"),
		boolean("import-mode", func(c *Config) *bool { return &c.ImportMode }),
	}
}

func memoryParams() []param {
	limit := memory("maxmemory", 0, maxSize, func(c *Config) *int64 { return &c.MaxMemory })
	store := limit.set
	// 0 asks for the host's own choice, at run time as at start.
	limit.set = func(c *Config, v string) string {
		reason := store(c, v)
		if reason == "" && c.MaxMemory == 0 {
			c.MaxMemory = c.MaxMemoryAuto
		}
		return reason
	}
	return []param{
		limit,
		enum("maxmemory-policy", func(c *Config) *string { return &c.MaxMemoryPolicy },
			"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
			"allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"),
		integer("maxmemory-samples", 1, 64, func(c *Config) *int { return &c.MaxMemorySamples }),
		boolean("cache_mode", func(c *Config) *bool { return &c.CacheMode }),
		integer("lfu-log-factor", 0, maxInt32, func(c *Config) *int { return &c.LFULogFactor }),
		integer("lfu-decay-time", 0, maxInt32, func(c *Config) *int { return &c.LFUDecayTime }),
		integer("hash-max-listpack-entries", 0, maxInt32,
			func(c *Config) *int { return &c.HashMaxListpackEntries }).alias("hash-max-ziplist-entries"),
		integer("hash-max-listpack-value", 0, maxInt32,
			func(c *Config) *int { return &c.HashMaxListpackValue }).alias("hash-max-ziplist-value"),
	}
}

func tieringParams() []param {
	limit := memory("tiered_max_file_size", 0, maxSize, func(c *Config) *int64 { return &c.TieredMaxFileSize })
	store := limit.set
	limit.set = func(c *Config, v string) string {
		reason := store(c, v)
		if c.TieredMaxFileFixed = c.TieredMaxFileSize != 0; !c.TieredMaxFileFixed {
			c.TieredMaxFileSize = c.TieredMaxFileAuto
		}
		return reason
	}
	return []param{
		limit,
		text("tiered_prefix", func(c *Config) *string { return &c.TieredPrefix }).atStart(),
		integer("tiered_min_value_size", 0, maxInt32, func(c *Config) *int { return &c.TieredMinValueSize }),
		decimal("tiered_offload_threshold", 0, 1, func(c *Config) *float64 { return &c.TieredOffloadShare }),
		decimal("tiered_upload_threshold", 0, 1, func(c *Config) *float64 { return &c.TieredUploadShare }),
		memory("tiered_max_pending_stash_bytes", 0, maxSize, func(c *Config) *int64 { return &c.TieredMaxPendingStash }),
		boolean("tiered_experimental_hash_support", func(c *Config) *bool { return &c.TieredHashSupport }),
		boolean("backing_file_direct", func(c *Config) *bool { return &c.BackingFileDirect }).atStart(),
		enum("disk-backend", func(c *Config) *string { return &c.DiskBackend }, "auto", "uring", "pool").atStart(),
	}
}

func clientParams() []param {
	most := integer("maxclients", 1, maxInt32, func(c *Config) *int { return &c.MaxClients })
	store := most.set
	most.set = func(c *Config, v string) string {
		reason := store(c, v)
		if reason == "" && c.MaxClientsMost > 0 && c.MaxClients > c.MaxClientsMost {
			return "The operating system is not able to handle the specified number of clients, try with " + strconv.Itoa(c.MaxClientsMost)
		}
		return reason
	}
	return []param{
		most,
		integer("timeout", 0, maxInt32, func(c *Config) *int { return &c.TimeoutS }),
		integer("tcp-keepalive", 0, maxInt32, func(c *Config) *int { return &c.TCPKeepAliveS }).atStart(),
		integer("tcp-backlog", 1, maxInt32, func(c *Config) *int { return &c.TCPBacklog }).atStart(),
		memory("proto-max-bulk-len", 1<<20, maxSize, func(c *Config) *int64 { return &c.ProtoMaxBulkLen }),
		memory("client-query-buffer-limit", 1<<20, maxSize, func(c *Config) *int64 { return &c.ClientQueryBufferLimit }),
		outputLimits("client-output-buffer-limit"),
		events("notify-keyspace-events", func(c *Config) *uint16 { return &c.NotifyEvents }),
		integer("tracking-table-max-keys", 0, maxInt32, func(c *Config) *int { return &c.TrackingMaxKeys }),
		enum("enable-debug-command", func(c *Config) *string { return &c.EnableDebugCommand }, "no", "yes", "local").atStart(),
	}
}

func measureParams() []param {
	return []param{
		integer("slowlog-log-slower-than", -1, maxSize, func(c *Config) *int64 { return &c.SlowlogSlowerThan }),
		integer("slowlog-max-len", 0, maxSize, func(c *Config) *int64 { return &c.SlowlogMaxLen }),
		integer("latency-monitor-threshold", 0, maxSize, func(c *Config) *int64 { return &c.LatencyThresholdMS }),
		boolean("latency-tracking", func(c *Config) *bool { return &c.LatencyTracking }),
		percentiles("latency-tracking-info-percentiles", func(c *Config) *[]float64 { return &c.LatencyPercentiles }),
	}
}

// sizeParams are our own. Tests and the simulator make them small.
func sizeParams() []param {
	return []param{
		memory("log-segment-size", 16<<10, 1<<30, func(c *Config) *int64 { return &c.SegmentBytes }).atStart(),
		memory("log-batch-size", 4<<10, 1<<20, func(c *Config) *int { return &c.BatchBytes }).atStart(),
		integer("log-commit-delay-us", 0, 1_000_000, func(c *Config) *int { return &c.LogCommitDelayUS }).atStart(),
		integer("log-in-flight", 1, 64, func(c *Config) *int { return &c.LogInFlight }).atStart(),
		memory("log-max-unwritten", 64<<10, maxSize, func(c *Config) *int64 { return &c.MaxUnwritten }).atStart(),
		memory("checkpoint-log-bytes", 0, maxSize, func(c *Config) *int64 { return &c.CheckpointLogBytes }),
		memory("image-part-size", 32, 16<<20, func(c *Config) *int { return &c.ImagePartBytes }).atStart(),
		integer("expire-batch", 1, maxInt32, func(c *Config) *int { return &c.ExpireBatch }).atStart(),
		memory("fetch-memory", 64<<10, maxSize, func(c *Config) *int64 { return &c.FetchBytes }).atStart(),
		integer("hold-margin-ms", 0, maxInt32, func(c *Config) *int { return &c.HoldMarginMS }),
		integer("time-lease-ms", 1, maxInt32, func(c *Config) *int { return &c.LeaseMS }).atStart(),
		integer("time-step-persist-ms", 0, maxInt32, func(c *Config) *int { return &c.StepPersistMS }).atStart(),
	}
}
