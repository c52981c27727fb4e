package main

import "holdfast/net/poll"

// pollOptions tune the sockets.
type pollOptions = poll.Options

func newPoller(opt pollOptions) (poller, error) { return poll.New(opt) }
