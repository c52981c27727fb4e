//go:build linux

package main

import (
	"fmt"
	"strings"
)

// target is a bound that the project has set itself: a ratio to Redis, or a
// figure of ours.
type target struct {
	what   string
	result string // the case, its name or how it begins
	metric string
	bound  float64
	least  bool // the bound is from below
	own    bool // our figure, not a ratio
	row    int  // of the subjects whose figure it is
}

var targets = []target{
	{what: "GET unpipelined, throughput", result: "GET 64B 50c p1 1k no", metric: "throughput", bound: 1, least: true},
	{what: "GET unpipelined, CPU per operation", result: "GET 64B 50c p1 1k no", metric: "CPU per operation", bound: 0.85},
	{what: "SET unpipelined, throughput", result: "SET 64B 50c p1 1k no", metric: "throughput", bound: 1, least: true},
	{what: "SET unpipelined, CPU per operation", result: "SET 64B 50c p1 1k no", metric: "CPU per operation", bound: 0.85},
	{what: "GET pipeline 16, few keys, throughput", result: "GET 64B 50c p16 1k no", metric: "throughput", bound: 2.2, least: true},
	{what: "SET pipeline 16, few keys, throughput", result: "SET 64B 50c p16 1k no", metric: "throughput", bound: 2.2, least: true},
	{what: "GET pipeline 16, few keys, CPU per operation", result: "GET 64B 50c p16 1k no", metric: "CPU per operation", bound: 0.4},
	{what: "SET pipeline 16, few keys, CPU per operation", result: "SET 64B 50c p16 1k no", metric: "CPU per operation", bound: 0.4},
	{what: "GET pipeline 16, 5 million keys, throughput", result: "GET 64B 50c p16 5M no", metric: "throughput", bound: 2.7, least: true},
	{what: "SET pipeline 16, 5 million keys, throughput", result: "SET 64B 50c p16 5M no", metric: "throughput", bound: 2.7, least: true},
	{what: "GET pipeline 16, 5 million keys, CPU per operation", result: "GET 64B 50c p16 5M no", metric: "CPU per operation", bound: 0.4},
	{what: "SET pipeline 16, 5 million keys, CPU per operation", result: "SET 64B 50c p16 5M no", metric: "CPU per operation", bound: 0.4},
	{what: "durable SET, one connection", result: "SET 64B 1c p1 1k always", metric: "throughput", bound: 1.5, least: true},
	{what: "durable SET, 50 connections", result: "SET 64B 50c p1 1k always", metric: "throughput", bound: 1.5, least: true},
	{what: "durable SET, pipeline 16", result: "SET 64B 50c p16 1k always", metric: "throughput", bound: 2.4, least: true},
	{what: "durable SET, pipeline 16, to their everysec", result: "SET 64B 50c p16 1k always:everysec", metric: "throughput", bound: 1.5, least: true},
	{what: "memory per key, no log", result: "memory, 5M keys of 16 B, values of 64 B, no log", metric: "resident per key", bound: 0.57},
	{what: "memory per key, with a log", result: "memory, 5M keys of 16 B, values of 64 B, with a log", metric: "resident per key", bound: 0.57},
	{what: "memory per cold key with a deadline, besides the key, B", result: "memory, 2M cold keys", metric: "in memory per key, besides the key", bound: 48, own: true},
	{what: "expiry lag, p99, ms", result: "expiry lag", metric: "p99", bound: 10, own: true},
	{what: "throughput while a million keys expire, of normal", result: "throughput of SET while", metric: "throughput in that second, of normal", bound: 0.8, least: true, own: true},
	{what: "longest turn at 5 million keys, no log, ms", result: "turns of the loop", metric: "processor time of the longest, no log", bound: 1, own: true},
	{what: "longest turn at 5 million keys, with a log, ms", result: "turns of the loop", metric: "processor time of the longest, with a log", bound: 1, own: true},
	{what: "cold GET, 64 connections, of raw fio", result: "cold GET uniform 64c", metric: "reads", bound: 0.5, least: true},
	{what: "cold GET, 64 connections, p99, ms", result: "cold GET uniform 64c", metric: "p99", bound: 4, own: true},
	{what: "cold GET, 64 connections, CPU per read, to a pool of threads", result: "cold GET uniform 64c, to a pool of threads", metric: "CPU per read", bound: 0.5},
}

// verdict is how a target stands.
type verdict struct {
	What, Wanted, Measured, Mark string
}

// verdicts looks the targets up among the results; what was not run is left out.
func (r *report) verdicts() (out []verdict) {
	for _, t := range targets {
		for _, one := range r.Results {
			if one.Case != t.result && !(t.own && strings.HasPrefix(one.Case, t.result)) {
				continue
			}
			if m := one.metric(t.metric); m != nil {
				out = append(out, t.judge(one, m))
			}
		}
	}
	return append(out, r.tails()...)
}

func (t target) judge(r *result, m *metric) verdict {
	sign := "at most "
	if t.least {
		sign = "at least "
	}
	v := verdict{What: t.what, Wanted: sign + strings.TrimSpace(figure(t.bound, "")), Mark: "short"}
	got, doubt := 0.0, ""
	if t.own {
		low, middle, _ := spread(m.Rounds[t.row])
		if got = middle; strings.Contains(t.metric, "of the longest") {
			got = low // the others also met other work
		}
		v.Measured = strings.TrimSpace(figure(got, ""))
		if crowd := r.crowd(); crowd > occupied {
			v.Measured += fmt.Sprintf(", while other work took %.1f cores", crowd)
			v.Mark = "open"
		}
	} else {
		if len(m.Ratios) == 0 || m.Ratios[0].Refused != "" {
			v.Measured, v.Mark = "not supported", "open"
			if len(m.Ratios) > 0 {
				v.Measured = m.Ratios[0].String()
			}
			return v
		}
		got, doubt = m.Ratios[0].Median, m.Ratios[0].Doubt
		v.Measured = m.Ratios[0].String()
	}
	if t.least && got >= t.bound || !t.least && got <= t.bound {
		v.Mark = "reached"
	}
	if doubt != "" {
		v.Measured += " (" + doubt + ")"
	}
	return v
}

// tails counts the cases with 50 connections whose p99.9 is worse than Redis's.
func (r *report) tails() []verdict {
	worse, all, open := "", 0, 0 // worse in every round
	for _, one := range r.Results {
		m := one.metric("p99.9")
		if one.Point == nil || one.Point.Conns != 50 || m == nil || len(m.Ratios) == 0 {
			continue
		}
		x := m.Ratios[0]
		if x.Refused != "" {
			open++
			continue
		}
		if all++; side(x, false) == "behind" {
			worse += "; " + one.Case + " " + x.String()
		}
	}
	if all == 0 {
		return nil
	}
	v := verdict{What: "p99.9 with 50 connections no worse than Redis's", Wanted: "every case", Mark: "reached", Measured: figure(float64(all), "cases")}
	if open > 0 {
		v.Measured += ", " + figure(float64(open), "not supported")
	}
	if worse != "" {
		v.Mark, v.Measured = "short", "worse: "+worse[2:]
	}
	return []verdict{v}
}
