package vfstest

import (
	"fmt"
	"unsafe"

	"holdfast/vfs"

	"github.com/stretchr/testify/require"
)

func testOpenCreate(w *world) {
	r := w.do(vfs.Op{Kind: vfs.Open, Name: "a"})
	require.ErrorIs(w, r.Err, vfs.ErrNotExist)

	r = w.ok(vfs.Op{Kind: vfs.Create, Name: "a"})
	require.Zero(w, r.N)
	f := r.File
	w.put(vfs.Write, f, 0, 2, 'x')
	w.ok(vfs.Op{Kind: vfs.Close, File: f})

	r = w.ok(vfs.Op{Kind: vfs.Open, Name: "a"})
	require.NotZero(w, r.File)
	require.Equal(w, 2*w.fs.Align(), r.N)
	w.holds(r.File, 0, 2, 'x')

	// Create keeps what is there, and a second handle sees the same bytes.
	c := w.ok(vfs.Op{Kind: vfs.Create, Name: "a"})
	require.Equal(w, 2*w.fs.Align(), c.N)
	require.NotEqual(w, r.File, c.File)
	w.put(vfs.Write, c.File, 0, 1, 'y')
	w.holds(r.File, 0, 1, 'y')
	w.ok(vfs.Op{Kind: vfs.Close, File: r.File})
	w.holds(c.File, 1, 1, 'x')
}

func testReadBack(w *world) {
	f := w.create("a")
	w.put(vfs.Write, f, 0, 4, 'a')
	w.put(vfs.WriteDurable, f, 1, 2, 'b')
	w.put(vfs.Write, f, 6, 1, 'c')
	w.ok(vfs.Op{Kind: vfs.Sync, File: f})
	w.holds(f, 0, 1, 'a')
	w.holds(f, 1, 2, 'b')
	w.holds(f, 3, 1, 'a')
	w.holds(f, 4, 2, 0) // a gap reads as zeroes
	w.holds(f, 6, 1, 'c')
}

func testReadPastEnd(w *world) {
	f := w.create("a")
	require.Empty(w, w.get(f, 0, 1))
	w.put(vfs.Write, f, 0, 3, 'a')
	require.Len(w, w.get(f, 2, 4), w.fs.Align())
	require.Empty(w, w.get(f, 3, 1))
	require.Empty(w, w.get(f, 100, 2))
}

func testReadNow(w *world) {
	f := w.create("a")
	w.put(vfs.Write, f, 0, 3, 'a')
	for _, tc := range []struct{ off, n, want int }{{0, 3, 3}, {1, 1, 1}, {2, 2, 1}, {5, 1, 0}} {
		r := w.start(vfs.Op{Kind: vfs.ReadNow, File: f,
			Off: int64(tc.off * w.fs.Align()), Buf: w.blocks(tc.n, 0xEE)})
		require.NoError(w, r.Err)
		require.Equal(w, tc.want*w.fs.Align(), r.N)
		for _, c := range r.Buf[:r.N] {
			require.Equal(w, byte('a'), c)
		}
		w.names() // let the world go on: Complete must not come
		require.Zero(w, r.done)
	}
}

func testBuffers(w *world) {
	a := w.fs.Align()
	require.Contains(w, []int{512, 4096}, a)
	w.fs.Release(nil)
	var all [][]byte
	for _, n := range []int{1, 2, 3, 8, 17, 64, 257, 1024, 1, 3} {
		p := w.fs.Buffer(n * a)
		require.Len(w, p, n*a)
		require.Zero(w, uintptr(unsafe.Pointer(&p[0]))%512)
		for i := range p {
			p[i] = byte(len(all))
		}
		all = append(all, p)
	}
	for i, p := range all { // none shares memory with another
		for _, c := range p {
			if int(c) != i {
				require.FailNow(w, "buffers overlap")
			}
		}
		w.fs.Release(p)
	}
	p := w.fs.Buffer(2 * a)
	require.Len(w, p, 2*a)
	w.fs.Release(p)
}

func testManyInFlight(w *world) {
	f := w.create("a")
	const n = 3000
	rs := make([]*request, n)
	for i := range rs {
		rs[i] = w.start(vfs.Op{Kind: vfs.Write, File: f, Off: int64(i * w.fs.Align()), Buf: w.blocks(1, byte(i))})
	}
	w.wait(rs...)
	for i, r := range rs {
		require.NoError(w, r.Err)
		require.Equal(w, w.fs.Align(), r.N)
		clear(r.Buf)
		rs[i].Kind = vfs.Read
		w.submit(rs[i])
	}
	w.wait(rs...)
	for i, r := range rs {
		require.NoError(w, r.Err)
		require.Equal(w, w.fs.Align(), r.N)
		require.Equal(w, byte(i), r.Buf[0], "block %d", i)
		require.Equal(w, byte(i), r.Buf[len(r.Buf)-1], "block %d", i)
	}
	for !w.quiet() {
	}
}

