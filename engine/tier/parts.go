package tier

import (
	"errors"
	"fmt"

	"holdfast/engine/keyspace"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// imager writes images that cannot be written at once: of large collections, in
// parts over several turns, from memory or, where compaction moves a cold one,
// from its parts on disk; of collections that a command gives to another key; and
// of anything for which the log had no room just then.
// Who wants one asks again and again until the entry has it; meanwhile it is done,
// one after the other, first in, first out.
type imager struct {
	t     *Tier
	queue []task
	task  task // at hand, if its key is not nil
	copy  *copying
	retry unit.Time // a read failed: the next one no earlier
	told  bool      // and this was said
	held  bool      // the log had no room just then
	now   unit.Time
	dead  int64 // bytes of the log that were not live before the unit at hand
}

// task is an image that is wanted: unless the entry has one that needs nothing
// below an address, and is in parts if it is large.
type task struct {
	db       uint64
	key      []byte
	below    unit.LSN
	transfer *Transfer // nil: it is the entry's own
}

const taskBytes = 128

// imagesQueued bounds the tasks that wait. Who finds no place asks again.
const imagesQueued = 64

// sliceParts is how many parts' worth of bytes a turn writes.
const sliceParts = 2

// Large reports whether the value at r is imaged in parts: a collection in memory
// that is large, or any whose image on disk is in parts.
func (t *Tier) Large(d *tx.Database, r keyspace.Ref) bool {
	if d.KS.Resident(r) {
		return tx.ObjectBytes(d.KS, r) > t.cfg.ImagePartBytes && tx.Parted(d.KS, r)
	}
	_, parted := d.First(r)
	return parted
}

// Image asks for an image of the value at r: see task.
func (t *Tier) Image(d *tx.Database, r keyspace.Ref, below unit.LSN) {
	m := &t.images
	key := d.KS.Key(r)
	if m.task.is(d, key) && m.task.below >= below {
		return
	}
	for i := range m.queue {
		if q := &m.queue[i]; q.is(d, key) {
			q.below = unit.Max(q.below, below)
			return
		}
	}
	if len(m.queue) < imagesQueued {
		m.queue = append(m.queue, task{db: d.ID, key: append([]byte(nil), key...), below: below})
	}
}

func (k *task) is(d *tx.Database, key []byte) bool {
	return k.key != nil && k.transfer == nil && k.db == d.ID && string(k.key) == string(key)
}

// busy reports whether there is something to do.
func (m *imager) busy() bool { return m.task.key != nil || len(m.queue) > 0 }

// bytes returns the memory in use.
func (m *imager) bytes() (n int64) {
	for i := range m.queue {
		n += int64(len(m.queue[i].key)) + taskBytes
		if x := m.queue[i].transfer; x != nil {
			n += int64(len(x.key))
		}
	}
	if c := m.copy; c != nil {
		n += int64(cap(c.value)) + int64(len(c.old.Places)+len(c.end.Places))*16
	}
	return n
}

// StepImages goes on writing images: a bounded amount of work, once a turn.
// It reports whether commands may go on that waited for an image.
func (t *Tier) StepImages(now unit.Time) (let bool) {
	m := &t.images
	m.now = now
	if !m.busy() {
		return false
	}
	if t.log == nil || t.log.Err() != nil {
		t.StopImages()
		return true
	}
	for left := t.copyRoom(); left > 0 && m.busy(); {
		if m.task.key == nil {
			m.task = m.queue[0]
			if m.queue = m.queue[1:]; len(m.queue) == 0 {
				m.queue = nil
			}
		}
		n, over := m.step()
		if x := m.task.transfer; x != nil {
			let = let || over || x.Over()
		}
		if over {
			t.state.DropParts()
			m.task.ended()
			m.task, m.copy = task{}, nil
			let = t.log.Unclaim() || let
		}
		if n == 0 && !over {
			break
		}
		left -= n + ksOverhead
	}
	return let
}

// Owes reports whether images are wanted: what the next of them waits for need not
// be an event. A log that has failed takes none.
func (t *Tier) Owes() bool {
	return t.log != nil && t.log.Err() == nil && (t.images.busy() || len(t.compact.owed) > 0)
}

// StopImages gives up all that is under way or wanted. A read in flight finds
// nobody.
func (t *Tier) StopImages() {
	t.state.DropParts()
	if t.log != nil {
		t.log.Unclaim()
	}
	stopped := t.images
	t.images = imager{t: t, retry: t.images.retry}
	stopped.task.ended()
	for _, k := range stopped.queue {
		k.ended()
	}
}

// Unfinished returns the address of the first part of an image that has no end
// yet, 0 if there is none: the log is needed from there on.
func (t *Tier) Unfinished() unit.LSN {
	if c := t.images.copy; c != nil && len(c.end.Places) > 0 {
		return c.end.Places[0].LSN
	}
	return t.state.Partial()
}

// step goes on with the task at hand and returns how many bytes it has logged.
func (m *imager) step() (n int, over bool) {
	t := m.t
	switch {
	case m.copy != nil:
		return m.stepCopy()
	case m.task.transfer != nil:
		return m.stepTransfer()
	}
	d, r := t.state.Entry(m.task.db, m.task.key)
	if r == 0 {
		return 0, true
	}
	if !t.state.Imaging(d, r) {
		first, parted := d.First(r)
		large := t.Large(d, r)
		if first != 0 && first >= m.task.below && !d.KS.Dirty(r) && (parted || !large) {
			return 0, true // it came about otherwise
		}
		switch {
		case !d.KS.Resident(r):
			m.copy = newCopying(m, d, r)
			return m.stepCopy()
		case !large:
			return m.whole(d, r)
		case m.task.below == 0 && !t.log.Holds(int64(t.Weight(d.KS, r))):
			return 0, true
		}
		t.state.BeginParts(d, r)
	}
	return m.part()
}

// whole images a value at once.
func (m *imager) whole(d *tx.Database, r keyspace.Ref) (n int, over bool) {
	t := m.t
	weight := t.Weight(d.KS, r) + ksOverhead
	if over, ok := m.reserve(weight); !ok {
		return 0, over
	}
	m.begin()
	t.state.Image(d, r)
	m.seal()
	t.stats.Images++
	return weight, true
}

// part adds a part to the image of a value in memory.
func (m *imager) part() (n int, over bool) {
	t := m.t
	slice := sliceParts * t.cfg.ImagePartBytes
	weight, ok := t.state.PartsAhead(slice)
	if !ok {
		t.mark("value gone while it was imaged")
		return 0, true
	}
	weight += 2 * ksOverhead
	if over, ok := m.reserve(weight); !ok {
		return 0, over
	}
	m.begin()
	over = t.state.AddPart(slice)
	t.stats.Parts++
	m.seal()
	if over {
		t.stats.Images++
	}
	return max(weight, t.copyRoom()), over // one a turn
}

// begin begins a unit, seal ends it; what compaction asked for is its doing.
func (m *imager) begin() {
	m.dead = m.t.dead()
	m.t.state.Begin(m.now, 0)
}

func (m *imager) seal() {
	if m.task.transfer != nil {
		m.t.state.SealImage() // a client's doing
		return
	}
	m.t.compact.wrote(m.dead)
}

// reserve asks for room in the log. Where it is full an image that is begun gives
// way: what there is of it may keep compaction from making room.
func (m *imager) reserve(weight int) (over, ok bool) {
	class := wal.Compaction
	if m.task.transfer != nil {
		class = wal.Writes
	}
	err := m.t.log.Claim(weight, class)
	m.held = errors.Is(err, wal.ErrBusy)
	if err == nil {
		return false, true
	}
	if over = errors.Is(err, wal.ErrFull); over && m.t.Unfinished() != 0 {
		m.t.mark("no room for an image in parts")
	}
	return over, false
}

// copying moves an image in parts from the head of the log to its tail.
type copying struct {
	wal.Read
	m     *imager
	old   tx.PartsEnd
	end   tx.PartsEnd
	from  unit.LSN // the old image's end
	kind  wal.Kind // of the record that was read, if it is the whole value
	value []byte   // of that record, or of a part
	state copyState
	err   error
}

type copyState uint8

const (
	toRead copyState = iota // the end, then part after part
	reading
	toWrite // what was read
)

func newCopying(m *imager, d *tx.Database, r keyspace.Ref) *copying {
	c := &copying{m: m}
	c.LSN, c.Span = d.KS.Addr(r)
	c.from, c.Owner = c.LSN, c
	return c
}

// ReadDone implements wal.ReadOwner.
func (c *copying) ReadDone(r *wal.Read) {
	if c.m.copy != c {
		return // given up
	}
	c.state, c.err = toWrite, r.Err
	if r.Err != nil {
		return
	}
	rec, first := &r.Rec, c.old.Places == nil
	ok := string(rec.Key) == string(c.m.task.key)
	switch {
	case !ok:
	case first && rec.Kind == wal.PartsEnd:
		c.old, ok = tx.ReadPartsEnd(rec.Value)
		c.end = tx.PartsEnd{Type: c.old.Type, Len: c.old.Len, Bytes: c.old.Bytes}
		c.state = toRead
	case first:
		ok = rec.Kind.Whole()
		c.kind, c.value = rec.Kind, append(c.value[:0], rec.Value...)
	default:
		ok = rec.Kind == wal.Part && rec.Arg == uint64(len(c.end.Places))
		c.value = append(c.value[:0], rec.Value...)
	}
	if !ok {
		c.err = tx.ErrDamaged
	}
}

// stepCopy goes on with that, if the value still is where it was and as it was.
func (m *imager) stepCopy() (n int, over bool) {
	c, t := m.copy, m.t
	if c.state == reading {
		return 0, false
	}
	d, r := t.state.Entry(m.task.db, m.task.key)
	if r == 0 {
		return 0, true
	}
	if at, _ := d.KS.Addr(r); at != c.from || d.KS.Dirty(r) {
		t.mark("entry changed while its parts were moved")
		return 0, true
	}
	switch {
	case c.err != nil:
		return m.unread(d, r)
	case c.state == toRead:
		if m.now < m.retry {
			return 0, false
		}
		if c.old.Places != nil {
			at := c.old.Places[len(c.end.Places)]
			c.LSN, c.Span = at.LSN, at.Span
		}
		c.state = reading
		t.log.Read(&c.Read)
		return 0, false
	}
	return m.write(d, r)
}

// write logs what was read: a part, and with the last one the end, or a record
// that is the whole value.
func (m *imager) write(d *tx.Database, r keyspace.Ref) (n int, over bool) {
	c, t := m.copy, m.t
	over = len(c.end.Places)+1 >= len(c.old.Places)
	weight := 2*(len(m.task.key)+ksOverhead) + len(c.value)
	if over {
		weight += 12 * len(c.old.Places)
	}
	if full, ok := m.reserve(weight); !ok {
		return 0, full
	}
	m.begin()
	switch {
	case c.old.Places == nil:
		to, span := t.state.CopyRecord(d, r, &wal.Record{Kind: c.kind, Key: m.task.key, Value: c.value})
		t.compact.moving(d, m.task.key, c.from, to, span)
	default:
		t.state.LogPart(d, m.task.key, &c.end, c.value)
		t.stats.Parts++
		if over {
			to, span := t.state.CopyPartsEnd(d, r, &c.end)
			t.compact.moving(d, m.task.key, c.from, to, span)
			t.mark("parts moved")
		}
	}
	m.seal()
	t.stats.Copies++
	t.stats.CopiedBytes += uint64(len(c.value))
	c.state = toRead
	return weight, over
}

// unread deals with a part that cannot be read: a damaged one is lost, and the
// value with it; a device that fails is asked again.
func (m *imager) unread(d *tx.Database, r keyspace.Ref) (n int, over bool) {
	c, t := m.copy, m.t
	if !errors.Is(c.err, wal.ErrDamaged) && !errors.Is(c.err, tx.ErrDamaged) {
		if !m.told && t.obs.Warn != nil {
			t.obs.Warn("compaction cannot read a value, it will try again: " + c.err.Error())
		}
		m.told, m.retry = true, m.now+1_000_000
		c.err, c.state = nil, toRead
		return 0, false
	}
	if full, ok := m.reserve(len(m.task.key) + ksOverhead); !ok {
		return 0, full
	}
	t.log.Quarantine(c.LSN)
	m.begin()
	at, span := t.state.CopyDamaged(d, r)
	t.compact.moving(d, m.task.key, c.from, at, span)
	m.seal()
	if t.obs.Warn != nil {
		t.obs.Warn(fmt.Sprintf("the log is damaged at %d, a value is lost: %v", c.LSN, c.err))
	}
	t.mark("damage met by compaction")
	return ksOverhead, true
}
