// Package hold keeps replies until they may leave.
//
// An Output is one connection's reply stream. Every unit appends its bytes; a
// unit whose reply may not leave at once gets a Mark: a byte range with the
// log offset it needs (DURABLE) and the earliest deadline among the values it
// shows (ALIVE). Bytes leave first in, first out: everything before the first
// mark that is not satisfied may go, everything after waits.
//
// A reply that shows values with deadlines is judged once more when the socket
// is about to take its first byte. If a deadline has passed by then, the reply
// is void; the commands from it on are run again if all of them only read, for
// their raw bytes are kept (Redo), else the reply becomes an error. No reply
// is ever patched.
//
// A message that answers no command (a Unit with Push) stands in the same
// stream, between the replies it fell between. When replies around it are void
// it stays: it speaks of what happened to others, which nothing takes back.
//
// A Queue orders connections by the offset they wait for, so that a commit
// finds exactly those it releases.
package hold

import "holdfast/engine/unit"

// Mark is the part of an output that one or more units wrote and that has a
// condition.
type Mark struct {
	begin, end int64 // stream offsets
	need       unit.LSN
	alive      unit.Deadline
	redo       int64 // redo-stream offset of its command; never, or message
	turn       uint64
	at         int64 // when it was executed, if it has a need
	units      int32
	replies    int32
}

// What stands in place of a redo offset.
const (
	never   = -1 // its command cannot run again, nor anything before it
	message = -2 // it answers no command and stays when others run again
)

// Output is one connection's reply stream. The zero value is empty.
type Output struct {
	// Buf ends with the bytes the socket has not taken. Replies are appended.
	Buf []byte

	base     int64 // stream offset of Buf[0]
	sent     int   // bytes of Buf the socket has taken
	marks    []Mark
	head     int
	alive    int    // marks with a deadline
	redo     []byte // raw commands, from the oldest mark with a deadline on
	redoBase int64
}

// Len returns how many bytes wait, held or not.
func (o *Output) Len() int { return len(o.Buf) - o.sent }

// Held reports whether some mark is not yet satisfied or judged.
func (o *Output) Held() bool { return o.head < len(o.marks) }

// Judged reports whether some waiting reply shows a value with a deadline, so
// that what runs after it decides whether it can be run again.
func (o *Output) Judged() bool { return o.alive > 0 }

// Bytes returns the memory the output owns.
func (o *Output) Bytes() int { return cap(o.Buf) + cap(o.redo) + cap(o.marks)*64 }

// Unit is what the runner says of the reply just appended.
type Unit struct {
	Start int           // len(Buf) before it was appended
	Need  unit.LSN      // 0 when committed already
	Alive unit.Deadline // 0 when nothing in it can die
	Raw   []byte        // the command as received, if it only reads; else nil
	Turn  uint64        // marks of one turn may merge: their records share a batch
	// Silent: no unit was declared for it (QUEUED, a refusal), so it counts none.
	Silent bool
	At     int64 // when it was executed, in ns of some clock
	// Push: it answers no command. Of the others only Start, Need and Turn are set.
	Push bool
}

// Add notes the conditions of the reply that was appended at u.Start.
func (o *Output) Add(u Unit) {
	if u.Need == 0 && u.Alive == 0 && o.alive == 0 {
		return
	}
	m := Mark{begin: o.base + int64(u.Start), end: o.base + int64(len(o.Buf)),
		need: u.Need, alive: u.Alive, redo: never, turn: u.Turn, at: u.At, units: 1, replies: 1}
	if u.Silent || u.Push {
		m.units = 0
	}
	if u.Push {
		m.redo, m.replies = message, 0
	}
	if m.begin == m.end { // CLIENT REPLY OFF: nothing to hold
		if o.alive > 0 && u.Raw == nil {
			// What waits may not run again behind it, all the same.
			o.marks[len(o.marks)-1].redo = never
		}
		return
	}
	if (u.Alive != 0 || o.alive > 0) && u.Raw != nil {
		m.redo = o.redoBase + int64(len(o.redo))
		o.redo = append(o.redo, u.Raw...)
	}
	if m.alive != 0 {
		o.alive++
	} else if o.alive == 0 && o.Held() {
		last := &o.marks[len(o.marks)-1]
		if last.turn == m.turn && last.end == m.begin {
			last.end, last.need = m.end, unit.Max(last.need, m.need)
			last.units += m.units
			last.replies += m.replies
			return
		}
	}
	o.marks = append(o.marks, m)
}

