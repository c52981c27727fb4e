// Package session turns bytes into units and replies: it owns the connections.
//
// # A command's way
//
// Received cuts commands from the input. For each, the runner finds the table
// entry, checks what Redis checks, finds the keys, and asks for every cold
// value the command will read. Then one of two things happens. Either the
// command runs to its end at one instant through a Tx, its reply is appended
// to the connection's hold.Output with the conditions the Tx found, and the
// next command follows. Or the connection parks: the command and everything
// behind it stay in the input, and when what it waits for has come the command
// starts again from its first byte.
//
// # Why a connection parks
//
//   - fetch: a value it reads is on disk only.
//   - commit: it read, undurably, a key whose deadline could pass while the
//     reply is held; it runs again once what it read is committed (release by
//     running). After a bounded number of rounds the reply is held instead.
//   - room: the log's unwritten bytes are at their bound, or memory is short
//     and a commit will let values go cold.
//   - pause: CLIENT PAUSE, DEBUG SLEEP.
//   - block: it waits for a key to get elements, for the log (WAITAOF), or just
//     for its timeout. blocked.go has who is served first.
//   - save: its SAVE, or SHUTDOWN SAVE, waits for the backup.
//   - output: too many reply bytes wait; nothing runs until they drain.
//
// Parking is the only way to wait. Nothing else in the engine remembers a
// half-done command.
//
// # Release
//
// At the end of a turn every connection with output is flushed: what is
// committed and, judged by a clock reading of that moment, still alive, is
// offered to the socket.
//
// # What others are told
//
// A unit may tell other connections something: a message, a keyspace event, that
// a copy is void, a line of MONITOR. It goes to the outbox, addressed; at the
// unit's end deliver pushes it into the receivers' output behind a mark with what
// the unit needs. push is the only way to give a connection bytes that answer no
// command.
package session
