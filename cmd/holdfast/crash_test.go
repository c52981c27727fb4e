package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// farFuture is where the deadlines of the test lie, in milliseconds.
const farFuture = int64(4_000_000_000_000)

// worker is one connection that owns its keys. Its n-th step is a function of
// n and of the steps before, so what the server may hold after a crash is one of few states: that after
// k steps, for some k between those acknowledged and those sent.
type worker struct {
	id    int
	state map[string]string // after n steps; "key" or "key field", and "key!" for a deadline
	n     int
	acked int
	sent  int
}

func (w *worker) key(name string, i int) string { return fmt.Sprintf("w%d:%s%d", w.id, name, i) }

// step returns the commands of step n, and applies them to a state.
func (w *worker) step(n int, state map[string]string) (commands [][]string) {
	id := fmt.Sprintf("w%d.%d;", w.id, n)
	add := func(args ...string) { commands = append(commands, args) }
	switch n % 9 {
	case 0:
		k := w.key("s", n/9%7)
		add("SET", k, id)
		state[k] = id
		delete(state, k+"!")
	case 1:
		k := w.key("n", 0)
		add("INCR", k)
		state[k] = next(state[k])
	case 2:
		a, b, h, c := w.key("a", 0), w.key("b", 0), w.key("th", 0), w.key("tn", 0)
		add("MULTI")
		add("SET", a, id)
		add("SET", b, id)
		add("HSET", h, "f", id)
		add("INCR", c)
		add("EXEC")
		state[a], state[b], state[h+" f"], state[c] = id, id, id, next(state[c])
	case 3:
		k, f := w.key("h", n/9%3), "f"+strconv.Itoa(n/27%5)
		if n/9%11 == 10 {
			add("HDEL", k, f)
			delete(state, k+" "+f)
		} else {
			add("HSET", k, f, id)
			state[k+" "+f] = id
		}
	case 4:
		k, at := w.key("v", n/9%4), strconv.FormatInt(farFuture+int64(n), 10)
		add("SET", k, id, "PXAT", at)
		state[k], state[k+"!"] = id, at
	case 5:
		k := w.key("s", n/9%13%7)
		add("DEL", k)
		delete(state, k)
	case 6:
		k := w.key("app", 0)
		if n/9%64 == 0 {
			add("SET", k, id)
			state[k] = id
		} else {
			add("APPEND", k, id)
			state[k] += id
		}
	case 7:
		k, v := w.key("big", n/9%5), strings.Repeat(id, 1+n%700)
		add("SET", k, v)
		state[k] = v
	case 8:
		k := w.key("l", n/9%3)
		list := strings.Fields(state[k])
		commands, list = listStep(n/27, k, id, list)
		state[k] = strings.Join(list, " ")
		if len(list) == 0 {
			delete(state, k)
		}
	}
	return commands
}

// listStep is step n of what is done to a list, and what it holds then.
func listStep(n int, k, id string, list []string) ([][]string, []string) {
	switch {
	case n%7 == 3 && len(list) > 0:
		return [][]string{{"RPOP", k}}, list[:len(list)-1]
	case n%7 == 4 && len(list) > 0:
		return [][]string{{"LINSERT", k, "AFTER", list[0], id}}, slices.Insert(list, 1, id)
	case n%7 == 5 && len(list) > 0:
		list[0] = id
		return [][]string{{"LSET", k, "0", id}}, list
	case n%7 == 6 && len(list) > 40:
		return [][]string{{"LTRIM", k, "2", "20"}}, list[2:21]
	case n%2 == 0:
		long := id + strings.Repeat("x", n%500)
		return [][]string{{"RPUSH", k, id, long}}, append(list, id, long)
	}
	return [][]string{{"LPUSH", k, id}}, slices.Insert(list, 0, id)
}

func next(v string) string {
	n, _ := strconv.Atoi(v)
	return strconv.Itoa(n + 1)
}

// run sends steps in pipelines until the connection dies.
func (w *worker) run(c *peer, pipeline int) (protest error) {
	defer c.Close()
	scratch := maps.Clone(w.state)
	for {
		var counts []int
		for range pipeline {
			commands := w.step(w.sent, scratch)
			for _, args := range commands {
				c.Queue(args...)
			}
			counts = append(counts, len(commands))
			w.sent++
		}
		if c.Flush() != nil {
			return nil
		}
		for _, n := range counts {
			for range n {
				v, err := c.Reply()
				if err != nil {
					return nil
				}
				if v.Kind == '-' {
					return fmt.Errorf("step %d of worker %d: %s", w.acked, w.id, v.Str)
				}
			}
			w.acked++
		}
	}
}

// verify reads the worker's keys and finds the k that explains them.
func (w *worker) verify(t *testing.T, c *peer) {
	t.Helper()
	held := w.read(t, c)
	want := w.state
	for n := w.n; ; n++ {
		if n >= w.acked && equal(want, held) {
			w.state, w.n, w.sent, w.acked = want, n, n, n
			return
		}
		if n == w.sent {
			break
		}
		w.step(n, want)
	}
	t.Fatalf("worker %d: no state between step %d (acknowledged) and %d (sent) explains what is there; "+
		"nearest to the last: %s", w.id, w.acked, w.sent, difference(want, held))
}

func equal(a, b map[string]string) bool { return difference(a, b) == "" }

