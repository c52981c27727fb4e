package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

// soak runs batch after batch for a time, and goes on where the last one ended.
func soak(args []string, out io.Writer) error {
	f := flags("soak")
	long := f.Duration("for", time.Hour, "")
	dir := f.String("state", "", "")
	batch := f.Uint64("batch", 20_000, "")
	from := f.Uint64("from", 1, "")
	profiles := f.String("profiles", "standard,storm,clean,damage,lying", "")
	workers := f.Int("workers", runtime.GOMAXPROCS(0), "")
	if err := parse(f, args); err != nil {
		return err
	}
	if *dir == "" || f.NArg() > 0 || *batch == 0 {
		return fmt.Errorf("%w: holdfast-sim soak --for 8h --state DIR", errUsage)
	}
	s := campaign.Soak{Dir: *dir, Version: version(), Workers: *workers, Batch: *batch, From: *from,
		Profiles: strings.Split(*profiles, ","), Shrink: 10 * time.Second,
		Say: func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }}
	for _, name := range s.Profiles {
		if _, ok := tape.ProfileNamed(name); !ok {
			return fmt.Errorf("%w: no profile %q (%s)", errUsage, name, profileNames())
		}
	}
	old, found, err := s.Run(time.Now().Add(*long))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "soak: %d stored failures still fail, %d new findings\n", old, found)
	if old+found > 0 {
		return errFound
	}
	return nil
}

// version is the commit this program was built from, if the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	return v + dirty
}
