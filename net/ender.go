package net

// Ender is what a Handler may implement to tell a peer that has sent its last
// byte from one that is gone.
//
// "echo SET k v | nc host" ends its side at once and goes on listening. A
// Handler whose replies wait for the disk would be told Closed before it had
// answered. With an Ender, the end of input is Ended instead: no more Received
// follows, Send still works, and the Handler calls Close when it has no more to
// say. Closed may still come first, if the network finds the peer gone.
type Ender interface {
	Ended(c Conn)
}
