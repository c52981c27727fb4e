package main

import "holdfast/net/std"

// pollOptions tune the sockets.
type pollOptions = std.Options

func newPoller(opt pollOptions) (poller, error) { return std.New(opt), nil }
