//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// measured makes a case of two subjects whose rounds are a and b.
func measured(name string, a, b []float64, others float64) *result {
	p := centre
	p.Command = "GET"
	r := &result{Case: p.String(), Point: &p, Subjects: []string{"holdfast", "redis"}}
	for i := range a {
		unit := "/s"
		if name == "CPU per operation" {
			unit = "us"
		}
		r.record(name, unit, true, a[i], b[i])
		r.Samples = append(r.Samples, sample{Spin: 1, Others: others})
	}
	r.judge()
	return r
}

func TestOnlySupportedRatiosAreGiven(t *testing.T) {
	f := func(name string, a, b []float64, others float64, want string) {
		t.Helper()
		require.Equal(t, want, measured(name, a, b, others).Metrics[0].Ratios[0].String())
	}
	flat := []float64{100, 100, 100}
	f("throughput", []float64{210, 200, 220}, flat, 0, "2.00 / 2.10 / 2.20")
	f("throughput", []float64{210, 200, 280}, flat, 0, "2.00 / 2.10 / 2.80 ?")
	f("throughput", []float64{210, 200, 500}, flat, 0, "not supported: rounds differ by 2.5")
	f("throughput", []float64{210, 200, 220}, flat, 0.4, "2.00 / 2.10 / 2.20 ?")
	f("throughput", []float64{210, 200, 220}, flat, 1.2, "not supported: other work took 1.2 cores")
	f("CPU per operation", []float64{210, 200, 220}, flat, 1.2, "2.00 / 2.10 / 2.20")
	f("p99", []float64{210, 200, 500}, flat, 0, "2.00 / 2.10 / 5.00 ?")
	f("throughput", flat[:2], flat[:2], 0, "1.00 / 1.00 / 1.00 ?")
}

func TestSaturatedClientIsTold(t *testing.T) {
	r := measured("throughput", []float64{200, 200, 200}, []float64{100, 100, 100}, 0)
	for range 3 {
		r.record("client", "cores", false, 0.99, 0.5).Alone = true
	}
	r.judge()
	require.Contains(t, r.Metrics[0].Ratios[0].Doubt, "the client was saturated")
}

func TestMatrixIsBounded(t *testing.T) {
	full, quick := matrix(false), matrix(true)
	require.Less(t, len(full), 90)
	require.Less(t, len(quick), 45)
	for _, all := range [][]point{full, quick} {
		seen := map[point]bool{}
		for _, p := range all {
			require.False(t, seen[p], p)
			seen[p] = true
		}
	}
	for _, c := range commands {
		require.True(t, slices.ContainsFunc(quick, func(p point) bool { return p.Command == c }), c)
	}
}

func TestChosen(t *testing.T) {
	name := point{"GET", 64, 50, 16, 5_000_000, "no"}.String()
	require.Equal(t, "GET 64B 50c p16 5M no", name)
	for only, want := range map[string]bool{"": true, "get p16": true, "get,set": true, "set": false, "get p1": false, "5m": true, "expiry": false} {
		require.Equal(t, want, chosen(only, name), only)
	}
	all, err := axes{commands: "GET,EXEC4", conns: "1,50", policies: "no,always:everysec", keys: "2M"}.points()
	require.NoError(t, err)
	require.Len(t, all, 8)
	require.Equal(t, point{"GET", 64, 1, 1, 2_000_000, "no"}, all[0])
	for _, bad := range []axes{{commands: "NO"}, {conns: "x"}, {policies: "sometimes"}} {
		_, err := bad.points()
		require.Error(t, err)
	}
}

// A batch asks for other keys each time and knows how long its answers are.
func TestBatches(t *testing.T) {
	p := point{Command: "MGET16", Value: 64, Pipeline: 2}
	b := batchesOf(p)[0]
	require.Len(t, b.keys, 32)
	require.Equal(t, 2*(len("*16\r\n")+16*len("$64\r\n\r\n")+16*64), b.reply)
	b.draw(inOrder())
	require.Contains(t, string(b.text), "key:000000000031\r\n")
	pick := uniform(10)
	for range 1000 {
		require.Less(t, pick(), 10)
	}
	require.Zero(t, batchesOf(point{Command: "INCR", Value: 64, Pipeline: 1})[0].reply)
	sets := 0
	for _, b := range batchesOf(point{Command: "90/10", Value: 64, Pipeline: 1}) {
		sets += strings.Count(string(b.text), "SET")
	}
	require.Equal(t, 1, sets)
}

// The page is one file that asks for nothing, and the document keeps its text.
func TestPageAndDocument(t *testing.T) {
	one := measured("throughput", []float64{210, 200, 220}, []float64{100, 100, 100}, 0)
	memory := &result{Case: "memory, <b>", Group: "memory", Subjects: one.Subjects}
	memory.record("resident per key", "B", false, 102, 183)
	memory.judge()
	r := &report{Subjects: []subject{{Name: "holdfast"}, {Name: "redis"}}, Results: []*result{one, memory}}
	page, err := r.page()
	require.NoError(t, err)
	for _, outside := range []string{"http", "src=", "@import", "url(", "<script"} {
		require.NotContains(t, string(page), outside)
	}
	require.Contains(t, string(page), "prefers-color-scheme:dark")
	require.Contains(t, string(page), "&lt;b&gt;")
	file := filepath.Join(t.TempDir(), "doc.md")
	require.NoError(t, os.WriteFile(file, []byte("before\n"+docBegin+"stale\n"+docEnd+"after\n"), 0o600))
	require.NoError(t, r.rewrite(file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(text), "stale")
	require.True(t, strings.HasPrefix(string(text), "before\n") && strings.HasSuffix(string(text), "after\n"))
	require.Contains(t, string(text), "| GET, 50 conn., pipeline 1 | 2.00 / 2.10 / 2.20 |")
	require.Error(t, r.rewrite(os.DevNull))
}
