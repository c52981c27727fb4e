//go:build linux

package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// load is a client in one thread over epoll, cheap enough that the server is
// what is measured: its requests are prepared but for the digits of their keys,
// and replies of a known length are not parsed. How much of a core it used is
// part of every result; redis-benchmark, which parses, is the slower side of a
// pipeline.
type load struct {
	port     string
	pipeline int
	kinds    []loadKind
	pick     func() int
	until    time.Duration // how long batches are begun
	most     int           // batches, where a number of them is what ends it
	begin    func()        // called when every connection has been answered once

	conns   []loadConn
	epoll   int
	end     time.Time
	started int
	limit   int // batches of this phase
	running int // batches begun and not answered
	warm    bool
	buf     [256 << 10]byte
}

// loadKind is what some of the connections send.
type loadKind struct {
	batches   []batch
	answers   int // for each command
	next      int
	latencies []time.Duration
}

// at returns the latency that a share of the batches did not exceed, in ms.
func (k *loadKind) at(share float64) float64 {
	return float64(k.latencies[int(share*float64(len(k.latencies)-1))]) / float64(time.Millisecond)
}

// loadConn is one connection with at most one batch under way.
type loadConn struct {
	fd      int
	kind    *loadKind
	begun   time.Time
	bytes   int // of the answers still to come, if their length is known
	waiting int // replies still to come otherwise
	replies counter
}

// seen is what the client knows after a run.
type seen struct {
	took time.Duration // from begin to the last answer
	cpu  time.Duration // the client's own, meanwhile
	done int           // batches
}

// kindOf is the load of one point.
func kindOf(p point) loadKind { return loadKind{batches: batchesOf(p), answers: p.answers()} }

// run opens a connection for each of kinds and runs the load to its end. It
// owns its thread, so that its CPU time is its own.
func (l *load) run(kinds []int) (out seen, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return out, err
	}
	defer unix.Close(l.epoll)
	l.conns = make([]loadConn, len(kinds))
	for i := range l.conns {
		l.conns[i].kind = &l.kinds[kinds[i]]
		if l.conns[i].fd, err = l.connect(i); err != nil {
			return out, err
		}
		defer unix.Close(l.conns[i].fd)
	}
	for i := range l.kinds {
		l.kinds[i].latencies = make([]time.Duration, 0, 1<<20)
	}
	if err = l.phase(len(kinds), time.Time{}); err != nil { // once on each
		return out, err
	}
	for i := range l.kinds {
		l.kinds[i].latencies = l.kinds[i].latencies[:0]
	}
	if l.begin != nil {
		l.begin()
	}
	cpu, began := threadTime(), time.Now()
	most := l.most
	if most == 0 {
		most = 1 << 60
	}
	if l.until == 0 {
		l.until = time.Hour
	}
	if err = l.phase(most, began.Add(l.until)); err != nil {
		return out, err
	}
	out = seen{took: time.Since(began), cpu: threadTime() - cpu, done: l.started}
	for i := range l.kinds {
		slices.Sort(l.kinds[i].latencies)
	}
	return out, nil
}

func (l *load) connect(i int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	number, _ := strconv.Atoi(l.port)
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
	}
	return fd, err
}

// phase begins batches until there were so many or the time has come, and
// waits for the answers. Without a time each connection sends one.
func (l *load) phase(most int, end time.Time) error {
	l.started, l.end, l.warm = 0, end, end.IsZero()
	l.limit = most
	now := time.Now()
	for i := range l.conns {
		if err := l.send(&l.conns[i], now); err != nil {
			return err
		}
	}
	var events [64]unix.EpollEvent
	for l.running > 0 {
		n, err := unix.EpollWait(l.epoll, events[:], 30_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot wait for replies: %w", err)
		}
		if n == 0 {
			return l.overdue()
		}
		for _, e := range events[:n] {
			if err := l.ready(&l.conns[e.Fd]); err != nil {
				return err
			}
		}
	}
	return nil
}

// overdue says what is missing when nothing more comes. Replies have one length,
// so a server that lacks a key shows here.
func (l *load) overdue() error {
	for i := range l.conns {
		if c := &l.conns[i]; c.bytes > 0 {
			return fmt.Errorf("no reply for half a minute: %d bytes are missing of %d that were expected", c.bytes, c.kind.batches[0].reply)
		}
	}
	return errors.New("no reply for half a minute")
}

// send begins the next batch on c, if it is not time to end. A batch is smaller
// than a socket's buffers, so a blocking write does not block.
func (l *load) send(c *loadConn, now time.Time) error {
	if l.started >= l.limit || !l.warm && now.After(l.end) {
		return nil
	}
	l.started++
	l.running++
	k := c.kind
	b := &k.batches[k.next]
	if k.next++; k.next == len(k.batches) {
		k.next = 0
	}
	b.draw(l.pick)
	c.begun, c.bytes, c.waiting = now, b.reply, l.pipeline*k.answers
	_, err := unix.Write(c.fd, b.text)
	return err
}

func (l *load) ready(c *loadConn) error {
	n, err := unix.Read(c.fd, l.buf[:])
	if err != nil || n == 0 {
		return fmt.Errorf("the server hung up: %w", err)
	}
	now := time.Now()
	if c.bytes > 0 {
		if l.buf[0] == '-' {
			return fmt.Errorf("the server answered %q", l.buf[:min(n, 200)])
		}
		if c.bytes -= n; c.bytes > 0 {
			return nil
		}
		if c.bytes < 0 {
			return fmt.Errorf("more was answered than was asked for: %q", l.buf[:min(n, 200)])
		}
	} else {
		done, err := c.replies.count(l.buf[:n])
		if err != nil {
			return err
		}
		if c.waiting -= done; c.waiting > 0 {
			return nil
		}
	}
	l.running--
	if k := c.kind; len(k.latencies) < cap(k.latencies) {
		k.latencies = append(k.latencies, now.Sub(c.begun))
	}
	if l.warm {
		return nil
	}
	return l.send(c, now)
}

// The CPU clocks of clock_getcpuclockid: bits of the clock's number.
const (
	clockScheduler = 2
	threadCPU      = 3 // CLOCK_THREAD_CPUTIME_ID
)

// processTime reads the CPU clock of a process: nanoseconds, where the times in
// /proc/PID/stat are in ticks of 10 ms, and threads that have ended included.
func processTime(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|clockScheduler), &t); err != nil {
		return 0, fmt.Errorf("cannot read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

func threadTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(threadCPU, &t)
	return time.Duration(t.Nano())
}
