//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine describes where a run took place.
type machine struct {
	Cores  int    `json:"cores"`
	Model  string `json:"model"`
	Kernel string `json:"kernel"`
	GiB    int    `json:"memory_gib"`
}

func (m machine) String() string {
	return fmt.Sprintf("%d x %s, %d GiB, Linux %s", m.Cores, m.Model, m.GiB, m.Kernel)
}

func thisMachine() machine {
	m := machine{Cores: runtime.NumCPU(), Model: field("/proc/cpuinfo", "model name"), Kernel: "?"}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel, _, _ = strings.Cut(strings.TrimSpace(string(text)), "-")
	}
	kb, _ := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	m.GiB = (kb + 1<<19) >> 20
	return m
}

// field returns what follows a name in a file of "name: value" lines.
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(n) == name {
			return strings.TrimSpace(value)
		}
	}
	return "?"
}

// sample is how quiet the machine was before and during one round.
type sample struct {
	Spin     float64 `json:"spin"`     // time of a fixed loop before, to its best
	Runnable int     `json:"runnable"` // processes that wanted a core before
	Others   float64 `json:"others"`   // cores that neither server nor client used, during
	Steal    float64 `json:"steal"`    // share of the cores that the hypervisor took, during
}

// noise sums the samples of a run up.
type noise struct {
	SpinMedian   float64 `json:"spin_median"`
	SpinWorst    float64 `json:"spin_worst"`
	OthersMedian float64 `json:"others_median"`
	OthersWorst  float64 `json:"others_worst"`
	StealWorst   float64 `json:"steal_worst"`
	Runnable     float64 `json:"runnable_median"`
	Rounds       int     `json:"rounds"`
}

func (n noise) String() string {
	if n.Rounds == 0 {
		return "no round was watched"
	}
	return fmt.Sprintf("a fixed loop took %.2f of its best in the median, %.2f at worst; other work used %.2f cores in the median, %.2f at worst; %.0f processes were runnable before a round; the hypervisor took up to %.1f %%",
		n.SpinMedian, n.SpinWorst, n.OthersMedian, n.OthersWorst, n.Runnable, 100*n.StealWorst)
}

func noiseOf(results []*result) (n noise) {
	var spins, others, runnable []float64
	for _, r := range results {
		for _, s := range r.Samples {
			spins, others, runnable = append(spins, s.Spin), append(others, s.Others), append(runnable, float64(s.Runnable))
			n.StealWorst = max(n.StealWorst, s.Steal)
		}
	}
	if n.Rounds = len(spins); n.Rounds == 0 {
		return n
	}
	_, n.SpinMedian, n.SpinWorst = spread(spins)
	_, n.OthersMedian, n.OthersWorst = spread(others)
	n.Runnable = median(runnable)
	return n
}

// gauge looks at the machine. It knows the best time of its loop.
type gauge struct {
	best   time.Duration
	spin   float64
	before counters
	began  time.Time
}

// counters are the machine's own, in ticks.
type counters struct {
	busy, steal, all float64
	runnable         int
}

func newGauge() *gauge {
	g := &gauge{best: time.Hour}
	for range 50 {
		g.best = min(g.best, loop())
	}
	return g
}

// loop takes as long as a core is not ours, and about a millisecond besides.
func loop() time.Duration {
	began := time.Now()
	x := uint64(1)
	for range 1_000_000 {
		x = x*6364136223846793005 + 1442695040888963407
	}
	took := time.Since(began)
	runtime.KeepAlive(x) // so that the loop is for something
	return took
}

func readCounters() (c counters) {
	text, _ := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 8 && f[0] == "cpu" {
			for i, word := range f[1:9] { // user nice system idle iowait irq softirq steal
				v, _ := strconv.ParseFloat(word, 64)
				c.all += v
				switch i {
				case 3, 4:
				case 7:
					c.steal += v
				default:
					c.busy += v
				}
			}
		}
		if len(f) == 2 && f[0] == "procs_running" {
			c.runnable, _ = strconv.Atoi(f[1])
		}
	}
	return c
}

// begin looks before a round.
func (g *gauge) begin() {
	took := (loop() + loop()) / 2
	g.best = min(g.best, took)
	g.spin = float64(took) / float64(g.best)
	g.before, g.began = readCounters(), time.Now()
}

// tick is the unit of /proc/stat.
const tick = 10 * time.Millisecond

// used is the CPU time of this process and of some servers so far.
func used(servers ...*server) (sum time.Duration) {
	sum = threadsTime()
	for _, s := range servers {
		t, _ := s.cpu()
		sum += t
	}
	return sum
}

// end looks after it. mine is the CPU time that the server and the client used.
func (g *gauge) end(mine time.Duration) sample {
	took, now := time.Since(g.began), readCounters()
	busy := (now.busy - g.before.busy) * tick.Seconds()
	s := sample{Spin: g.spin, Runnable: g.before.runnable - 1}
	s.Others = max(0, busy-mine.Seconds()) / took.Seconds()
	if all := now.all - g.before.all; all > 0 {
		s.Steal = (now.steal - g.before.steal) / all
	}
	return s
}
