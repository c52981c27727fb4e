package latency

import "slices"

// kept is how many seconds with an event are remembered of each.
const kept = 160

// Monitor remembers events that took longer than a threshold: of each second
// the worst, and of all time the worst. Empty until something is that slow.
type Monitor struct {
	events []*Event // by name
}

// Event is one kind of slowness.
type Event struct {
	Name    string
	Max     int64 // ms, since the last reset
	samples [kept]Sample
	n, next int
}

// Sample is the worst of one second.
type Sample struct {
	Time int64 // seconds since the epoch
	MS   int64
}

// Add notes that something took so long at a time in seconds.
func (m *Monitor) Add(name string, at, ms int64) {
	e := m.Find(name)
	if e == nil {
		e = &Event{Name: name}
		i, _ := slices.BinarySearchFunc(m.events, name, byName)
		m.events = slices.Insert(m.events, i, e)
	}
	e.Max = max(e.Max, ms)
	if e.n > 0 {
		if last := &e.samples[(e.next+kept-1)%kept]; last.Time == at {
			last.MS = max(last.MS, ms)
			return
		}
	}
	e.samples[e.next] = Sample{at, ms}
	e.next, e.n = (e.next+1)%kept, min(e.n+1, kept)
}

func byName(e *Event, name string) int {
	switch {
	case e.Name < name:
		return -1
	case e.Name > name:
		return 1
	}
	return 0
}

// Find returns an event that has samples, or nil.
func (m *Monitor) Find(name string) *Event {
	if i, ok := slices.BinarySearchFunc(m.events, name, byName); ok {
		return m.events[i]
	}
	return nil
}

// Events lists those that have samples, by name.
func (m *Monitor) Events() []*Event { return m.events }

// Forget drops an event and reports whether there was one.
func (m *Monitor) Forget(name string) bool {
	i, ok := slices.BinarySearchFunc(m.events, name, byName)
	if ok {
		m.events = slices.Delete(m.events, i, i+1)
	}
	return ok
}

// Samples returns an event's samples, oldest first.
func (e *Event) Samples() []Sample {
	out := make([]Sample, 0, e.n)
	for i := range e.n {
		out = append(out, e.samples[(e.next-e.n+i+kept)%kept])
	}
	return out
}
