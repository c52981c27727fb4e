// Package ckpt takes and loads checkpoints of the index.
//
// A checkpoint says which keys there are and where in the log their values lie,
// so that a restart need not read the whole log: it loads the checkpoint and
// redoes the log's end. It only makes a start faster. The log alone always
// suffices, and a checkpoint that is damaged, missing, foreign, of a newer
// format or out of date is passed over with one warning. But one that reaches
// further than the log is a witness that segments have been lost, which would
// look like a torn tail otherwise: the start is refused.
//
// # Files
//
// Checkpoints lie beside the segments: index000012.ckpt, the highest number
// is the newest; index000012.tmp is one that is being written.
//
//	+--------+---------+---------+----     ----+
//	| header | block 0 | block 1 |  ...        |
//	+--------+---------+---------+----     ----+
//	0        4096      each begins at a multiple of 4096, zeroes between
//
// Everything is little endian. The header is written last:
//
//	 0  magic "HOLDFIDX"
//	 8  u32  format version, 2; 1, which knew no images in parts, is read too
//	12  u32  crc32c of the other bytes up to 128
//	16  u64  bytes of a segment of the log
//	24  u64  redo: the log is to be redone from here
//	32  u64  end: no entry is newer
//	40  u64  head of the log when it was taken
//	48  u64  \
//	56  u64   > LSN, epoch and checksum of a batch of the log behind end
//	64  u32  /
//	68  u32  checksum of the last block
//	72  u64  blocks
//	80  u64  entries
//	88  u64  bytes of the file
//	96  i64  engine time when it was taken
//	104 u64  seed of the tables' hash: the entries come in its order
//	112      zero, to 128
//
// The batch is the log's identity: batches are chained by their checksums, so a
// log that has it is the one that was checkpointed, and reaches behind end.
//
// A block:
//
//	 0  u32  crc32c of the rest up to the payload's end, seeded with the
//	         checksum of the block before; for the first with 0
//	 4  u32  magic "HFI1"
//	 8  u64  number of the block
//	16  u32  payload bytes
//	20  u32  entries
//	24       payload: entries, end to end
//
// So the last block's checksum is that of the whole file. An entry that is
// larger than a block has a block of its own. An entry:
//
//	u8      bits 0-3 type, 16 deadline, 32 value, 64 parts
//	varint  key length; key
//	varint  LSN of the newest image
//	varint  its span
//	u16     clock of the last access
//	u8      access counter
//	varint  deadline, if so
//	varint  from the first part of an image in parts to its end, if so;
//	varint  and bytes of the parts
//	varint  value length; the value too, if bit 32 is set: an entry of the
//	        metadata database
//
// Type 15 begins a database: varint incarnation, varint entries expected.
//
// # Why it is right
//
// The entries are visited by the table's own SCAN, in slices, while commands go
// on. Take a key with an image or a deletion logged since the scan began: redo
// meets it, and leaves what a replay of the whole log would leave. Take any
// other key. It was there during the whole scan, so the scan has met it. If it
// was clean then, its newest image is its address, and whatever came since is
// redone. If it had deltas since its image, redo begins no later than that
// image: the scan writes a new one where the image is older than one interval,
// or there is none. A copy that compaction has made and not switched to when
// the scan begins is redone too. A record below an entry's address is passed
// over: the entry knows better.
//
// A change that is redone on a value which the checkpoint brought cold waits for
// that value, with all later records of its key; see redo.go. Import mode that
// begins removes what is due by the deadlines of that moment, so a checkpoint
// that would redo that over newer deadlines is given up.
//
// An image in parts counts by its end, which says where the parts are: redo may
// begin behind them. Such an entry is left out if the head has passed the first.
//
// An address below the log's head at restart says that compaction found the
// key dead, or has logged a copy which redo meets; the entry is left out. If the
// head has passed the point of redo, the checkpoint is out of date.
//
// It is published (written, synced, renamed, the directory synced) only when
// the log is committed and durable up to the end of the scan. Then the older
// one is removed.
//
// # When
//
// A checkpoint is taken when checkpoint-log-bytes, and four times its own size,
// have been logged since the one before, and at a clean stop. 0 turns both off.
// A cache keeps none.
//
// # Space
//
// The bytes of checkpoint files count towards tiered_max_file_size, and none is
// begun for which the log would have to refuse a write. A full disk means no
// checkpoint, with one warning.
package ckpt
