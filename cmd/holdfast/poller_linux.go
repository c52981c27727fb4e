package main

import (
	"fmt"

	"holdfast/net/poll"
	"holdfast/net/ring"
)

// pollOptions tune the sockets.
type pollOptions = poll.Options

// newPoller opens the network that net-backend names; "auto" is the best that
// the machine allows.
func newPoller(backend string, opt pollOptions) (network, error) {
	var notes []string
	if backend != "epoll" {
		p, err := ring.New(opt)
		if err == nil {
			return network{poller: p, name: "io_uring"}, nil
		}
		if backend == "uring" {
			return network{}, fmt.Errorf("net-backend is uring, but %w", err)
		}
		notes = append(notes, err.Error()+"; using epoll")
	}
	p, err := poll.New(opt)
	if err != nil {
		return network{}, err
	}
	return network{poller: p, name: "epoll", notes: notes}, nil
}