func difference(want, held map[string]string) string {
	var out []string
	show := func(s string) string { return fmt.Sprintf("%.60q", s) }
	for k, v := range want {
		if held[k] != v {
			out = append(out, k+": want "+show(v)+" have "+show(held[k]))
		}
	}
	for k, v := range held {
		if _, ok := want[k]; !ok {
			out = append(out, k+": want nothing have "+show(v))
		}
	}
	return strings.Join(out, "; ")
}

// read returns all keys of the worker as the model keeps them.
func (w *worker) read(t *testing.T, c *peer) map[string]string {
	t.Helper()
	held := make(map[string]string)
	for _, g := range []struct {
		name string
		n    int
	}{{"s", 7}, {"n", 1}, {"a", 1}, {"b", 1}, {"tn", 1}, {"v", 4}, {"app", 1}, {"big", 5}} {
		for i := range g.n {
			k := w.key(g.name, i)
			if v := c.ask(t, "GET", k); !v.Null {
				held[k] = string(v.Str)
			}
			if v := c.ask(t, "PEXPIRETIME", k); v.Int > 0 {
				held[k+"!"] = strconv.FormatInt(v.Int, 10)
			}
		}
	}
	for _, k := range []string{w.key("h", 0), w.key("h", 1), w.key("h", 2), w.key("th", 0)} {
		v := c.ask(t, "HGETALL", k)
		for i := 0; i+1 < len(v.Elems); i += 2 {
			held[k+" "+string(v.Elems[i].Str)] = string(v.Elems[i+1].Str)
		}
	}
	for i := range 3 {
		k := w.key("l", i)
		var list []string
		for _, e := range c.ask(t, "LRANGE", k, "0", "-1").Elems {
			list = append(list, string(e.Str))
		}
		if len(list) > 0 {
			held[k] = strings.Join(list, " ")
		}
	}
	return held
}

// TestKillUnderLoad is kill -9 in the middle of pipelines, over and over on one
// data directory: nothing acknowledged is lost, nothing is torn, and the next
// start serves. HOLDFAST_CRASH_CYCLES widens it.
func TestKillUnderLoad(t *testing.T) {
	cycles := environment("HOLDFAST_CRASH_CYCLES", 3)
	killUnderLoad(t, cycles, "--appendfsync", "always")
}

// TestKillUnderLoadOnThreads is the same on the fallback: no io_uring, no
// direct I/O.
func TestKillUnderLoadOnThreads(t *testing.T) {
	if !isOurs(t) {
		t.Skip("HOLDFAST_BINARY names a server without these parameters")
	}
	cycles := environment("HOLDFAST_CRASH_CYCLES", 3)
	killUnderLoad(t, (cycles+2)/3, "--appendfsync", "always", "--disk-backend", "pool", "--backing_file_direct", "no")
}

// TestKillUnderLoadEverysec may lose what was acknowledged last, but every
// connection's work is cut at one point and no transaction is torn.
func TestKillUnderLoadEverysec(t *testing.T) {
	cycles := environment("HOLDFAST_CRASH_CYCLES", 3)
	killUnderLoad(t, (cycles+2)/3, "--appendfsync", "everysec")
}

func killUnderLoad(t *testing.T, cycles int, args ...string) {
	t.Helper()
	long(t)
	dir := t.TempDir()
	draw := rand.New(rand.NewPCG(1, 2))
	lossy := slices.Contains(args, "everysec")
	args = append(args, "--appendonly", "yes")
	if isOurs(t) { // small enough that segments roll, values leave memory and compaction runs
		args = append(args, "--log-segment-size", "1mb", "--log-batch-size", "64kb", "--tiered_max_file_size", "64mb",
			"--tiered_prefix", "tier", "--maxmemory", "64mb", "--checkpoint-log-bytes", "256kb")
	}
	workers := make([]*worker, 6)
	for i := range workers {
		workers[i] = &worker{id: i, state: make(map[string]string)}
	}
	acked := 0
	for cycle := range cycles {
		if cycle%3 == 2 { // a crash early in recovery
			s := launch(t, dir, args...)
			time.Sleep(time.Duration(draw.IntN(30)) * time.Millisecond)
			s.kill()
		}
		s := launch(t, dir, args...)
		verifyAll(t, s, workers)
		var wait sync.WaitGroup
		protests := make([]error, len(workers))
		for i, w := range workers {
			c, err := dial(s.socket)
			require.NoError(t, err)
			wait.Go(func() { protests[i] = w.run(c, 1+15*(i%2)) })
		}
		time.Sleep(time.Duration(100+draw.IntN(300)) * time.Millisecond)
		s.kill()
		wait.Wait()
		for i, w := range workers {
			require.NoError(t, protests[i], s.output.String())
			acked += w.acked - w.n
			if lossy {
				w.acked = w.n
			}
		}
	}
	s := launch(t, dir, args...)
	verifyAll(t, s, workers)
	c := s.ready(t)
	v, err := c.Do("INFO", "persistence")
	require.NoError(t, err)
	if isOurs(t) {
		require.Contains(t, string(v.Str), "checkpoint_used_at_start:1")
	}
	c.Close()
	require.Equal(t, 0, s.stop(t), s.output.String())
	require.Greater(t, acked, 100*cycles, "too little was acknowledged for the test to mean something")
	t.Logf("%d cycles, %d steps acknowledged", cycles, acked)
}

func verifyAll(t *testing.T, s *server, workers []*worker) {
	t.Helper()
	c := s.ready(t)
	defer c.Close()
	for _, w := range workers {
		w.verify(t, c)
	}
}

// isOurs reports whether the program under test is this one.
func isOurs(t *testing.T) bool {
	t.Helper()
	_, err := program()
	require.NoError(t, err)
	return built != ""
}
