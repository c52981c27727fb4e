package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"holdfast/bench/client"
)

// The mix of valkey's issue 4029.
const (
	mixReaders = 50
	mixWriters = 8
)

// mixRound is what readers and writers saw in one round, and what a flush of
// the device took meanwhile.
type mixRound struct {
	Reads    float64 `json:"reads_per_second"`
	Writes   float64 `json:"writes_per_second"`
	ReadP50  float64 `json:"read_p50_ms"`
	ReadP99  float64 `json:"read_p99_ms"`
	WriteP50 float64 `json:"write_p50_ms"`
	WriteP99 float64 `json:"write_p99_ms"`
	FlushP50 float64 `json:"flush_p50_ms"`
	FlushP99 float64 `json:"flush_p99_ms"`
}

// mix is the rounds of two servers that take turns.
type mix struct {
	Case   string     `json:"case"`
	First  []mixRound `json:"first"`
	Second []mixRound `json:"second"`
}

// durable measures what durability costs and gains.
func (r *report) durable(scratch, ours string, o options) error {
	if strings.Contains("mix", o.only) {
		m, err := takeTurns("mix of 50 GET and 8 SET, always: ours, redis", scratch, o, false,
			[]string{ours, "always"}, []string{o.redis, "always"})
		if err != nil {
			return err
		}
		r.Mix = append(r.Mix, m)
		m.print("reads per second, ours to theirs", func(a, b mixRound) float64 { return a.Reads / b.Reads })
		m.print("writes per second, ours to theirs", func(a, b mixRound) float64 { return a.Writes / b.Writes })
		m.print("our write p99 in flushes of the device (p50)", func(a, _ mixRound) float64 { return a.WriteP99 / a.FlushP50 })
		m.print("our read p99, ms", func(a, _ mixRound) float64 { return a.ReadP99 })
		m.print("their read p99, ms", func(_, b mixRound) float64 { return b.ReadP99 })
		m.print("our write p99, ms", func(a, _ mixRound) float64 { return a.WriteP99 })
		m.print("their write p99, ms", func(_, b mixRound) float64 { return b.WriteP99 })
		m.print("a flush, ms", func(a, _ mixRound) float64 { return a.FlushP50 })
	}
	if strings.Contains("beside", o.only) {
		m, err := takeTurns("GET of durable keys beside 8 writers: always, everysec", scratch, o, true,
			[]string{ours, "always"}, []string{ours, "everysec"})
		if err != nil {
			return err
		}
		r.Mix = append(r.Mix, m)
		m.print("read p99, always to everysec", func(a, b mixRound) float64 { return a.ReadP99 / b.ReadP99 })
		m.print("read p50, always to everysec", func(a, b mixRound) float64 { return a.ReadP50 / b.ReadP50 })
		m.print("reads per second, always to everysec", func(a, b mixRound) float64 { return a.Reads / b.Reads })
	}
	if strings.Contains("amplification", o.only) {
		for _, static := range []float64{0, 0.5, 0.9} {
			a, err := amplify(scratch, ours, static)
			if err != nil {
				return err
			}
			r.Amplification = append(r.Amplification, a)
			a.print()
		}
	}
	return nil
}

// takeTurns runs the mix on two servers, a program and a policy each.
func takeTurns(name, scratch string, o options, apart bool, programs ...[]string) (m mix, err error) {
	m.Case = name
	fmt.Println(name)
	var p pair
	defer func() { p.stop() }() // those that it has by then
	for i, one := range programs {
		args := []string{"--appendonly", "yes", "--appendfsync", one[1]}
		if one[0] == o.redis {
			args = append(args, "--save", "")
		}
		if p[i], err = startServer(scratch, one[0], args...); err != nil {
			return m, err
		}
		if err = p[i].populate(); err != nil {
			return m, err
		}
	}
	var n [2]int
	for i, s := range p { // a short round warms up and says how many a second
		got, err := runMix(s, mixReaders, mixWriters, 2000, apart)
		if err != nil {
			return m, err
		}
		n[i] = max(int((got.Reads+got.Writes)*o.seconds), 2000)
	}
	for round := range o.rounds {
		var got [2]mixRound
		for turn := range 2 {
			i := (turn + round) % 2
			if got[i], err = runMix(p[i], mixReaders, mixWriters, n[i], apart); err != nil {
				return m, err
			}
		}
		m.First, m.Second = append(m.First, got[0]), append(m.Second, got[1])
	}
	return m, nil
}

