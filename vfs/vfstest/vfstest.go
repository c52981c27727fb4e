// Package vfstest is the conformance suite of the disk port. The real
// implementations and the simulated one pass the same tests, so what is proved
// over the simulated disk holds for the real one as far as this suite reaches.
//
// The suite knows no real time: it submits, and asks the harness to let the
// world go on until something completes.
package vfstest

import (
	"math/rand/v2"
	"testing"

	"holdfast/vfs"

	"github.com/stretchr/testify/require"
)

// Harness is one empty data directory and the means to drive it.
type Harness struct {
	// FS is the disk under test, on an empty directory.
	FS vfs.FS
	// Pump lets the world go on until at least one Op has completed. It returns
	// false if nothing is in flight, or nothing will ever complete.
	Pump func() bool
	// Restart ends FS as a killed process would, without a power cut, and opens
	// the same directory anew. All its Ops have completed before. Pump then
	// drives the new one. Nil skips the tests that need it.
	Restart func() vfs.FS
	// Crash is Restart with a power cut that loses all that is not durable.
	// Nil skips: only a simulated disk can do it.
	Crash func() vfs.FS
}

// Run runs the suite. newFS is called once per test.
func Run(t *testing.T, newFS func(t *testing.T) *Harness) {
	tests := []struct {
		name string
		run  func(w *world)
	}{
		{"OpenCreate", testOpenCreate},
		{"ReadBack", testReadBack},
		{"ReadPastEnd", testReadPastEnd},
		{"ReadNow", testReadNow},
		{"Buffers", testBuffers},
		{"ManyInFlight", testManyInFlight},
		{"SubmitFromComplete", testSubmitFromComplete},
		{"Allocate", testAllocate},
		{"Rename", testRename},
		{"Link", testLink},
		{"Folders", testFolders},
		{"Remove", testRemove},
		{"List", testList},
		{"NamesRefused", testNamesRefused},
		{"Model", testModel},
		{"Restart", testRestart},
		{"Crash", testCrash},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newFS(t)
			tc.run(&world{T: t, h: h, fs: h.FS, rnd: rand.New(rand.NewPCG(1, 2))})
		})
	}
}

// world is a running test: the harness, and the checks that every Op must pass.
type world struct {
	*testing.T
	h      *Harness
	fs     vfs.FS
	rnd    *rand.Rand
	inside bool // a Submit is on the stack
}

// request is an Op with the bookkeeping to see that it completes exactly once.
type request struct {
	vfs.Op
	w    *world
	done int
	then func(*request)
}

// Complete implements vfs.Completer.
func (r *request) Complete(op *vfs.Op) {
	require.False(r.w, r.w.inside, "Complete called from inside Submit")
	require.Same(r.w, &r.Op, op, "Complete got another Op")
	r.done++
	require.Equal(r.w, 1, r.done, "completed twice")
	if r.then != nil {
		r.then(r)
	}
}

// start submits op and does not wait.
func (w *world) start(op vfs.Op) *request {
	r := &request{Op: op, w: w}
	w.submit(r)
	return r
}

func (w *world) submit(r *request) {
	r.done = 0
	r.Owner = r
	w.inside = true
	w.fs.Submit(&r.Op)
	w.inside = false
}

// wait pumps until all of rs have completed.
func (w *world) wait(rs ...*request) {
	for _, r := range rs {
		for r.done == 0 {
			require.True(w, w.h.Pump() || r.done > 0, "kind %d on %q never completed", r.Kind, r.Name)
		}
	}
}

// do submits op and waits for it.
func (w *world) do(op vfs.Op) *request {
	r := w.start(op)
	w.wait(r)
	return r
}

// ok is do for an operation that must succeed.
func (w *world) ok(op vfs.Op) *request {
	w.Helper()
	r := w.do(op)
	require.NoError(w, r.Err, "kind %d on %q", r.Kind, r.Name)
	return r
}

func (w *world) create(name string) vfs.File {
	w.Helper()
	r := w.ok(vfs.Op{Kind: vfs.Create, Name: name})
	require.NotZero(w, r.File)
	return r.File
}

// blocks returns a buffer of n aligned blocks filled with b.
func (w *world) blocks(n int, b byte) []byte {
	p := w.fs.Buffer(n * w.fs.Align())
	for i := range p {
		p[i] = b
	}
	return p
}

// put writes n blocks of b at block off.
func (w *world) put(kind vfs.Kind, f vfs.File, off, n int, b byte) {
	w.Helper()
	p := w.blocks(n, b)
	r := w.ok(vfs.Op{Kind: kind, File: f, Off: int64(off * w.fs.Align()), Buf: p})
	require.Equal(w, len(p), r.N)
	w.fs.Release(p)
}

// get reads n blocks at block off and returns a copy of what was there.
func (w *world) get(f vfs.File, off, n int) []byte {
	w.Helper()
	p := w.blocks(n, 0xEE)
	r := w.ok(vfs.Op{Kind: vfs.Read, File: f, Off: int64(off * w.fs.Align()), Buf: p})
	out := append([]byte(nil), p[:r.N]...)
	w.fs.Release(p)
	return out
}

// holds checks that the n blocks from block off are all b.
func (w *world) holds(f vfs.File, off, n int, b byte) {
	w.Helper()
	got := w.get(f, off, n)
	require.Len(w, got, n*w.fs.Align())
	for i, c := range got {
		if c != b {
			require.Failf(w, "wrong byte", "block %d byte %d: %#x, want %#x", off, i, c, b)
		}
	}
}

func (w *world) names() []string {
	w.Helper()
	return w.ok(vfs.Op{Kind: vfs.List}).Names
}
