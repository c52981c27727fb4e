// Package keyspace is one database held in memory: every key, where its value
// is, when it dies and how hot it is.
//
// A DB has four parts, none of which the garbage collector needs to follow:
//
//	table   linear hashing over buckets of 64 bytes: seven slots and a word that
//	        links an overflow bucket. A slot is 24 bits of the key's hash above
//	        the 40-bit Ref of its record.
//	arena   the records (package mem), packed: a field is there only when it says
//	        something. See record.go for the layout.
//	wheel   the deadline index, threaded through the records themselves.
//	objects values that are Go objects (hashes, ...), a slice of any; the one
//	        part the collector does follow.
//
// # Refs
//
// A Ref names an entry by the place of its record. A method that may have to
// move the record returns the Ref to use from then on; all others, and all
// changes to other entries, leave a Ref as it was. Defrag moves anything and
// ends every Ref.
//
// # Growth
//
// Linear hashing splits one bucket whenever the table passes six entries to a
// bucket, and merges one below three: no second table, no pause, no moment at
// which memory doubles. Slots carry the hash bits that splitting asks for, so
// that growing reads no record.
//
// # Cost
//
// Table: 14 bytes for each entry, at any size. Record: 8, and 16 for a deadline
// with its two links, 8 for an address in the log, then key and value, rounded up
// to 8. So 16 bytes of key and 64 of value take 102 in all, 110 once they have an
// address; a cold key with a deadline takes 46 besides the key. TestFootprint
// holds the figures.
//
// # Duties of the caller
//
// The package is single-threaded and knows neither clock nor chance: instants
// and random numbers are arguments. Slices returned by Key and String alias the
// arena and live until the next mutation. Due must be called until NextDeadline
// lies ahead, for moving entries down the wheel is part of its work.
package keyspace
