package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"holdfast/engine/resp"
)

// batches are the prepared requests that connections take in turn.
const batches = 512

// load is a client in one thread over epoll. It prepares its requests before
// the clock runs and only counts replies, so that at pipeline 16 it is the
// server that is measured; redis-benchmark, which parses them, is the slower
// side there.
type load struct {
	pipeline  int
	requests  [][]byte
	next      int
	conns     []loadConn
	epoll     int
	unsent    int // batches not begun yet
	running   int // batches begun and not answered
	latencies []time.Duration
	buf       [256 << 10]byte
}

// loadConn is one connection with at most one batch under way.
type loadConn struct {
	fd      int
	begun   time.Time
	waiting int // replies of the batch still to come
	replies counter
}

// drive runs about n commands and returns what it saw.
func drive(port string, b benchCase, n int) (figure, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l := &load{pipeline: b.pipeline, requests: requestsOf(b), unsent: max(n/b.pipeline, b.connections)}
	l.latencies = make([]time.Duration, 0, l.unsent)
	total := l.unsent * b.pipeline
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return figure{}, err
	}
	defer unix.Close(l.epoll)
	l.conns = make([]loadConn, b.connections)
	for i := range l.conns {
		if l.conns[i].fd, err = l.connect(port, i); err != nil {
			return figure{}, err
		}
		defer unix.Close(l.conns[i].fd)
	}
	begin := time.Now()
	if err := l.run(begin); err != nil {
		return figure{}, err
	}
	took := time.Since(begin)
	slices.Sort(l.latencies)
	at := func(share float64) float64 {
		return float64(l.latencies[int(share*float64(len(l.latencies)-1))]) / float64(time.Millisecond)
	}
	return figure{PerSecond: float64(total) / took.Seconds(), P50MS: at(0.5), P99MS: at(0.99), ops: total}, nil
}

// requestsOf prepares batches over random keys.
func requestsOf(b benchCase) [][]byte {
	draw := rand.New(rand.NewPCG(1, uint64(b.pipeline)))
	value := string(bytes.Repeat([]byte("x"), 64))
	out := make([][]byte, batches)
	for i := range out {
		for range b.pipeline {
			id := fmt.Sprintf("%012d", draw.IntN(keySpace))
			switch b.command {
			case "GET":
				out[i] = resp.AppendCommandStrings(out[i], "GET", "key:"+id)
			case "SET":
				out[i] = resp.AppendCommandStrings(out[i], "SET", "key:"+id, value)
			case "INCR":
				out[i] = resp.AppendCommandStrings(out[i], "INCR", "counter:"+id)
			case "HSET":
				out[i] = resp.AppendCommandStrings(out[i], "HSET", "myhash", "element:"+id, value)
			case "LPUSH":
				out[i] = resp.AppendCommandStrings(out[i], "LPUSH", "mylist", value)
			case "RPOP": // what the batch before has pushed
				if i%2 == 0 {
					out[i] = resp.AppendCommandStrings(out[i], "LPUSH", "mylist", value)
				} else {
					out[i] = resp.AppendCommandStrings(out[i], "RPOP", "mylist")
				}
			}
		}
	}
	return out
}

func (l *load) connect(port string, i int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	number, _ := strconv.Atoi(port)
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
	}
	return fd, err
}

func (l *load) run(now time.Time) error {
	for i := range l.conns {
		if err := l.send(&l.conns[i], now); err != nil {
			return err
		}
	}
	var events [64]unix.EpollEvent
	for l.running > 0 {
		n, err := unix.EpollWait(l.epoll, events[:], 60_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("no reply for a minute: %w", err)
		}
		now := time.Now()
		for _, e := range events[:n] {
			if err := l.ready(&l.conns[e.Fd], now); err != nil {
				return err
			}
		}
	}
	return nil
}

// send begins the next batch on c. A batch is far smaller than a socket's
// buffer, so a blocking write does not block.
func (l *load) send(c *loadConn, now time.Time) error {
	if l.unsent == 0 {
		return nil
	}
	l.unsent--
	l.running++
	l.next = (l.next + 1) % batches
	c.begun, c.waiting = now, l.pipeline
	_, err := unix.Write(c.fd, l.requests[l.next])
	return err
}

func (l *load) ready(c *loadConn, now time.Time) error {
	n, err := unix.Read(c.fd, l.buf[:])
	if err != nil || n == 0 {
		return fmt.Errorf("the server hung up: %w", err)
	}
	done, err := c.replies.count(l.buf[:n])
	if err != nil {
		return err
	}
	if c.waiting -= done; c.waiting > 0 {
		return nil
	}
	l.running--
	l.latencies = append(l.latencies, now.Sub(c.begun))
	return l.send(c, now)
}

// processTime reads the CPU clock of a process.
func processTime(pid int) (time.Duration, error) {
	const scheduler = 2 // which of a process's CPU clocks, as clock_getcpuclockid has it
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0, fmt.Errorf("cannot read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
