package wal

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
	"holdfast/vfs"
)

// filled returns a log of several segments, closed, and how many units it has.
func filled(t testing.TB, align int) (*fakeFS, Config, int) {
	cfg := Config{SegmentBytes: int64(8 * align), BatchBytes: 2 * align, ReadBytes: 2 * align, Prefix: "log"}
	fs := newFakeFS(align)
	h := start(t, fs, cfg)
	n := 12
	for i := range n {
		h.set(keyOf(i, 0), value(i, i*i*align/400))
		h.l.Flush()
		fs.run()
	}
	h.l.Close(100)
	fs.run()
	require.True(t, h.l.Closed())
	return fs, cfg, n
}

// TestEveryFlip flips each byte of an attested log in turn: recovery either
// reports it or finds every record, and never finds anything else.
func TestEveryFlip(t *testing.T) {
	fs, cfg, n := filled(t, 512)
	s := &story{units: make([][]int, n)}
	for i := range n {
		s.units[i] = []int{i * i * 512 / 400}
	}
	detected, harmless := 0, 0
	for _, name := range fs.names() {
		for at := 0; at < len(fs.files[name].data); at += 3 {
			img := fs.killed()
			img.files[name].data[at] ^= 1 << (at % 8)
			h := recoverLog(t, img, cfg)
			if h.err != nil {
				detected++
				continue
			}
			harmless++
			require.Equal(t, n, s.check(t, h), "%s at %d", name, at)
		}
	}
	require.Greater(t, detected, 500)
	t.Log(detected, "detected,", harmless, "harmless")
}

func TestDamageNamesFileAndOffset(t *testing.T) {
	fs, cfg, _ := filled(t, 512)
	for _, name := range fs.names()[:2] {
		img := fs.killed()
		img.files[name].data[1024+20] ^= 1
		h := recoverLog(t, img, cfg)
		require.ErrorIs(t, h.err, ErrDamaged)
		require.ErrorContains(t, h.err, name)
		require.ErrorContains(t, h.err, "1024")
	}
}

// TestMissingSegments removes, zeroes and beheads each segment file.
func TestMissingSegments(t *testing.T) {
	fs, cfg, _ := filled(t, 512)
	h := start(t, fs.killed(), cfg)
	segs := h.l.Segments()
	for i, s := range segs[:len(segs)-1] {
		img := fs.killed()
		delete(img.files, s.Name)
		if i < len(segs)-2 { // the last one that is missing altogether cannot be noticed
			require.ErrorIs(t, recoverLog(t, img, cfg).err, ErrDamaged, "segment %d of %d", i, len(segs))
		}
		img = fs.killed()
		clear(img.files[s.Name].data[:1024])
		require.ErrorIs(t, recoverLog(t, img, cfg).err, ErrDamaged)
		img = fs.killed()
		img.files[s.Name].data[20] ^= 1
		img.files[s.Name].data[512+20] ^= 1
		require.ErrorIs(t, recoverLog(t, img, cfg).err, ErrDamaged)
		img = fs.killed()
		clear(img.files[s.Name].data[:512]) // one copy suffices
		require.NoError(t, recoverLog(t, img, cfg).err)
	}
}

// TestForeignAndNewer: files that are not ours, or of tomorrow, are named and
// left alone.
func TestForeignAndNewer(t *testing.T) {
	fs, cfg, _ := filled(t, 512)
	for name, want := range map[string]error{"logx.seg": ErrForeign, "log000077.seg": ErrForeign} {
		img := fs.killed()
		img.files[name] = &fakeFile{name: name, data: value(3, 3000), durable: value(3, 3000)}
		h := recoverLog(t, img, cfg)
		require.ErrorIs(t, h.err, want)
		require.ErrorContains(t, h.err, name)
		require.Equal(t, value(3, 3000), img.files[name].data)
	}
	img := fs.killed()
	name := fs.names()[1]
	img.files[name].data[8]++
	img.files[name].data[512+8]++
	h := recoverLog(t, img, cfg)
	require.ErrorIs(t, h.err, ErrVersion)
	require.ErrorContains(t, h.err, name)
}

// TestPhantomHeader: a header that was acknowledged and never written to a
// recycled file is noticed by the batches behind it.
func TestPhantomHeader(t *testing.T) {
	cfg := tiny()
	fs := newFakeFS(512)
	h := start(t, fs, cfg)
	old := map[vfs.File][]byte{}
	for i := 0; len(h.l.Segments()) < 4 || h.l.Stats().Recycled < 3; i++ {
		h.set(keyOf(i, 0), value(i, 1500))
		h.l.SetHead(h.l.start(max(h.l.number(h.l.pos)-3, 1)))
		h.l.Flush()
		for len(fs.ops) > 0 {
			if op := fs.ops[0]; op.Kind == vfs.WriteDurable && op.Off == 0 {
				old[op.File] = append([]byte(nil), fs.handle[op.File-1].data[:1024]...)
			}
			fs.complete(0)
		}
	}
	h.l.Close(1)
	fs.run()
	require.NoError(t, recoverLog(t, fs.killed(), cfg).err)
	img := fs.killed()
	copy(img.files[h.l.cur.name].data, old[h.l.cur.file])
	require.ErrorIs(t, recoverLog(t, img, cfg).err, ErrDamaged)
}

