package main

import (
	"fmt"
	"slices"
)

// report is everything that one run measured.
type report struct {
	Machine       string          `json:"machine"`
	Redis         string          `json:"redis"`
	Cases         []result        `json:"cases"`
	Expiry        []lag           `json:"expiry,omitempty"`
	Restart       *restart        `json:"restart,omitempty"`
	Mix           []mix           `json:"mix,omitempty"`
	Amplification []amplification `json:"amplification,omitempty"`
}

// spread is the least, the middle and the largest of some values.
func spread(values []float64) (low, middle, high float64) {
	v := slices.Clone(values)
	slices.Sort(v)
	return v[0], v[len(v)/2], v[len(v)-1]
}

// noisy is how far apart one server's own rounds may lie, largest to least,
// before a ratio of them deserves a question mark.
const noisy = 1.5

// print shows one line: throughput and CPU per operation as ratios.
func (r result) print() {
	var speed, cpu, mine, theirs, micros []float64
	for i, a := range r.Ours {
		b := r.Theirs[i]
		speed = append(speed, a.PerSecond/b.PerSecond)
		if b.CPUMicros > 0 && a.CPUMicros > 0 {
			cpu = append(cpu, a.CPUMicros/b.CPUMicros)
			micros = append(micros, a.CPUMicros)
		}
		mine, theirs = append(mine, a.PerSecond), append(theirs, b.PerSecond)
	}
	low, middle, high := spread(speed)
	_, rate, _ := spread(mine)
	fmt.Printf("%-34s throughput %5.2f /%5.2f /%5.2f  (%7.0f/s)", r.Case, low, middle, high, rate)
	if len(cpu) > 0 {
		low, middle, high := spread(cpu)
		_, us, _ := spread(micros)
		fmt.Printf("  CPU/op %5.2f /%5.2f /%5.2f  (%5.2f us)", low, middle, high, us)
	}
	_, _, worst := spread([]float64{swing(mine), swing(theirs)})
	if worst > noisy {
		fmt.Printf("  ? a server's own rounds differ %.1fx", worst)
	}
	fmt.Println()
}

func swing(values []float64) float64 {
	low, _, high := spread(values)
	return high / low
}
