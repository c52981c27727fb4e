package main

import (
	"fmt"

	"holdfast/net/poll"
	"holdfast/net/ring"
)

// pollOptions tune the sockets.
type pollOptions = poll.Options

// newPoller opens the network that net-backend names. "auto" is epoll: it saves
// less than io_uring, but Send takes what the socket takes, to the byte, so a
// reply is never judged before its time, and it notices that a peer whose input
// is not read has gone.
func newPoller(backend string, opt pollOptions) (network, error) {
	if backend == "uring" {
		p, err := ring.New(opt)
		if err != nil {
			return network{}, fmt.Errorf("net-backend is uring, but %w", err)
		}
		return network{poller: p, name: "io_uring"}, nil
	}
	p, err := poll.New(opt)
	if err != nil {
		return network{}, err
	}
	return network{poller: p, name: "epoll"}, nil
}
