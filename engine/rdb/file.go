package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A file is what a Redis server sends to a replica before its stream of commands:
//
//	"REDIS" [version, 4 digits] ([opcode] [operands])* ff [crc64 u64 LE, 0: none]
//
//	fa [string] [string]   something about the server
//	fe [length]            what follows is of this database
//	fb [length] [length]   how much follows
//	fc [ms u64 LE]         the next key's deadline; fd the same in seconds, u32 LE
//	f8 [length], f9 [u8]   how long the next key was idle, how often it was used
//	f5 [string]            a library of functions
//	else a type: [string] [body] is a key and its value
const (
	opFunction = 0xf5
	opIdle     = 0xf8
	opFreq     = 0xf9
	opAux      = 0xfa
	opResize   = 0xfb
	opMS       = 0xfc
	opSeconds  = 0xfd
	opDatabase = 0xfe
	opEnd      = 0xff
)

const (
	magic    = "REDIS"
	fileHead = len(magic) + 4
)

// ErrMore says that a File needs more bytes.
var ErrMore = errors.New("the RDB file goes on")

// File reads the keys of an RDB file that comes in pieces. The zero value is at
// its beginning.
type File struct {
	buf   []byte
	at    int    // in buf: up to here it is used up
	sum   uint64 // over what was used up
	key   Key
	given bool // key was returned
	ended bool // only the checksum is left
}

// Key is one key of a file. Its slices live until the next call of Next.
type Key struct {
	DB         int
	Name       []byte
	DeadlineMS int64  // 0: none
	Idle, Freq int64  // seconds, and the logarithmic count; -1: not known
	Value      []byte // type and body, to be sealed
}

// Feed gives the file more bytes. It is due when Next says ErrMore: with fewer
// bytes at a time than it holds already, a large value takes long.
func (f *File) Feed(p []byte) {
	f.buf = append(f.buf[:copy(f.buf, f.buf[f.at:])], p...)
	f.at = 0
}

// Held returns how many bytes are waiting for more.
func (f *File) Held() int { return len(f.buf) - f.at }

// Next returns the next key, and nil behind the last.
func (f *File) Next() (*Key, error) {
	if f.key.Name == nil {
		if err := f.head(); err != nil {
			return nil, err
		}
	}
	k := &f.key
	if f.given {
		k.DeadlineMS, k.Idle, k.Freq, f.given = 0, -1, -1, false
	}
	for {
		if f.ended {
			return nil, f.end()
		}
		if f.at < len(f.buf) && !known(f.buf[f.at]) {
			return nil, f.stranger()
		}
		var kind byte
		if err := f.try(func(r *reader) { kind = f.operand(r, k) }); err != nil {
			return nil, err
		}
		switch kind {
		case opEnd:
			f.ended = true
			continue
		case opFunction, opIdle, opFreq, opAux, opResize, opMS, opSeconds, opDatabase:
			continue
		}
		f.given = true
		return k, nil
	}
}

func (f *File) head() error {
	var b []byte
	if err := f.try(func(r *reader) { b = r.take(uint64(fileHead)) }); err != nil {
		return err
	}
	if string(b[:len(magic)]) != magic {
		return errors.New("this is no RDB file")
	}
	if v := string(b[len(magic):]); v > fmt.Sprintf("%04d", maxVersion) {
		return fmt.Errorf("an RDB file of version %s is newer than version %d", v, maxVersion)
	}
	f.key.Name, f.given = []byte{}, true
	return nil
}

// operand reads one opcode with what belongs to it, or a key.
func (f *File) operand(r *reader, k *Key) byte {
	b := r.take(1)
	if !r.ok {
		return 0
	}
	r.blind = true
	switch b[0] {
	case opEnd:
	case opFunction:
		r.str()
	case opAux:
		r.str()
		r.str()
	case opResize:
		r.length()
		r.length()
	case opDatabase:
		n, _ := r.length()
		k.DB = int(min(n, 1<<20))
	case opIdle:
		n, _ := r.length()
		k.Idle = int64(min(n, 1<<40))
	case opFreq:
		if b := r.take(1); r.ok {
			k.Freq = int64(b[0])
		}
	case opMS:
		if b := r.take(8); r.ok {
			k.DeadlineMS = int64(binary.LittleEndian.Uint64(b))
		}
	case opSeconds:
		if b := r.take(4); r.ok {
			k.DeadlineMS = int64(binary.LittleEndian.Uint32(b)) * 1000
		}
	default:
		r.blind = false
		name, _ := r.str()
		k.Name = append(k.Name[:0], name...)
		r.blind = true
		value := r.p
		r.measure(b[0])
		k.Value = append(append(k.Value[:0], b[0]), value[:len(value)-len(r.p)]...)
	}
	return b[0]
}

// try reads as much as fn needs, or nothing.
func (f *File) try(fn func(r *reader)) error {
	r := reader{p: f.buf[f.at:], ok: true}
	if len(r.p) == 0 {
		return ErrMore
	}
	if fn(&r); !r.ok {
		return ErrMore
	}
	used := len(f.buf) - len(r.p)
	f.sum = Checksum(f.sum, f.buf[f.at:used])
	f.at = used
	return nil
}

// foreign names a type that other servers have, by its number.
func foreign(kind byte) string {
	switch kind {
	case 2, 11, 20:
		return "set"
	case 3, 5, 12, 17:
		return "sorted set"
	case 15, 19, 21:
		return "stream"
	case 6, 7:
		return "value of a module"
	}
	return ""
}

// stranger says what stands next that is not known.
func (f *File) stranger() error {
	op := f.buf[f.at]
	what := foreign(op)
	if what == "" {
		return fmt.Errorf("the file holds what is not supported: type or opcode %d", op)
	}
	var name []byte
	if err := f.try(func(r *reader) { r.take(1); name, _ = r.str() }); err != nil {
		return err
	}
	return fmt.Errorf("key %q of database %d is a %s, which is not supported", name[:min(len(name), 64)], f.key.DB, what)
}

// known reports whether we understand an opcode or a type.
func known(op byte) bool {
	return op >= opIdle || op == opFunction || TypeOf([]byte{op}) != 0
}

// end checks the sum behind the last key.
func (f *File) end() error {
	sum := f.sum
	var b []byte
	if err := f.try(func(r *reader) { b = r.take(8) }); err != nil {
		return err
	}
	if want := binary.LittleEndian.Uint64(b); want != 0 && want != sum {
		return errors.New("the file's checksum is wrong")
	}
	return nil
}