// TestMisdirectedRead: a read that went astray once does not end the log.
func TestMisdirectedRead(t *testing.T) {
	fs, cfg, n := filled(t, 512)
	g := start(t, fs, cfg)
	for range 4 { // so that the tail holds more than one batch
		g.set(keyOf(n, 0), value(n, 0))
		g.l.Flush()
		fs.run()
		n++
	}
	g.l.Close(1)
	fs.run()
	for bad := range 60 {
		img := fs.killed()
		h := &host{t: t, fs: img}
		h.l = New(cfg, img, h)
		h.l.Recover(h)
		reads := 0
		for h.recovered == nil {
			op := img.ops[0]
			astray := false
			if op.Kind == vfs.Read {
				astray = reads == bad
				reads++
			}
			if astray {
				op.Off += 512
			}
			img.ops = img.ops[1:]
			img.do(op)
			if astray {
				op.Off -= 512
			}
			op.Owner.Complete(op)
		}
		require.NoError(t, h.err, "read %d", bad)
		require.Equal(t, n, len(h.got), "read %d", bad)
	}
}

// TestOtherHistory puts a batch of one log into its place in another, where
// all but the chain checks.
func TestOtherHistory(t *testing.T) {
	var fss [2]*fakeFS
	var name string
	for i := range fss {
		h := settled(t, tiny(), 512)
		for j := range 3 {
			h.set(keyOf(j, 0), value(i, 10))
			h.l.Flush()
			h.fs.run()
		}
		h.l.Close(1)
		h.fs.run()
		fss[i], name = h.fs, h.l.cur.name
	}
	copy(fss[0].files[name].data[1536:2048], fss[1].files[name].data[1536:2048])
	require.ErrorIs(t, recoverLog(t, fss[0], tiny()).err, ErrDamaged)
}

// TestPadding: what fills a batch's last block is zero, not what an earlier
// batch left in the buffer.
func TestPadding(t *testing.T) {
	h := settled(t, tiny(), 512)
	for i := range 10 {
		h.set("k", value(i, 300-20*i))
		end := h.l.Tail()
		h.l.Flush()
		h.fs.run()
		off := h.l.cur.offset(end)
		rest := h.fs.files[h.l.cur.name].data[off:roundUp(off, 512)]
		require.Equal(t, make([]byte, len(rest)), rest)
	}
}

// TestRandomBytes recovers from files of mangled segments: never a panic.
func TestRandomBytes(t *testing.T) {
	fs, cfg, _ := filled(t, 512)
	rnd := rand.New(rand.NewSource(1))
	for range 300 {
		img := fs.killed()
		for _, name := range img.names() {
			f := img.files[name]
			switch rnd.Intn(4) {
			case 0:
				f.data = f.data[:rnd.Intn(len(f.data))]
			case 1:
				other := img.files[img.names()[rnd.Intn(len(img.names()))]]
				at := rnd.Intn(8) * 512
				copy(f.data[min(at, len(f.data)):], other.data[:min(512*rnd.Intn(5), len(other.data))])
			}
		}
		recoverLog(t, img, cfg)
	}
}

// TestIdleAttests: without the attesting batch the last batch's rot looks
// torn, with it it does not.
func TestIdleAttests(t *testing.T) {
	fs := newFakeFS(512)
	h := start(t, fs, tiny())
	h.set("a", value(1, 10))
	h.l.Flush()
	fs.run()
	at := int(h.l.find(h.l.Tail()).offset(h.l.Tail())) - 5
	name := h.l.cur.name

	img := fs.killed()
	img.files[name].data[at] ^= 1
	require.Empty(t, start(t, img, tiny()).got)

	next := h.l.Tick(1000)
	require.NotZero(t, next)
	require.Empty(t, fs.ops)
	h.l.Tick(next)
	fs.run()
	require.Zero(t, h.l.Tick(next+second), "once")
	img = fs.killed()
	img.files[name].data[at] ^= 1
	require.ErrorIs(t, recoverLog(t, img, tiny()).err, ErrDamaged)
	var zero unit.LSN
	require.Greater(t, h.l.Stats().Attests, zero)
}
