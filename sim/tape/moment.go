package tape

import (
	"fmt"
	"slices"
)

// Moment is a stretch of a run, from the event that it is named after to the next
// such event. Recorded choices that have no command of a client in their name are
// found by their moment and how often the label had been asked in it: what happens
// at one moment moves nothing of the next, be it that the engine has changed or
// that a command is left out. The zero Moment is what comes first.
type Moment uint32

// maxClients bounds the clients that moments can tell apart.
const maxClients = 64

// Sent is the moment in which a client sends what begins with its nth command.
func Sent(client, n int) Moment {
	return Moment((n+1)*maxClients+client%maxClients) << 1
}

// Boot is the moment in which the nth process begins.
func Boot(n int) Moment { return Moment(n<<1 | 1) }

// Send returns what Sent was given.
func (m Moment) Send() (client, n int, ok bool) {
	at := int(m >> 1)
	return at % maxClients, at/maxClients - 1, m != 0 && m&1 == 0
}

// String says the moment in words that follow a choice's name.
func (m Moment) String() string {
	if c, n, ok := m.Send(); ok {
		return fmt.Sprintf(" after client %d/command %d", c, n)
	}
	if m != 0 {
		return fmt.Sprintf(" after boot %d", m>>1)
	}
	return ""
}

// Begin tells the tape of a moment.
func (t *Tape) Begin(m Moment) {
	t.moment = m
	if t.recording {
		t.moments = append(t.moments, m)
	}
}

// Moments returns the moments that have begun since the feeder was set, if they
// were recorded.
func (t *Tape) Moments() []Moment { return t.moments }

// Asked counts how often each label was asked in a run.
type Asked struct{ table occTable }

// Asked makes a copy of what the run has asked, if it was recorded.
func (t *Tape) Asked(into *Asked) {
	into.table.slots = slices.Clone(t.occ.slots)
	into.table.epoch = t.occ.epoch
}

// Times returns how often a label was asked at a moment.
func (a *Asked) Times(l Label, m Moment) uint32 { return a.table.count(l.during(m)) }

// Recorded returns the label that recordings have for l now.
func (t *Tape) Recorded(l Label) Label { return l.during(t.moment) }

// Next returns the outcome v of the next asking of a label.
func (t *Tape) Next(l Label, v int) Outcome {
	l = t.Recorded(l)
	return Outcome{Label: l, Occurrence: t.occ.count(l), Value: uint32(v)}
}
