package fuzz

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/obj"
	"holdfast/engine/rdb"
)

// FuzzRestore: any bytes are refused or are a value, which is no more than was
// measured before and whose dump is that value.
func FuzzRestore(f *testing.F) {
	h := obj.NewHash()
	for _, v := range []string{"", "0", "-1", "100", "-3000", "40000", "-9000000", "3000000000", "text", string(bytes.Repeat([]byte("x"), 200))} {
		f.Add(rdb.AppendString(nil, []byte(v)))
		h.Set([]byte(v), []byte(v))
		f.Add(rdb.AppendHash(nil, h))
	}
	for _, s := range []string{
		"\x00\xc3\x09\x1b\x01ab\xe0\x0f\x01\x01yz", "\x04\x02\x01a\x01b\x01c\xc0\x07", "\x04\x81\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
		"\x09\x08\x01\x01a\x02\x01bc?\xff", "\x0d\x11\x11\x00\x00\x00\x0d\x00\x00\x00\x02\x00\x00\x01a\x03\xf3\xff\xff", "\x0e\x01\x00",
		"\x12\x02\x01\x01a\x02\x0a\x0a\x00\x00\x00\x01\x00\x81b\x02\xff", "\x01\x02\x01a\x01b", "\x00\xc3\x03\x84\x00\x00\x00\x7f\xe0\xff\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		given := bytes.Clone(body)
		var parts [][]byte
		size := 0
		err := rdb.Walk(body, func(part []byte) {
			parts = append(parts, bytes.Clone(part))
			size += len(part)
		})
		require.Equal(t, given, body)
		most, mostBytes := rdb.Measure(body)
		require.LessOrEqual(t, len(parts), most)
		require.LessOrEqual(t, size, mostBytes)
		require.LessOrEqual(t, mostBytes, 200*len(body)+200)
		if err != nil {
			return
		}
		var again []byte
		switch rdb.TypeOf(body) {
		case obj.TypeString:
			require.Len(t, parts, 1)
			again = rdb.AppendString(nil, parts[0])
		case obj.TypeHash:
			h := obj.NewHash()
			for i := 0; i < len(parts); i += 2 {
				if !h.Set(parts[i], parts[i+1]) {
					return
				}
			}
			again = rdb.AppendHash(nil, h)
		default:
			l := obj.NewList()
			for _, p := range parts {
				l.Push(false, p)
			}
			again = rdb.AppendList(nil, l)
		}
		i := 0
		require.NoError(t, rdb.Walk(again, func(part []byte) {
			require.True(t, bytes.Equal(parts[i], part))
			i++
		}))
		require.Equal(t, len(parts), i)
	})
}

// FuzzFile: any bytes in any pieces are keys, are refused or want more; whole and
// in pieces they give the same.
func FuzzFile(f *testing.F) {
	head := "REDIS0010\xfa\x09redis-ver\x067.0.15\xfe\x00\xfb\x02\x01"
	f.Add([]byte(head+"\x00\x01k\x01v\xfc\x01\x00\x00\x00\x00\x00\x00\x00\x04\x01h\x01\x01f\xc0\x07\xff\x00\x00\x00\x00\x00\x00\x00\x00"), byte(3))
	f.Add([]byte(head+"\xf9\x05\xf8\x0a\x00\xc3\x09\x1b\x01ab\xe0\x0f\x01\x01yz\x01v\xff\x01\x00\x00\x00\x00\x00\x00\x00"), byte(1))
	f.Add([]byte("REDIS0099"), byte(9))
	f.Add([]byte(head+"\x02\x01s\x01\x01m"), byte(200))
	f.Fuzz(func(t *testing.T, file []byte, piece byte) {
		read := func(piece int) (keys []string, last error) {
			var r rdb.File
			for rest := file; ; {
				k, err := r.Next()
				if err == rdb.ErrMore && len(rest) > 0 {
					n := min(piece, len(rest))
					r.Feed(rest[:n])
					rest = rest[n:]
					continue
				}
				if err != nil || k == nil {
					return keys, err
				}
				require.LessOrEqual(t, len(k.Value), len(file))
				keys = append(keys, fmt.Sprintf("%d %q %d %d %d %q", k.DB, k.Name, k.DeadlineMS, k.Idle, k.Freq, k.Value))
			}
		}
		whole, err := read(len(file) + 1)
		pieces, err2 := read(int(piece) + 1)
		require.Equal(t, whole, pieces)
		require.Equal(t, err == nil, err2 == nil)
	})
}
