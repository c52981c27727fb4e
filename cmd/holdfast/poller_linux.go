package main

import "holdfast/net/poll"

// pollOptions tune the sockets.
type pollOptions = poll.Options

// newPoller opens the network.
func newPoller(opt pollOptions) (network, error) {
	p, err := poll.New(opt)
	return network{poller: p, name: "epoll"}, err
}
