// Package tape is the one source of choice in the simulated world.
//
// Everything that could go one way or another (how long a write takes, where a
// fragment ends, which sector tears, what a client does next) is one call:
//
//	v := t.Choose(label, n) // 0 <= v < n
//
// and 0 is always the benign outcome: no fault, no delay beyond the usual, the
// whole fragment. So any sequence of outcomes is a valid run, the empty one is
// a fair-weather run, and shrinking means turning outcomes to zero.
//
// Who answers is the tape's feeder:
//
//   - Seed: a seeded generator. Weights belong to it: a Profile says how often
//     each Group of sites leaves zero, and swarm selection draws a rate per site
//     and seed, so that one run is all resets and the next has none.
//   - Replay: a Recording, keyed by label, moment and occurrence. Only outcomes
//     other than zero are stored; what is missing or out of range is 0, so deleting
//     an entry, or changing the engine, leaves a valid run.
//   - Guide: a Course, put together from the settings, rates and draws of several
//     seeds (guided exploration).
//   - Bytes: the input of a fuzzer, read with cumulative thresholds, zero first.
//   - Enumerate: an Odometer that visits every combination in a scope.
//
// Outcomes are recorded, never raw draws: retuning a weight breaks no recording.
//
// A Label is a Site (interned once, at package initialisation) and two small
// numbers, such as the client and its command. Making one costs two shifts; its
// text, "client 2/command 5/fragment", is made only when somebody prints it.
package tape
