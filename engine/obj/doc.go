// Package obj holds the values of keys that are more than a string, and the
// arithmetic of values: numbers as Redis reads and prints them, glob patterns
// and a hash function. It is pure data: no clock, no memory shared between
// values, nothing that depends on a machine.
//
// A Hash is made so that everything an observer can see of it is a function of
// its image. Order of fields, encoding, the buckets SCAN cursors name: all come
// back exactly when an image is decoded, so a client cannot tell a hash that has
// been to the disk from one that stayed. Two rules give this: fields are dense
// in an order of their own (a deletion moves the last field into the gap), and
// the number of buckets is a function of the number of fields alone, with each
// bucket sorted.
package obj

// Type is the type of a key's value.
type Type uint8

// The types, by the names that TYPE answers.
const (
	TypeNone Type = iota
	TypeString
	TypeHash
	TypeList
	TypeSet
	TypeZSet
	TypeStream

	None = TypeNone // an absent key
)

// String returns the name as TYPE answers it.
func (t Type) String() string {
	switch t {
	case TypeString:
		return "string"
	case TypeHash:
		return "hash"
	case TypeList:
		return "list"
	case TypeSet:
		return "set"
	case TypeZSet:
		return "zset"
	case TypeStream:
		return "stream"
	}
	return "none"
}
