//go:build !linux

// Command bench measures this server beside redis-server. It reads the CPU
// clocks of other processes and /proc, so it works on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: works on Linux only")
	os.Exit(1)
}
