// Package mem holds bytes where the garbage collector does not look.
//
// A database of a hundred million entries kept as Go objects would be marked,
// pointer by pointer, at every collection. An Arena keeps the same entries in a
// few thousand byte slabs: the collector sees one pointer per slab and never
// the contents, so a full collection costs the same with five million keys as
// with none.
//
// # Cells, slabs and classes
//
// Alloc hands out cells. Small cells come in size classes (steps of 8 bytes up
// to 128, then eight to a doubling or finer) and every slab serves one class:
//
//	slab:  | cell | cell | free | cell | ... | never used yet |
//	                        ^ first word: link to the next free cell
//
// A class starts with small slabs and grows them with its size, so a hundred
// classes with a handful of cells each cost little. A slab whose last cell is
// freed goes back to the Go heap (a few are kept against thrashing at the edge). Above an eighth of SlabBytes a cell has a slab of its own.
//
// A Ptr is 40 bits: slab number and offset in units of 8 bytes. It addresses
// 8 TiB and leaves 24 bits of a table word for something better. Pointers below
// MinPtr are never given out, so that they can serve as marks among pointers.
//
// The owner moves what it likes with Alloc and Free; Victim names sparse slabs
// worth emptying, since only an empty slab returns its memory.
//
// There is no unsafe here: word loads are written so that the compiler merges
// them into one instruction, and bounds stay checked.
package mem
