package main

import "golang.org/x/sys/unix"

// networkName is what newPoller makes here, for the banner.
const networkName = "goroutines"

// physicalMemory is the machine's RAM in bytes.
func physicalMemory() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 1 << 30
	}
	return int64(n)
}

// resident is the most memory that the process has taken: what it takes now
// this system tells only to code that is not Go.
func resident(used *unix.Rusage) int64 { return used.Maxrss }

// threadTime is the processor time of the calling thread, which nothing here
// reads.
func threadTime() int64 { return 0 }
