// Package net is the engine's port to its clients: connections as generation
// handles, bytes in, bytes out, and flow control. Byte streams only; the
// protocol is the engine's.
//
// Contract, checked for every implementation by net/nettest:
//
//   - No method calls the Handler back before it returns.
//   - For each connection: one Opened, then Received and Writable in any
//     number, then at most one Closed. After Close(c) returns, or Closed(c)
//     was delivered, no event names c and calls on it do nothing.
//   - Bytes accepted by Send are released: the peer may see them at once, and
//     in order.
package net

// Conn names one connection by slot and generation; a Conn is never reused
// within the life of a process. 0 is no connection.
type Conn uint64

// Peer describes who connected.
type Peer struct {
	Addr  string // "127.0.0.1:50312", or the socket path with ":0" for a Unix socket
	Local string // the address it reached us at
	Unix  bool   // came over a Unix socket
	FD    int    // its descriptor, to be shown; 0 where there is none
}

// Net is the network. All methods are called on the host's loop goroutine.
type Net interface {
	// Bind sets who is told of events; once, before Listen.
	Bind(Handler)
	// Listen accepts connections at "tcp:HOST:PORT" or "unix:PATH". An address
	// in use or refused is an error that names it.
	Listen(addr string) error
	// Send offers p to c and returns how many bytes it accepted; those are
	// released, the rest stays the caller's, and Writable(c) follows when more
	// would be accepted. p is not kept.
	Send(c Conn, p []byte) int
	// Receive turns the delivery of input on or off. It starts on.
	Receive(c Conn, on bool)
	// Close closes c. Bytes accepted before still reach the peer where they can.
	Close(c Conn)
}

// Handler receives a Net's events, on the host's loop goroutine.
type Handler interface {
	Opened(c Conn, from Peer)
	// Received hands over input. p is valid only until it returns.
	Received(c Conn, p []byte)
	// Writable follows a Send that accepted less than it was offered.
	Writable(c Conn)
	// Closed says that the peer or the network ended c. why may be nil.
	Closed(c Conn, why error)
}
