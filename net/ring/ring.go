//go:build linux

// Package ring is the network port on io_uring: one thread, no goroutine, and
// one system call a turn, which submits what the turn began and waits for the
// next events.
//
// The kernel keeps one receive for each connection and puts input into buffers
// that it was given beforehand (buffers), so an idle connection owns none. Send
// copies into an arena and queues an entry; the entries of a turn go with the
// call that waits. The kernel executes a send while it takes the entry, without
// blocking and before it waits, and reports only one that the socket did not
// take whole. So when the call returns, the arena is free again but for what was
// cut short: that is kept (at most sendMax bytes a connection, taken by no
// socket yet), sent when there is room, and until then nothing more is accepted.
// Large sends go to the socket at once, by a system call of their own.
//
// ALIVE is judged when a reply is offered to Send. The socket takes it at the
// next Poll, which follows the end of the turn with nothing in between but the
// disk's submission. A reply behind a full socket can be late by what fits into
// sendMax, as one is that the socket itself holds.
//
// No buffer of Go's heap is ever known to the kernel. A connection's slot and
// descriptor are given up only when the kernel has let go of all it had been
// asked for on them, so a completion needs to name nothing but the slot.
package ring

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"holdfast/internal/iouring"
	"holdfast/net"
	"holdfast/net/internal/sock"

	"golang.org/x/sys/unix"
)

// What goes through the ring, as <linux/io_uring.h> numbers it.
const (
	opPollAdd = 6
	opCancel  = 14
	opSend    = 26
	opRecv    = 27

	recvMultishot = 1 << 1
	pollMultishot = 1 << 0
	cancelAll     = 1 << 0
	cancelFD      = 1 << 1

	cqeBuffer = 1 << 0
	cqeMore   = 1 << 1 // the request goes on
)

const (
	entries     = 512   // submitted at once
	completions = 16384 // kept at once
	arenaBytes  = 1 << 20
	sendMax     = 16 << 10
)

// Options tune a Poller.
type Options = sock.Options

// Poller implements net.Net. All methods but Wake belong to the thread that
// calls Poll first.
type Poller struct {
	opt    Options
	ring   *iouring.Ring
	bufs   buffers
	wakeFD int
	woken  atomic.Bool
	h      net.Handler
	ender  net.Ender // h, if it is one

	conns []conn
	free  []uint32
	gen   uint64 // generations given so far

	// arena has two halves: one for the sends of this turn, one with those of
	// the turn before until it is known what the sockets took of them.
	arena     []byte
	used, end int    // of the half in use
	turn      uint64 // of the arena
	scan      func(iouring.CQE)
	reap      func(iouring.CQE)

	ready, spare []net.Conn // with something to do that no event will tell
	lingers      []linger
	patience     time.Duration // with lingering peers
	ep           int           // watches the listeners
	listeners    []sock.Listener
	watches      []watch
	acceptAt     time.Time // accepting is tried again then; zero: it goes on
	warned       bool      // of the pause under way
	down         bool
	brief        int64 // nanoseconds of a wait that keeps its share of Go's scheduler
}

// New returns a Poller that listens nowhere yet, or an error where io_uring is
// not to be had. It needs Linux 6.1.
func New(opt Options) (*Poller, error) {
	p := &Poller{opt: opt, wakeFD: -1, ep: -1, patience: lingerTime, end: arenaBytes}
	if runtime.GOMAXPROCS(0) > 1 {
		p.brief = int64(20 * time.Millisecond)
	}
	p.scan, p.reap = p.scanned, p.event
	var err error
	p.ring, err = iouring.New(iouring.Setup{
		Entries: entries, Completions: completions, EventFD: -1,
		Need: iouring.FeatExtArg | iouring.FeatCQESkip, Modes: []uint32{iouring.ModeDeferred},
	})
	if err == nil {
		err = p.bufs.init(p.ring)
	}
	if err == nil {
		p.arena, err = anonymous(2 * arenaBytes)
	}
	if err == nil {
		p.wakeFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	}
	if err == nil {
		p.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	}
	if err == nil {
		_ = p.Watch(p.wakeFD, func() { p.woken.Store(false) })
		_ = p.Watch(p.ep, p.accept)
	}
	if err != nil {
		p.Shutdown()
		return nil, fmt.Errorf("no sockets on io_uring: %w", err)
	}
	return p, nil
}

