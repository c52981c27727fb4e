// Package meta runs the same commands in the same order twice, under two sets
// of settings that nobody who sends commands may tell apart, and demands the
// same answers. It trusts nothing that the engine declares and knows nothing of
// what commands do, so it can send every command there is.
//
// What is held equal, so that the answers must be:
//
//   - the serial order: one connection at a time sends a step, a pipeline of a
//     few commands, and everything that follows from it has come to rest before
//     the next step;
//     The command that may block is the last of its step, and a client that is
//     blocked sends nothing. Where clients block, no command gives a key a list
//     that may be cold, for who waits for it is then served later;
//   - the clock: it stands still during a step and moves between two, alike in
//     both worlds. Deadlines and timeouts pass between steps, and in step with
//     each other;
//   - at a rest all connections end and begin anew, in both worlds.
//
// What differs is a Variant for each side: appendfsync and whether there is a
// log, where values are (resident, cold at once, cold and not kept, cold by and
// by), sizes of segments, batches and
// reads, checkpoints, how the stream of a step is cut and whether the client
// waits for each answer in it, and, at a rest, nothing, a clean stop, a kill or a
// power cut, each with other settings afterwards. The disk works, and takes its
// time.
//
// An answer is what a connection was sent in a step. Replies have to be equal to
// the byte, except that: a reply that lists a set (KEYS, SCAN, HGETALL, HKEYS,
// HVALS, HSCAN) may list it in another order, for a table that was loaded is not
// laid out like one that grew; RANDOMKEY and HRANDFIELD must draw something, or
// nothing, on both sides; messages that answer nothing are compared as a set.
package meta
