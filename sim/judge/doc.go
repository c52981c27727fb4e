// Package judge holds the oracles of the simulated world and decides, reply by
// reply, whether the engine kept its promises.
//
// It listens on three sides. The clients say what they send (Sent). The engine
// declares its serial order (it is an event.Observer). The network says which
// bytes the engine's side of a socket has accepted, at that very instant
// (Released): from then on the peer may know them, so that is where a reply is
// judged. Replies are matched to commands by their order on the connection,
// and to declared units by content.
//
// The oracles, each with a count of the checks that could have failed:
//
//   - taint: marks found in released bytes were written by a unit that was
//     declared, that no crash undid, whose log bytes are stable on the disk at
//     this instant (package cut), under the right key. Nothing declared but the
//     writer's place in the log is believed.
//   - envelope: at its instant, the unit's reply is what the model says.
//   - cut: when released, the reply equals the reply on the state that a power
//     cut at this instant would leave; a write's reply leaves only when the
//     write is stable.
//   - alive: when released, no value that a pure read shows is past its
//     deadline, unless a write replaced it in time.
//   - time: declared instants follow the clocks: never back, never behind the
//     monotonic clock, never ahead of the wall, and a forward step of the wall
//     only after it has lasted.
//   - punctual: what expiry removes is due and present; what is due is removed
//     within milliseconds; what was revealed as expired stays so over restarts.
//   - recovery: acknowledged <= recovered <= submitted, on a unit's boundary.
//   - twin: a second shard with trivial settings answers the same (package twin).
//   - order: replies answer the connection's commands in their order, each
//     exactly once, and everybody is answered or closed once faults stop. Who
//     waits for a key is served in the order of waiting, not in vain before the
//     timeout, and not left waiting while the key has elements.
//   - linear: in a share of the runs, what clients sent and saw has an order
//     that explains it (package linear, which hears nothing from the engine).
//   - metamorphic: in another share, the same commands under other settings have
//     the same answers (package meta, which knows no command).
//
// Messages that answer no command (keyspace events, PUBLISH, invalidations,
// lines of MONITOR) count to two of these. What each listening connection must
// be told is computed from the declared units by the model; at release it comes
// in the serial order, nothing twice, nothing left out (order), and its cause is
// stable (cut).
//
// The first finding ends the run.
package judge
