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
