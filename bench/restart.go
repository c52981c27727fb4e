package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/client"
)

// restart is how long it takes from the start of the program until it answers
// commands, with many keys, mostly cold with us.
type restart struct {
	Keys        int       `json:"keys"`
	Ours        []float64 `json:"ours_s"`         // after SIGKILL
	OursClean   float64   `json:"ours_clean_s"`   // after SHUTDOWN
	OursWhole   float64   `json:"ours_no_ckpt_s"` // without a checkpoint
	Theirs      []float64 `json:"theirs_s"`       // as the AOF was written
	TheirsShort float64   `json:"theirs_rewritten_s"`

	CheckpointS float64 `json:"checkpoint_s"`
	CPUShare    float64 `json:"checkpoint_cpu_share"`
	WorstPingMS float64 `json:"worst_ping_ms"`
	IdlePingMS  float64 `json:"worst_ping_before_ms"`
}

const (
	restartKeys = 5_000_000
	longEnough  = 3 * time.Minute
)

// restarts measures both servers, in turn.
func restarts(scratch, ours string, o options) (*restart, error) {
	r := &restart{Keys: restartKeys}
	a, err := startServer(scratch, ours, "--appendfsync", "everysec", "--maxmemory", "1gb", "--checkpoint-log-bytes", "0")
	if err != nil {
		return nil, err
	}
	defer a.stop()
	b, err := startServer(scratch, o.redis, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
	if err != nil {
		return nil, err
	}
	defer b.stop()
	for _, s := range []*server{a, b} {
		if err := s.fill(restartKeys, 256); err != nil {
			return nil, err
		}
	}
	if r.OursWhole, err = a.restart(ours); err != nil {
		return nil, err
	}
	if err := a.checkpoint(r); err != nil {
		return nil, err
	}
	a.args[len(a.args)-1] = "256mb"
	for range o.rounds {
		x, err := a.restart(ours)
		if err != nil {
			return nil, err
		}
		y, err := b.restart(o.redis)
		if err != nil {
			return nil, err
		}
		r.Ours, r.Theirs = append(r.Ours, x), append(r.Theirs, y)
	}
	if r.OursClean, err = a.shutDown(ours); err != nil {
		return nil, err
	}
	if err := b.rewrite(); err != nil {
		return nil, err
	}
	if r.TheirsShort, err = b.restart(o.redis); err != nil {
		return nil, err
	}
	r.print()
	return r, nil
}

func (r *restart) print() {
	_, mine, _ := spread(r.Ours)
	_, theirs, _ := spread(r.Theirs)
	fmt.Printf("restart with %d keys, 256 B values: ours %.2f s, theirs %.2f s from the AOF as written, %.2f s rewritten: %.2f and %.2f\n",
		r.Keys, mine, theirs, r.TheirsShort, mine/theirs, mine/r.TheirsShort)
	fmt.Printf("  each: ours %.2f, theirs %.2f\n", r.Ours, r.Theirs)
	fmt.Printf("  ours after a clean stop %.2f s, without a checkpoint %.2f s\n", r.OursClean, r.OursWhole)
	fmt.Printf("  taking the checkpoint: %.1f s, %.0f %% of a core, worst PING %.1f ms (%.1f ms before)\n",
		r.CheckpointS, 100*r.CPUShare, r.WorstPingMS, r.IdlePingMS)
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
		info, err := info(c)
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

func info(c *client.Client) (map[string]string, error) {
	v, err := c.Do("INFO", "persistence")
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
func (s *server) checkpoint(r *restart) error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if r.IdlePingMS, err = worstPing(c, func(i int) bool { return i == 20_000 }); err != nil {
		return err
	}
	idle, err := s.pingCost(c)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := c.Do("CONFIG", "SET", "checkpoint-log-bytes", "1mb"); err != nil {
		return err
	}
	used, err := s.cpu()
	if err != nil {
		return err
	}
	pings := 0
	r.WorstPingMS, err = worstPing(c, func(i int) bool {
		pings = i
		if i%200 != 199 {
			return false
		}
		figures, err := info(c)
		n, _ := strconv.Atoi(figures["checkpoints_taken"])
		return err != nil || n > 0 || time.Since(began) > longEnough
	})
	if err != nil {
		return err
	}
	after, err := s.cpu()
	r.CheckpointS = time.Since(began).Seconds()
	r.CPUShare = ((after - used).Seconds() - idle*float64(pings)) / r.CheckpointS
	return err
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
