package main

import (
	"runtime"
	"sync/atomic"

	"holdfast/clock"
	"holdfast/net"
	"holdfast/vfs"
)

// A shard is what the host drives: the engine, or a stand-in in tests.
type shard interface {
	Tick()
	EndTurn()
	Stop(now bool)
	Stopped() (bool, error)
}

// A poller is a network whose events come from Poll.
type poller interface {
	net.Net
	// Poll delivers one turn of events. If there are none it waits for the
	// first, up to so many nanoseconds; negative is for ever.
	Poll(timeoutNs int64) error
	// Watch makes a readable descriptor end the wait.
	Watch(fd int, fn func()) error
	// Wake makes Poll return without waiting; from any goroutine.
	Wake()
	// Shutdown closes every socket.
	Shutdown()
}

// A disk is a file system whose completions come from Reap.
type disk interface {
	vfs.FS
	Reap() int
	Flush()
	EventFD() int
	Close() error
}

// host is the loop around one shard. It alone waits, and everything the engine
// sees happens on its thread.
type host struct {
	shard shard
	net   poller
	disk  disk
	clock *clock.System
	stop  atomic.Int32 // 0 run, 1 Stop is asked for, 2 at once

	turned func() // called after each turn
}

// newHost wires a shard to its ports. It binds the calling goroutine to its
// thread, and run must be called on the same one: io_uring serves only the
// thread that it met first.
func newHost(s shard, n poller, d disk, c *clock.System) (*host, error) {
	runtime.LockOSThread()
	if fd := d.EventFD(); fd >= 0 {
		if err := n.Watch(fd, func() {}); err != nil { // run reaps every turn anyway
			return nil, err
		}
	}
	return &host{shard: s, net: n, disk: d, clock: c, turned: func() {}}, nil
}

// Stop asks the shard to stop; from any goroutine.
func (h *host) Stop(now bool) {
	ask := int32(1)
	if now {
		ask = 2
	}
	h.stop.Store(ask)
	h.net.Wake()
}

// run turns until the shard has stopped, and returns why if it had to.
//
// The order within a turn is the one that lets the shard see most at once: all
// sockets that are ready, all operations that are finished, then time. EndTurn
// answers for the whole lot, and what it submitted goes to the disk in one call
// before the next wait. Nothing is lost between Reap and that wait: a completion
// makes the watched eventfd ready, and Poll looks before it sleeps. Looking more
// than once before sleeping was measured to cost CPU and gain nothing.
func (h *host) run() error {
	wait := int64(0) // what was begun before run is owed an EndTurn
	for {
		if err := h.net.Poll(wait); err != nil {
			return err
		}
		h.disk.Reap()
		if h.clock.Due() {
			h.shard.Tick()
		}
		if ask := h.stop.Swap(0); ask != 0 {
			h.shard.Stop(ask == 2)
		}
		h.shard.EndTurn()
		h.disk.Flush()
		h.turned()
		if stopped, err := h.shard.Stopped(); stopped {
			return err
		}
		wait = h.clock.Wait()
	}
}
