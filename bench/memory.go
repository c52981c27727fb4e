//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"holdfast/bench/client"
)

// memory measures what a key costs, with and without a log, and whether deletes
// give it back.
func memory(b *bench) error {
	keys := manyKeys
	if b.o.quick {
		keys = 1_000_000
	}
	for _, policy := range []string{"off", "no"} {
		r := &result{Case: fmt.Sprintf("memory, %s keys of 16 B, values of 64 B, %s", countText(keys), logText(policy)), Group: "memory", Subjects: b.names()}
		var perKey, after, took []float64
		for _, one := range b.subjects {
			s, err := startServer(b.scratch, one.program, persistence(policy, one.ours)...)
			if err != nil {
				return err
			}
			f, err := s.footprint(keys)
			stopAll([]*server{s})
			if err != nil {
				return err
			}
			perKey, after, took = append(perKey, f.perKey), append(after, f.after), append(took, f.seconds)
		}
		r.record("resident per key", "B", false, perKey...)
		r.record("resident after 90 % are deleted, of before", "", false, after...).Alone = true
		r.record("until it was given back", "s", false, took...).Alone = true
		b.add(r)
	}
	if err := collections(b); err != nil {
		return err
	}
	return coldKeys(b)
}

func logText(policy string) string {
	if policy == "off" {
		return "no log"
	}
	return "with a log"
}

// footprint is what one server took.
type footprint struct {
	perKey  float64
	after   float64 // share of it that is left with a tenth of the keys
	seconds float64 // until it had come down to that
}

func (s *server) footprint(keys int) (f footprint, err error) {
	c, err := s.dial()
	if err != nil {
		return f, err
	}
	defer c.Close()
	base := s.resident()
	if err = s.write("SET", keys, 64); err != nil {
		return f, err
	}
	time.Sleep(2 * time.Second)
	full := s.resident() - base
	f.perKey = float64(full) / float64(keys)
	order := rand.New(rand.NewPCG(1, 2)).Perm(keys)
	for part := range slices.Chunk(order[:keys/10*9], 500) {
		for _, i := range part {
			c.Queue("DEL", keyName(i))
		}
		if err := drain(c, len(part)); err != nil {
			return f, err
		}
	}
	f.after, f.seconds = 1, 0
	began := time.Now()
	_, err = until(10*time.Second, func() (bool, error) { // it has come to rest when it falls no more
		if left := float64(s.resident()-base) / float64(full); left < f.after-0.01 {
			f.after, f.seconds = left, time.Since(began).Seconds()
		}
		return false, nil
	})
	return f, err
}

// collections measures small hashes and lists, as applications have many of.
func collections(b *bench) error {
	r := &result{Case: "memory, small collections with keys of 16 B, no log", Group: "memory", Subjects: b.names()}
	servers, err := b.start(func(s subject) []string { return persistence("off", s.ours) })
	defer stopAll(servers)
	if err != nil {
		return err
	}
	value := strings.Repeat("v", 16)
	for _, one := range []struct {
		name, command, key string
		element            func(i int) []string
	}{
		{"a hash of 8 fields of 8 B with values of 16 B", "HSET", "hash", func(i int) []string { return []string{fmt.Sprintf("field%03d", i), value} }},
		{"a list of 8 elements of 16 B", "RPUSH", "list", func(int) []string { return []string{value} }},
	} {
		sizes := make([]float64, len(servers))
		for i, s := range servers {
			if sizes[i], err = s.sizeOf(one.command, one.key, one.element); err != nil {
				return err
			}
		}
		r.record(one.name, "B", false, sizes...)
	}
	b.add(r)
	return nil
}

// sizeOf writes many collections of 8 elements and returns the bytes of one.
func (s *server) sizeOf(command, key string, element func(i int) []string) (float64, error) {
	const many = 100_000
	c, err := s.dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	before, err := usedMemory(c)
	if err != nil {
		return 0, err
	}
	for i := range many {
		args := []string{command, fmt.Sprintf("%s:%011d", key, i)}
		for k := range 8 {
			args = append(args, element(k)...)
		}
		c.Queue(args...)
		if i%500 == 499 {
			if err := drain(c, 500); err != nil {
				return 0, err
			}
		}
	}
	after, err := usedMemory(c)
	return (after - before) / many, err
}

func usedMemory(c *client.Client) (float64, error) {
	m, err := info(c, "memory")
	return number(m, "used_memory"), err
}

// coldKeys measures keys with deadlines whose values are all in the log.
func coldKeys(b *bench) error {
	keys := 2_000_000
	if b.o.quick {
		keys = 500_000
	}
	s, c, end, err := b.lone(append(persistence("no", true), "--maxmemory", "4gb")...)
	if err != nil {
		return err
	}
	defer end()
	base := s.resident()
	if err = s.write("SET+TTL", keys, 64); err != nil {
		return err
	}
	if _, err = c.Do("CONFIG", "SET", "tiered_offload_threshold", "1"); err != nil {
		return err
	}
	cold := 0.0
	if _, err = until(time.Minute, func() (bool, error) {
		if _, err := c.Do("PING"); err != nil {
			return false, err
		}
		m, err := info(c, "tiered")
		cold = number(m, "tiered_entries")
		return cold >= float64(keys)*0.999, err
	}); err != nil {
		return err
	}
	m, err := info(c, "memory")
	if err != nil {
		return err
	}
	used := number(m, "used_memory_dataset")
	least := 1.0
	if _, err = until(10*time.Second, func() (bool, error) {
		least = min(least, float64(s.resident()-base)/float64(keys)/1000)
		return false, nil
	}); err != nil {
		return err
	}
	r := &result{Case: fmt.Sprintf("memory, %s cold keys of 16 B with deadlines", countText(keys)), Group: "memory", Subjects: []string{"holdfast"}}
	r.record("in memory per key, besides the key", "B", false, used/float64(keys)-16).Alone = true
	r.record("resident per key, the key included", "B", false, least*1000).Alone = true
	r.record("keys whose value is on disk alone", "", true, cold).Alone = true
	b.add(r)
	return nil
}
