//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The data of the cold GETs: more than a device's own cache is likely to hold
// would be better still, but has to be written first.
const (
	coldCount = 2_000_000
	coldValue = 1000
	coldSkew  = 0.99 // of the zipfian keys, as YCSB has it
)

var coldDepths = []int{1, 16, 64, 256}

// coldGets has values on disk alone read by GET, by our server on io_uring and
// on its pool of threads, and by fio from the same files, directly and at the
// same depth. Nothing that was read stays in memory.
func coldGets(b *bench) error {
	if _, err := exec.LookPath("fio"); err != nil {
		b.report.NotRun = append(b.report.NotRun, "cold: "+err.Error())
		return nil
	}
	var servers []*server
	defer func() { stopAll(servers) }() // those that there are by then
	for _, backend := range []string{"uring", "pool"} {
		s, err := startServer(b.scratch, b.subjects[0].program, append(persistence("no", true), "--maxmemory", "8gb", "--disk-backend", backend)...)
		if err != nil {
			return err
		}
		servers = append(servers, s)
		if err := s.freeze(coldCount); err != nil {
			return err
		}
	}
	for _, zipf := range []bool{false, true} {
		for _, depth := range coldDepths {
			if err := b.coldCase(servers, zipf, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// coldCase is one depth and one choice of keys.
func (b *bench) coldCase(servers []*server, zipf bool, depth int) error {
	name, distribution, pick := "uniform", "random", uniform(coldCount)
	if zipf {
		name, distribution, pick = "zipfian", fmt.Sprintf("zipf:%v", coldSkew), zipfian(coldCount, coldSkew)
	}
	name = fmt.Sprintf("cold GET %s %dc", name, depth)
	fio := &result{Case: name, Group: "cold", Subjects: []string{"holdfast", "fio"}}
	pool := &result{Case: name + ", to a pool of threads", Group: "cold", Subjects: []string{"holdfast", "holdfast, disk-backend pool"}}
	p := point{Command: "GET", Value: coldValue, Conns: depth, Pipeline: 1, Keys: coldCount}
	for round := range b.o.rounds + 1 { // the first warms up
		var got [2]pointRound
		for i, s := range servers {
			var err error
			if got[i], err = s.drive(p, pick, b.gauge, b.o.seconds); err != nil {
				return err
			}
		}
		raw, err := b.fio(servers[0], distribution, depth)
		if err != nil {
			return err
		}
		if round == 0 {
			continue
		}
		fio.Samples = append(fio.Samples, got[0].machine)
		pool.Samples = append(pool.Samples, got[0].machine, got[1].machine)
		fio.record("reads", "/s", true, got[0].perSecond, raw.perSecond)
		fio.record("p50", "ms", false, got[0].p50, raw.p50)
		fio.record("p99", "ms", false, got[0].p99, raw.p99)
		fio.record("CPU per read", "us", false, got[0].cpuMicros, raw.cpuMicros)
		pool.record("reads", "/s", true, got[0].perSecond, got[1].perSecond)
		pool.record("p99", "ms", false, got[0].p99, got[1].p99)
		pool.record("CPU per read", "us", false, got[0].cpuMicros, got[1].cpuMicros)
	}
	b.add(fio)
	b.add(pool)
	return nil
}

// freeze writes keys and has their values go to the disk and stay there.
func (s *server) freeze(keys int) error {
	p := point{Command: "SET", Value: coldValue, Pipeline: 100}
	l := &load{port: s.port, pipeline: p.Pipeline, kinds: []loadKind{kindOf(p)}, pick: inOrder(), most: keys/p.Pipeline - 1}
	if _, err := l.run(make([]int, 1)); err != nil {
		return err
	}
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	set := func(name, value string) error { _, err := c.Do("CONFIG", "SET", name, value); return err }
	if err := set("tiered_offload_threshold", "1"); err != nil {
		return err
	}
	cold, err := until(2*time.Minute, func() (bool, error) {
		if _, err := c.Do("PING"); err != nil {
			return false, err
		}
		m, err := info(c, "tiered")
		return number(m, "tiered_entries") >= float64(keys), err
	})
	if err != nil || !cold {
		return fmt.Errorf("the values do not go cold: %w", err)
	}
	if err := set("tiered_offload_threshold", "0"); err != nil {
		return err
	}
	return set("tiered_upload_threshold", "1") // what is read does not stay
}

// fio reads the server's log with as many reads in flight.
func (b *bench) fio(s *server, distribution string, depth int) (out pointRound, err error) {
	files, err := filepath.Glob(filepath.Join(s.dir, "*.seg"))
	if err != nil {
		return out, err
	}
	c, err := s.dial()
	if err != nil {
		return out, err
	}
	defer c.Close()
	m, err := info(c, "log")
	if err != nil {
		return out, err
	}
	const sector = 512
	size := math.Round(number(m, "log_bytes_read") / max(number(m, "log_reads"), 1) / sector)
	text, err := exec.Command("fio", "--name=cold", "--readonly", "--rw=randread", "--direct=1", "--ioengine=io_uring",
		"--filename="+strings.Join(files, ":"), fmt.Sprintf("--bs=%d", int(max(size, 1))*sector), fmt.Sprintf("--iodepth=%d", depth),
		"--random_distribution="+distribution, "--norandommap", "--time_based", fmt.Sprintf("--runtime=%dms", int(b.o.seconds*1000)),
		"--output-format=json").Output()
	if err != nil {
		return out, fmt.Errorf("fio: %w\n%s", err, text)
	}
	var found struct {
		Jobs []struct {
			User   float64 `json:"usr_cpu"` // of a core, in hundredths
			System float64 `json:"sys_cpu"`
			Read   struct {
				IOPS    float64 `json:"iops"`
				Latency struct {
					At map[string]float64 `json:"percentile"` // ns
				} `json:"clat_ns"`
			} `json:"read"`
		} `json:"jobs"`
	}
	if err := json.Unmarshal(text[strings.IndexByte(string(text), '{'):], &found); err != nil || len(found.Jobs) != 1 {
		return out, fmt.Errorf("fio: %w\n%s", err, text)
	}
	job := &found.Jobs[0]
	out.perSecond = job.Read.IOPS
	out.p50, out.p99 = job.Read.Latency.At["50.000000"]/1e6, job.Read.Latency.At["99.000000"]/1e6
	out.cpuMicros = (job.User + job.System) / 100 * 1e6 / max(job.Read.IOPS, 1)
	return out, nil
}

// zipfian draws from n keys, some far more often than others, after Gray and
// others (Quickly generating billion-record synthetic databases, 1994). The
// often drawn are spread over all.
func zipfian(n int, skew float64) func() int {
	zeta := func(n int) (sum float64) {
		for i := 1; i <= n; i++ {
			sum += 1 / math.Pow(float64(i), skew)
		}
		return sum
	}
	all, alpha := zeta(n), 1/(1-skew)
	eta := (1 - math.Pow(2/float64(n), 1-skew)) / (1 - zeta(2)/all)
	source := rand.New(rand.NewPCG(1, uint64(n)))
	return func() int {
		u := source.Float64()
		rank := 0
		switch uz := u * all; {
		case uz < 1:
		case uz < 1+math.Pow(0.5, skew):
			rank = 1
		default:
			rank = int(float64(n) * math.Pow(eta*u-eta+1, alpha))
		}
		const spread = 1_000_003 // a prime, so that no two ranks meet
		return min(rank, n-1) * spread % n
	}
}
