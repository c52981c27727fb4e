package rdb

import (
	"encoding/binary"
	"hash/crc64"
	"math/bits"

	"holdfast/engine/obj"
)

// Errors, as RESTORE words them after "ERR ".
var (
	ErrChecksum error = words("DUMP payload version or checksum are wrong")
	ErrFormat   error = words("Bad data format")
)

// words is an error that clients read as it stands.
type words string

func (w words) Error() string { return string(w) }

const (
	version    = 10 // of Redis 7.0
	maxVersion = 11 // of Redis 7.2 and Valkey 8
	footer     = 10
)

// The types of value.
const (
	typeString       = 0
	typeList         = 1
	typeHash         = 4
	typeHashZipmap   = 9
	typeListZiplist  = 10
	typeHashZiplist  = 13
	typeQuicklist    = 14
	typeHashListpack = 16
	typeQuicklist2   = 18
)

// The containers of a node of a quicklist 2.
const (
	nodePlain  = 1
	nodePacked = 2
)

// Forms of a string that are no length.
const (
	formInt8 = iota
	formInt16
	formInt32
	formLZF
)

var jones = crc64.MakeTable(bits.Reverse64(0xad93d23594c935a9))

// Checksum continues Redis's CRC-64 with p; it starts at 0.
func Checksum(crc uint64, p []byte) uint64 { return ^crc64.Update(^crc, jones, p) }

// Seal makes a payload of the type and body that dst is.
func Seal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, version)
	return binary.LittleEndian.AppendUint64(dst, Checksum(0, dst))
}

// Open checks a payload's version and checksum and returns its type and body.
func Open(payload []byte) (body []byte, err error) {
	at := len(payload) - footer
	if at < 0 || binary.LittleEndian.Uint16(payload[at:]) > maxVersion ||
		binary.LittleEndian.Uint64(payload[at+2:]) != Checksum(0, payload[:at+2]) {
		return nil, ErrChecksum
	}
	return payload[:at], nil
}

// TypeOf returns the type of the value that a body begins, None if it is none
// that we have.
func TypeOf(body []byte) obj.Type {
	if len(body) == 0 {
		return obj.TypeNone
	}
	switch body[0] {
	case typeString:
		return obj.TypeString
	case typeHash, typeHashZipmap, typeHashZiplist, typeHashListpack:
		return obj.TypeHash
	case typeList, typeListZiplist, typeQuicklist, typeQuicklist2:
		return obj.TypeList
	}
	return obj.TypeNone
}
