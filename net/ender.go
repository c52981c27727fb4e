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

// Leaver is what a Handler may implement to hear early that a peer has sent its
// last byte, although Receive is off and not all of it was taken. A network that
// cannot know leaves it out; one that does may say it more than once. Ended
// still follows the last byte.
type Leaver interface {
	Leaving(c Conn)
}