func (m *mix) print(what string, f func(a, b mixRound) float64) {
	var all []float64
	for i := range m.First {
		all = append(all, f(m.First[i], m.Second[i]))
	}
	low, middle, high := spread(all)
	fmt.Printf("  %-46s %8.2f /%8.2f /%8.2f\n", what, low, middle, high)
}

// amplification is what compaction adds to each byte that is written.
type amplification struct {
	Static   float64 `json:"static_share"` // of the live bytes: never overwritten
	Use      float64 `json:"live_to_used"` // live bytes to bytes of the log
	Measured float64 `json:"measured"`
	Theory   float64 `json:"theory"` // of a log cleaned oldest first, at that use
}

func (a amplification) print() {
	fmt.Printf("write amplification, %2.0f %% static, log %2.0f %% live: %.2f, theory %.2f\n", a.Static*100, a.Use*100, a.Measured, a.Theory)
}

// The log under amplify, which fills its cap when writers are faster than
// compaction: live bytes are then 70 % of what it holds.
const (
	ampCap   = 256 << 20
	ampValue = 1000
	ampKeys  = ampCap / 100 * 68 / (ampValue + 34)
)

// amplify overwrites keys at random, all but a static share of them, six times
// what is live, and measures the second half of it.
func amplify(scratch, ours string, static float64) (a amplification, err error) {
	a.Static = static
	s, err := startServer(scratch, ours, "--appendonly", "yes", "--appendfsync", "no", "--log-segment-size", "1mb", "--log-batch-size", "128kb",
		"--tiered_max_file_size", strconv.Itoa(ampCap))
	if err != nil {
		return a, err
	}
	defer s.stop()
	c, err := client.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		return a, err
	}
	defer c.Close()
	value := strings.Repeat("v", ampValue)
	set := func(n int, key func(i int) int) error {
		for i := 0; i < n; {
			batch := min(200, n-i)
			for range batch {
				c.Queue("SET", fmt.Sprintf("key:%012d", key(i)), value)
				i++
			}
			if err := drain(c, batch); err != nil {
				return err
			}
		}
		return nil
	}
	draw := rand.New(rand.NewPCG(1, 1))
	order := draw.Perm(ampKeys)
	hot := ampKeys - int(static*ampKeys)
	random := func(int) int { return order[draw.IntN(hot)] }
	if err = set(ampKeys, func(i int) int { return i }); err == nil {
		err = set(3*ampKeys, random)
	}
	if err != nil {
		return a, err
	}
	use := 0.0
	before, err := logFigures(c)
	for range 10 {
		if err == nil {
			err = set(3*ampKeys/10, random)
		}
		if err != nil {
			return a, err
		}
		now, fault := logFigures(c)
		err = fault
		use += now.live / (now.tail - now.head) / 10
	}
	after, err := logFigures(c)
	a.Use = use
	a.Measured = (after.tail - before.tail) / (after.tail - before.tail - (after.copied - before.copied))
	a.Theory = theory(use, static)
	return a, err
}

// theory solves for the amplification of a log of size 1 that is cleaned oldest
// first: of what is met, the static part lives, and of the rest those that no
// overwrite has hit in a whole round.
func theory(use, static float64) float64 {
	cold, hot := use*static, use*(1-static)
	u := 0.5
	for range 200 {
		u = math.Exp(-(1 - u) * (1 - cold) / hot)
	}
	return 1 / ((1 - u) * (1 - cold))
}

// logState is what INFO log says, in bytes.
type logState struct{ head, tail, live, copied float64 }

func logFigures(c *client.Client) (l logState, err error) {
	v, err := c.Do("INFO", "log")
	if err != nil {
		return l, err
	}
	for line := range strings.Lines(string(v.Str)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		n, _ := strconv.ParseFloat(text, 64)
		switch name {
		case "log_head":
			l.head = n
		case "log_tail":
			l.tail = n
		case "log_bytes_live":
			l.live = n
		case "log_bytes_copied":
			l.copied = n
		}
	}
	if l.tail == 0 {
		return l, os.ErrInvalid
	}
	return l, nil
}
