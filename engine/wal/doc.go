// Package wal is the log: the one place where data is made durable, and, since
// a record stays where it was logged, the cold tier as well.
//
// # Addresses
//
// An LSN is a byte offset in the log since its birth, headers and padding
// included. LSN / SegmentBytes is the number of a segment, LSN % SegmentBytes
// the offset in that segment's file; segment 1 is the first. LSNs are never
// reused. The size of a segment is fixed when the log is born: a log opened
// with another setting keeps its own.
//
//	file name: PREFIX000007.seg     the number in the name means nothing;
//	                                the header says which segment it is
//	+--------+--------+---------+---------+-----     -----+--------------+
//	| header | header | batch   | batch   |  ...          | not used yet |
//	| copy 1 | copy 2 |  | pad  |  | pad  |               | or stale     |
//	+--------+--------+---------+---------+-----     -----+--------------+
//	0        A        2A                                   SegmentBytes
//
// A is the disk's block size (512 or 4096). Everything is little endian. A
// batch starts at a multiple of A, is padded with zeroes to one, and never
// spans segments. No sector is written twice in a segment's life.
//
// # Segment header
//
//	 0  magic "HOLDFLOG"
//	 8  u32  format version, 3; read too are 1, which knew kinds up to 9 only,
//	         and 2, up to 12
//	12  u32  crc32c of the other bytes up to 112
//	16  u32  A
//	20  u32  flags: 1 cache, 2 forming
//	24  u64  segment number
//	32  u64  epoch
//	40  u64  SegmentBytes
//	48  u64  generation: how many times the file has been a segment
//	56  u64  head of the log
//	64  u64  LSN where the previous segment of the chain ended; 0: there is none
//	72  u64  attested: everything below was durable
//	80  u32  checksum of the last batch of that segment
//	84       zero, to 112
//
// The log is the chain of segments that the headers' "previous" form, back
// from the youngest header (highest epoch, then highest number) to the head.
// Every other file is free, whatever it holds. A segment is opened only when
// its predecessor is wholly written and synced under every policy, so only the
// last segment of the chain can be torn.
//
// # Batch
//
//	 0  u32  crc32c of the rest, header and payload, seeded with the LSN
//	 4  u32  magic "HFB1"
//	 8  u64  LSN
//	16  u64  epoch
//	24  u32  payload bytes
//	28  u32  checksum of the batch before; for the first, of the segment header
//	32  u64  attested: the durable offset when this batch was submitted
//	40  u64  head of the log
//	48  i64  engine time of the unit to which the first frame belongs
//	56  u32  flags: 1 cache
//	60  u32  zero
//	64       payload: frames, end to end
//
// # Frame
//
// A record is one frame, or, where a batch has no room for it, one frame in
// each of several successive batches; a frame that has a successor is the last
// of its batch. Nothing else may come between.
//
//	 0  u32  crc32c of the rest, seeded with the frame's own LSN
//	 4  u8   kind
//	 5  u8   flags of the record
//	 6  u8   bits: 1 begin   first frame of a unit
//	               2 end     last frame of a unit
//	               4 more    the record goes on
//	               8 cont    goes on with a record
//	              16, 32, 64 the body has deadline, arg, field
//	             128 ext     extended unit header
//	 7  i64  if begin: engine time of the unit
//	    ext  if ext: varint length and as many bytes: the place for a shard
//	         unit's id, a term and an index. Written by nobody yet, skipped.
//	    u32  if more or cont: bytes of the body in this frame
//	    body, or its part
//
//	body: varints db, [deadline], [arg], key length, [field length],
//	      value length; then key, [field], value
//
//	kind          arg        field   value
//	 1 string                        the whole string
//	 2 append                        what is appended
//	 3 range      offset             what is overwritten from there on
//	 4 hash                          image of a hash, see package obj
//	 5 hashset               field   its value
//	 6 hashdel               field
//	 7 delete
//	 8 deadline
//	 9 damaged                       the type of the value that is lost
//	10 list                          image of a list, see package obj
//	11 listset    position           the element there
//	12 listdel    position           empty, or as a varint the last position
//	                                 of a range that goes
//	13 part       number             part of an image, see package obj
//	14 partsend                      where the parts are, see package tx
//
// A position is packed as obj.PackPosition does. Flags are 1 for a hashset or
// listset that begins a new value, 2 for a copy by compaction.
//
// A SET with a 16 byte key and 64 byte value takes 98 bytes.
//
// # What the caller does, in order
//
//  1. New, Recover, and nothing else until LogRecovered.
//  2. For each unit: Reserve, Append for each record, EndUnit.
//  3. At the end of a turn: Flush, then Tick; Tick again when it says.
//  4. Whatever depends on safety waits until Committed reaches the Tail that
//     was returned after the unit.
//  5. Compaction scans the segment of Head, appends copies, waits until they
//     are committed, and calls SetHead before a Flush.
//
// # Offsets
//
//	attested <= synced <= written <= tail
//
// written moves over batches that completed without a gap. synced is what is
// known to be durable, and what batches attest. committed is synced, under
// the policy No it is written: then a power cut may take back what was
// committed, a crash of the process may not. A write or sync that failed is
// never retried; the log is read-only from then on.
//
// Under Always a turn's records are submitted at its end, unless the batch waits
// for the one in flight, or a moment for clients who have just been answered, of
// whom there must be several (see company). Under EverySec and
// No, and in a cache, no reply waits for the write, and one a turn would cost
// more than the commands themselves: the open batch gathers for 4 ms or until
// it is half full (at most 128 KiB), unless a writer was refused or a head is
// to be recorded. So under these policies the sudden end of the process
// (SIGKILL) may take back what was replied in those last milliseconds; what
// was submitted before, the kernel finishes. Close and a switch to Always
// write it all. An everysec sync starts so much earlier that it still covers
// what is a second old.
//
// # Recovery
//
// In the last segment the first batch that does not check, at X, is the end
// of the log: a torn write. Unless a batch further on attests more than X;
// then X was durable and is damaged. In the segments before, the end is known
// from the next header and everything below it must check. An incomplete unit
// at the end of an epoch is dropped. Then the old log is synced up to X and
// sealed: a new segment under a new epoch says that its predecessor ended at
// X, and what lies beyond X is never looked at again. If that sealing is cut
// short, the next recovery either sees the new header, whose segment is empty
// and which is passed over, or finds X again.
//
// A sink that is a Starter may know the state at some address already (a
// checkpoint of the index): then the segments before that one are not read, and
// only the records from there on are applied. A Mark names a batch by which it can
// be sure that its knowledge is of this log.
//
// The fault model: rot within the last batches, which nothing attests yet,
// looks like a torn write; so does a last segment that is missing altogether
// while its predecessor ends whole, unless the sink knows better: a checkpoint was
// published when all up to its end was durable (Refuse). Idling for a moment, and Close, write a
// batch that attests the rest. A header that was never written is noticed by
// the batches behind it.
//
// # Backup
//
// A folder of BackupFolder with second names of sealed segments, and this:
//
//	MANIFEST    holdfast backup 1
//	            format 3
//	            cut LSN             every unit that ends at or below is in it
//	            head LSN
//	            epoch N
//	            time MICROSECONDS   engine time of the cut
//	            segment-bytes N
//	            file NAME BYTES NUMBER END     for each segment, oldest first
//	            beside NAME         a checkpoint, if there is one
//	            sum HEX             crc32c of the lines above; then only newlines
//
// The contents of a file with two names stay as they are. Such a segment is
// unlinked where another would be recycled; Open tells the names it has, so a
// restart knows. PREFIX000007.damaged is a second name too: of a segment in
// which damage was met.
//
// Audit reads all of this offline, and goes on behind damage.
//
// # Eras
//
// An epoch is of one of three eras, and Turn begins another at run time.
//
//	Durable  a recovery reads it
//	Cache    not synced, and not there for recovery: when the youngest header
//	         is a cache's, the whole log is void, what is durable included
//	Forming  written and synced like Durable, and as void as a cache until an
//	         epoch of Durable follows: then a part of the log like any other
//
// So appendonly is switched off by the durable header of a cache, and on by an
// epoch that forms while every entry is written to it, and the durable header
// of the next one, whose head is where the forming began. A crash at any point
// finds one of the two. A log that is not void is never opened as a cache.
package wal
