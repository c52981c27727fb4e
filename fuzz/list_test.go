package fuzz

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/obj"
)

// FuzzDecodeList: any bytes are refused or make a list that works, and whose
// image is what it was made of.
func FuzzDecodeList(f *testing.F) {
	l := obj.NewList()
	f.Add(l.AppendImage(nil))
	l.Push(false, []byte("element"))
	l.Push(true, nil)
	f.Add(l.AppendImage(nil))
	for range 5 {
		_, _ = l.Insert(1, bytes.Repeat([]byte("v"), 200))
	}
	f.Add(l.AppendImage(nil))
	for range 100 {
		l.Push(false, []byte("more"))
	}
	f.Add(l.AppendImage(nil))
	for _, s := range []string{
		"", "\x03", "\x03\x00", "\x03\x00\x00", "\x03\x01\x00\x02a", "\x03\x01\x00\x03a", "\x03\x02\x00\x02a\x03\x00b",
		"\x03\x02\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x03\x80\x00", "\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00",
		"\x03\x01\x00\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x03\x02\x00\x00\x01\x80\x80\x40",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		given := bytes.Clone(image)
		l, err := obj.DecodeList(image)
		require.Equal(t, given, image)
		if err != nil {
			require.Nil(t, l)
			return
		}
		require.Equal(t, image, l.AppendImage(nil))
		clear(image) // nothing of it is kept
		exerciseList(t, l)
	})
}

// exerciseList uses every method of a list and empties it.
func exerciseList(t *testing.T, l *obj.List) {
	n := 0
	var last int64
	l.Walk(0, false, func(pos int64, v []byte) bool {
		require.True(t, n == 0 || last < pos)
		last = pos
		if n%16 == 0 {
			require.True(t, bytes.Equal(v, l.At(n)))
			require.Equal(t, pos, l.Position(n))
		}
		n++
		return true
	})
	require.Equal(t, n, l.Len())
	require.Greater(t, l.Bytes(), 0)
	c := l.Clone()
	for i := 0; i < n; i += 7 {
		l.Insert(i, []byte("another"))
		l.Put(l.Position(i), []byte("a third"))
	}
	l.Push(true, []byte("first"))
	l.Push(false, []byte("last"))
	require.Equal(t, "first", string(l.At(0)))
	require.Equal(t, "last", string(l.At(l.Len()-1)))
	for k := 0; l.Len() > 0; k++ {
		i := k * 31 % l.Len()
		j := min(i+k%5, l.Len()-1)
		require.Equal(t, j-i+1, l.Remove(l.Position(i), l.Position(j)))
	}
	require.Equal(t, n, c.Len())
}

// FuzzList runs a list of operations on two lists: one that stays, and one that
// hears of them as the log would, and goes through its image now and then.
func FuzzList(f *testing.F) {
	f.Add([]byte("\x00a\x01b\x02c\x03d\x04e\x05f"))
	f.Add([]byte(strings.Repeat("\x02\x81", 60)))
	f.Add([]byte(strings.Repeat("\x00\xff\x01\x7f", 100) + strings.Repeat("\x04\x09", 90)))
	f.Fuzz(func(t *testing.T, ops []byte) {
		stay, travel := obj.NewList(), obj.NewList()
		ops = ops[:min(len(ops), 1200)]
		for ; len(ops) >= 2; ops = ops[2:] {
			v, n := bytes.Repeat(ops[1:2], int(ops[1])*int(ops[0]>>5)), stay.Len()
			at := 0
			if n > 0 {
				at = int(ops[1]) % n
			}
			var pos int64
			spaced := false
			switch op := ops[0] & 7; {
			case op < 2:
				pos, spaced = stay.Push(op == 0, v)
				travel.Put(pos, v)
			case op < 4:
				pos, spaced = stay.Insert(at, v)
				travel.Put(pos, v)
			case n == 0:
			case op == 4:
				stay.Put(stay.Position(at), v)
				travel.Put(stay.Position(at), v)
			default:
				a, b := stay.Position(at), stay.Position(min(n-1, at+int(op)-5))
				require.Equal(t, stay.Remove(a, b), travel.Remove(a, b))
			}
			image := stay.AppendImage(nil)
			if spaced || ops[0]&31 == 31 {
				var err error
				travel, err = obj.DecodeList(image)
				require.NoError(t, err)
			}
			require.Equal(t, image, travel.AppendImage(nil))
		}
		exerciseList(t, stay)
		exerciseList(t, travel)
	})
}
