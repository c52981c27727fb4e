// Package wire is the simulated network: net.Net for the engine on one side,
// and Conn, a client's end of a connection, for the workload on the other.
//
// A client's bytes wait in a queue and arrive in pieces: whole, cut anywhere,
// one byte at a time, or several writes as one. The engine's bytes are RELEASED
// when Send accepts them, which is when Watch.Released is called, with the
// clock standing where the engine last read it; the client reads them later, in
// pieces of their own, through its Endpoint. A client has a receive window; if
// it stops reading, Send accepts less and less and then nothing.
//
// Faults: delays, resets in the middle of a command or of a reply, sends that
// accept less than there is room for, peers that stall, and peers that vanish
// without a word. What a client sends after the engine has closed is counted
// and dropped; the engine never hears of it.
package wire
