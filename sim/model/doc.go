// Package model is the envelope oracle's idea of the data: a small interpreter
// of the commands that simulated clients send, over version lists.
//
// It executes what the engine declares (event.Unit), in the declared order and
// at the declared instants, and answers every reply in full, so absence, TYPE,
// TTL, early, late, lost and resurrected expiry and WATCH are exact. It shares
// no code with the engine: its own values, its own RESP, its own arithmetic of
// deadlines.
//
// Every write makes a version that carries the LSN at which its unit ended. So
// the same commands can be asked again of an older state:
//
//	m.Exec(u)        // at the newest state: what must the reply be?
//	m.ExecAt(u, cut) // on the state at the cut: may the reply leave already?
//	m.Truncate(cut)  // after a crash: what recovery must show
//
// That is the cut rule: a reply released while the log is stable up to D must
// equal the reply on the state at D. It catches SETNX 0, WRONGTYPE, the nil of
// an EXEC and DBSIZE without knowing anything about them.
//
// Keys are of the simulator's own making, a letter and a number ("k12"), and
// index tables directly. Values are never changed in place, and all memory is
// bump-allocated and reused by the next run.
package model
