// Command holdfast is the server: it reads flags and a redis.conf, opens the
// data directory, and drives one engine on the real clock, disk and network
// until it is told to stop.
//
//	holdfast [file.conf] [--name value | --name=value ...]
//	holdfast check DIR | salvage DIR NEWDIR | restore BACKUP DIR
//	holdfast import SOURCE DESTINATION
//
// It exits 0 after SIGTERM, SIGINT or SHUTDOWN, and 1 with one line that says
// why when it cannot serve.
package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"holdfast/clock"
	"holdfast/engine"
	"holdfast/engine/config"
	"holdfast/engine/event"
	realdisk "holdfast/vfs/disk"
)

func main() { os.Exit(command(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// command is main with its surroundings as arguments; it returns the exit code.
func command(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if code, is := tool(args, stdout, stderr); is {
		return code
	}
	s, err := readSettings(args, stdin)
	switch {
	case errors.Is(err, errHelp):
		usage(stdout)
		return 0
	case errors.Is(err, errVersion):
		fmt.Fprintln(stdout, "holdfast", config.Default().Version)
		return 0
	}
	if err == nil {
		err = resolve(s)
	}
	if err == nil {
		err = serve(s, stderr)
	}
	if err != nil {
		// One line, whatever the cause was called below.
		fmt.Fprintln(stderr, "holdfast:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	return 0
}

// serve runs the server to its end.
func serve(s *settings, stderr io.Writer) error {
	c := s.cfg
	if c.LogFile != "" {
		f, err := os.OpenFile(c.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
		if err != nil {
			return fmt.Errorf("cannot open the log file: %w", err)
		}
		defer f.Close()
		stderr = f
	}
	log := logger(c, stderr)
	tuneRuntime()
	network, err := newPoller(pollOptions{
		Backlog:   c.TCPBacklog,
		KeepAlive: c.TCPKeepAliveS,
		UnixPerm:  uint32(c.UnixSocketPerm),
		Warn:      func(err error) { log.Warn("accepting clients pauses", "why", err) },
	})
	if err != nil {
		return err
	}
	defer network.Shutdown()
	files, info, err := openDisk(c, network.Wake)
	if err != nil {
		return err
	}
	defer files.Close()
	c.Backend = backend(info)
	time := clock.NewSystem()
	shard := engine.New(c, engine.Ports{
		Clock: time, FS: files, Net: network, Stopwatch: time.Mono, Labour: threadTime, Process: process,
	}, observer(log))
	h, err := newHost(shard, network, files, time)
	if err != nil {
		return err
	}
	limit, follow, give := collectorLimit(c), followDisk(c, time.Mono), giveBack(shard.Held, debug.FreeOSMemory)
	h.turned = func() { shard.Turned(); limit(); follow(); give() }
	if err := shard.Start(); err != nil {
		return err
	}
	banner(log, c)
	for _, w := range slices.Concat(info.Notes, s.warnings) {
		log.Warn(w)
	}
	log.Info("listening", "on", strings.Join(c.Listen, " "))
	if c.PidFile != "" {
		if err := os.WriteFile(c.PidFile, fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
			return fmt.Errorf("cannot write the pid file: %w", err)
		}
		defer os.Remove(c.PidFile)
	}
	defer func() {
		if cause := recover(); cause != nil {
			reportCrash(stderr, c, cause)
			panic(cause)
		}
	}()
	stopOnSignals(h, log)
	if err := h.run(); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// tuneRuntime sets what Go's runtime should do otherwise; before the ports.
func tuneRuntime() {
	if runtime.GOMAXPROCS(0) < 2 {
		// On one processor, too: the loop has one of Go's for itself and never lends
		// it, so the runtime's monitor has nothing to take back and sleeps; and a
		// lone core the system shares out better than Go does: the disk's writer
		// must not wait for 10 ms.
		runtime.GOMAXPROCS(2)
	}
	if os.Getenv("GOGC") == "" {
		// The data is in pointer-free slabs, so a collection is cheap and its
		// head room is what costs: a fifth, not as much again.
		debug.SetGCPercent(20)
	}
}

// collectorLimit returns what keeps the collector to maxmemory, which CONFIG
// SET may change: called after each turn, it tells the runtime of a new value.
// What it grants beyond is garbage on its way out, which maxmemory does not
// count, and the binary's own needs.
func collectorLimit(c *config.Config) func() {
	told := int64(0) // no limit, as the runtime starts
	return func() {
		if c.MaxMemory == told {
			return
		}
		told = c.MaxMemory
		limit := int64(math.MaxInt64)
		if told > 0 && told < 1<<50 {
			limit = told + told/8 + 128<<20
		}
		debug.SetMemoryLimit(limit)
	}
}

func openDisk(c *config.Config, wake func()) (realdisk.FS, realdisk.Info, error) {
	files, info, err := realdisk.Open(c.Dir, realdisk.Options{
		Wake: wake, Pool: c.DiskBackend == "pool", Buffered: !c.BackingFileDirect, Backup: c.BackupDir,
	})
	if err == nil && c.DiskBackend == "uring" && info.Backend != "io_uring" {
		_ = files.Close()
		err = errors.New("disk-backend is uring, but " + strings.Join(info.Notes, "; "))
	}
	return files, info, err
}

// stopOnSignals stops the server cleanly at the first SIGTERM or SIGINT, and
// without waiting for held replies at the second.
func stopOnSignals(h *host, log *slog.Logger) {
	signal.Ignore(syscall.SIGHUP)
	got := make(chan os.Signal, 2)
	signal.Notify(got, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for now := false; ; now = true {
			log.Info("stopping", "signal", (<-got).String())
			h.Stop(now)
		}
	}()
}

// observer turns what an operator should know into log lines.
func observer(log *slog.Logger) *event.Observer {
	return &event.Observer{
		Note:  func(line string) { log.Info(line) },
		Warn:  func(line string) { log.Warn(line) },
		Saved: func(b *event.Saved) { log.Info("backup made", "folder", b.Folder, "segments", b.Files, "cut", b.Cut) },
		Recovered: func(r *event.Recovered) {
			if r.Fresh {
				log.Info("the data directory is new")
				return
			}
			log.Info("recovered", "keys", r.Keys, "records", r.Records, "head", r.Head, "tail", r.Tail)
		},
	}
}
