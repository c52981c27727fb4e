//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// runMix has readers GET and writers SET values of 64 bytes over so many
// seconds' worth of commands, while a probe flushes the same device.
func runMix(s *server, readers, writers, n int, apart bool) (m mixRound, err error) {
	read, write := point{Command: "GET", Value: 64, Pipeline: 1}, point{Command: "SET", Value: 64, Pipeline: 1}
	l := &load{port: s.port, pipeline: 1, most: n, kinds: []loadKind{kindOf(read), kindOf(write)}, pick: uniform(mixKeys)}
	if apart { // the writers' keys are not those that are read
		text := l.kinds[1].batches[0].text
		copy(text[bytes.Index(text, []byte("key:")):], "wri")
	}
	kinds := make([]int, readers+writers)
	for i := range writers {
		kinds[readers+i] = 1
	}
	probe, err := startProbe(s.dir)
	if err != nil {
		return m, err
	}
	got, err := l.run(kinds)
	flushes, fault := probe.stop()
	if err != nil || fault != nil {
		return m, errors.Join(err, fault)
	}
	m.reads, m.writes = float64(len(l.kinds[0].latencies))/got.took.Seconds(), float64(len(l.kinds[1].latencies))/got.took.Seconds()
	m.readP50, m.readP99 = l.kinds[0].at(0.5), l.kinds[0].at(0.99)
	m.writeP50, m.writeP99 = l.kinds[1].at(0.5), l.kinds[1].at(0.99)
	if len(flushes) > 0 {
		slices.Sort(flushes)
		ms := func(i int) float64 { return float64(flushes[i]) / float64(time.Millisecond) }
		m.flushP50, m.flushP99 = ms(len(flushes)/2), ms(len(flushes)*99/100)
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

// threadsTime is the CPU time of this process.
func threadsTime() time.Duration {
	t, _ := processTime(os.Getpid())
	return t
}
