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
	pipeline int
	kinds    []loadKind
	conns    []loadConn
	epoll    int
	unsent   int // batches not begun yet
	running  int // batches begun and not answered
	buf      [256 << 10]byte
}

// loadKind is what some of the connections send.
type loadKind struct {
	requests  [][]byte
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
	waiting int // replies of the batch still to come
	replies counter
}

// drive runs about n commands and returns what it saw.
func drive(port string, b benchCase, n int) (figure, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l := &load{pipeline: b.pipeline, kinds: []loadKind{{requests: requestsOf(b)}}, unsent: max(n/b.pipeline, b.connections)}
	total := l.unsent * b.pipeline
	took, err := l.all(port, make([]int, b.connections))
	if err != nil {
		return figure{}, err
	}
	k := &l.kinds[0]
	return figure{PerSecond: float64(total) / took.Seconds(), P50MS: k.at(0.5), P99MS: k.at(0.99), ops: total}, nil
}

// all opens a connection for each of kinds and runs the load to its end.
func (l *load) all(port string, kinds []int) (time.Duration, error) {
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return 0, err
	}
	defer unix.Close(l.epoll)
	l.conns = make([]loadConn, len(kinds))
	for i := range l.conns {
		l.conns[i].kind = &l.kinds[kinds[i]]
		if l.conns[i].fd, err = l.connect(port, i); err != nil {
			return 0, err
		}
		defer unix.Close(l.conns[i].fd)
	}
	for i := range l.kinds {
		l.kinds[i].latencies = make([]time.Duration, 0, 1<<20)
	}
	begin := time.Now()
	if err := l.run(begin); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	for i := range l.kinds {
		slices.Sort(l.kinds[i].latencies)
	}
	return took, nil
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
	k := c.kind
	k.next = (k.next + 1) % batches
	c.begun, c.waiting = now, l.pipeline
	_, err := unix.Write(c.fd, k.requests[k.next])
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
	c.kind.latencies = append(c.kind.latencies, now.Sub(c.begun))
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
