package clock

import "golang.org/x/sys/unix"

// bootClock counts the time the machine was suspended.
const bootClock = unix.CLOCK_BOOTTIME
