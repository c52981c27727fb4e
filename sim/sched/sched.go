package sched

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"holdfast/sim/tape"
)

// Virtual durations, in nanoseconds.
const (
	Microsecond int64 = 1000
	Millisecond       = 1000 * Microsecond
	Second            = 1000 * Millisecond
	Minute            = 60 * Second
	Hour              = 60 * Minute
	Day               = 24 * Hour
)

// Kind says which part of the world an event belongs to.
type Kind uint8

// The parts of the world.
const (
	Disk Kind = iota + 1
	Wire
	Work // the workload's own timers
	Host // the world's: boot, alarm
)

// Event is one thing that will happen. A and B are its owner's.
type Event struct {
	At   int64
	key  uint64 // tie, then sequence
	B    uint64
	A    uint32
	Kind Kind
	Op   uint8 // the owner's finer kind
}

var (
	siteTie = tape.NewSite("tie", tape.Schedule)
)

// Sched is the order of one run. The zero value is ready after Reset.
type Sched struct {
	Tape *tape.Tape
	// Deadline returns the virtual instant in which a live deadline's
	// millisecond begins, for delays that aim at it. May be nil.
	Deadline func() (at int64, ok bool)
	// Seen counts observed effects of faults.
	Seen Counts
	// Log makes the scheduler keep the hash after each event in Hashes.
	Log    bool
	Hashes []uint64

	now    int64
	seq    uint64
	heap   []Event
	hash   uint64
	events int
	calm   bool
	quiet  bool
	trace  Trace
}

// Reset begins a run at virtual time start.
func (s *Sched) Reset(t *tape.Tape, start int64) {
	s.Tape = t
	s.Deadline = nil
	s.Seen = Counts{}
	s.Hashes = s.Hashes[:0]
	s.now, s.seq, s.events = start, 0, 0
	s.heap = s.heap[:0]
	s.hash = 0x243f6a8885a308d3
	s.calm, s.quiet = false, false
	s.trace.reset()
}

// Now returns virtual time.
func (s *Sched) Now() int64 { return s.now }

// Events returns how many events have happened.
func (s *Sched) Events() int { return s.events }

// Pass lets time pass. Events that became due run late.
func (s *Sched) Pass(d int64) { s.now += d }

// PassTo lets time pass until at, if that is in the future.
func (s *Sched) PassTo(at int64) { s.now = max(s.now, at) }

// After makes an event d nanoseconds from now.
func (s *Sched) After(d int64, k Kind, op uint8, a uint32, b uint64) {
	s.At(s.now+max(d, 0), k, op, a, b)
}

// At makes an event at a virtual instant.
func (s *Sched) At(at int64, k Kind, op uint8, a uint32, b uint64) {
	tie := uint64(s.Tape.Choose(siteTie.Label(), 4))
	s.seq++
	s.push(Event{At: at, key: tie<<56 | s.seq, B: b, A: a, Kind: k, Op: op})
}

// Next returns when the next event is due.
func (s *Sched) Next() (at int64, ok bool) {
	if len(s.heap) == 0 {
		return 0, false
	}
	return s.heap[0].At, true
}

// Len returns how many events are waiting.
func (s *Sched) Len() int { return len(s.heap) }

// Take removes the next event and folds it into the hash.
func (s *Sched) Take() Event {
	e := s.pop()
	s.PassTo(e.At)
	s.happened(uint64(e.Kind)<<56 | uint64(e.Op)<<48 | uint64(e.A))
	return e
}

// Happened counts an event that was not in the heap, such as the alarm.
func (s *Sched) Happened(k Kind) { s.happened(uint64(k) << 56) }

func (s *Sched) happened(what uint64) {
	s.events++
	s.Mix(what)
	s.Mix(uint64(s.now))
	if s.Log {
		s.Hashes = append(s.Hashes, s.hash)
	}
}

// Drop removes the events of kind k that gone, if not nil, accepts: what a power
// cut does to them.
func (s *Sched) Drop(k Kind, gone func(Event) bool) {
	kept := s.heap[:0]
	for _, e := range s.heap {
		if e.Kind != k || gone != nil && !gone(e) {
			kept = append(kept, e)
		}
	}
	s.heap = kept
	for i := (len(kept) - 1) / 4; i >= 0 && len(kept) > 1; i-- {
		s.down(i)
	}
}

// Calm ends all faults: Fault answers 0 from now on.
func (s *Sched) Calm() { s.calm = true }

// IsCalm reports whether faults have ended.
func (s *Sched) IsCalm() bool { return s.calm }

// Quiet makes Fault answer 0 while delays go on varying.
func (s *Sched) Quiet() { s.quiet = true }

// Fault chooses like Tape.Choose while faults are on, and 0 after Calm or Quiet.
func (s *Sched) Fault(l tape.Label, n int) int {
	if s.calm || s.quiet {
		return 0
	}
	return s.Tape.Choose(l, n)
}

// Mix folds a number into the run's hash.
func (s *Sched) Mix(x uint64) {
	hi, lo := bits.Mul64(s.hash^x, 0x9e3779b97f4a7c15)
	s.hash = hi ^ lo ^ bits.RotateLeft64(s.hash, 23)
}

// Hash returns the run's hash so far.
func (s *Sched) Hash() uint64 { return s.hash }

// Sum hashes bytes: the world's checksum for buffers and payloads. Two chains
// of folded multiplications, so that it runs at the speed of memory.
func Sum(p []byte) uint64 {
	const k0, k1, k2, k3 = 0x9e3779b97f4a7c15, 0xd1342543de82ef95, 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	a, b := (uint64(len(p))+1)*k2, uint64(k3)
	for len(p) >= 32 {
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(p)^k1, binary.LittleEndian.Uint64(p[8:])^a)
		a = hi ^ lo
		hi, lo = bits.Mul64(binary.LittleEndian.Uint64(p[16:])^k0, binary.LittleEndian.Uint64(p[24:])^b)
		b = hi ^ lo
		p = p[32:]
	}
	for len(p) >= 8 {
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(p)^k1, a^k0)
		a = hi ^ lo
		p = p[8:]
	}
	var tail uint64
	for i, c := range p {
		tail |= uint64(c) << (8 * uint(i))
	}
	hi, lo := bits.Mul64(a^tail, b^k0)
	hi, lo = bits.Mul64(hi^lo^k1, a^k3)
	return hi ^ lo
}

// Violation is what the world panics with when the engine, or a driver, breaks
// a port's contract. It is a finding, not a crash of the simulator.
type Violation struct{ What string }

// Error says what was broken.
func (v Violation) Error() string { return "world violation: " + v.What }

// Violate panics with a Violation.
func Violate(format string, args ...any) {
	panic(Violation{What: fmt.Sprintf(format, args...)})
}
