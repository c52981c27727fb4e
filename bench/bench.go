//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// bench is one run.
type bench struct {
	o        options
	scratch  string
	subjects []subject
	gauge    *gauge
	report   report
	until    time.Time // nothing is begun after it; zero: always
}

// add keeps a case, judges and prints it.
func (b *bench) add(r *result) {
	r.judge()
	r.print()
	b.report.Results = append(b.report.Results, r)
}

// names are the subjects' names, ours first.
func (b *bench) names() (out []string) {
	for _, s := range b.subjects {
		out = append(out, s.Name)
	}
	return out
}

func (b *bench) late() bool { return !b.until.IsZero() && time.Now().After(b.until) }

// measure runs everything that was chosen.
func (b *bench) measure(points []point, specials []special) error {
	if len(points) > 0 {
		header()
	}
	for _, group := range together(points) {
		if err := b.points(group); err != nil {
			return err
		}
	}
	for _, s := range specials {
		if b.late() {
			b.report.NotRun = append(b.report.NotRun, s.name)
			continue
		}
		if err := s.run(b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// together groups the points that the same servers with the same data serve.
func together(points []point) (groups [][]point) {
	for _, p := range points {
		i := slices.IndexFunc(groups, func(g []point) bool {
			return g[0].Policy == p.Policy && g[0].Keys == p.Keys && g[0].Value == p.Value
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// points measures the points of one group.
func (b *bench) points(group []point) error {
	if b.late() {
		for _, p := range group {
			b.report.NotRun = append(b.report.NotRun, p.String())
		}
		return nil
	}
	first := group[0]
	servers, err := b.start(func(s subject) []string { return persistence(first.policyOf(s.ours), s.ours) })
	defer stopAll(servers)
	if err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.populate(first.Keys, first.Value); err != nil {
			return err
		}
	}
	for _, p := range group {
		if b.late() {
			b.report.NotRun = append(b.report.NotRun, p.String())
			continue
		}
		if err := b.point(p, servers); err != nil {
			return fmt.Errorf("%v: %w", p, err)
		}
	}
	return nil
}

// point measures one point: a short round to warm up, then A B A B.
func (b *bench) point(p point, servers []*server) error {
	r := &result{Case: p.String(), Group: "matrix", Point: &p, Subjects: b.names()}
	for _, s := range servers {
		if _, err := s.round(p, b.gauge, b.o.seconds/4); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for range b.o.rounds {
		got := make([]pointRound, len(servers))
		for i, s := range servers {
			var err error
			if got[i], err = s.round(p, b.gauge, b.o.seconds); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			r.Samples = append(r.Samples, got[i].machine)
		}
		of := func(f func(p pointRound) float64) (out []float64) {
			for _, one := range got {
				out = append(out, f(one))
			}
			return out
		}
		r.record("throughput", "/s", true, of(func(p pointRound) float64 { return p.perSecond })...)
		r.record("CPU per operation", "us", false, of(func(p pointRound) float64 { return p.cpuMicros })...)
		r.record("p50", "ms", false, of(func(p pointRound) float64 { return p.p50 })...)
		r.record("p99", "ms", false, of(func(p pointRound) float64 { return p.p99 })...)
		r.record("p99.9", "ms", false, of(func(p pointRound) float64 { return p.p999 })...)
		r.record("client", "cores", false, of(func(p pointRound) float64 { return p.client })...).Alone = true
		r.record("server", "cores", false, of(func(p pointRound) float64 { return p.server })...).Alone = true
	}
	b.add(r)
	return nil
}

// pointRound is what one round of one server showed.
type pointRound struct {
	perSecond, cpuMicros, p50, p99, p999 float64
	client, server                       float64 // cores used
	machine                              sample
}

// enoughTail is how many batches a round needs for its p99.9 to mean something.
const enoughTail = 5000

// round drives the server for a while.
func (s *server) round(p point, g *gauge, seconds float64) (pointRound, error) {
	return s.drive(p, uniform(p.Keys), g, seconds)
}

// drive does so with keys of one's choice.
func (s *server) drive(p point, pick func() int, g *gauge, seconds float64) (out pointRound, err error) {
	l := &load{port: s.port, pipeline: p.Pipeline, kinds: []loadKind{kindOf(p)}, pick: pick,
		until: time.Duration(seconds * float64(time.Second))}
	var before, after time.Duration
	l.begin = func() {
		g.begin()
		before, err = s.cpu()
	}
	got, fault := l.run(make([]int, p.Conns))
	if fault != nil || err != nil {
		return out, errors.Join(fault, err)
	}
	if after, err = s.cpu(); err != nil {
		return out, err
	}
	used := after - before
	out.machine = g.end(used + got.cpu)
	k := &l.kinds[0]
	ops := float64(got.done * p.Pipeline)
	out.perSecond = ops / got.took.Seconds()
	out.cpuMicros = float64(used) / float64(time.Microsecond) / ops
	out.p50, out.p99, out.p999 = k.at(0.5), k.at(0.99), k.at(0.999)
	if len(k.latencies) < enoughTail {
		out.p999 = math.NaN()
	}
	out.client, out.server = got.cpu.Seconds()/got.took.Seconds(), used.Seconds()/got.took.Seconds()
	return out, nil
}
