package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// runMix has readers GET and writers SET values of 64 bytes over so many
// seconds' worth of commands, while a probe flushes the same device.
func runMix(s *server, readers, writers, n int, apart bool) (m mixRound, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	write := benchCase{"SET", writers, 1, ""}
	l := &load{pipeline: 1, unsent: n, kinds: []loadKind{
		{requests: requestsOf(benchCase{"GET", readers, 1, ""})}, {requests: requestsOf(write)},
	}}
	if apart { // the writers' keys are not those that are read
		for _, r := range l.kinds[1].requests {
			copy(r[slices.Index(r, 'k'):], "wri")
		}
	}
	kinds := make([]int, readers+writers)
	for i := range writers {
		kinds[readers+i] = 1
	}
	probe, err := startProbe(s.dir)
	if err != nil {
		return m, err
	}
	took, err := l.all(s.port, kinds)
	flushes, fault := probe.stop()
	if err != nil || fault != nil {
		return m, fmt.Errorf("%w %w", err, fault)
	}
	m.Reads, m.Writes = float64(len(l.kinds[0].latencies))/took.Seconds(), float64(len(l.kinds[1].latencies))/took.Seconds()
	m.ReadP50, m.ReadP99 = l.kinds[0].at(0.5), l.kinds[0].at(0.99)
	m.WriteP50, m.WriteP99 = l.kinds[1].at(0.5), l.kinds[1].at(0.99)
	if len(flushes) > 0 {
		slices.Sort(flushes)
		ms := func(i int) float64 { return float64(flushes[i]) / float64(time.Millisecond) }
		m.FlushP50, m.FlushP99 = ms(len(flushes)/2), ms(len(flushes)*99/100)
	}
	return m, nil
}

// probe times durable writes of one block, fifty a second.
type probe struct {
	end   chan struct{}
	out   chan []time.Duration
	fault error
}

func startProbe(dir string) (*probe, error) {
	f, err := os.OpenFile(filepath.Join(dir, "probe"), os.O_CREATE|os.O_RDWR|unix.O_DIRECT|unix.O_DSYNC, 0o600)
	if err != nil {
		return nil, err
	}
	p := &probe{end: make(chan struct{}), out: make(chan []time.Duration, 1)}
	raw := make([]byte, 8192)
	skip := (4096 - int(uintptr(unsafe.Pointer(&raw[0]))%4096)) % 4096
	block := raw[skip : skip+4096]
	if _, err := f.WriteAt(block, 0); err != nil {
		return nil, err
	}
	go func() {
		defer f.Close()
		var all []time.Duration
		defer func() { p.out <- all }()
		for {
			select {
			case <-p.end:
				return
			case <-time.After(20 * time.Millisecond):
			}
			begin := time.Now()
			if _, p.fault = f.WriteAt(block, 0); p.fault != nil {
				return
			}
			all = append(all, time.Since(begin))
		}
	}()
	return p, nil
}

func (p *probe) stop() ([]time.Duration, error) {
	close(p.end)
	all := <-p.out
	return all, p.fault
}
