package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"holdfast/engine/obj"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	realdisk "holdfast/vfs/disk"
)

// salvage reads what it can of a damaged data directory, which it never writes
// to, and writes it to a new one: every unit that checks, in order. A change
// whose base may be lost makes its key answer an error there, not an older or a
// mixed value. Exit code 1: something is lost.
func salvage(args []string, out io.Writer) (int, error) {
	o, err := openOffline(args[0])
	if err != nil {
		return 2, err
	}
	defer o.close()
	m, err := manifest(args[0])
	if err == nil {
		err = empty(args[1])
	}
	if err != nil {
		return 2, err
	}
	s := &salvager{book: newBook(), out: out, wake: make(chan struct{}, 1), types: map[entry]wal.Kind{}}
	var sum *wal.Audited
	if err := whole(args[1], func(draft string) (err error) {
		if err = s.open(draft, o.files); err != nil {
			return err
		}
		sum, err = audit(o, m, s)
		return errors.Join(err, s.finish())
	}); err != nil {
		return 2, fmt.Errorf("cannot salvage: %w", err)
	}
	describe(out, sum, s.book)
	for _, d := range sum.Damage {
		fmt.Fprintln(out, "damage:", d)
	}
	s.report()
	if len(sum.Damage) > 0 {
		return 1, nil
	}
	return 0, nil
}

// salvager writes units to a new log as they are found.
type salvager struct {
	*book
	out   io.Writer
	wake  chan struct{}
	types map[entry]wal.Kind // of what was lost
	disk  realdisk.FS
	log   *wal.Log
	ready bool
	err   error
	time  unit.Time
}

// open begins a log whose segments are as large as those of the old one.
func (s *salvager) open(dir string, old []wal.AuditFile) error {
	fs, _, err := realdisk.Open(dir, realdisk.Options{Pool: true, Wake: func() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		return err
	}
	s.disk = fs
	size := int64(0)
	for _, f := range old {
		size = max(size, f.Bytes)
	}
	size = max(64<<10, min(size, 64<<20))
	s.log = wal.New(wal.Config{Prefix: logPrefix, SegmentBytes: size, BatchBytes: int(size / 64), ReserveSegments: 1}, fs, s)
	s.log.SetPolicy(wal.No)
	s.log.Recover(s)
	for s.err == nil && !s.ready {
		s.turn()
	}
	return s.err
}

// turn lets the disk work until something of it is done.
func (s *salvager) turn() {
	s.disk.Flush()
	if s.disk.Busy() && s.disk.Reap() == 0 {
		<-s.wake
	}
}

// LogCommitted implements wal.Owner.
func (s *salvager) LogCommitted(unit.LSN) {}

// LogRoom implements wal.Owner.
func (s *salvager) LogRoom() {}

// LogFailed implements wal.Owner.
func (s *salvager) LogFailed(err error) { s.err = err }

// LogRecovered implements wal.Owner.
func (s *salvager) LogRecovered(_ wal.Recovered, err error) { s.ready, s.err = true, err }

// Apply implements wal.Sink: the new directory is empty.
func (s *salvager) Apply(*wal.Record) bool { return true }

// AuditUnit implements wal.AuditSink.
func (s *salvager) AuditUnit(recs []wal.Record) {
	size := 0
	for i := range recs {
		size += recs[i].Size()
	}
	for s.err == nil {
		err := s.log.Reserve(size, wal.Compaction)
		if err == nil {
			break
		}
		if !errors.Is(err, wal.ErrBusy) {
			s.err = err
		}
		s.log.Hasten()
		s.log.Flush()
		s.turn()
	}
	if s.err != nil {
		return
	}
	for i := range recs {
		r := &recs[i]
		was := s.keys[entry{r.DB, string(r.Key)}].kind
		orphan := s.enter(r)
		switch {
		case orphan:
			s.lose(r)
		case r.Kind == wal.PartsEnd && s.dead(r):
		case r.Kind == wal.Part:
			s.append(r)
		case r.Kind == wal.PartsEnd:
			s.end(r)
		case was == wal.Damaged && !r.Kind.Whole() && r.Flags&wal.FlagNew == 0 && r.Kind != wal.Delete && r.Kind != wal.Deadline:
			// goes on with what is lost
		default:
			s.append(r)
		}
	}
	s.time = max(s.time, recs[0].Time)
	s.log.EndUnit(recs[0].Time)
	s.log.Flush()
}

func (s *salvager) append(r *wal.Record) {
	out := *r
	lsn, span := s.log.Append(&out)
	if r.Kind == wal.Part {
		s.parts[r.LSN] = tx.Location{LSN: lsn, Span: span}
	}
}

// end writes the end of an image in parts, which are elsewhere now.
func (s *salvager) end(r *wal.Record) {
	e, _ := tx.ReadPartsEnd(r.Value)
	for i, p := range e.Places {
		e.Places[i] = s.parts[p.LSN]
		delete(s.parts, p.LSN)
	}
	out := *r
	out.Value = e.Append(nil)
	s.log.Append(&out)
}

// lose writes in place of r that its key's value is lost.
func (s *salvager) lose(r *wal.Record) {
	at := typeOf(r)
	s.append(&wal.Record{Kind: wal.Damaged, DB: r.DB, Key: r.Key, Deadline: r.Deadline, Value: []byte{byte(types[at])}})
	s.types[entry{r.DB, string(r.Key)}] = at
}

var types = map[wal.Kind]obj.Type{wal.String: obj.TypeString, wal.Hash: obj.TypeHash, wal.List: obj.TypeList}

// report lists the keys whose values are known to be lost.
func (s *salvager) report() {
	var lines []string
	for e, kind := range s.types {
		if db, live := s.mapping.Database(e.db); live && s.keys[e].kind == wal.Damaged {
			lines = append(lines, fmt.Sprintf("lost: database %d, %s %q: a later change of it is there, what it changed is not", db, kind, e.key))
		}
	}
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Fprintln(s.out, l)
	}
	old := 0
	for e, v := range s.keys {
		if _, live := s.mapping.Database(e.db); live && e.db != 0 && v.base < s.lost && v.kind != wal.Damaged {
			old++
		}
	}
	if s.lost != 0 {
		fmt.Fprintf(s.out, "%d keys hold what they held before the damage: changes of them in what is lost, deletions too, are not known\n", old)
	}
}

// finish makes the new log durable and ends it cleanly.
func (s *salvager) finish() error {
	for s.err == nil && s.log.Committed() < s.log.Tail() {
		s.log.Hasten()
		s.log.Flush()
		s.turn()
	}
	s.log.Close(s.time)
	for s.err == nil && !s.log.Closed() {
		s.turn()
	}
	for s.disk.Busy() {
		s.turn()
	}
	return errors.Join(s.err, s.disk.Close())
}
