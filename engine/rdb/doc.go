// Package rdb reads and writes the payloads of DUMP and RESTORE: one value in
// the format of a Redis RDB file. It is pure, and trusts nothing that it reads.
//
// # A payload
//
//	[type u8] [body ...] [version u16 LE] [crc64 u64 LE]
//
// The checksum is CRC-64/Jones over all before it, from 0. We write version 10,
// that of Redis 7.0, and read 11 too, in which these types are the same.
//
// A length is in the high two bits of its first byte:
//
//	00xxxxxx                    6 bits
//	01xxxxxx xxxxxxxx           14 bits, high first
//	10000000 u32 BE             or 10000001 u64 BE
//	11nnnnnn                    no length: a string in another form,
//	                            n = 0, 1, 2: an integer of 8, 16, 32 bits LE
//	                            n = 3: LZF: [compressed length] [length] [bytes]
//
// A string is its length and its bytes, or one of those forms. The types:
//
//	0   string         a string
//	1   list           a length, as many strings
//	4   hash           a length, as many pairs of strings
//	9   hash zipmap    a string that holds a zipmap
//	10  list ziplist   a string that holds a ziplist
//	13  hash ziplist   the same, fields and values in turn
//	14  quicklist      a length, as many strings that hold ziplists
//	16  hash listpack  a string that holds a listpack
//	18  quicklist 2    a length, as many nodes: a length that is 1 for one plain
//	                   element as a string, 2 for a string that holds a listpack
//
// We write 0, 4, 16 and 18, and never compress: what Redis writes under
// `rdbcompression no`, to the byte where the order of a hash's fields is the same.
//
// # Listpack
//
//	[bytes u32 LE] [entries u16 LE, 65535: unknown] [entry ...] [ff]
//	entry: [encoding, and data] [length of that, seven bits a byte, read backwards]
//
//	0xxxxxxx                    integer of 7 bits
//	10xxxxxx ...                string of up to 63 bytes
//	110xxxxx xxxxxxxx           integer of 13 bits, high first
//	1110xxxx xxxxxxxx ...       string of up to 4095 bytes
//	11110000 u32 LE ...         longer string
//	f1, f2, f3, f4              integer of 16, 24, 32, 64 bits LE
//
// # Ziplist
//
//	[bytes u32 LE] [offset of the last entry u32 LE] [entries u16 LE] [entry ...] [ff]
//	entry: [length of the one before: u8, or fe and u32 LE] [encoding] [data]
//
//	00xxxxxx ...                string of up to 63 bytes
//	01xxxxxx xxxxxxxx ...       string of up to 16383 bytes
//	10000000 u32 BE ...         longer string
//	c0, d0, e0, f0, fe          integer of 16, 32, 64, 24, 8 bits LE
//	f1 .. fd                    integer 0 .. 12
//
// # Zipmap
//
//	[entries u8] ([length] [field] [length] [free u8] [value] [free bytes]) ... [ff]
//	length: u8 below fe, or fe and u32 LE
//
// # Lies
//
// What a payload declares is checked against what it has before anything is
// made of it; the one thing that may be larger is what LZF expands to, which is
// refused beyond what so many compressed bytes can say.
package rdb
