package main

import "golang.org/x/sys/unix"

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
