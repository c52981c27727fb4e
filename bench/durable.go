//go:build linux

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
	mixKeys    = 100_000
)

// mixRound is what readers and writers saw in one round, and what a flush of
// the device took meanwhile. Latencies are in ms.
type mixRound struct {
	reads, writes      float64 // a second
	readP50, readP99   float64
	writeP50, writeP99 float64
	flushP50, flushP99 float64
}

// mixed has readers and writers at once on both servers under always.
func mixed(b *bench) error {
	r := &result{Case: "mix of 50 GET and 8 SET connections, always", Group: "durable", Subjects: b.names()}
	err := b.takeTurns(r, false, b.subjects, "always")
	if err != nil {
		return err
	}
	b.add(r)
	return nil
}

// beside has readers of durable keys beside writers of others, under always and
// everysec.
func beside(b *bench) error {
	ours := b.subjects[0]
	r := &result{Case: "GET of durable keys beside 8 writers, always to everysec", Group: "durable", Subjects: []string{"always", "everysec"}}
	err := b.takeTurns(r, true, []subject{ours, ours}, "always", "everysec")
	if err != nil {
		return err
	}
	b.add(r)
	return nil
}

// takeTurns runs the mix on some servers; the last policy is that of all further.
func (b *bench) takeTurns(r *result, apart bool, subjects []subject, policies ...string) error {
	var servers []*server
	defer func() { stopAll(servers) }() // those that there are by then
	n := make([]int, len(subjects))
	for i, one := range subjects {
		s, err := startServer(b.scratch, one.program, persistence(policies[min(i, len(policies)-1)], one.ours)...)
		if err != nil {
			return err
		}
		servers = append(servers, s)
		if err = s.populate(mixKeys, 64); err != nil {
			return err
		}
		got, err := runMix(s, mixReaders, mixWriters, 2000, apart) // how many a second
		if err != nil {
			return err
		}
		n[i] = max(int((got.reads+got.writes)*2*b.o.seconds), 2000)
	}
	for range b.o.rounds {
		got := make([]mixRound, len(servers))
		for i, s := range servers {
			b.gauge.begin()
			before := used(s)
			one, err := runMix(s, mixReaders, mixWriters, n[i], apart)
			if err != nil {
				return err
			}
			got[i] = one
			r.Samples = append(r.Samples, b.gauge.end(used(s)-before))
		}
		of := func(f func(m mixRound) float64) (out []float64) {
			for _, one := range got {
				out = append(out, f(one))
			}
			return out
		}
		r.record("reads", "/s", true, of(func(m mixRound) float64 { return m.reads })...)
		r.record("writes", "/s", true, of(func(m mixRound) float64 { return m.writes })...)
		r.record("read p50", "ms", false, of(func(m mixRound) float64 { return m.readP50 })...)
		r.record("read p99", "ms", false, of(func(m mixRound) float64 { return m.readP99 })...)
		r.record("write p50", "ms", false, of(func(m mixRound) float64 { return m.writeP50 })...)
		r.record("write p99", "ms", false, of(func(m mixRound) float64 { return m.writeP99 })...)
		r.record("a flush of the device, p50", "ms", false, of(func(m mixRound) float64 { return m.flushP50 })...).Alone = true
		r.record("write p99 in flushes", "", false, of(func(m mixRound) float64 { return m.writeP99 / m.flushP50 })...).Alone = true
	}
	return nil
}

// amplified fills the log and shows what that costs, beside the theory.
func amplified(b *bench) error {
	r := &result{Case: "write amplification, log full", Group: "durable", Subjects: []string{"measured", "theory"}}
	for _, static := range []float64{0, 0.5, 0.9} {
		a, err := b.amplify(static)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%2.0f %% never overwritten, log %2.0f %% live", a.Static*100, a.Use*100)
		r.record(name, "", false, a.Measured, a.Theory).Alone = true
	}
	b.add(r)
	return nil
}

// amplification is what compaction adds to each byte that is written.
type amplification struct {
	Static   float64 // of the live bytes: never overwritten
	Use      float64 // live bytes to bytes of the log
	Measured float64
	Theory   float64 // of a log cleaned oldest first, at that use
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
func (b *bench) amplify(static float64) (a amplification, err error) {
	a.Static = static
	_, c, end, err := b.lone(append(persistence("no", true), "--log-segment-size", "1mb", "--log-batch-size", "128kb",
		"--tiered_max_file_size", strconv.Itoa(ampCap))...)
	if err != nil {
		return a, err
	}
	defer end()
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

func logFigures(c *client.Client) (logState, error) {
	f, err := info(c, "log")
	l := logState{number(f, "log_head"), number(f, "log_tail"), number(f, "log_bytes_live"), number(f, "log_bytes_copied")}
	if err == nil && l.tail == 0 {
		err = os.ErrInvalid
	}
	return l, err
}
