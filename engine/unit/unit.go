// Package unit names the quantities every other package of the engine speaks
// in: log addresses, instants and deadlines. It holds no behaviour beyond the
// comparisons that must be made the same way everywhere.
package unit

// LSN is a byte offset in the log since the log's birth. It is never reused
// and doubles as the address of the record that starts there. 0 means none.
type LSN uint64

// Time is an instant of engine time in microseconds since the Unix epoch.
// Engine time never runs backwards, not even over a restart.
type Time int64

// Deadline is the last millisecond since the Unix epoch in which a key is
// alive. 0 means the key has none.
type Deadline int64

// MS returns the instant in whole milliseconds, rounded down.
func (t Time) MS() int64 { return int64(t) / 1000 }

// Passed reports whether a key with deadline d is dead at t: strictly after
// the deadline's millisecond, as Redis has it. No deadline never passes.
func (d Deadline) Passed(t Time) bool { return d != 0 && t.MS() > int64(d) }

// Max returns the later address.
func Max(a, b LSN) LSN {
	if a > b {
		return a
	}
	return b
}
