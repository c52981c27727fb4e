package fuzz

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/obj"
)

// FuzzDecodeHash: any bytes are refused or make a hash that works, and whose
// image is what it was made of.
func FuzzDecodeHash(f *testing.F) {
	h := obj.NewHash()
	f.Add(h.AppendImage(nil))
	h.Set([]byte("field"), []byte("value"))
	h.Set(nil, nil)
	f.Add(h.AppendImage(nil))
	h.Set([]byte("long"), bytes.Repeat([]byte("v"), 200))
	f.Add(h.AppendImage(nil))
	for _, s := range []string{
		"", "\x01\x02\x01a\x00\x01a\x00", "\x02\xff\xff\xff\xff\xff\xff\x7f", "\x01\x01\xff\xff\xff\xff\xff\x01ab",
		"\x02\x01\x81\x00\x00", "\x01\x00\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		given := bytes.Clone(image)
		h, err := obj.DecodeHash(image)
		require.Equal(t, given, image)
		if err != nil {
			require.Nil(t, h)
			return
		}
		again := h.AppendImage(nil)
		if len(image) > 1 && image[0] == again[0] {
			require.Equal(t, image, again)
		} else {
			require.Equal(t, image[1:], again[1:]) // too many fields for the encoding it claimed
		}
		clear(image) // nothing of it is kept
		exercise(t, h)
	})
}

// exercise uses every method of a hash and empties it.
func exercise(t *testing.T, h *obj.Hash) {
	n, fields := 0, [][]byte{}
	h.Each(func(f, v []byte) bool {
		got, ok := h.Get(f)
		require.True(t, ok)
		require.True(t, bytes.Equal(v, got))
		if n%16 == 0 {
			g, _ := h.At(n)
			require.True(t, bytes.Equal(f, g))
		}
		fields = append(fields, bytes.Clone(f))
		n++
		return true
	})
	require.Equal(t, n, h.Len())
	require.Greater(t, h.Bytes(), 0)
	scanned := 0
	for cursor := uint64(0); ; {
		cursor = h.Scan(cursor, 7, func(_, _ []byte) { scanned++ })
		if cursor == 0 {
			break
		}
	}
	require.Equal(t, n, scanned)
	c := h.Clone()
	for _, f := range fields {
		require.False(t, h.Set(f, []byte("another value")))
		require.True(t, h.Del(f))
	}
	require.Zero(t, h.Len())
	require.Equal(t, n, c.Len())
}

// FuzzHash runs a list of operations on two hashes: one that stays, and one that
// goes through its image after each. Nobody can tell them apart.
func FuzzHash(f *testing.F) {
	f.Add([]byte("\x00a1\x00b2\x40a3\x80b0\xc000"), byte(2))
	f.Add([]byte(strings.Repeat("\x05ab\x06cd\x87ef", 20)), byte(4))
	f.Add([]byte("\x01x\xff\x01y\xfe\x01z\xfd\x81x0\x01x\x05"), byte(0))
	f.Fuzz(func(t *testing.T, ops []byte, entries byte) {
		lim := &obj.Limits{Entries: int(entries % 16), Value: 8}
		stay, travel := obj.NewHashLimits(lim), obj.NewHashLimits(lim)
		ops = ops[:min(len(ops), 600)] // each step costs what is there
		for ; len(ops) >= 3; ops = ops[3:] {
			field := ops[1 : 1+ops[0]&1]
			value := bytes.Repeat(ops[1:2], int(ops[2])*int(ops[0]>>1&31))
			switch ops[0] >> 6 {
			case 0, 1:
				require.Equal(t, stay.Set(field, value), travel.Set(field, value))
			case 2:
				require.Equal(t, stay.Del(field), travel.Del(field))
			case 3:
				v, ok := stay.Get(field)
				w, ok2 := travel.Get(field)
				require.Equal(t, ok, ok2)
				require.True(t, bytes.Equal(v, w))
			}
			image := stay.AppendImage(nil)
			require.Equal(t, image, travel.AppendImage(nil))
			var err error
			travel, err = obj.DecodeHashLimits(image, lim)
			require.NoError(t, err)
		}
		exercise(t, stay)
		exercise(t, travel)
	})
}

// FuzzNumbers: any text is a number or is none, the readers agree where they
// should, and what is printed is read back.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"0", "-1", "10.5", "1e4932", "1e-4951", "0x1.8p3", "inf", "nan", "1e99999999999999999999", "-0", "1_0"} {
		f.Add([]byte(s), []byte("0.1"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if n, ok := obj.ParseInt(a); ok {
			x, ok := obj.ParseFloat(a)
			require.True(t, ok)
			require.Equal(t, float64(n), x)
		}
		validA, finiteA := obj.ValidFloat(a)
		validB, _ := obj.ValidFloat(b)
		_, ok := obj.ParseFloat(a)
		require.True(t, validA || !ok)
		require.True(t, validA || !finiteA)
		sum, err := obj.AddFloat(a, b)
		other, err2 := obj.AddFloat(b, a)
		require.Equal(t, err, err2)
		require.Equal(t, sum, other)
		require.Equal(t, validA && validB, err == nil || err == obj.ErrInfinite)
		if err == nil {
			again, err := obj.AddFloat(sum, []byte("0"))
			require.NoError(t, err)
			require.Equal(t, sum, again)
		}
	})
}

// FuzzMatch: any pattern ends in time, and escaping a string gives a pattern
// that matches it alone.
func FuzzMatch(f *testing.F) {
	f.Add([]byte("h[^a-z]*\\?"), []byte("hello"))
	f.Add([]byte(strings.Repeat("a*", 50)+"b"), bytes.Repeat([]byte("a"), 200))
	f.Add([]byte("[a-"), []byte("[\\"))
	f.Fuzz(func(t *testing.T, pattern, s []byte) {
		matched := obj.Match(pattern, s, false)
		if matched && !bytes.ContainsRune(pattern, '[') {
			require.True(t, obj.Match(pattern, s, true))
		}
		if matched && len(s) > 0 {
			require.True(t, obj.Match(append([]byte("*"), pattern...), s, false))
		}
		var literal []byte
		for _, c := range s {
			literal = append(literal, '\\', c)
		}
		require.True(t, obj.Match(literal, s, false))
		require.False(t, obj.Match(literal, append(bytes.Clone(s), 'x'), false))
	})
}