// quiet pumps once and says whether nothing was left to do.
func (w *world) quiet() bool { return !w.h.Pump() }

func testSubmitFromComplete(w *world) {
	f := w.create("a")
	const rounds = 50
	turns := 0
	r := &request{w: w}
	r.Op = vfs.Op{Kind: vfs.WriteDurable, File: f, Buf: w.blocks(1, 'a')}
	r.then = func(r *request) {
		require.NoError(w, r.Err)
		if turns++; turns < rounds {
			r.Off += int64(w.fs.Align())
			w.submit(r)
		}
	}
	w.submit(r)
	for turns < rounds {
		require.True(w, w.h.Pump() || turns == rounds)
	}
	w.holds(f, 0, rounds, 'a')
}

func testAllocate(w *world) {
	f := w.create("a")
	w.put(vfs.Write, f, 1, 1, 'a')
	a := w.fs.Align()
	w.ok(vfs.Op{Kind: vfs.Allocate, File: f, N: 16 * a})
	w.holds(f, 1, 1, 'a')
	for _, c := range w.get(f, 2, 14) { // longer or not, nothing but zeroes
		require.Zero(w, c)
	}
	w.put(vfs.Write, f, 15, 1, 'z')
	w.ok(vfs.Op{Kind: vfs.Allocate, File: f, N: 4 * a}) // never shortens
	w.holds(f, 15, 1, 'z')
	w.holds(f, 2, 13, 0)
}

func testRename(w *world) {
	f, g := w.create("a"), w.create("b")
	w.put(vfs.Write, f, 0, 1, 'a')
	w.put(vfs.Write, g, 0, 1, 'b')
	w.ok(vfs.Op{Kind: vfs.Rename, Name: "a", To: "b"})
	w.ok(vfs.Op{Kind: vfs.SyncDir})
	require.Equal(w, []string{"b"}, w.names())
	w.holds(f, 0, 1, 'a') // handles follow the file, not the name
	w.holds(g, 0, 1, 'b')
	w.holds(w.ok(vfs.Op{Kind: vfs.Open, Name: "b"}).File, 0, 1, 'a')
	r := w.do(vfs.Op{Kind: vfs.Rename, Name: "none", To: "b"})
	require.ErrorIs(w, r.Err, vfs.ErrNotExist)
}

func testLink(w *world) {
	f := w.create("a")
	w.put(vfs.Write, f, 0, 1, 'a')
	w.ok(vfs.Op{Kind: vfs.Link, Name: "a", To: "b"})
	require.Equal(w, []string{"a", "b"}, w.names())
	w.put(vfs.Write, f, 0, 1, 'c')
	w.holds(w.ok(vfs.Op{Kind: vfs.Open, Name: "b"}).File, 0, 1, 'c')
	w.ok(vfs.Op{Kind: vfs.Remove, Name: "a"})
	w.holds(w.ok(vfs.Op{Kind: vfs.Open, Name: "b"}).File, 0, 1, 'c')
	r := w.do(vfs.Op{Kind: vfs.Link, Name: "none", To: "d"})
	require.ErrorIs(w, r.Err, vfs.ErrNotExist)
	w.create("e")
	r = w.do(vfs.Op{Kind: vfs.Link, Name: "b", To: "e"}) // a link replaces nothing
	require.Error(w, r.Err)
	w.ok(vfs.Op{Kind: vfs.Link, Name: "b", To: "f"})
	w.ok(vfs.Op{Kind: vfs.Link, Name: "b", To: "g"})
	require.Equal(w, 3, w.ok(vfs.Op{Kind: vfs.Open, Name: "f"}).Links)
	w.ok(vfs.Op{Kind: vfs.Remove, Name: "b"})
	require.Equal(w, 2, w.ok(vfs.Op{Kind: vfs.Create, Name: "g"}).Links)
	require.Equal(w, 1, w.ok(vfs.Op{Kind: vfs.Create, Name: "new"}).Links)
}

