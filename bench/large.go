//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/client"
)

// largeStep is something that is done to a large collection.
type largeStep struct {
	name string
	do   []string // commands, words apart
	cold bool     // and then the value must become cold
}

// largeValue is a collection and what is done to it.
type largeValue struct {
	name    string
	command string
	n, size int // elements, and bytes of each
	steps   []largeStep
}

var largeValues = []largeValue{
	{"hash of 10 MB", "HSET", 140_000, 60, []largeStep{
		{"written, goes cold", []string{"CONFIG SET tiered_offload_threshold 1"}, true},
		{"read back", []string{"CONFIG SET tiered_offload_threshold 0.1", "HLEN large"}, false},
		{"COPY", []string{"COPY large other"}, false},
		{"RENAME", []string{"RENAME large other", "RENAME other large"}, false},
		{"DEL", []string{"DEL large"}, false},
	}},
	{"list of 100 MB", "RPUSH", 1_400_000, 70, []largeStep{
		{"written, goes cold", []string{"CONFIG SET tiered_offload_threshold 1"}, true},
		{"read back", []string{"CONFIG SET tiered_offload_threshold 0.1", "LLEN large"}, false},
		{"COPY", []string{"COPY large other"}, false},
		{"RENAME", []string{"RENAME large other", "RENAME other large"}, false},
		{"LREM of one element", []string{"LREM large 1 nothing"}, false},
		{"LTRIM to one element", []string{"LTRIM large 0 0"}, false},
	}},
	{"hash of 5,000,000 fields", "HSET", 5_000_000, 16, []largeStep{
		{"HSCAN", []string{"HSCAN large 0"}, false},
		{"PEXPIRE", []string{"PEXPIRE large 1", "PING"}, false},
	}},
	{"the same", "HSET", 5_000_000, 16, []largeStep{{"UNLINK", []string{"UNLINK large"}, false}}},
	{"the same again", "HSET", 5_000_000, 16, []largeStep{{"FLUSHALL", []string{"FLUSHALL"}, false}}},
}

// large asks the server how long the longest turn was in which something was done
// to a large collection, in processor time of the loop's thread.
func large(b *bench) error {
	r := &result{Case: "longest turn while a large collection is imaged, read or dropped", Group: "turns", Subjects: []string{"holdfast"}}
	for _, v := range largeValues {
		if err := b.largeOnce(r, &v); err != nil {
			return err
		}
	}
	b.add(r)
	return nil
}

func (b *bench) largeOnce(r *result, v *largeValue) error {
	args := append(persistence("everysec", true), "--latency-monitor-threshold", "1000", "--latency-tracking-info-percentiles", "100", "--maxmemory", "4gb")
	_, c, end, err := b.lone(args...)
	if err != nil {
		return err
	}
	defer end()
	for at := 0; at < v.n; {
		words := []string{v.command, "large"}
		for range min(500, v.n-at) {
			if v.command == "HSET" {
				words = append(words, strconv.Itoa(at))
			}
			words = append(words, fmt.Sprintf("%0*d", v.size, at))
			at++
		}
		if _, err := c.Do(words...); err != nil {
			return err
		}
	}
	for _, step := range v.steps {
		if _, err := c.Do("CONFIG", "RESETSTAT"); err != nil {
			return err
		}
		began := time.Now()
		for _, line := range step.do {
			if _, err := c.Do(strings.Fields(line)...); err != nil {
				return err
			}
		}
		if err := coldWithin(c, step.cold, time.Minute); err != nil {
			return err
		}
		took := time.Since(began)
		f, err := info(c, "latencystats")
		if err != nil {
			return err
		}
		most, _ := strconv.ParseFloat(strings.TrimPrefix(f["latency_percentiles_usec_turn-cpu"], "p100="), 64)
		r.record(v.name+", "+step.name+": longest turn", "ms", false, most/1000).Alone = true
		r.record(v.name+", "+step.name+": all of it", "ms", false, float64(took.Microseconds())/1000).Alone = true
	}
	return nil
}

// coldWithin waits until the only value is cold, if it is to become so, or else a
// moment.
func coldWithin(c *client.Client, cold bool, limit time.Duration) error {
	for end := time.Now().Add(limit); cold; time.Sleep(5 * time.Millisecond) {
		f, err := info(c, "tiered")
		switch {
		case err != nil:
			return err
		case number(f, "tiered_entries") == 1:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("the value did not go cold within %v", limit)
		}
	}
	time.Sleep(50 * time.Millisecond)
	return nil
}
