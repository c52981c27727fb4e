// Package report draws one run as one self-contained HTML page: what was
// promised and broken, the decisions that lead there, the run as lanes (each
// client, engine, log, disk, clock) over virtual time, and the nearest run that
// passes beside it, from the first event where they differ.
//
// A page is made from a token alone. Rows come from the trace that replay
// prints; the report adds nothing that is not in it. Rows that only set the
// stage (segments being prepared, files opened at a start) are folded away
// until a reader asks for them.
package report
