package main

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strings"

	"golang.org/x/sys/unix"

	"holdfast/engine"
)

// process describes this process for INFO.
func process() engine.Process {
	p := engine.Process{
		ID: os.Getpid(), Compiler: runtime.Version(), Multiplexing: networkName,
		Memory: physicalMemory(), OS: runtime.GOOS,
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		p.OS = strings.Join([]string{unix.ByteSliceToString(name.Sysname[:]),
			unix.ByteSliceToString(name.Release[:]), unix.ByteSliceToString(name.Machine[:])}, " ")
	}
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		p.UserUS, p.SystemUS = used.Utime.Nano()/1000, used.Stime.Nano()/1000
		p.Resident = resident(&used)
	}
	heap := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(heap)
	p.Heap = int64(heap[0].Value.Uint64() - heap[1].Value.Uint64())
	return p
}
