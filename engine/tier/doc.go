// Package tier moves values between memory and the log.
//
// The log is the tier: a value written for durability is on disk already.
// Three movements follow from that.
//
// Fetch. A command that needs a cold value waits in its connection while the
// record is read. The completion answers nobody: it makes the value resident,
// and only if the entry still has the address that was read and the record
// checks as the one at that address. Then the command starts again from its
// lookup. So nothing that happens during a read can leak through it. Fetched
// values are pinned until the commands that asked have run; a failed read is
// remembered for its address and becomes the command's error.
//
// Offload. When free memory falls below a share of maxmemory, a hand sweeps
// the keyspace and drops the RAM copies of values whose address is committed
// and whole, the less used first. A value with deltas is imaged first and
// dropped at a later visit. When even the index does not fit, keys are evicted
// by policy.
//
// Images. A large collection is imaged in parts over several turns, and read back
// so. One queue has all images that cannot be written at once; see imager.
//
// Compaction. The oldest segment is read from start to end; every value that
// still depends on a record in it is written again at the tail: a resident one
// from memory, a cold one from the record just read, with the deadline the
// entry has now. When all copies are committed the log's head moves past the
// segment. Deltas, deletions and deadlines are never copied: a live entry's
// image is never younger than its deltas, so what precedes the head has
// nothing left to say. Where the segment is damaged, what is in memory is
// written anew, and a cold value is replaced by a record that says it is lost:
// its key answers an error, never absence. A walk that the device fails is tried
// again.
package tier