// Bind implements net.Net.
func (p *Poller) Bind(h net.Handler) {
	p.h = h
	p.ender, _ = h.(net.Ender)
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

// Poll submits what was begun and runs one turn of events, calling the Handler.
// If there are none it waits up to timeoutNs for the first; negative waits for
// ever.
func (p *Poller) Poll(timeoutNs int64) error {
	list := p.ready
	p.ready, p.spare = p.spare[:0], list
	if len(list) > 0 {
		timeoutNs = 0
	}
	timeoutNs = p.housekeep(timeoutNs)
	if len(p.ready) > 0 {
		timeoutNs = 0
	}
	if err := p.wait(timeoutNs); err != nil {
		return fmt.Errorf("cannot wait for events: %w", err)
	}
	if p.ring.Pending() == 0 {
		p.turn++
		p.used = int(p.turn%2) * arenaBytes
		p.end = p.used + arenaBytes
	}
	p.ring.Reap(p.reap)
	for _, id := range list {
		if c := p.find(id); c != nil {
			c.flags &^= queued
			p.serve(c)
		}
	}
	return nil
}

// wait submits, and waits in two steps as net/poll does: a brief wait goes past
// Go's scheduler.
func (p *Poller) wait(ns int64) error {
	if ns == 0 || !p.ring.Empty() {
		return p.submit()
	}
	brief := p.brief
	if ns > 0 {
		brief = min(brief, ns)
	}
	if brief > 0 {
		err := p.ring.Wait(brief, true)
		p.ring.Scan(p.scan)
		if err != nil || brief == ns || !p.ring.Empty() {
			return err
		}
	}
	if ns > 0 {
		ns -= brief
	}
	err := p.ring.Wait(max(ns, 0), false)
	p.ring.Scan(p.scan)
	return err
}

// submit hands over what is queued and does not wait.
func (p *Poller) submit() error {
	_, err := p.ring.Submit()
	p.ring.Scan(p.scan)
	return err
}

// next returns an entry to fill in.
func (p *Poller) next() *iouring.SQE {
	for {
		if e := p.ring.Next(); e != nil {
			return e
		}
		if err := p.submit(); err != nil { // the ring itself is in error: it was set up wrong
			panic(fmt.Sprintf("ring: io_uring_enter: %v", err))
		}
	}
}

// scanned looks for sends that failed or were cut short. It sees a completion
// before anything that calls the Handler, which could send more to the same
// connection.
func (p *Poller) scanned(e iouring.CQE) {
	if slot, kind := split(e.UserData); kind == kindSend {
		p.sendFailed(&p.conns[slot], e.Res)
	}
}

// event serves one completion.
func (p *Poller) event(e iouring.CQE) {
	switch slot, kind := split(e.UserData); kind {
	case kindRecv:
		p.received(slot, e)
	case kindOut:
		p.writable(&p.conns[slot], e)
	case kindWatch:
		p.watched(&p.conns[slot], e)
	case kindSource:
		p.sourceEvent(int(slot), e)
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
		}
		if !p.acceptAt.IsZero() {
			shorten(p.acceptAt)
		}
	}
	return timeoutNs
}

// Shutdown closes everything, without events. What was accepted is sent. The
// Poller is of no use after.
func (p *Poller) Shutdown() {
	if p.down {
		return
	}
	if p.down = true; p.ring != nil {
		_ = p.submit()
		p.ring.Close()
	}
	for i := range p.conns {
		if c := &p.conns[i]; c.fd >= 0 {
			_ = unix.Close(int(c.fd))
			c.fd = -1
		}
	}
	for _, l := range p.listeners {
		if l.Path != "" {
			_ = unix.Unlink(l.Path)
		}
		_ = unix.Close(l.FD)
	}
	for _, fd := range []int{p.ep, p.wakeFD} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	if p.arena != nil {
		_ = unix.Munmap(p.arena)
	}
	p.bufs.close()
	p.conns, p.ready, p.listeners = nil, nil, nil
}
