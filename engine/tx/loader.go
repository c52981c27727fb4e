package tx

import (
	"bytes"

	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/wal"
)

// Loader puts a cold value together: from one record or, if that is the end of an
// image in parts, from its parts, one after the other. The zero Loader is ready.
type Loader struct {
	end PartsEnd
	asm *obj.Assembly
	n   int // parts taken
}

// Take takes the record that was read for key. next is what to read then; without
// more the value is complete, and Install has it.
func (l *Loader) Take(s *State, key []byte, rec *wal.Record) (next Location, more bool, err error) {
	switch {
	case l.asm == nil && rec.Kind != wal.PartsEnd:
		return next, false, nil
	case !bytes.Equal(rec.Key, key):
		return next, false, ErrDamaged
	case l.asm == nil:
		var ok bool
		if l.end, ok = ReadPartsEnd(rec.Value); !ok {
			return next, false, ErrDamaged
		}
		if l.asm, err = obj.NewAssembly(obj.Type(l.end.Type), &s.hashes); err != nil {
			return next, false, ErrDamaged
		}
		return l.end.Places[0], true, nil
	case rec.Kind != wal.Part || rec.Arg != uint64(l.n) || l.asm.Add(rec.Value) != nil:
		return next, false, ErrDamaged
	}
	if l.n++; l.n < len(l.end.Places) {
		return l.end.Places[l.n], true, nil
	}
	if l.asm.Len() != l.end.Len {
		return next, false, ErrDamaged
	}
	return next, false, nil
}

// Install makes the value at r resident, if what was read is what the entry's
// address names. rec is the record that was taken last.
func (l *Loader) Install(s *State, ks *keyspace.DB, r keyspace.Ref, rec *wal.Record) (keyspace.Ref, error) {
	if l.asm == nil {
		return s.install(ks, r, rec)
	}
	if l.end.Type != ks.Type(r) {
		return 0, ErrDamaged
	}
	c := assembled(l.asm)
	return ks.SetObject(r, l.end.Type, c, c.Bytes()), nil
}

// assembled returns the collection that was put together.
func assembled(a *obj.Assembly) collection {
	if h := a.Hash(); h != nil {
		return h
	}
	return a.List()
}

// ReadNow reads the cold value at r and makes it resident, blocking everybody.
func (s *State) ReadNow(ks *keyspace.DB, r keyspace.Ref) (keyspace.Ref, error) {
	var l Loader
	s.read.LSN, s.read.Span = ks.Addr(r)
	for {
		s.log.ReadNow(&s.read)
		if s.read.Err != nil {
			return 0, s.read.Err
		}
		next, more, err := l.Take(s, ks.Key(r), &s.read.Rec)
		if err != nil {
			return 0, err
		}
		if !more {
			return l.Install(s, ks, r, &s.read.Rec)
		}
		s.read.LSN, s.read.Span = next.LSN, next.Span
	}
}
