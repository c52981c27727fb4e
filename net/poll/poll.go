//go:build linux

// Package poll is the network port on Linux: one epoll instance, one thread,
// no goroutine.
//
// Sockets are registered once, edge-triggered, so serving a request costs one
// read, one send and a share of one epoll_wait; epoll_ctl is called again only
// for a peer that does not take its replies. A read shorter than the buffer has
// emptied the socket, so no second read asks again. One buffer serves all
// connections: an idle one owns 24 bytes here and nothing else.
//
// System calls go past Go's scheduler (RawSyscall): entering it costs more than
// a small read does. So does the wait for events as long as it is brief, and a
// timer among the descriptors ends it (timer). A longer one uses Syscall and
// lets the scheduler have the processor it may run goroutines on. Waiting that
// way at once would have the scheduler's monitor take that back from us all the
// time, and the monitor's own work was 6 to 8 % of a busy server's. A garbage
// collection is not held up: the signal that it preempts us with ends the wait.
package poll

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"holdfast/net"

	"golang.org/x/sys/unix"
)

const (
	maxEvents   = 64 // per turn: what more of them touched is out of the cache when it is sent
	readBytes   = 256 << 10
	acceptBatch = 64 // per turn and listener, so that a storm cannot starve clients

	// An accept that failed for want of descriptors or memory is tried again
	// after this, or when a connection is closed.
	acceptPause = 100 * time.Millisecond
)

// Options tune a Poller; the zero value is good.
type Options struct {
	Backlog   int         // of listening sockets; 0 is 511
	KeepAlive int         // seconds until TCP probes an idle peer; 0 is never
	UnixPerm  uint32      // mode of a Unix socket; 0 leaves it to the umask
	Warn      func(error) // told once when accepting must pause; may be nil
}

// Poller implements net.Net. All methods but Wake belong to the thread that
// calls Poll.
type Poller struct {
	opt    Options
	ep     int
	wakeFD int
	woken  atomic.Bool
	h      net.Handler
	ender  net.Ender // h, if it is one
	leaver net.Leaver

	conns []conn
	free  []uint32
	gen   uint64 // generations given so far

	// ready names connections with something to do that no event will tell:
	// input left over, a failed send, Receive turned on.
	ready, spare []net.Conn
	lingers      []linger
	patience     time.Duration // with lingering peers
	sources      []source      // what is registered besides connections
	acceptAt     time.Time     // accepting pauses until then; zero: it does not
	warned       bool          // of the pause under way
	pwait2       bool
	brief        int64 // nanoseconds of a wait that keeps its share of Go's scheduler
	timer        timer // ends such a wait

	events [maxEvents]unix.EpollEvent
	buf    []byte
}

// source is a registered descriptor that is no connection: event data -1-i
// names sources[i].
type source struct {
	fd    int
	local string // listeners: the address; "" else
	path  string // Unix listeners: to be unlinked
	fn    func() // watches
}

// New returns a Poller that listens nowhere yet.
func New(opt Options) (*Poller, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot create epoll: %w", err)
	}
	p := &Poller{opt: opt, ep: ep, wakeFD: -1, pwait2: true, brief: briefly(), patience: lingerTime, buf: make([]byte, readBytes)}
	p.timer.fd = -1
	p.wakeFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = p.Watch(p.wakeFD, func() { p.woken.Store(false) })
	}
	if err == nil {
		err = p.startTimer()
	}
	if err != nil {
		p.Shutdown()
		return nil, fmt.Errorf("cannot create eventfd: %w", err)
	}
	return p, nil
}

// Bind implements net.Net.
func (p *Poller) Bind(h net.Handler) {
	p.h = h
	p.ender, _ = h.(net.Ender)
	p.leaver, _ = h.(net.Leaver)
}

// Watch has Poll call fn whenever fd becomes readable. It is watched
// edge-triggered: nobody needs to read an eventfd, every write to it tells.
func (p *Poller) Watch(fd int, fn func()) error {
	return p.register(source{fd: fd, fn: fn}, unix.EPOLLIN|unix.EPOLLET)
}

func (p *Poller) register(s source, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(-1 - len(p.sources))}
	if err := unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, s.fd, &ev); err != nil {
		return fmt.Errorf("cannot watch descriptor %d: %w", s.fd, err)
	}
	p.sources = append(p.sources, s)
	return nil
}

// Wake makes a Poll under way, or else the next one, return without waiting. It
// may be called from any goroutine.
func (p *Poller) Wake() {
	if !p.woken.Swap(true) {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		_, _ = unix.Write(p.wakeFD, one[:]) // fails after 2^64 of them
	}
}

// Poll runs one turn of events, calling the Handler. If there are none it waits
// up to timeoutNs for the first; negative waits for ever.
func (p *Poller) Poll(timeoutNs int64) error {
	if len(p.ready) > 0 {
		timeoutNs = 0
		p.runReady()
	}
	timeoutNs = p.housekeep(timeoutNs)
	n, errno := p.await(timeoutNs)
	if errno != 0 && errno != unix.EINTR {
		return fmt.Errorf("cannot wait for events: %w", errno)
	}
	for i := range n {
		ev := &p.events[i]
		if ev.Fd < 0 {
			p.sourceEvent(int(-1 - ev.Fd))
		} else if c := &p.conns[ev.Fd]; int32(c.gen()) == ev.Pad && c.fd >= 0 {
			p.connEvent(c, ev.Events)
		}
	}
	return nil
}

// runReady serves what was put aside in the turn before.
func (p *Poller) runReady() {
	list := p.ready
	p.ready, p.spare = p.spare[:0], list
	for _, id := range list {
		c := p.lookup(id)
		if c == nil {
			continue
		}
		c.flags &^= queued
		if c.errno != 0 {
			p.finish(c, c.errno)
		} else if c.flags&(readable|paused|ended) == readable {
			p.read(c)
		} else {
			p.leaves(c)
		}
	}
}

// housekeep does what is due by time, and shortens a wait to what is due next.
func (p *Poller) housekeep(timeoutNs int64) int64 {
	if len(p.lingers) == 0 && p.acceptAt.IsZero() {
		return timeoutNs
	}
	now := time.Now()
	shorten := func(at time.Time) {
		if d := max(int64(at.Sub(now)), 1); timeoutNs < 0 || timeoutNs > d {
			timeoutNs = d
		}
	}
	p.endLingers(now)
	if len(p.lingers) > 0 {
		shorten(p.lingers[0].until)
	}
	if !p.acceptAt.IsZero() {
		if !now.Before(p.acceptAt) {
			p.resumeAccept()
		} else {
			shorten(p.acceptAt)
		}
	}
	return timeoutNs
}

// Shutdown closes everything, without events. The Poller is of no use after.
func (p *Poller) Shutdown() {
	for i := range p.conns {
		if c := &p.conns[i]; c.fd >= 0 {
			_ = unix.Close(int(c.fd))
			c.fd = -1
		}
	}
	for _, s := range p.sources {
		if s.path != "" {
			_ = unix.Unlink(s.path)
		}
		if s.local != "" {
			_ = unix.Close(s.fd)
		}
	}
	if p.wakeFD >= 0 {
		_ = unix.Close(p.wakeFD)
	}
	if p.timer.fd >= 0 {
		_ = unix.Close(p.timer.fd)
	}
	_ = unix.Close(p.ep)
	p.conns, p.ready, p.sources = nil, nil, nil
}
