package ckpt

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
)

func entriesOf() []tx.Stored {
	return []tx.Stored{
		{Key: []byte("k"), Type: 1, LSN: 1, Span: 1},
		{Key: []byte{}, Type: 14, LSN: 1 << 50, Span: 1<<32 - 1, Len: 1<<32 - 1, Deadline: 1<<62 + 3, Clock: 65535, Counter: 255},
		{Key: bytes.Repeat([]byte("k"), 70000), Type: 2, LSN: 300, Span: 300, Len: 300, Deadline: 1},
		{Key: []byte("meta"), Type: 1, LSN: 9, Span: 9, Inline: true, Value: []byte("value")},
		{Key: []byte("parts"), Type: 2, LSN: 1 << 40, Span: 70, First: 5000, Parts: 1 << 33, Len: 9},
		{Key: []byte("empty"), Type: 1, LSN: 9, Span: 9, Inline: true, Value: []byte{}},
	}
}

func TestEntriesComeBack(t *testing.T) {
	p := appendDatabase(nil, 1<<40, 77)
	want := entriesOf()
	for i := range want {
		p = appendEntry(p, &want[i])
	}
	c := cursor{p: p[1:]}
	id, n := c.database()
	require.Equal(t, uint64(1<<40), id)
	require.Equal(t, 77, n)
	for i := range want {
		var e tx.Stored
		first := c.p[0]
		c.p = c.p[1:]
		c.entry(first, &e)
		require.False(t, c.bad)
		if want[i].Parts == 0 {
			want[i].First = want[i].LSN
		}
		require.Equal(t, want[i], e)
	}
	require.Empty(t, c.p)
	require.True(t, checks(p, len(want)))
	for n := range p[:200] {
		require.False(t, checks(p[:n], len(want)), "cut at %d", n)
	}
}

func TestHeaderComesBack(t *testing.T) {
	want := header{segment: 1 << 20, redo: 5, end: 6, head: 4, mark: wal.Mark{LSN: 7, Epoch: 3, Sum: 9}, sum: 11,
		blocks: 2, entries: 12, bytes: 3 * page, time: 99, seed: 1 << 63}
	p := bytes.Repeat([]byte{1}, page)
	want.put(p)
	var got header
	require.NoError(t, got.get(p))
	require.Equal(t, want, got)
	for i := range headBytes {
		p[i] ^= 4
		require.Error(t, got.get(p), "byte %d", i)
		p[i] ^= 4
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{"index000012.ckpt": true, "index000012.tmp": true, "index12345678.ckpt": true,
		"index.ckpt": false, "indexa.ckpt": false, "index1.seg": false, "log000012.ckpt": false, "index0000000000012.ckpt": false} {
		no, finished, ours := parseName(name)
		require.Equal(t, want, ours, name)
		if ours {
			require.NotZero(t, no)
			require.Equal(t, name == nameOf(no, suffix), finished)
		}
	}
}

// FuzzCheckpoint looks for bytes that are more than refused. Its checksums are
// right, or nothing would be looked at.
func FuzzCheckpoint(f *testing.F) {
	p := appendDatabase(nil, 1, 3)
	for _, e := range entriesOf() {
		p = appendEntry(p, &e)
	}
	f.Add(p, uint64(1), 5, int64(2*page))
	f.Add([]byte{}, uint64(0), 0, int64(page))
	f.Fuzz(func(t *testing.T, payload []byte, blocks uint64, entries int, length int64) {
		block := append(make([]byte, blockHead), payload...)
		h := header{segment: 1, redo: 1, end: 1, mark: wal.Mark{LSN: 1}, blocks: blocks, entries: uint64(entries), bytes: length, time: unit.Time(1)}
		h.sum = putBlock(block, 0, entries, 0)
		file := make([]byte, page, 2*page)
		h.put(file)
		file = append(file, block...)
		v, off, err := Verify(func(p []byte, at int64) (int, error) {
			if at < 0 || at > int64(len(file)) {
				return 0, nil
			}
			return copy(p, file[at:]), nil
		})
		if err == nil {
			require.Equal(t, uint64(entries), v.Entries)
			require.Zero(t, off)
			require.LessOrEqual(t, blocks, uint64(1))
		}
		if len(payload) > 4 { // and one whose own checksum does not hold
			binary.LittleEndian.PutUint32(block[len(block)-4:], 0xdeadbeef)
			_, _, _, _, _ = getBlock(block, 0, 0)
		}
	})
}
