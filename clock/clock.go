// Package clock is the engine's port to time: two readings and one alarm.
//
// The engine never reads a clock by itself; the host gives it an
// implementation of Clock and calls the shard's Tick when the alarm is due.
package clock

// Clock is implemented by System for production and by the simulator.
// All methods are called on the host's loop goroutine only.
type Clock interface {
	// Wall returns microseconds since the Unix epoch. It may jump either way.
	Wall() int64
	// Mono returns nanoseconds since an arbitrary origin. It never runs
	// backwards and counts time spent suspended.
	Mono() int64
	// Alarm asks the host for a Tick at the given monotonic time, or as soon
	// after as it can. There is one alarm; a call replaces the last. 0 clears it.
	Alarm(mono int64)
}
