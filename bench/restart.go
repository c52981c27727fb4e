//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"holdfast/bench/client"
)

// checkpointCost is what taking a checkpoint of the index costs.
type checkpointCost struct {
	seconds, share   float64 // how long it took, and of a core
	worst, worstIdle float64 // the longest PING meanwhile and before, ms
}

const (
	restartKeys = 5_000_000
	longEnough  = 3 * time.Minute
)

// restarts measures how long it takes from the start of the program until it
// answers commands, with many keys, mostly cold with us.
func restarts(b *bench) error {
	r := &result{Case: fmt.Sprintf("restart with %s keys, values of 256 B", countText(restartKeys)), Group: "restart", Subjects: b.names()}
	servers, err := b.start(func(s subject) []string {
		if s.ours {
			return []string{"--appendfsync", "everysec", "--maxmemory", "1gb", "--checkpoint-log-bytes", "0"}
		}
		return persistence("everysec", false)
	})
	defer stopAll(servers)
	if err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.fill(restartKeys, 256); err != nil {
			return err
		}
	}
	ours, program := servers[0], func(i int) string { return b.subjects[i].program }
	whole, err := ours.restart(program(0))
	if err != nil {
		return err
	}
	cost, err := ours.checkpoint()
	if err != nil {
		return err
	}
	ours.args[len(ours.args)-1] = "256mb"
	for range min(b.o.rounds, 3) {
		took := make([]float64, len(servers))
		for i, s := range servers {
			if took[i], err = s.restart(program(i)); err != nil {
				return err
			}
		}
		r.record("after a kill, the log as it was written", "s", false, took...)
	}
	took := make([]float64, len(servers))
	if took[0], err = ours.shutDown(program(0)); err != nil {
		return err
	}
	for i, s := range servers[1:] {
		if err := s.rewrite(); err != nil {
			return err
		}
		if took[i+1], err = s.restart(program(i + 1)); err != nil {
			return err
		}
	}
	r.record("after a clean stop, theirs with the AOF rewritten", "s", false, took...)
	alone := func(name, unit string, v float64) { r.record(name, unit, false, v).Alone = true }
	alone("ours without a checkpoint", "s", whole)
	alone("taking the checkpoint", "s", cost.seconds)
	alone("CPU meanwhile", "cores", cost.share)
	alone("worst PING meanwhile", "ms", cost.worst)
	alone("worst PING before", "ms", cost.worstIdle)
	b.add(r)
	return nil
}

func (s *server) dial() (*client.Client, error) { return client.Dial("tcp", "127.0.0.1:"+s.port) }

// fill writes keys of 16 bytes and waits a moment, for syncs and rewrites.
func (s *server) fill(keys, size int) error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	value := strings.Repeat("x", size)
	for i := range keys {
		c.Queue("SET", fmt.Sprintf("key:%012d", i), value)
		if i%1000 == 999 {
			if err := drain(c, 1000); err != nil {
				return err
			}
		}
	}
	return s.quiet(c)
}

// quiet waits until the server has nothing left to do in the background.
func (s *server) quiet(c *client.Client) error {
	for end := time.Now().Add(longEnough); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		info, err := info(c, "persistence")
		if err != nil {
			return err
		}
		if info["aof_rewrite_in_progress"] != "1" && info["checkpoint_in_progress"] != "1" {
			time.Sleep(2 * time.Second)
			return nil
		}
	}
	return fmt.Errorf("%s does not come to rest", s.name)
}

// restart kills the server and returns the seconds until it serves again.
func (s *server) restart(program string) (float64, error) {
	s.stop()
	began := time.Now()
	err := s.launch(program, longEnough)
	return time.Since(began).Seconds(), err
}

// shutDown is restart after a clean stop.
func (s *server) shutDown(program string) (float64, error) {
	c, err := s.dial()
	if err != nil {
		return 0, err
	}
	_, _ = c.Do("SHUTDOWN")
	c.Close()
	<-s.done
	began := time.Now()
	err = s.launch(program, longEnough)
	return time.Since(began).Seconds(), err
}

func (s *server) rewrite() error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do("BGREWRITEAOF"); err != nil {
		return err
	}
	return s.quiet(c)
}

// checkpoint has the server take one, and looks what that costs.
func (s *server) checkpoint() (cost checkpointCost, err error) {
	c, err := s.dial()
	if err != nil {
		return cost, err
	}
	defer c.Close()
	if cost.worstIdle, err = worstPing(c, func(i int) bool { return i == 20_000 }); err != nil {
		return cost, err
	}
	idle, err := s.pingCost(c)
	if err != nil {
		return cost, err
	}
	began := time.Now()
	if _, err := c.Do("CONFIG", "SET", "checkpoint-log-bytes", "1mb"); err != nil {
		return cost, err
	}
	used, err := s.cpu()
	if err != nil {
		return cost, err
	}
	pings := 0
	cost.worst, err = worstPing(c, func(i int) bool {
		pings = i
		if i%200 != 199 {
			return false
		}
		figures, err := info(c, "persistence")
		return err != nil || number(figures, "checkpoints_taken") > 0 || time.Since(began) > longEnough
	})
	if err != nil {
		return cost, err
	}
	after, err := s.cpu()
	cost.seconds = time.Since(began).Seconds()
	cost.share = ((after - used).Seconds() - idle*float64(pings)) / cost.seconds
	return cost, err
}

// pingCost returns the CPU seconds that a PING takes.
func (s *server) pingCost(c *client.Client) (float64, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	const n = 20_000
	if _, err := worstPing(c, func(i int) bool { return i == n }); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	return (after - before).Seconds() / n, err
}

// worstPing sends one PING after another until over says so.
func worstPing(c *client.Client, over func(i int) bool) (ms float64, err error) {
	for i := 0; !over(i); i++ {
		began := time.Now()
		if _, err := c.Do("PING"); err != nil {
			return ms, err
		}
		ms = max(ms, float64(time.Since(began).Microseconds())/1000)
	}
	return ms, nil
}
