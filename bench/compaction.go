//go:build linux

package main

import (
	"fmt"
	"time"
)

// compacting measures writers whose log is compacted all the time beside the
// same writers with a log that is let grow, and beside Redis, which rewrites its
// AOF in a child process, with the AOF let grow too.
func compacting(b *bench) error {
	p := centre
	p.Command, p.Pipeline, p.Keys, p.Value = "SET", 16, 100_000, 1024
	r := &result{Case: "SET 1KB 50c p16 100k no, the log compacted all the time", Group: "compaction",
		Subjects: append([]string{"compacting", "log grows"}, b.names()[1:]...)}
	ours := b.subjects[0]
	subjects := append([]subject{ours}, b.subjects...)
	var servers []*server
	defer func() { stopAll(servers) }()
	for i, one := range subjects {
		args := persistence("no", one.ours)
		if i == 0 {
			args = append(args, "--tiered_max_file_size", "256mb", "--log-segment-size", "4mb")
		}
		s, err := startServer(b.scratch, one.program, args...)
		if err != nil {
			return err
		}
		servers = append(servers, s)
		if err := s.populate(p.Keys, p.Value); err != nil {
			return err
		}
	}
	if _, err := servers[0].round(p, b.gauge, 3); err != nil { // until it has to compact
		return err
	}
	before, err := copied(servers[0])
	if err != nil {
		return err
	}
	for range b.o.rounds {
		var speed, cpu, p99, p999 []float64
		for _, s := range servers {
			got, err := s.round(p, b.gauge, b.o.seconds)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			r.Samples = append(r.Samples, got.machine)
			speed, cpu, p99, p999 = append(speed, got.perSecond), append(cpu, got.cpuMicros), append(p99, got.p99), append(p999, got.p999)
		}
		r.record("throughput", "/s", true, speed...)
		r.record("CPU per operation", "us", false, cpu...)
		r.record("p99", "ms", false, p99...)
		r.record("p99.9", "ms", false, p999...)
	}
	after, err := copied(servers[0])
	if err != nil {
		return err
	}
	r.record("copied by compaction meanwhile", "MB", false, (after-before)/1e6).Alone = true
	b.add(r)
	return nil
}

func copied(s *server) (float64, error) {
	c, err := s.dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	l, err := logFigures(c)
	return l.copied, err
}

// turns fills the server and asks it how long its turns took: the processor time
// of the loop's thread, which other processes do not lengthen, and the time that
// passed, of which the least of some tries says most.
func turns(b *bench) error {
	r := &result{Case: fmt.Sprintf("turns of the loop while %s keys are written", countText(manyKeys)), Group: "turns", Subjects: []string{"holdfast"}}
	for _, policy := range []string{"off", "no"} {
		for range 3 {
			f, err := b.turnsOnce(policy)
			if err != nil {
				return err
			}
			for _, kind := range []struct{ field, name string }{{"turn-cpu", "processor time"}, {"turn", "time"}} {
				var p9999, most float64
				if _, err := fmt.Sscanf(f["latency_percentiles_usec_"+kind.field], "p99.99=%f,p100=%f", &p9999, &most); err != nil {
					return fmt.Errorf("no turns were measured: %w", err)
				}
				r.record(kind.name+" of the longest, "+logText(policy), "ms", false, most/1000).Alone = true
				r.record(kind.name+", p99.99, "+logText(policy), "ms", false, p9999/1000).Alone = true
			}
		}
	}
	b.add(r)
	return nil
}

func (b *bench) turnsOnce(policy string) (map[string]string, error) {
	args := append(persistence(policy, true), "--latency-monitor-threshold", "1000", "--latency-tracking-info-percentiles", "99.99 100")
	s, c, end, err := b.lone(args...)
	if err != nil {
		return nil, err
	}
	defer end()
	p := point{Command: "SET", Value: 64, Pipeline: 16}
	l := &load{port: s.port, pipeline: p.Pipeline, kinds: []loadKind{kindOf(p)}, pick: inOrder(), most: manyKeys / p.Pipeline, until: time.Minute}
	if _, err := l.run(make([]int, 4)); err != nil {
		return nil, err
	}
	return info(c, "latencystats")
}