// Next returns the offset that the oldest mark waits for; ok is false when no
// mark waits.
func (o *Output) Next() (need unit.LSN, ok bool) {
	if !o.Held() {
		return 0, false
	}
	return o.marks[o.head].need, true
}

// Free returns the bytes that may leave now: the log is committed up to
// committed and engine time is now. stale says that the reply right behind
// them shows a dead value and has not begun to leave; it is the oldest mark
// once they are taken. A mark stands until the socket takes its first byte: a
// reply that was alive when it was refused is judged again.
func (o *Output) Free(committed unit.LSN, now unit.Time) (p []byte, stale bool) {
	for i := o.head; i < len(o.marks); i++ {
		m := &o.marks[i]
		begin := max(o.sent, int(m.begin-o.base))
		if m.need > committed {
			return o.Buf[o.sent:begin], false
		}
		if m.alive.Passed(now) {
			return o.Buf[o.sent:begin], true
		}
	}
	return o.Buf[o.sent:], false
}

func (o *Output) pop() {
	if o.marks[o.head].alive != 0 {
		o.alive--
	}
	o.head++
	switch {
	case o.head == len(o.marks):
		o.marks, o.head = o.marks[:0], 0
	case o.head >= 64 && o.head*2 > len(o.marks): // a stream that never drains
		o.marks = o.marks[:copy(o.marks, o.marks[o.head:])]
		o.head = 0
	}
	if o.alive == 0 {
		o.redoBase += int64(len(o.redo))
		o.redo = o.redo[:0]
	} else if first := o.marks[o.head].redo; first >= 0 && 2*(first-o.redoBase) > int64(len(o.redo)) {
		o.redo = o.redo[:copy(o.redo, o.redo[first-o.redoBase:])]
		o.redoBase = first
	}
}

// Taken removes the first n waiting bytes: the socket took them. held is how
// many replies among them had to wait for the log, since when the first of them.
func (o *Output) Taken(n int) (since int64, held int) {
	o.sent += n
	for o.head < len(o.marks) && o.marks[o.head].begin < o.base+int64(o.sent) {
		if m := &o.marks[o.head]; m.need != 0 {
			if held == 0 {
				since = m.at
			}
			held += int(m.replies)
		}
		o.pop()
	}
	switch {
	case o.sent == len(o.Buf):
		o.base += int64(o.sent)
		o.Buf, o.sent = o.Buf[:0], 0
	case o.sent > 64<<10 && o.sent*2 > len(o.Buf):
		o.base += int64(o.sent)
		o.Buf = o.Buf[:copy(o.Buf, o.Buf[o.sent:])]
		o.sent = 0
	}
	return since, held
}

// Rerun voids every reply from the stale one on and returns their commands as
// received, to be run again, and how many units that voids; messages between
// them move up and stay. ok is false when something behind it cannot be run
// again; then nothing changes. The bytes returned are valid until the next Add.
func (o *Output) Rerun() (raw []byte, units int, ok bool) {
	first, waiting := o.marks[o.head], o.marks[o.head:]
	for _, m := range waiting {
		if m.redo == never {
			return nil, 0, false
		}
		units += int(m.units)
	}
	raw = o.redo[first.redo-o.redoBase:]
	buf, kept := o.Buf[:first.begin-o.base], o.marks[:0]
	for _, m := range waiting {
		if m.redo == message {
			at := o.base + int64(len(buf))
			buf = append(buf, o.Buf[m.begin-o.base:m.end-o.base]...)
			m.begin, m.end = at, o.base+int64(len(buf))
			kept = append(kept, m)
		}
	}
	o.Buf, o.marks, o.head, o.alive = buf, kept, 0, 0
	o.redoBase += int64(len(o.redo))
	o.redo = o.redo[:0]
	return raw, units, true
}

// Fail puts msg, a whole reply, in place of the stale reply.
func (o *Output) Fail(msg []byte) {
	m := o.marks[o.head]
	from, to := int(m.begin-o.base), int(m.end-o.base)
	tail := append([]byte(nil), o.Buf[to:]...)
	o.Buf = append(append(o.Buf[:from], msg...), tail...)
	shift := int64(len(msg)) - (m.end - m.begin)
	for i := o.head + 1; i < len(o.marks); i++ {
		o.marks[i].begin += shift
		o.marks[i].end += shift
	}
	o.pop()
}

// Behind returns how many units the waiting marks behind the oldest hold.
func (o *Output) Behind() int {
	n := 0
	for _, m := range o.marks[min(o.head+1, len(o.marks)):] {
		n += int(m.units)
	}
	return n
}
