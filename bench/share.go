//go:build linux

package main

import (
	"fmt"
	"time"
)

// shares measures how cost grows with the share of data that is on disk alone:
// GET of random keys, with memory for all values, most, half and few of them.
func shares(b *bench) error {
	const keys, size = 300_000, 1024
	for _, memory := range []string{"4gb", "320mb", "200mb", "96mb"} {
		r := &result{Case: fmt.Sprintf("GET %s 50c p1 %s no, maxmemory %s", bytesText(size), countText(keys), memory), Group: "cold", Subjects: []string{"holdfast"}}
		s, err := startServer(b.scratch, b.subjects[0].program, append(persistence("no", true), "--maxmemory", memory)...)
		if err != nil {
			return err
		}
		err = b.share(r, s, point{Command: "GET", Value: size, Conns: 50, Pipeline: 1, Keys: keys, Policy: "no"})
		stopAll([]*server{s})
		if err != nil {
			return err
		}
		b.add(r)
	}
	return nil
}

func (b *bench) share(r *result, s *server, p point) error {
	if err := s.populate(p.Keys, p.Value); err != nil {
		return err
	}
	if _, err := s.round(p, b.gauge, 2); err != nil { // what is hot settles
		return err
	}
	time.Sleep(time.Second)
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for range b.o.rounds {
		before, err := info(c, "tiered")
		if err != nil {
			return err
		}
		got, err := s.round(p, b.gauge, b.o.seconds)
		if err != nil {
			return err
		}
		after, err := info(c, "tiered")
		if err != nil {
			return err
		}
		fetched := number(after, "tiered_total_fetches") - number(before, "tiered_total_fetches")
		r.Samples = append(r.Samples, got.machine)
		for _, m := range []struct {
			name, unit string
			value      float64
		}{
			{"values on disk alone, of all", "", number(after, "tiered_entries") / float64(p.Keys)},
			{"reads of the disk for each GET", "", fetched / (got.perSecond * b.o.seconds)},
			{"throughput", "/s", got.perSecond}, {"CPU per operation", "us", got.cpuMicros},
			{"p50", "ms", got.p50}, {"p99", "ms", got.p99},
		} {
			r.record(m.name, m.unit, m.name == "throughput", m.value).Alone = true
		}
	}
	return nil
}
