package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/client"
)

// lag is how long after its deadline a key was gone, with many other keys that
// have deadlines.
type lag struct {
	Server      string  `json:"server"`
	Keys        int     `json:"volatile_keys"`
	P50MS       float64 `json:"p50_ms"`
	P99MS       float64 `json:"p99_ms"`
	MaxMS       float64 `json:"max_ms"`
	Unseen      int     `json:"still_there"` // of 1000, when we stopped looking
	BytesPerKey float64 `json:"resident_bytes_per_key"`
}

const (
	dying   = 1000            // keys whose end is watched, one a millisecond
	looking = 4 * time.Second // how long after the last deadline we look
)

// expiry measures both servers, one after the other.
func expiry(scratch, ours string, o options) (out []lag, err error) {
	for _, program := range []string{ours, o.redis} {
		args := []string{"--appendonly", "no"}
		if program != ours {
			args = append(args, "--save", "")
		}
		s, err := startServer(scratch, program, args...)
		if err != nil {
			return out, err
		}
		l, err := s.expiryLag(o.keys)
		s.stop()
		if err != nil {
			return out, err
		}
		out = append(out, l)
		fmt.Printf("expiry beside %d volatile keys  %-13s lag p50 %.1f ms  p99 %.1f ms  max %.1f ms", o.keys, l.Server, l.P50MS, l.P99MS, l.MaxMS)
		if l.Unseen > 0 {
			fmt.Printf("  (%d of %d still there %v after)", l.Unseen, dying, looking)
		}
		fmt.Printf("  resident %.0f B/key\n", l.BytesPerKey)
	}
	return out, nil
}

func (s *server) expiryLag(keys int) (lag, error) {
	l := lag{Server: s.name, Keys: keys}
	c, err := client.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		return l, err
	}
	defer c.Close()
	before := s.resident()
	if err := fill(c, keys); err != nil {
		return l, err
	}
	l.BytesPerKey = float64(s.resident()-before) / float64(keys)
	first := time.Now().Add(300 * time.Millisecond).Truncate(time.Millisecond)
	for i := range dying {
		c.Queue("SET", "dying:"+strconv.Itoa(i), "v", "PXAT", strconv.FormatInt(first.UnixMilli()+int64(i), 10))
	}
	if err := drain(c, dying); err != nil {
		return l, err
	}
	lags, err := watch(c, keys, first)
	if err != nil {
		return l, err
	}
	l.Unseen = dying - len(lags)
	for len(lags) < dying { // those still there lag at least as long as we looked
		lags = append(lags, float64(looking/time.Millisecond))
	}
	slices.Sort(lags)
	l.P50MS, l.P99MS, l.MaxMS = lags[dying/2], lags[dying*99/100], lags[dying-1]
	return l, nil
}

// fill writes keys of 16 bytes with values of 64, to die in an hour or more.
func fill(c *client.Client, keys int) error {
	value := strings.Repeat("v", 64)
	for i := 0; i < keys; {
		n := min(500, keys-i)
		for range n {
			c.Queue("SET", fmt.Sprintf("volatile%08d", i), value, "EX", strconv.Itoa(3600+i%36000))
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
