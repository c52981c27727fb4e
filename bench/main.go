// Command bench measures this server beside redis-server on the same machine,
// in one run, interleaved: A B, B A, A B, so that what disturbs one round
// disturbs both. It prints ratios, not promises.
//
//	go run ./bench [--quick] [--rounds N] [--seconds S] [--json FILE] [--redis PATH] [--server PATH]
//
// It builds the server, starts both on free loopback ports with data in a
// temporary folder, drives them with a small client of its own or, asked to,
// with redis-benchmark, and reads the CPU clock of each server. Linux only;
// needs redis-server on PATH.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// options bound a run.
type options struct {
	quick   bool
	rounds  int
	seconds float64
	json    string
	redis   string
	server  string // measured instead of a fresh build
	only    string
	// benchmark: drive the servers with redis-benchmark, not with our client.
	benchmark bool
	keys      int
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "fewer cases and shorter rounds: under two minutes")
	flag.IntVar(&o.rounds, "rounds", 5, "interleaved rounds per case")
	flag.Float64Var(&o.seconds, "seconds", 1, "about how long each round lasts")
	flag.StringVar(&o.json, "json", "", "write the figures to this file as well")
	flag.StringVar(&o.redis, "redis", "redis-server", "the server to compare with")
	flag.StringVar(&o.server, "server", "", "measure this program; by default the server is built")
	flag.StringVar(&o.only, "only", "", "run only cases whose name contains this; 'expiry' is the lag of expiry, 'restart' the time of a start with 5 million keys, 'mix', 'beside' and 'amplification' are the durable ones")
	flag.BoolVar(&o.benchmark, "redis-benchmark", false, "drive the servers with redis-benchmark instead of the built-in client")
	flag.IntVar(&o.keys, "keys", 1_000_000, "volatile keys beside which the lag of expiry is measured")
	flag.Parse()
	if o.quick {
		o.rounds, o.seconds = 3, 0.35
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	scratch, err := os.MkdirTemp("", "holdfast-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	ours := o.server
	if ours == "" {
		ours = filepath.Join(scratch, "holdfast")
		if out, err := exec.Command("go", "build", "-o", ours, "holdfast/cmd/holdfast").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	tools := []string{o.redis}
	if o.benchmark {
		tools = append(tools, "redis-benchmark")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w; on Debian: apt-get install redis-server redis-tools", err)
		}
	}
	r := report{Machine: machine(), Redis: version(o.redis)}
	fmt.Printf("%s\nbeside %s; ratios are ours to theirs: min / median / max of %d rounds\n", r.Machine, r.Redis, o.rounds)
	for _, policy := range []string{"no", "everysec", "always"} {
		cases := casesOf(policy, o)
		if len(cases) == 0 {
			continue
		}
		p, err := startPair(scratch, ours, o.redis, policy)
		if err != nil {
			return err
		}
		results, err := p.measure(cases, o)
		p.stop()
		r.Cases = append(r.Cases, results...)
		if err != nil {
			return err
		}
	}
	if !o.quick {
		if err := r.durable(scratch, ours, o); err != nil {
			return err
		}
	}
	if strings.Contains("expiry", o.only) {
		lag, err := expiry(scratch, ours, o)
		if err != nil {
			return err
		}
		r.Expiry = lag
	}
	if o.only == "restart" {
		again, err := restarts(scratch, ours, o)
		if err != nil {
			return err
		}
		r.Restart = again
	}
	if o.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(text, '\n'), 0o644)
}

func version(redis string) string {
	out, err := exec.Command(redis, "--version").Output()
	if err != nil {
		return redis
	}
	f := strings.Fields(string(out))
	return strings.Join(f[:min(3, len(f))], " ")
}
