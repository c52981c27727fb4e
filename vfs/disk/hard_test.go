//go:build linux || darwin

package disk_test

import (
	"os"
	"runtime"
	"testing"

	"holdfast/vfs"
	"holdfast/vfs/disk"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// each runs a test on every kind of disk.
func each(t *testing.T, test func(t *testing.T, d *driver)) {
	for name, opt := range map[string]disk.Options{"default": {}, "pool": {Pool: true}} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			d, _, err := open(t, t.TempDir(), opt)
			require.NoError(t, err)
			defer func() { require.NoError(t, d.fs.Close()) }()
			test(t, d)
		})
	}
}

// outcomes collects what completed.
type outcomes struct {
	ops  []*vfs.Op
	then func(*vfs.Op)
}

func (o *outcomes) Complete(op *vfs.Op) {
	o.ops = append(o.ops, op)
	if o.then != nil {
		o.then(op)
	}
}

func (d *driver) drain() {
	for d.pump() {
	}
}

func (d *driver) create(name string) vfs.File {
	op := &vfs.Op{Kind: vfs.Create, Name: name, Owner: &outcomes{}}
	d.fs.Submit(op)
	d.drain()
	require.NoError(d.t, op.Err)
	return op.File
}

// TestCloseBehindOthers closes a file right behind operations on it, and opens
// others at once: none may hit the wrong file.
func TestCloseBehindOthers(t *testing.T) {
	each(t, func(t *testing.T, d *driver) {
		a := d.fs.Align()
		for range 20 {
			f := d.create("a")
			var all outcomes
			for i := range 700 { // more than the ring takes at once
				p := d.fs.Buffer(a)
				p[0] = 'a'
				d.fs.Submit(&vfs.Op{Kind: vfs.Write, File: f, Off: int64(i * a), Buf: p, Owner: &all})
			}
			d.fs.Submit(&vfs.Op{Kind: vfs.Close, File: f, Owner: &all})
			d.fs.Submit(&vfs.Op{Kind: vfs.Create, Name: "b", Owner: &all})
			d.fs.Submit(&vfs.Op{Kind: vfs.Read, File: f, Buf: d.fs.Buffer(a), Owner: &all}) // too late
			d.drain()
			require.Len(t, all.ops, 703)
			for _, op := range all.ops {
				switch op.Kind {
				case vfs.Read:
					require.ErrorIs(t, op.Err, vfs.ErrIO)
				case vfs.Create:
					require.Zero(t, op.N)
					d.fs.Submit(&vfs.Op{Kind: vfs.Close, File: op.File, Owner: &all})
				default:
					require.NoError(t, op.Err)
				}
			}
			d.drain()
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, d *driver) {
		f, a := d.create("a"), d.fs.Align()
		var all outcomes
		for _, op := range []vfs.Op{
			{Kind: vfs.Read, File: f, Off: 1, Buf: d.fs.Buffer(a)},
			{Kind: vfs.Write, File: f, Off: -int64(a), Buf: d.fs.Buffer(a)},
			{Kind: vfs.Write, File: f, Buf: make([]byte, a+1)},
			{Kind: vfs.Write, File: f},
			{Kind: vfs.Read, File: f + 1, Buf: d.fs.Buffer(a)},
			{Kind: vfs.Sync, File: 0},
			{Kind: vfs.Close, File: 77},
			{Kind: vfs.Open, Name: "LOCK"},
			{Kind: 99},
		} {
			op.Owner = &all
			d.fs.Submit(&op)
			d.drain()
		}
		require.Len(t, all.ops, 9)
		for _, op := range all.ops {
			require.ErrorIs(t, op.Err, vfs.ErrIO, "kind %d", op.Kind)
		}
		now := &vfs.Op{Kind: vfs.ReadNow, File: 77, Buf: d.fs.Buffer(a)}
		d.fs.Submit(now)
		require.ErrorIs(t, now.Err, vfs.ErrIO)
	})
}

// TestNoSpace asks a file system in memory for more than it has: it refuses
// before it tries.
func TestNoSpace(t *testing.T) {
	const shm = "/dev/shm"
	if unix.Access(shm, unix.W_OK) != nil {
		t.Skip("there is no " + shm)
	}
	dir, err := os.MkdirTemp(shm, "full")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	d, info, err := open(t, dir, disk.Options{})
	require.NoError(t, err)
	defer d.fs.Close()
	op := &vfs.Op{Kind: vfs.Allocate, File: d.create("a"), N: int(info.Free)*16 + 1<<40, Owner: &outcomes{}}
	d.fs.Submit(op)
	d.drain()
	require.ErrorIs(t, op.Err, vfs.ErrNoSpace)
	require.ErrorContains(t, op.Err, `cannot allocate "a": no space left on device`)
}

// TestGarbage has the collector at work while buffers are the kernel's.
func TestGarbage(t *testing.T) {
	each(t, func(t *testing.T, d *driver) {
		f, a := d.create("a"), d.fs.Align()
		o := &outcomes{}
		for i := range 64 {
			p := d.fs.Buffer(a)
			p[0] = byte(i)
			d.fs.Submit(&vfs.Op{Kind: vfs.WriteDurable, File: f, Off: int64(i * a), Buf: p, Owner: o})
		}
		for d.fs.Flush(); d.fs.Busy(); d.pump() {
			runtime.GC()
			_ = make([]byte, 1<<20)
		}
		require.Len(t, o.ops, 64)
		for _, op := range o.ops {
			require.NoError(t, op.Err)
			i := op.Off / int64(a)
			read := &vfs.Op{Kind: vfs.ReadNow, File: f, Off: op.Off, Buf: d.fs.Buffer(a)}
			d.fs.Submit(read)
			require.Equal(t, byte(i), read.Buf[0])
		}
	})
}

// TestNoAllocation: the steady state of reads and durable writes costs no
// memory.
func TestNoAllocation(t *testing.T) {
	each(t, func(t *testing.T, d *driver) {
		f, a := d.create("a"), d.fs.Align()
		done := 0
		o := counter(func() { done++ })
		op := &vfs.Op{Kind: vfs.Write, File: f, Buf: d.fs.Buffer(a), Owner: o}
		round := func(kind vfs.Kind) {
			op.Kind = kind
			d.fs.Submit(op)
			d.fs.Flush()
			for before := done; done == before; {
				d.fs.Reap()
				runtime.Gosched()
			}
			d.fs.Release(d.fs.Buffer(a))
		}
		round(vfs.Write)
		allocs := testing.AllocsPerRun(50, func() { round(vfs.Read) })
		require.Less(t, allocs, 2.0)
	})
}

type counter func()

func (c counter) Complete(*vfs.Op) { c() }

// BenchmarkRead keeps 64 reads of 4 KiB in flight.
func BenchmarkRead(b *testing.B) {
	for name, opt := range map[string]disk.Options{"default": {}, "pool": {Pool: true, Workers: 64}} {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			d, _, err := open(&testing.T{}, b.TempDir(), opt)
			if err != nil {
				b.Fatal(err)
			}
			defer d.fs.Close()
			const size = 64 << 20
			f := d.create("a")
			for off := int64(0); off < size; off += 1 << 20 {
				d.fs.Submit(&vfs.Op{Kind: vfs.Write, File: f, Off: off, Buf: d.fs.Buffer(1 << 20), Owner: &outcomes{}})
			}
			d.drain()
			left, x := b.N, uint64(1)
			o := &outcomes{}
			again := func(op *vfs.Op) {
				if o.ops = o.ops[:0]; left > 0 {
					left--
					x = x*6364136223846793005 + 1442695040888963407
					op.Off = int64(x>>33) % (size / 4096) * 4096
					d.fs.Submit(op)
				}
			}
			o.then = again
			b.ResetTimer()
			for range 64 {
				again(&vfs.Op{Kind: vfs.Read, File: f, Buf: d.fs.Buffer(4096), Owner: o})
			}
			d.drain()
		})
	}
}
