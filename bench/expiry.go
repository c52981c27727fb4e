//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/client"
)

const (
	dying   = 1000            // keys whose end is watched, one a millisecond
	looking = 4 * time.Second // how long after the last deadline we look
)

// expiry measures how long after its deadline a key was gone, with many other
// keys that have deadlines.
func expiry(b *bench) error {
	r := &result{Case: fmt.Sprintf("expiry lag beside %s volatile keys", countText(b.o.keys)), Group: "expiry", Subjects: b.names()}
	servers, err := b.start(func(s subject) []string { return persistence("off", s.ours) })
	defer stopAll(servers)
	if err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.fillVolatile(b.o.keys); err != nil {
			return err
		}
	}
	for range min(b.o.rounds, 3) {
		var p50, p99, most []float64
		for _, s := range servers {
			b.gauge.begin()
			before := used(s)
			lags, unseen, err := s.expiryLag(b.o.keys)
			if err != nil {
				return err
			}
			r.Samples = append(r.Samples, b.gauge.end(used(s)-before))
			if unseen > 0 {
				r.Notes = append(r.Notes, fmt.Sprintf("%s: %d of %d still there %v after their deadline", s.name, unseen, dying, looking))
			}
			p50, p99, most = append(p50, lags[dying/2]), append(p99, lags[dying*99/100]), append(most, lags[dying-1])
		}
		r.record("p50", "ms", false, p50...).Alone = true
		r.record("p99", "ms", false, p99...).Alone = true
		r.record("longest", "ms", false, most...).Alone = true
	}
	b.add(r)
	return nil
}

func (s *server) expiryLag(keys int) (lags []float64, unseen int, err error) {
	c, err := s.dial()
	if err != nil {
		return nil, 0, err
	}
	defer c.Close()
	if _, err := until(10*time.Second, func() (bool, error) { // those of the round before
		v, err := c.Do("DBSIZE")
		return int(v.Int) == keys, err
	}); err != nil {
		return nil, 0, err
	}
	first := time.Now().Add(300 * time.Millisecond).Truncate(time.Millisecond)
	for i := range dying {
		c.Queue("SET", "dying:"+strconv.Itoa(i), "v", "PXAT", strconv.FormatInt(first.UnixMilli()+int64(i), 10))
	}
	if err := drain(c, dying); err != nil {
		return nil, 0, err
	}
	if lags, err = watch(c, keys, first); err != nil {
		return nil, 0, err
	}
	unseen = dying - len(lags)
	for len(lags) < dying { // those still there lag at least as long as we looked
		lags = append(lags, float64(looking/time.Millisecond))
	}
	slices.Sort(lags)
	return lags, unseen, nil
}

// fillVolatile writes keys of 16 bytes with values of 64, to die in hours.
func (s *server) fillVolatile(keys int) error {
	return s.fillDying(keys, func(i int) []string { return []string{"EX", strconv.Itoa(3600 + i%36000)} })
}

func (s *server) fillDying(keys int, when func(i int) []string) error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	value := strings.Repeat("v", 64)
	for i := 0; i < keys; {
		n := min(500, keys-i)
		for range n {
			c.Queue(append([]string{"SET", fmt.Sprintf("volatile%08d", i), value}, when(i)...)...)
			i++
		}
		if err := drain(c, n); err != nil {
			return err
		}
	}
	return nil
}

func drain(c *client.Client, n int) error {
	if err := c.Flush(); err != nil {
		return err
	}
	for range n {
		v, err := c.Reply()
		if err != nil {
			return err
		}
		if v.Kind == '-' {
			return fmt.Errorf("refused: %s", v.Str)
		}
	}
	return nil
}