func testFolders(w *world) {
	f := w.create("a")
	w.put(vfs.Write, f, 0, 1, 'a')
	require.Error(w, w.do(vfs.Op{Kind: vfs.Create, Name: "x/b"}).Err)
	require.Error(w, w.do(vfs.Op{Kind: vfs.Link, Name: "a", To: "x/b"}).Err)
	require.Error(w, w.do(vfs.Op{Kind: vfs.List, Name: "x"}).Err)
	w.ok(vfs.Op{Kind: vfs.MakeDir, Name: "x"})
	w.ok(vfs.Op{Kind: vfs.MakeDir, Name: "x"}) // one that is there will do
	w.ok(vfs.Op{Kind: vfs.MakeDir, Name: "x/y"})
	require.Error(w, w.do(vfs.Op{Kind: vfs.MakeDir, Name: "z/y"}).Err)
	w.ok(vfs.Op{Kind: vfs.Link, Name: "a", To: "x/y/b"})
	w.holds(w.ok(vfs.Op{Kind: vfs.Open, Name: "x/y/b"}).File, 0, 1, 'a')
	g := w.create("x/y/c")
	w.put(vfs.WriteDurable, g, 0, 1, 'c')
	w.ok(vfs.Op{Kind: vfs.Rename, Name: "x/y/c", To: "x/y/d"})
	for _, folder := range []string{"x/y", "x", ""} {
		w.ok(vfs.Op{Kind: vfs.SyncDir, Name: folder})
	}
	require.Equal(w, []string{"a", "x/"}, w.names())
	require.Equal(w, []string{"y/"}, w.ok(vfs.Op{Kind: vfs.List, Name: "x"}).Names)
	require.Equal(w, []string{"b", "d"}, w.ok(vfs.Op{Kind: vfs.List, Name: "x/y"}).Names)
	require.Error(w, w.do(vfs.Op{Kind: vfs.RemoveDir, Name: "x"}).Err)
	require.Error(w, w.do(vfs.Op{Kind: vfs.Remove, Name: "x"}).Err)
	require.Error(w, w.do(vfs.Op{Kind: vfs.Open, Name: "x"}).Err)
	require.Error(w, w.do(vfs.Op{Kind: vfs.RemoveDir, Name: "a"}).Err)
	w.ok(vfs.Op{Kind: vfs.Remove, Name: "x/y/b"})
	w.ok(vfs.Op{Kind: vfs.Remove, Name: "x/y/d"})
	w.ok(vfs.Op{Kind: vfs.RemoveDir, Name: "x/y"})
	w.ok(vfs.Op{Kind: vfs.RemoveDir, Name: "x"})
	require.Equal(w, []string{"a"}, w.names())
}

func testRemove(w *world) {
	f := w.create("a")
	w.put(vfs.Write, f, 0, 1, 'a')
	w.ok(vfs.Op{Kind: vfs.Remove, Name: "a"})
	require.Empty(w, w.names())
	w.holds(f, 0, 1, 'a') // an open file outlives its name
	r := w.do(vfs.Op{Kind: vfs.Remove, Name: "a"})
	require.ErrorIs(w, r.Err, vfs.ErrNotExist)
	require.Zero(w, w.ok(vfs.Op{Kind: vfs.Create, Name: "a"}).N)
}

func testList(w *world) {
	require.Empty(w, w.names())
	for _, n := range []string{"b", "a.seg", "c", "B"} {
		w.create(n)
	}
	require.Equal(w, []string{"B", "a.seg", "b", "c"}, w.names())
}

func testNamesRefused(w *world) {
	for _, n := range []string{"", ".", "..", "a/b", "../a", "/a", "a\x00b"} {
		require.Error(w, w.do(vfs.Op{Kind: vfs.Create, Name: n}).Err, "%q", n)
		require.Error(w, w.do(vfs.Op{Kind: vfs.Open, Name: n}).Err, "%q", n)
		require.Error(w, w.do(vfs.Op{Kind: vfs.Remove, Name: n}).Err, "%q", n)
	}
	w.create("a")
	require.Error(w, w.do(vfs.Op{Kind: vfs.Rename, Name: "a", To: "../b"}).Err)
	require.Equal(w, []string{"a"}, w.names())
}

