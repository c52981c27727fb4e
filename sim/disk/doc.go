// Package disk is the simulated disk: vfs.FS over flat bytes, with a crash
// model, and every fault a campaign asks for.
//
// Each file holds one array of bytes, what reads see. Bytes written and not
// yet durable have their older contents in an undo journal; a power cut walks
// the journal backwards and decides, write by write, what the platter had: all
// of it (the benign outcome), nothing, or a part cut at a sector. Writes in
// flight may have reached the platter in part as well. A file's length is
// durable when its data is, so a cut can leave it shorter, or long and zero.
// Names have a list of pending changes of their own, durable with SyncDir.
//
// WriteDurable takes the sectors it covers out of the journal; Sync takes out
// the writes that had completed when it was submitted. A failed Sync marks
// pages clean without having written them: those journal entries turn sticky,
// which means that no later Sync saves them. Only new writes do.
//
// A killed process loses only what was in flight: the journal stays, for a
// power cut to come.
//
// The disk also polices its users: buffers must come from Buffer, stay
// unchanged while a write is in flight, and are poisoned while a read is; an
// Op must not be submitted twice; offsets must be aligned; a closed File must
// not be used. Breaking such a rule panics with a sched.Violation.
//
// What is durable is the oracles' business: Disk.Stable copies durable bytes,
// Image lists them, and Watch.Stable is told of every range as it becomes so.
package disk