// watch asks for the number of keys again and again. When r of the dying are
// gone, and they go in the order of their deadlines, the r-th went by now; a
// server that keeps no order has at least this lag.
func watch(c *client.Client, base int, first time.Time) (lags []float64, err error) {
	end := first.Add(dying*time.Millisecond + looking)
	for len(lags) < dying && time.Now().Before(end) {
		v, err := c.Do("DBSIZE")
		if err != nil {
			return lags, err
		}
		now := time.Now()
		for gone := base + dying - int(v.Int); len(lags) < gone && len(lags) < dying; {
			// A key lives through the millisecond of its deadline.
			died := first.Add(time.Duration(len(lags)+1) * time.Millisecond)
			lags = append(lags, float64(now.Sub(died))/float64(time.Millisecond))
		}
		time.Sleep(100 * time.Microsecond)
	}
	return lags, nil
}

// expiring measures how much of its throughput a server keeps in the second in
// which very many keys reach their deadlines, and when the last of them is gone.
func expiring(b *bench) error {
	r := &result{Case: fmt.Sprintf("throughput of SET while %s keys expire within a second", countText(b.o.keys)), Group: "expiry", Subjects: b.names()}
	servers, err := b.start(func(s subject) []string { return persistence("off", s.ours) })
	defer stopAll(servers)
	if err != nil {
		return err
	}
	p := centre
	p.Command, p.Pipeline = "SET", 16
	for _, s := range servers {
		if err := s.populate(p.Keys, p.Value); err != nil {
			return err
		}
	}
	for range min(b.o.rounds, 3) {
		share, late, gone := make([]float64, len(servers)), make([]float64, len(servers)), make([]float64, len(servers))
		for i, s := range servers {
			m, err := s.throughExpiry(b, p)
			if err != nil {
				return err
			}
			share[i], late[i], gone[i] = m.share, m.late, m.gone
			r.Samples = append(r.Samples, m.machine...)
		}
		r.record("throughput in that second, of normal", "", true, share...).Alone = true
		r.record("p99 in that second, of normal", "", false, late...).Alone = true
		r.record("last key gone after its deadline", "ms", false, gone...).Alone = true
	}
	b.add(r)
	return nil
}

// deaths is what a server showed when very many keys died within a second.
type deaths struct {
	share, late float64 // throughput and p99 to those of the second before and after
	gone        float64 // ms until the last key had gone
	machine     []sample
}

func (s *server) throughExpiry(b *bench, p point) (m deaths, err error) {
	c, err := s.dial()
	if err != nil {
		return m, err
	}
	defer c.Close()
	before, err := c.Do("DBSIZE")
	if err != nil {
		return m, err
	}
	first, err := s.dieTogether(b.o.keys)
	if err != nil {
		return m, err
	}
	time.Sleep(time.Until(first) - 1200*time.Millisecond)
	normal, err := s.round(p, b.gauge, 1)
	if err != nil {
		return m, err
	}
	time.Sleep(time.Until(first))
	during, err := s.round(p, b.gauge, 1)
	if err != nil {
		return m, err
	}
	last := first.Add(time.Second)
	if _, err = until(20*time.Second, func() (bool, error) {
		v, err := c.Do("DBSIZE")
		return v.Int <= before.Int, err
	}); err != nil {
		return m, err
	}
	m.gone = max(0, float64(time.Since(last).Milliseconds())) // if it is: no more than we looked
	after, err := s.round(p, b.gauge, 1)
	usual := (normal.perSecond + after.perSecond) / 2
	m.share, m.late = during.perSecond/usual, during.p99/((normal.p99+after.p99)/2)
	m.machine = []sample{normal.machine, during.machine, after.machine}
	return m, err
}

// dieTogether writes keys that die within one second, and returns when that
// begins: at least a second and a half from now, if that can be had.
func (s *server) dieTogether(keys int) (first time.Time, err error) {
	for patience := 6 * time.Second; patience < 2*time.Minute; patience *= 2 {
		first = time.Now().Add(patience)
		if err := s.fillDying(keys, func(i int) []string {
			return []string{"PXAT", strconv.FormatInt(first.UnixMilli()+int64(i%1000), 10)}
		}); err != nil {
			return first, err
		}
		if time.Until(first) > 1500*time.Millisecond {
			return first, nil
		}
	}
	return first, fmt.Errorf("%s: it takes minutes to write %d keys", s.name, keys)
}