// testModel plays many operations at once, never two in flight on one block,
// and compares every read with a plain model.
func testModel(w *world) {
	const blocks, steps = 64, 1500
	f := w.create("a")
	w.ok(vfs.Op{Kind: vfs.Allocate, File: f, N: blocks * w.fs.Align()})
	w.put(vfs.Write, f, 0, blocks, 0)
	var model [blocks]byte
	var busy [blocks]bool
	live := 0
	for step := range steps {
		b, n := w.rnd.IntN(blocks), 1+w.rnd.IntN(4)
		if n = min(n, blocks-b); anyBusy(busy[b : b+n]) {
			require.True(w, w.h.Pump())
			continue
		}
		r := &request{w: w}
		r.Op = vfs.Op{Kind: vfs.Read, File: f, Off: int64(b * w.fs.Align()), Buf: w.blocks(n, 0xEE)}
		if step%2 == 0 {
			r.Kind = vfs.Write + vfs.Kind(w.rnd.IntN(2))
			for i := range n {
				v := byte(w.rnd.Uint32())
				model[b+i] = v
				fill(r.Buf[i*w.fs.Align():(i+1)*w.fs.Align()], v)
			}
		}
		for i := range n {
			busy[b+i] = true
		}
		r.then = func(r *request) {
			live--
			require.NoError(w, r.Err)
			require.Equal(w, len(r.Buf), r.N)
			for i := range n {
				busy[b+i] = false
				require.Equal(w, model[b+i], r.Buf[(i+1)*w.fs.Align()-1], "step %d block %d", step, b+i)
			}
			w.fs.Release(r.Buf)
		}
		live++
		w.submit(r)
		if live > 20 {
			w.h.Pump()
		}
	}
	for live > 0 {
		require.True(w, w.h.Pump() || live == 0)
	}
}

func anyBusy(b []bool) bool {
	for _, x := range b {
		if x {
			return true
		}
	}
	return false
}

func fill(p []byte, v byte) {
	for i := range p {
		p[i] = v
	}
}

func testRestart(w *world) {
	if w.h.Restart == nil {
		w.Skip("the harness cannot restart")
	}
	f := w.create("a")
	w.put(vfs.Write, f, 0, 2, 'a')
	w.create("b")
	w.fs = w.h.Restart()
	require.Equal(w, []string{"a", "b"}, w.names())
	r := w.ok(vfs.Op{Kind: vfs.Open, Name: "a"})
	require.Equal(w, 2*w.fs.Align(), r.N)
	w.holds(r.File, 0, 2, 'a')
}

// testCrash holds the durability rules against a power cut: what they promise
// must be there. What they do not promise may be there or not.
func testCrash(w *world) {
	if w.h.Crash == nil {
		w.Skip("the harness cannot cut the power")
	}
	lost := false
	defer func() { require.True(w, lost, "a link that nothing made durable was never lost") }()
	for round := range 20 {
		name, old := fmt.Sprintf("f%d", round), fmt.Sprintf("g%d", round)
		f := w.create(name)
		w.create(old)
		w.put(vfs.Write, f, 0, 4, 'a')
		w.ok(vfs.Op{Kind: vfs.Sync, File: f})
		w.ok(vfs.Op{Kind: vfs.SyncDir})
		w.put(vfs.WriteDurable, f, 1, 1, 'b')
		w.put(vfs.Write, f, 2, 1, 'c') // not durable: block 2 is 'a' or 'c'
		w.ok(vfs.Op{Kind: vfs.Remove, Name: old})
		w.ok(vfs.Op{Kind: vfs.SyncDir})
		w.create("undurable")
		folder := "d" + name
		w.ok(vfs.Op{Kind: vfs.MakeDir, Name: folder})
		w.ok(vfs.Op{Kind: vfs.SyncDir})
		w.ok(vfs.Op{Kind: vfs.Link, Name: name, To: folder + "/durable"})
		w.ok(vfs.Op{Kind: vfs.SyncDir, Name: folder})
		w.ok(vfs.Op{Kind: vfs.Link, Name: name, To: folder + "/undurable"})
		w.ok(vfs.Op{Kind: vfs.SyncDir}) // of another folder
		w.ok(vfs.Op{Kind: vfs.MakeDir, Name: "undurable" + name})
		w.ok(vfs.Op{Kind: vfs.Link, Name: name, To: "undurable" + name + "/x"})
		w.ok(vfs.Op{Kind: vfs.SyncDir, Name: "undurable" + name})

		w.fs = w.h.Crash()
		held := w.ok(vfs.Op{Kind: vfs.List, Name: folder}).Names
		require.Contains(w, held, "durable")
		lost = lost || len(held) == 1
		if r := w.do(vfs.Op{Kind: vfs.List, Name: "undurable" + name}); r.Err == nil {
			require.Equal(w, []string{"x"}, r.Names)
		}
		require.NotContains(w, w.names(), old)
		r := w.ok(vfs.Op{Kind: vfs.Open, Name: name})
		w.holds(r.File, 0, 1, 'a')
		w.holds(r.File, 1, 1, 'b')
		w.holds(r.File, 3, 1, 'a')
		w.ok(vfs.Op{Kind: vfs.Close, File: r.File})
	}
}
