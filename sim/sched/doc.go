// Package sched is the simulated world's single order of things: virtual time,
// the heap of future events, the run's hash, its trace and its fault counters.
//
// An event is a small value without pointers: an instant, a kind that says
// which part of the world it belongs to, and two numbers that the part gave it.
// Events run in the order of (time, tie, sequence); the tie is a choice, so
// that simultaneous events can come in any order.
//
// Everything observable is folded into one 64-bit hash as it happens. Two runs
// with equal hashes did the same things at the same times; with Log set, the
// hash after each event is kept so that the first difference can be named.
package sched
