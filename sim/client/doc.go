// Package client is the workload: simulated clients that talk to the engine as
// anybody would, and make it easy to be caught lying.
//
// What a client does next is drawn from the tape alone, never from the
// engine's state, so that a recorded run keeps its commands when the engine
// changes. Values carry the ledger's marks, increments are unique strides,
// fields and keys few enough to meet. Deadlines lie where the disk's latency
// lies: a few milliseconds ahead. Commands come in pipelines and transactions;
// clients leave in the middle of things and come back.
//
// After each recovery one more client, the checker, reads everything that the
// run has ever written, so that nothing lost or half-recovered can hide.
package client
