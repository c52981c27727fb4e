package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// keySpace is how many keys the cases draw from, a multiple of 500.
const keySpace = 100_000

// benchCase is one line of the table.
type benchCase struct {
	command     string
	connections int
	pipeline    int
	policy      string
}

func (b benchCase) String() string {
	return fmt.Sprintf("%-5s %2d conn pipeline %2d %s", b.command, b.connections, b.pipeline, b.policy)
}

// casesOf lists the cases under one fsync policy. Values are 64 bytes.
func casesOf(policy string, o options) (out []benchCase) {
	commands := []string{"GET", "SET", "INCR", "HSET", "LPUSH", "RPOP"}
	if o.quick {
		commands = commands[:2]
	}
	for _, command := range commands {
		for _, connections := range []int{1, 50} {
			for _, pipeline := range []int{1, 16} {
				b := benchCase{command, connections, pipeline, policy}
				if strings.Contains(b.String(), o.only) {
					out = append(out, b)
				}
			}
		}
	}
	return out
}

// figure is one server's result in one round.
type figure struct {
	PerSecond float64 `json:"per_second"`
	P50MS     float64 `json:"p50_ms"`
	P99MS     float64 `json:"p99_ms"`
	CPUMicros float64 `json:"cpu_us_per_op"`
	ops       int
}

// result is one case: the rounds of both servers.
type result struct {
	Case   string   `json:"case"`
	Ours   []figure `json:"ours"`
	Theirs []figure `json:"theirs"`
}

// measure runs the cases in turn, each for some interleaved rounds.
func (p pair) measure(cases []benchCase, o options) (out []result, err error) {
	for _, b := range cases {
		var n [2]int
		for i, s := range p { // a short round warms up and says how many a second
			f, err := s.round(b, warmUp(b), o)
			if err != nil {
				return out, err
			}
			n[i] = max(int(f.PerSecond*o.seconds), 200)
		}
		r := result{Case: b.String()}
		for round := range o.rounds {
			var got [2]figure
			for turn := range 2 {
				i := (turn + round) % 2 // A B, then B A
				if got[i], err = p[i].round(b, n[i], o); err != nil {
					return out, err
				}
			}
			r.Ours, r.Theirs = append(r.Ours, got[0]), append(r.Theirs, got[1])
		}
		out = append(out, r)
		r.print()
	}
	return out, nil
}

func warmUp(b benchCase) int {
	if b.policy == "always" && b.command != "GET" {
		return 20 * b.connections * b.pipeline
	}
	return 2000 * b.pipeline
}

// round drives one server once and adds the CPU time that it used meanwhile.
func (s *server) round(b benchCase, n int, o options) (figure, error) {
	before, err := s.cpu()
	if err != nil {
		return figure{}, err
	}
	with := drive
	if o.benchmark {
		with = redisBenchmark
	}
	f, err := with(s.port, b, n)
	if err != nil {
		return f, fmt.Errorf("%v on %s: %w", b, s.name, err)
	}
	after, err := s.cpu()
	f.CPUMicros = float64(after-before) / float64(time.Microsecond) / float64(f.ops)
	return f, err
}

// redisBenchmark drives a server with the program that people know.
func redisBenchmark(port string, b benchCase, n int) (figure, error) {
	args := []string{"-h", "127.0.0.1", "-p", port, "-t", strings.ToLower(b.command), "-d", "64", "-r", strconv.Itoa(keySpace),
		"-n", strconv.Itoa(n), "-c", strconv.Itoa(b.connections), "-P", strconv.Itoa(b.pipeline), "--csv"}
	out, err := exec.Command("redis-benchmark", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s%s", err, exit.Stderr, out)
		}
		return figure{}, fmt.Errorf("redis-benchmark: %w", err)
	}
	f, err := parse(string(out))
	f.ops = n
	return f, err
}

// parse reads redis-benchmark's CSV: names, then one row.
func parse(text string) (f figure, err error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) < 2 {
		return f, fmt.Errorf("redis-benchmark printed %q", text)
	}
	for i, name := range rows[0] {
		v, _ := strconv.ParseFloat(rows[len(rows)-1][i], 64)
		switch name {
		case "rps":
			f.PerSecond = v
		case "p50_latency_ms":
			f.P50MS = v
		case "p99_latency_ms":
			f.P99MS = v
		}
	}
	return f, nil
}
