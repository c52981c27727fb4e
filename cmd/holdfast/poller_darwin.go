package main

import "holdfast/net/std"

// pollOptions tune the sockets.
type pollOptions = std.Options

// newPoller opens the network.
func newPoller(opt pollOptions) (network, error) {
	return network{poller: std.New(opt), name: "goroutines"}, nil
}
