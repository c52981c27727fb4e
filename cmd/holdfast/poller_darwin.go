package main

import (
	"errors"

	"holdfast/net/std"
)

// pollOptions tune the sockets.
type pollOptions = std.Options

// newPoller opens the network; there is one here.
func newPoller(backend string, opt pollOptions) (network, error) {
	if backend != "auto" {
		return network{}, errors.New("net-backend is " + backend + ", which is not to be had on this system")
	}
	return network{poller: std.New(opt), name: "goroutines"}, nil
}
