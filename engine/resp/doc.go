// Package resp is the wire protocol: a parser that cuts commands from input it
// does not trust, a writer of replies in RESP2 and RESP3, and the client's half
// of both for tests and the simulator.
//
// The parser owns no memory. A command's arguments alias the caller's input
// buffer, and what it remembers of a partial command is a handful of integers,
// so a connection that drips a million arguments byte by byte costs neither
// memory beyond its own input nor more than linear time: a partial command is
// walked once as it arrives, and cut in one pass over its bytes when the last
// of them is there.
//
// Errors are worded as Redis 7 words them. Two places are stricter than Redis,
// which takes any byte for the line feed of a header and any two bytes for the
// line end behind an argument: here both must be CR LF, because a client that
// miscounts its bytes should hear so at once, not have its data read as commands.
// Limits are judged on the position of a byte and never on how much happened to
// arrive in one piece, so the same bytes give the same result in any
// fragmentation.
package resp
