package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"holdfast/engine/ckpt"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

// check verifies a data directory, or a backup up to its cut, and prints what
// is in it and what is wrong with it.
func check(args []string, out io.Writer) (int, error) {
	o, err := openOffline(args[0])
	if err != nil {
		return 2, err
	}
	defer o.close()
	m, err := manifest(args[0])
	if err != nil {
		return 2, err
	}
	b := newBook()
	sum, err := audit(o, m, b)
	if err != nil {
		return 2, err
	}
	if len(sum.Damage) == 0 {
		sum.Damage = b.broken // elsewhere it is what the damage says
	}
	describe(out, sum, b)
	if err := o.checkpoint(out, sum); err != nil {
		return 2, err
	}
	for _, d := range sum.Damage {
		fmt.Fprintln(out, "damage:", d)
	}
	if len(sum.Damage) > 0 {
		fmt.Fprintf(out, "damaged in %d places; \"holdfast salvage\" writes what can be saved to another directory\n", len(sum.Damage))
		return 1, nil
	}
	fmt.Fprintln(out, "clean")
	return 0, nil
}

// checkpoint verifies the checkpoint that a start would begin with, if there is
// one. Damage in it loses nothing.
func (o *offline) checkpoint(out io.Writer, sum *wal.Audited) error {
	name := ckpt.Newest(o.others)
	if name == "" {
		return nil
	}
	f, err := openAudit(o.dir, name)
	if err != nil {
		return err
	}
	o.open = append(o.open, f.file)
	v, off, err := ckpt.Verify(f.read)
	if err != nil {
		sum.Damage = append(sum.Damage, wal.Damage{File: name, Off: off,
			What: "the checkpoint does not check (" + err.Error() + "): a start reads the whole log instead, nothing is lost"})
		return nil
	}
	fmt.Fprintf(out, "checkpoint %s with %d entries\n", name, v.Entries)
	if !sum.Cache && v.SegmentBytes == sum.SegmentBytes && v.End > sum.Tail {
		sum.Damage = append(sum.Damage, wal.Damage{From: sum.Tail, To: v.End, What: "the log is cut short: " + ckpt.Short(name, v.End, sum.Tail).Error()})
	}
	return nil
}

// audit verifies a directory's log; of a backup, the files that its manifest
// names.
func audit(o *offline, m *wal.Manifest, sink wal.AuditSink) (*wal.Audited, error) {
	if m == nil {
		return wal.Audit(o.files, 0, sink)
	}
	var files []wal.AuditFile
	var missing []wal.Damage
	for _, want := range m.Files {
		i := slices.IndexFunc(o.files, func(f wal.AuditFile) bool { return f.Name == want.Name })
		if i < 0 {
			missing = append(missing, wal.Damage{What: "no file " + want.Name + ", which the manifest names"})
			continue
		}
		files = append(files, o.files[i])
	}
	sum, err := wal.Audit(files, m.Cut, sink)
	sum.Damage = append(missing, sum.Damage...)
	return sum, err
}

func describe(out io.Writer, sum *wal.Audited, b *book) {
	if sum.Cache {
		fmt.Fprintf(out, "%d files of a cache: nothing in them outlives the process\n", sum.Files)
		return
	}
	fmt.Fprintf(out, "format %d, %d files of %d bytes, %d segments in the log, %d epochs\n",
		sum.Format, sum.Files, sum.SegmentBytes, sum.Segments, sum.Epochs)
	fmt.Fprintf(out, "head %d, tail %d, %d bytes of batches, %d units, %d records\n", sum.Head, sum.Tail, sum.Bytes, sum.Units, sum.Records)
	kinds, keys := b.count()
	fmt.Fprintf(out, "keys: %d; live values:%s\n", keys, kinds)
	if sum.Torn {
		fmt.Fprintln(out, "the log ends in a write that was cut off, as a crash leaves it: nobody was told of it")
	}
}

