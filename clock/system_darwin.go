package clock

import "golang.org/x/sys/unix"

// bootClock goes on while the machine sleeps, unlike Go's own clock there.
const bootClock = unix.CLOCK_MONOTONIC_RAW
