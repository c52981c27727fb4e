package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"holdfast/engine/config"
	realdisk "holdfast/vfs/disk"
)

// promise says in words what a client may rely on with these settings.
func promise(c *config.Config) string {
	switch {
	case !c.AppendOnly:
		return "a cache: nothing is kept over a restart, there are no RDB files (appendonly no)"
	case c.AppendFsync == "always":
		return "every reply is held until what it says is on disk (appendfsync always)"
	case c.AppendFsync == "everysec":
		return "a power cut may take back the last second of writes (appendfsync everysec)"
	}
	return "a power cut may take back what the system has not written yet (appendfsync no)"
}

// tiering says where values go that do not fit into memory.
func tiering(c *config.Config) string {
	if !c.AppendOnly && c.TieredPrefix == "" {
		return "off (appendonly no, and tiered_prefix is not set)"
	}
	return "values leave memory for the log when less than " +
		c.Get("tiered_offload_threshold")[0].Value + " of maxmemory is free"
}

// backend names the disk and the network in use, for the banner and INFO.
func backend(info realdisk.Info) string {
	how := "direct"
	if !info.Direct {
		how = "buffered"
	}
	return fmt.Sprintf("sockets on %s, disk on %s, %s I/O in %d-byte blocks", networkName, info.Backend, how, info.Align)
}

// banner is what a start prints.
func banner(log *slog.Logger, c *config.Config) {
	log.Info("holdfast "+c.Version, "pid", os.Getpid(), "run_id", c.RunID)
	log.Info("data directory", "dir", c.Dir, "log_max_bytes", c.TieredMaxFileSize)
	log.Info("backend", "backend", c.Backend)
	log.Info("memory", "maxmemory", c.MaxMemory, "policy", c.MaxMemoryPolicy, "tiering", tiering(c))
	tell := log.Info
	if !c.AppendOnly { // a redis.conf may say so that relied on RDB files
		tell = log.Warn
	}
	tell("promise: " + promise(c))
}

// logger writes to w what loglevel lets through.
func logger(c *config.Config, w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	switch strings.ToLower(c.LogLevel) {
	case "debug", "verbose":
		level = slog.LevelDebug
	case "warning":
		level = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}
