// Package latency measures how long things take: histograms of every one of
// them, and, while somebody asked for it, the worst of each second.
//
// The engine reads no clock but its port. What is measured here decides
// nothing, so it may use a reading that is older or shared: commands that were
// cut from one pipeline share the time between two readings evenly. Book.Clock
// is that reading; a host sets it, the simulator leaves engine time's last.
package latency

// Book is what one shard measures beside its commands.
type Book struct {
	// Clock reads a monotonic clock in nanoseconds. Nil: nothing takes time.
	Clock func() int64
	// Threshold makes an event of what takes so many ns or more; 0 of nothing.
	Threshold int64
	// Seconds reads the time of events, since the epoch.
	Seconds func() int64

	Commit Histogram // a write or sync of the log, submitted to durable
	Hold   Histogram // a reply that waited for the log, executed to sent
	Fetch  Histogram // a command that waited for cold values, parked to resident
	Expiry Histogram // a key's deadline to its removal
	Turn   Histogram // a turn of the loop, its first event to its end; with a Threshold
	Labour Histogram // the processor time of that, which other processes do not lengthen

	Monitor Monitor
}

// Now reads the clock.
func (b *Book) Now() int64 {
	if b == nil || b.Clock == nil {
		return 0
	}
	return b.Clock()
}

// Took records that something took ns, in h and, if it was slow, as an event.
func (b *Book) Took(event string, h *Histogram, ns int64) {
	h.Record(ns)
	b.Slow(event, ns)
}

// Slow remembers an event if ns is long.
func (b *Book) Slow(event string, ns int64) {
	if b.Threshold > 0 && ns >= b.Threshold {
		b.Monitor.Add(event, b.Seconds(), ns/1_000_000)
	}
}

// Named lists the histograms that are not a command's.
func (b *Book) Named() []Named {
	return []Named{{"commit", &b.Commit}, {"hold", &b.Hold}, {"tier-fetch", &b.Fetch}, {"expire-lag", &b.Expiry},
		{"turn", &b.Turn}, {"turn-cpu", &b.Labour}}
}

// Named is a histogram and what it is called.
type Named struct {
	Name string
	*Histogram
}

// Reset forgets what the histograms have counted; the monitor's samples stay.
func (b *Book) Reset() {
	for _, n := range b.Named() {
		n.Histogram.Reset()
	}
}
