//go:build linux

package main

import (
	"strconv"
	"strings"
	"time"

	"holdfast/bench/client"
)

// special is a case that is no point of the matrix.
type special struct {
	name  string
	about string
	quick bool // is part of a quick run
	run   func(b *bench) error
}

var specialCases = []special{
	{"memory", "resident bytes per key, what deletes give back, bytes of a cold key with a deadline", true, memory},
	{"expiry", "how long after its deadline a key is gone, beside a million others with deadlines", true, expiry},
	{"expiring", "throughput while a million keys expire within a second", true, expiring},
	{"turns", "the longest turns of our loop while 5 million keys are written", false, turns},
	{"coldshare", "cost of GET by the share of values that are on disk alone", false, shares},
	{"large", "the longest turns while a large collection is imaged, read back or dropped", false, large},
	{"compaction", "throughput while the log is compacted, to that without", false, compacting},
	{"restart", "start of the program until it serves 5 million keys", false, restarts},
	{"cold", "GET of values on disk alone, uniform and zipfian, beside fio", false, coldGets},
	{"mix", "50 GET and 8 SET connections under always", false, mixed},
	{"beside", "readers beside durable writers, always to everysec", false, beside},
	{"amplification", "bytes written for each byte that is set, when the log is full", false, amplified},
}

// info is one section of INFO.
func info(c *client.Client, section string) (map[string]string, error) {
	v, err := c.Do("INFO", section)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(v.Str)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[name] = value
		}
	}
	return out, nil
}

// number reads a field of INFO, 0 if it is not there.
func number(fields map[string]string, name string) float64 {
	v, _ := strconv.ParseFloat(fields[name], 64)
	return v
}

// until asks again and again, for a while at most, and reports whether it came.
func until(patience time.Duration, done func() (bool, error)) (bool, error) {
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if ok, err := done(); ok || err != nil || time.Now().After(end) {
			return ok, err
		}
	}
}