// book follows what becomes of each key, to know at the end what is live.
type book struct {
	keys    map[entry]value
	mapping tx.Mapping
	head    unit.LSN
	lost    unit.LSN                 // everything below, back to the damage, may be missing
	parts   map[unit.LSN]tx.Location // of images that have no end yet: where salvage has written them
	broken  []wal.Damage             // images in parts that lack some
}

type entry struct {
	db  uint64
	key string
}

type value struct {
	kind wal.Kind // String, Hash, ...: what a whole value of its type is; Damaged
	base unit.LSN // of its newest whole record
}

func newBook() *book { return &book{keys: map[entry]value{}, parts: map[unit.LSN]tx.Location{}} }

// AuditHead implements wal.AuditSink.
func (b *book) AuditHead(head unit.LSN) { b.head = head }

// AuditLost implements wal.AuditSink.
func (b *book) AuditLost(_, to unit.LSN) { b.lost = max(b.lost, to) }

// AuditUnit implements wal.AuditSink.
func (b *book) AuditUnit(recs []wal.Record) {
	for i := range recs {
		b.enter(&recs[i])
	}
}

// enter notes one record and reports whether it changes a value that is not
// there, or not as it was: the record's base, or a change before it, is lost.
func (b *book) enter(r *wal.Record) (orphan bool) {
	at := entry{r.DB, string(r.Key)}
	v, there := b.keys[at]
	switch {
	case r.Kind == wal.Part:
		b.parts[r.LSN] = tx.Location{LSN: r.LSN, Span: r.Span}
	case r.Kind == wal.PartsEnd && b.dead(r), r.Kind == wal.Delete:
		delete(b.keys, at)
	case r.Kind == wal.PartsEnd && !b.complete(r):
		b.keys[at] = value{wal.Damaged, r.LSN}
		return true
	case r.Kind.Whole() || r.Flags&wal.FlagNew != 0:
		b.keys[at] = value{typeOf(r), r.LSN}
		if r.DB == 0 {
			if m, ok := tx.ReadMapping(at.key, r.Value); ok {
				b.mapping = m
			}
		}
	case b.lost != 0 && v.kind != wal.Damaged && (!there || v.base < b.lost && r.Kind != wal.Deadline):
		b.keys[at] = value{wal.Damaged, r.LSN}
		return true
	}
	return false
}

// typeOf returns the kind of whole record that a record's value would have.
func typeOf(r *wal.Record) wal.Kind {
	switch r.Kind {
	case wal.HashSet, wal.HashDel:
		return wal.Hash
	case wal.ListSet, wal.ListDel:
		return wal.List
	case wal.Append, wal.Range, wal.Deadline:
		return wal.String
	case wal.PartsEnd:
		e, _ := tx.ReadPartsEnd(r.Value)
		for kind, typ := range types {
			if e.Type == uint8(typ) {
				return kind
			}
		}
	}
	return r.Kind
}

// dead reports whether the log's head has passed parts of an image: then what
// made it superfluous is further on, or it has expired.
func (b *book) dead(r *wal.Record) bool {
	e, ok := tx.ReadPartsEnd(r.Value)
	return ok && e.Places[0].LSN < b.head
}

// complete reports whether all parts of an image are there.
func (b *book) complete(r *wal.Record) bool {
	e, ok := tx.ReadPartsEnd(r.Value)
	for _, p := range e.Places {
		_, there := b.parts[p.LSN]
		ok = ok && there
	}
	if !ok {
		b.broken = append(b.broken, wal.Damage{What: fmt.Sprintf("the image that ends at %d lacks parts", r.LSN)})
	}
	return ok
}

// count returns the live values by kind, and the keys; those of databases that
// were flushed are neither.
func (b *book) count() (kinds string, keys int) {
	n := map[wal.Kind]int{}
	for e, v := range b.keys {
		if _, live := b.mapping.Database(e.db); live && e.db != 0 {
			n[v.kind]++
			keys++
		}
	}
	for _, k := range []wal.Kind{wal.String, wal.Hash, wal.List, wal.Damaged} {
		kinds += " " + k.String() + " " + strconv.Itoa(n[k])
	}
	return kinds, keys
}
