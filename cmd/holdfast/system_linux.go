package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// networkName is what newPoller makes here, for the banner.
const networkName = "epoll"

// physicalMemory is the machine's RAM in bytes.
func physicalMemory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 1 << 30
	}
	return int64(info.Totalram) * int64(info.Unit)
}

// resident is the memory that the process takes now, in bytes.
func resident(*unix.Rusage) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// threadTime is the processor time of the calling thread, in nanoseconds.
func threadTime() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return t.Nano()
}
